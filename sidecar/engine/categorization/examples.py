"""Examples of the messages of each category."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sidecar.engine.columns import AnyArray

_MOST_CHARACTERS = 1000
_ELLIPSIS = "..."
# Bytes that one example costs beside its text.
_OVERHEAD = 120


class Examples:
    """The first distinct messages of each category, cut to 1000 characters."""

    __slots__ = ("_bytes", "_texts")

    def __init__(self) -> None:
        self._texts: list[list[str]] = []
        self._bytes = 0

    def of(self, category: int) -> tuple[str, ...]:
        """The examples of a category."""
        return tuple(self._texts[category])

    def add_category(self) -> None:
        """Make room for the next category."""
        self._texts.append([])

    def add(self, category: int, message: bytes) -> bool:
        """Add an example; False if the category has one that looks the same."""
        text = message.decode("utf-8", "replace")
        if len(text) > _MOST_CHARACTERS:
            text = text[: _MOST_CHARACTERS - len(_ELLIPSIS)] + _ELLIPSIS
        texts = self._texts[category]
        if text in texts:
            return False
        texts.append(text)
        self._bytes += len(text.encode()) + _OVERHEAD
        return True

    def nbytes(self) -> int:
        """Estimated memory in bytes."""
        return self._bytes

    def save(self) -> dict[str, AnyArray]:
        """`text`: all in UTF-8; `end`: where each ends; `count`: how many each category has."""
        texts = [text.encode() for texts in self._texts for text in texts]
        return {
            "text": np.frombuffer(b"".join(texts), np.uint8),
            "end": np.cumsum(np.array([len(text) for text in texts], np.int64)),
            "count": np.array([len(texts) for texts in self._texts], np.int64),
        }

    def load(self, arrays: Mapping[str, AnyArray], categories: int) -> None:
        """Take saved examples over."""
        text = arrays.get("text", np.empty(0, np.uint8)).tobytes()
        ends = iter(arrays.get("end", np.empty(0, np.int64)).tolist())
        counts = arrays.get("count", np.zeros(categories, np.int64)).tolist()
        self._texts, self._bytes = [], 0
        begin = 0
        for count in counts:
            self.add_category()
            for _ in range(count):
                end = next(ends)
                example = text[begin:end].decode()
                self._texts[-1].append(example)
                self._bytes += end - begin + _OVERHEAD
                begin = end
