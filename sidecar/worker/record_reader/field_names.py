"""Looking up the fields that are wanted by the bytes of their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from sidecar.engine.arrays import IntArray
from sidecar.worker.record_reader.bytes_classes import ByteArray
from sidecar.worker.record_reader.kernel import inlined, kernel

# Slots for each name, so that most keys that are not wanted meet an empty one.
_SLOTS_PER_NAME: Final = 8


class FieldNames(NamedTuple):
    """Names of wanted fields as arrays; w names.

    Attributes
    ----------
    text : uint8
        The names in UTF-8, one behind the other.
    start : (w + 1,) int64
        Name i is text[start[i]:start[i + 1]].
    first : (power of 2,) int64
        By slot, the first name that belongs there, -1 if there is none.
    following : (w,) int64
        The next name of the same slot, -1 behind the last.
    longest : int
        Bytes of the longest name.
    """

    text: ByteArray
    start: IntArray
    first: IntArray
    following: IntArray
    longest: int


def field_names(names: Sequence[str]) -> FieldNames:
    """Build the table; the place of a name in `names` is what `find_name` answers."""
    encoded = [name.encode("utf-8", "replace") for name in names]
    text = np.frombuffer(b"".join(encoded), dtype=np.uint8).copy()
    start = np.concatenate(([0], np.cumsum([len(e) for e in encoded], dtype=np.int64)))
    slots = 1 << max(4, (_SLOTS_PER_NAME * len(names)).bit_length())
    first = np.full(slots, -1, dtype=np.int64)
    following = np.full(len(names), -1, dtype=np.int64)
    for i in range(len(names)):
        slot = _slot(text, start[i], start[i + 1], slots)
        following[i] = first[slot]
        first[slot] = i
    return FieldNames(text, start, first, following, max((len(e) for e in encoded), default=0))


@inlined
def _slot(buf: ByteArray, pos: int, end: int, slots: int) -> int:
    if pos >= end:
        return 0
    length = end - pos
    mixed = length * 131 + buf[pos] * 31 + buf[end - 1] * 7 + buf[pos + length // 2]
    return int(mixed & (slots - 1))


@inlined
def find_name(names: FieldNames, buf: ByteArray, pos: int, end: int) -> int:
    """The place of the name `buf[pos:end]`, -1 if it is not wanted."""
    i = names.first[_slot(buf, pos, end, len(names.first))]
    while i >= 0:
        start = names.start[i]
        if names.start[i + 1] - start == end - pos:
            same = True
            for k in range(end - pos):
                if names.text[start + k] != buf[pos + k]:
                    same = False
                    break
            if same:
                return int(i)
        i = names.following[i]
    return -1


@kernel
def begins_a_name(names: FieldNames, buf: ByteArray, length: int) -> bool:
    """Whether a name begins with `buf[:length]` and goes on behind it."""
    for i in range(len(names.following)):
        start = names.start[i]
        if names.start[i + 1] - start > length:
            same = True
            for k in range(length):
                if names.text[start + k] != buf[k]:
                    same = False
                    break
            if same:
                return True
    return False
