"""The shapes of all series that have one: a pool of days and a pool of weeks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sidecar.engine.arrays import FloatArray
from sidecar.engine.models.detector_model import Array
from sidecar.engine.models.growing import enlarged
from sidecar.engine.models.series.layout import DAY_SLOT, WANTS, WANTS_DAY, WANTS_WEEK, WEEK_SLOT
from sidecar.engine.models.series.season import give_shapes


class ShapePools:
    """Slots of shapes, handed out in order; state rows say which slot is theirs.

    Attributes
    ----------
    day, week : (slots, bins) float32
        At least one slot each, in use or not.
    """

    __slots__ = ("_days", "_weeks", "day", "week")

    def __init__(self, day_bins: int, week_bins: int) -> None:
        self.day: FloatArray = np.zeros((1, day_bins), dtype=np.float32)
        self.week: FloatArray = np.zeros((1, week_bins), dtype=np.float32)
        self._days = self._weeks = 0

    def nbytes(self) -> int:
        """Bytes of the slots in use."""
        return int(self.day[: self._days].nbytes + self.week[: self._weeks].nbytes)

    def copy(self) -> ShapePools:
        """An independent copy."""
        twin = ShapePools(0, 0)
        twin.day, twin.week = self.day.copy(), self.week.copy()
        twin._days, twin._weeks = self._days, self._weeks
        return twin

    def serve(self, rows: FloatArray, sketches: Array, coarse: Array) -> None:
        """Give every state row the shapes that it wants."""
        wants = rows[:, WANTS].astype(np.int64)
        if not wants.any():
            return
        days = self._days + int(np.count_nonzero(wants & WANTS_DAY))
        weeks = self._weeks + int(np.count_nonzero(wants & WANTS_WEEK))
        self.day, self.week = _with_room(self.day, days), _with_room(self.week, weeks)
        give_shapes(rows, sketches, coarse, self.day, self.week, self._days, self._weeks)
        self._days, self._weeks = days, weeks

    def keep(self, rows: FloatArray) -> None:
        """Drop all slots but those of these state rows, which get new numbers in their order."""
        self.day, self._days = _kept(self.day, rows[:, DAY_SLOT])
        self.week, self._weeks = _kept(self.week, rows[:, WEEK_SLOT])

    def save(self) -> dict[str, Array]:
        """The slots in use (views)."""
        return {"day_pool": self.day[: self._days], "week_pool": self.week[: self._weeks]}

    def load(self, arrays: Mapping[str, Array]) -> None:
        """Take over what `save` gave."""
        day, week = arrays["day_pool"], arrays["week_pool"]
        self._days, self._weeks = len(day), len(week)
        self.day, self.week = _with_room(self.day, len(day)), _with_room(self.week, len(week))
        self.day[: len(day)], self.week[: len(week)] = day, week


def _with_room(pool: FloatArray, slots: int) -> FloatArray:
    """The pool, doubled until it has so many slots."""
    size = len(pool)
    while size < slots:
        size *= 2
    return enlarged(pool, size)


def _kept(pool: FloatArray, slots: FloatArray) -> tuple[FloatArray, int]:
    """The pool of these slots only (-1: none), and how many; `slots` gets their new numbers."""
    used = np.flatnonzero(slots >= 0)
    kept = np.zeros((max(1, len(used)), pool.shape[1]), dtype=pool.dtype)
    kept[: len(used)] = pool[slots[used].astype(np.int64)]
    slots[used] = np.arange(len(used))
    return kept, len(used)
