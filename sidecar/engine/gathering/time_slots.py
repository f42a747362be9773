"""When the records of open cells came, on the circle of the day or of the week."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numba import njit

from sidecar.engine.arrays import FloatArray, IntArray
from sidecar.engine.columns import AnyArray, Columns
from sidecar.engine.gathering.cells import CellTimes
from sidecar.engine.pair_table import ABSENT, PairTable

# Slots of the day (a quarter of an hour each) and of the week (half an hour each).
_DAY_SLOTS = 96
_WEEK_SLOTS = 336
_DAY_S = 86_400


def slots_of(circle_s: int) -> int:
    """How many even slots the day or the week is cut into."""
    return _DAY_SLOTS if circle_s == _DAY_S else _WEEK_SLOTS


@njit(cache=True, nogil=True)
def place_on_circle(
    cells: IntArray, time: IntArray, circle: int, slot_s: int, slot: IntArray, use: IntArray
) -> None:
    """Slot of each record, and ABSENT in `use` for the records without a cell; both written."""
    for i in range(len(cells)):
        slot[i] = time[i] % circle // slot_s
        use[i] = 0 if cells[i] >= 0 else ABSENT


@njit(cache=True, nogil=True)
def add_times(
    rows: IntArray, time: IntArray, circle: int, weight: FloatArray, columns: FloatArray
) -> None:
    """Add records to `columns`, (slots, 2): weight, and weighted seconds of the circle."""
    weighted = len(weight) > 0
    for i in range(len(rows)):
        if rows[i] >= 0:
            w = weight[i] if weighted else 1.0
            columns[rows[i], 0] += w
            columns[rows[i], 1] += w * (time[i] % circle)


class TimeSlots:
    """Weight and mean time of the records in each occupied (cell, slot).

    A cell is kept in slots instead of as one mean time: in a bucket of an hour one event at an
    odd minute, in one of a day one at an odd hour, would drown in the mean of all others.
    """

    __slots__ = ("_circle_s", "_columns", "_keys", "_slot_s")

    def __init__(self, circle_s: int) -> None:
        self._circle_s = circle_s
        self._slot_s = circle_s // slots_of(circle_s)
        self._keys = PairTable()  # (cell, slot)
        self._columns = Columns(times=np.zeros(2))

    def add(self, cells: IntArray, time: IntArray, weight: FloatArray) -> None:
        """Take records over; `cells` is the cell of each record, negative where it has none."""
        slot, use = np.empty((2, len(cells)), np.int64)
        place_on_circle(cells, time, self._circle_s, self._slot_s, slot, use)
        rows = self._keys.find_or_add(cells, slot, use)
        self._columns.resize(self._keys.size)
        add_times(rows, time, self._circle_s, weight, self._columns["times"])

    def of_cells(self, position: IntArray, cells: int) -> CellTimes:
        """Times of some cells; `position` is the new number of each, -1 if it is left out."""
        cell = position[self._keys.first]
        chosen = np.flatnonzero(cell >= 0)
        order = np.lexsort((self._keys.second[chosen], cell[chosen]))
        chosen = chosen[order]
        times = self._columns.used("times")[chosen]
        return CellTimes(
            start=np.searchsorted(cell[chosen], np.arange(cells + 1)).astype(np.int64),
            second=times[:, 1] / times[:, 0],
        )

    def move_cells(self, position: IntArray) -> None:
        """Give cells new numbers; times of cells at -1 are dropped."""
        cell = position[self._keys.first]
        kept = np.flatnonzero(cell >= 0)
        self._keys.load(cell[kept], self._keys.second[kept])
        self._columns.keep(kept)

    def nbytes(self) -> int:
        """Bytes in use."""
        return self._keys.nbytes() + self._columns.nbytes()

    def save(self) -> dict[str, AnyArray]:
        """Named arrays (views)."""
        return {"cell": self._keys.first, "slot": self._keys.second, **self._columns.save()}

    def load(self, arrays: Mapping[str, AnyArray]) -> None:
        """Take saved arrays over."""
        none = np.empty(0, np.int64)
        self._keys.load(arrays.get("cell", none), arrays.get("slot", none))
        self._columns.load(self._keys.size, arrays)
