"""`filter_path`: only the asked-for members of an answer.

A filter is a path of names separated by dots; `*` stands for any part of a name, `**` for any
number of names. A filter that starts with `-` takes members away instead. Arrays are looked
through, not counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

Pattern = tuple[str, ...]
_ANY_DEPTH = "**"
_NOTHING: Any = object()


def apply_filter_path(body: Mapping[str, Any], filter_path: str) -> Mapping[str, Any]:
    """The body with only what the comma-separated filters let through; `{}` when nothing is."""
    filters = [text.strip() for text in filter_path.split(",") if text.strip()]
    includes = [_parse(text) for text in filters if not text.startswith("-")]
    excludes = [_parse(text[1:]) for text in filters if text.startswith("-")]
    result: Any = body
    if excludes:
        result = _without(result, excludes)
    if includes:
        result = _only(result, includes)
    return {} if result is _NOTHING else result


def _parse(text: str) -> Pattern:
    # A dot inside a name is written as a backslash and a dot.
    return tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", text))


def _only(value: Any, patterns: Sequence[Pattern]) -> Any:
    if any(not pattern or pattern == (_ANY_DEPTH,) for pattern in patterns):
        return value
    if isinstance(value, Mapping):
        kept = {name: _only(child, _after(patterns, name)) for name, child in value.items()}
        kept = {name: child for name, child in kept.items() if child is not _NOTHING}
        return kept or _NOTHING
    if isinstance(value, list | tuple):
        items = [item for item in (_only(item, patterns) for item in value) if item is not _NOTHING]
        return items or _NOTHING
    return _NOTHING


def _without(value: Any, patterns: Sequence[Pattern]) -> Any:
    if any(not pattern or pattern == (_ANY_DEPTH,) for pattern in patterns):
        return _NOTHING
    if isinstance(value, Mapping):
        kept = {name: _without(child, _after(patterns, name)) for name, child in value.items()}
        return {name: child for name, child in kept.items() if child is not _NOTHING}
    if isinstance(value, list | tuple):
        items = (_without(item, patterns) for item in value)
        return [item for item in items if item is not _NOTHING]
    return value


def _after(patterns: Sequence[Pattern], name: str) -> list[Pattern]:
    """What remains of the patterns one member further down; empty patterns have matched."""
    remaining: list[Pattern] = []
    for pattern in patterns:
        head, rest = pattern[0], pattern[1:]
        if head == _ANY_DEPTH:
            remaining.append(pattern)
            remaining.extend(_after([rest], name) if rest else ())
        elif _matcher(head).fullmatch(name):
            remaining.append(rest)
    return remaining


@lru_cache(maxsize=1024)
def _matcher(name: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in name.split("*")), re.DOTALL)
