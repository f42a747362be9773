"""Items of a filter: which values they match."""

from __future__ import annotations

from collections.abc import Iterable

_WILDCARD = "*"

# Texts by their length.
_ByLength = dict[int, set[str]]


class FilterItems:
    """Items as a test for values; `*` at the start or end of an item stands for any text.

    The time of a test does not grow with the number of items, but with that of their lengths.
    """

    __slots__ = ("_all", "_endings", "_exact", "_inside", "_starts")

    def __init__(self, items: Iterable[str] = ()) -> None:
        self._exact: set[str] = set()
        self._starts: _ByLength = {}
        self._endings: _ByLength = {}
        self._inside: _ByLength = {}
        self._all = False
        for item in items:
            self._add(item)

    def _add(self, item: str) -> None:
        at_start, at_end = item.startswith(_WILDCARD), item.endswith(_WILDCARD)
        text = item.removeprefix(_WILDCARD).removesuffix(_WILDCARD)
        if not (at_start or at_end):
            self._exact.add(item)
        elif not text:
            self._all = True
        else:
            kind = self._endings if not at_end else self._inside if at_start else self._starts
            kind.setdefault(len(text), set()).add(text)

    def match(self, value: str) -> bool:
        """Whether an item matches the value, case and all."""
        if self._all or value in self._exact:
            return True
        size = len(value)
        return (
            any(value[:n] in texts for n, texts in self._starts.items() if n <= size)
            or any(value[size - n :] in texts for n, texts in self._endings.items() if n <= size)
            or any(
                value[i : i + n] in texts
                for n, texts in self._inside.items()
                for i in range(size - n + 1)
            )
        )
