"""Numbers for pairs of integers: the hash table under series, cells and influencer shares."""

from __future__ import annotations

import sys

import numpy as np
from numba import njit

from sidecar.engine.arrays import CodeArray, IntArray

# Row of an entry that was not asked for, and of a new key that the limit keeps out.
ABSENT = -1
REFUSED = -2
NO_LIMIT = sys.maxsize

_FREE = -1
_FIRST_CAPACITY = 16
# Odd constants with well-mixed bits (golden ratio; xxHash's second 64-bit prime).
_MULTIPLIER_1 = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIER_2 = np.uint64(0xC2B2AE3D27D4EB4F)


@njit(cache=True, nogil=True)
def _hash(a: int, b: int) -> np.uint64:
    h = np.uint64(a) * _MULTIPLIER_1
    h ^= h >> np.uint64(32)
    h = (h + np.uint64(b)) * _MULTIPLIER_2
    return h ^ (h >> np.uint64(29))


@njit(cache=True, nogil=True)
def find_or_add(
    first: IntArray,
    second: IntArray,
    use: IntArray,
    begin: int,
    table: CodeArray,
    key_first: IntArray,
    key_second: IntArray,
    size: int,
    limit: int,
    rows: IntArray,
) -> tuple[int, int]:
    """Row of each pair; new pairs get the next rows in order of appearance.

    Parameters
    ----------
    first, second, use, rows : (n,) int64
        Pairs; entries with `use` < 0 get row ABSENT. `rows` is written from `begin` on.
    table : (power of two,) int32
        Open addressing with linear probing; holds rows, -1 where free.
    key_first, key_second : (capacity,) int64
        Pair of each row, `size` of them in use.
    limit : int
        New pairs beyond this many rows get row REFUSED.

    Returns
    -------
    (position, size): `position` < n when the table is full and has to grow first.
    """
    mask = np.int64(len(table) - 1)
    capacity = min(len(key_first), len(table) // 2)
    known = False
    last_a, last_b, last_row = np.int64(0), np.int64(0), np.int64(0)
    for i in range(begin, len(first)):
        if use[i] < 0:
            rows[i] = ABSENT
            continue
        a, b = first[i], second[i]
        if known and a == last_a and b == last_b:
            rows[i] = last_row
            continue
        slot = np.int64(_hash(a, b) & np.uint64(mask))
        while True:
            row = np.int64(table[slot])
            if row == _FREE:
                if size >= limit:
                    row = np.int64(REFUSED)
                elif size >= capacity:
                    return i, size
                else:
                    row = np.int64(size)
                    table[slot] = row
                    key_first[row] = a
                    key_second[row] = b
                    size += 1
                break
            if key_first[row] == a and key_second[row] == b:
                break
            slot = (slot + 1) & mask
        rows[i] = row
        known, last_a, last_b, last_row = True, a, b, row
    return len(first), size


@njit(cache=True, nogil=True)
def fill_table(table: CodeArray, key_first: IntArray, key_second: IntArray, size: int) -> None:
    """Enter rows 0..size-1, whose keys are all different, into a table of -1."""
    mask = np.int64(len(table) - 1)
    for row in range(size):
        slot = np.int64(_hash(key_first[row], key_second[row]) & np.uint64(mask))
        while table[slot] != _FREE:
            slot = (slot + 1) & mask
        table[slot] = row


class PairTable:
    """Rows of pairs of int64, numbered in order of their first appearance."""

    __slots__ = ("_first", "_second", "_table", "size")

    def __init__(self) -> None:
        self.size: int = 0
        self._first: IntArray
        self._second: IntArray
        self._table: CodeArray
        self.load(np.empty(0, np.int64), np.empty(0, np.int64))

    @property
    def first(self) -> IntArray:
        """(size,) first members of the pairs (a view)."""
        return self._first[: self.size]

    @property
    def second(self) -> IntArray:
        """(size,) second members of the pairs (a view)."""
        return self._second[: self.size]

    def find_or_add(
        self, first: IntArray, second: IntArray, use: IntArray, limit: int = NO_LIMIT
    ) -> IntArray:
        """(n,) rows of the pairs, ABSENT or REFUSED; see the kernel."""
        rows = np.empty(len(first), np.int64)
        begin = 0
        while True:
            begin, self.size = find_or_add(
                first,
                second,
                use,
                begin,
                self._table,
                self._first,
                self._second,
                self.size,
                limit,
                rows,
            )
            if begin == len(first):
                return rows
            self.load(self.first, self.second, 2 * len(self._first))

    def load(self, first: IntArray, second: IntArray, capacity: int = 0) -> None:
        """Replace all pairs by these (all different), with room for `capacity` of them."""
        self.size = len(first)
        capacity = max(capacity, self.size, _FIRST_CAPACITY)
        grown = np.empty((2, capacity), np.int64)
        grown[0, : self.size], grown[1, : self.size] = first, second
        self._first, self._second = grown
        # At most half full, so that probes stay short.
        self._table = np.full(1 << (2 * capacity - 1).bit_length(), _FREE, np.int32)
        fill_table(self._table, self._first, self._second, self.size)

    def nbytes(self) -> int:
        """Bytes of the pairs and of the table slots they need, whatever room there is beside."""
        return self.size * (2 * 8 + 2 * 4)
