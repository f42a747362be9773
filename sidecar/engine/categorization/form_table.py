"""A hash table from 64-bit hashes to category numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sidecar.engine.arrays import CodeArray, HashArray
from sidecar.engine.columns import AnyArray
from sidecar.engine.kernel import kernel

ABSENT = -1
_FIRST_CAPACITY = 256
# Slots that are in use before the table grows.
_MOST_FULL = 0.5
_SLOT_BYTES = 12
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)


@kernel
def _slot(keys: HashArray, values: CodeArray, key: np.uint64) -> int:
    """Where a key is, or the free slot where it belongs."""
    mask = len(values) - 1
    slot = int((key * _MIX) >> _SHIFT) & mask
    while values[slot] != ABSENT and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@kernel
def find(keys: HashArray, values: CodeArray, key: np.uint64) -> int:
    """Value of a key; ABSENT if it is not there."""
    return int(values[_slot(keys, values, key)])


@kernel
def insert_all(
    new_keys: HashArray, new_values: CodeArray, keys: HashArray, values: CodeArray
) -> None:
    """Put pairs into a table that has room; values that are ABSENT are left out."""
    for i in range(len(new_keys)):
        if new_values[i] != ABSENT:
            slot = _slot(keys, values, new_keys[i])
            keys[slot] = new_keys[i]
            values[slot] = new_values[i]


class FormTable:
    """Keys with values other than ABSENT; grows by doubling.

    Attributes
    ----------
    keys, values : (power of two,)
        Open addressing with linear probing, for the kernel `find`.
    size : int
        Keys in use.
    """

    __slots__ = ("keys", "size", "values")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.size = 0
        self.keys = np.zeros(_FIRST_CAPACITY, np.uint64)
        self.values = np.full(_FIRST_CAPACITY, ABSENT, np.int32)

    def add(self, key: int, value: int) -> None:
        """Add a key that is not there yet."""
        if self.size >= _MOST_FULL * len(self.values):
            keys, values = self.keys, self.values
            self._allocate(2 * len(values))
            insert_all(keys, values, self.keys, self.values)
        insert_all(np.array([key], np.uint64), np.array([value], np.int32), self.keys, self.values)
        self.size += 1

    def replace(self, value: int, by: int) -> None:
        """Give all keys of one value another one."""
        self.values[self.values == value] = by

    def nbytes(self) -> int:
        """Bytes in use: a function of the contents."""
        return int(self.size * _SLOT_BYTES / _MOST_FULL)

    def save(self) -> dict[str, AnyArray]:
        """The pairs, by key."""
        used = np.flatnonzero(self.values != ABSENT)
        used = used[np.argsort(self.keys[used])]
        return {"key": self.keys[used], "value": self.values[used]}

    def load(self, arrays: Mapping[str, AnyArray]) -> None:
        """Take saved pairs over."""
        key = arrays.get("key", np.empty(0, np.uint64)).astype(np.uint64)
        value = arrays.get("value", np.empty(0, np.int32)).astype(np.int32)
        capacity = _FIRST_CAPACITY
        while len(key) > _MOST_FULL * capacity:
            capacity *= 2
        self._allocate(capacity)
        insert_all(key, value, self.keys, self.values)
        self.size = len(key)

    def _allocate(self, capacity: int) -> None:
        self.keys = np.zeros(capacity, np.uint64)
        self.values = np.full(capacity, ABSENT, np.int32)
