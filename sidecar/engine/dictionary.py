"""Strings of a field as small integers, for the life of a job."""

from __future__ import annotations

from collections.abc import Iterable

# Bytes that one name costs beside its text: dict slot, list slot, str header.
_NAME_OVERHEAD = 120


class FieldDictionary:
    """Append-only names of one field; a name's code is its place in order of appearance."""

    __slots__ = ("_codes", "_names", "_text_bytes")

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names: list[str] = []
        self._codes: dict[str, int] = {}
        self._text_bytes = 0
        for name in names:
            self.code(name)

    def code(self, name: str) -> int:
        """The code of a non-empty name, new if it was never seen."""
        code = self._codes.get(name)
        if code is None:
            code = len(self._names)
            self._codes[name] = code
            self._names.append(name)
            self._text_bytes += _text_bytes(name)
        return code

    def find(self, name: str) -> int | None:
        """The code of a name, None if it was never seen."""
        return self._codes.get(name)

    def name(self, code: int) -> str:
        """The name behind a code; the empty string for -1 (missing)."""
        return self._names[code] if code >= 0 else ""

    def names(self) -> list[str]:
        """All names in order of their codes."""
        return list(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def nbytes(self) -> int:
        """Estimated memory in bytes."""
        return self._text_bytes + _NAME_OVERHEAD * len(self._names)

    def nbytes_of(self, codes: Iterable[int]) -> int:
        """Estimated memory in bytes of some of the names."""
        names = self._names
        return sum(_text_bytes(names[code]) + _NAME_OVERHEAD for code in codes)


def _text_bytes(name: str) -> int:
    return len(name.encode("utf-8", "surrogatepass"))
