"""The notable results of the last weeks, as rows: what renormalisation goes back to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sidecar.engine.arrays import BoolArray, FloatArray, IntArray
from sidecar.engine.columns import AnyArray
from sidecar.engine.results import ResultKind
from sidecar.engine.scores.scored_rows import CODE, KIND, NAMES, PLACE, SCORE, TIME, WIDTH

# A bucket is logged when it or anything in it scores at least this; of what is in it, that only.
NOTABLE_SCORE = 1.0
# Most rows in the log, and how many are left when buckets have to go: those that score least go
# first, the oldest of these before others.
MOST_ROWS = 20_000
_ROWS_LEFT = 15_000
# Most records and influencers of one bucket: those that score best.
MOST_LEAVES = 1_000
_FIRST_CAPACITY = 64


def notable(rows: FloatArray, buckets: int) -> FloatArray:
    """Rows of k buckets (TIME is their place) that are worth logging, by bucket and kind."""
    bucket = rows[:, TIME].astype(np.int64)
    scores = rows[:, SCORE] >= NOTABLE_SCORE
    chosen = np.zeros(buckets, dtype=np.bool_)
    chosen[bucket[scores]] = True
    member = rows[:, KIND] <= ResultKind.BUCKET_INFLUENCER
    rows = rows[np.where(member, chosen[bucket], scores)]
    rows = rows[np.lexsort((rows[:, PLACE], rows[:, KIND], rows[:, TIME]))]
    return rows[_among_best(rows)]


def _among_best(rows: FloatArray) -> BoolArray:
    """Which rows are of the bucket itself or among the best MOST_LEAVES of the others."""
    leaves = np.flatnonzero(rows[:, KIND] > ResultKind.BUCKET_INFLUENCER)
    kept = np.ones(len(rows), dtype=np.bool_)
    if len(leaves) <= MOST_LEAVES:
        return kept
    time = rows[leaves, TIME]
    order = np.lexsort((-rows[leaves, SCORE], time))
    first = np.searchsorted(time, time[order])
    kept[leaves[order]] = np.arange(len(leaves)) - first < MOST_LEAVES
    return kept


class ScoreLog:
    """Rows of `scored_rows`, in order of their buckets; bounded, whole buckets come and go."""

    __slots__ = ("_rows", "size")

    def __init__(self) -> None:
        self._rows: FloatArray = np.empty((_FIRST_CAPACITY, WIDTH))
        self.size = 0

    @property
    def rows(self) -> FloatArray:
        """(size, WIDTH) view."""
        return self._rows[: self.size]

    def append(self, rows: FloatArray) -> None:
        """Add rows of later buckets, TIME ascending; makes room where they do not fit.

        What goes then depends on the buckets alone, not on how many come in one call.
        """
        while len(rows):
            fits = self._whole_buckets(rows[:, TIME], MOST_ROWS - self.size)
            self._extend(rows[:fits])
            rows = rows[fits:]
            if len(rows):
                self._make_room()

    def expire(self, before: float) -> None:
        """Forget the buckets before a time, epoch seconds."""
        first = int(np.searchsorted(self.rows[:, TIME], before))
        if first:
            self._keep(np.arange(first, self.size))

    def keep_series(self, series: Sequence[IntArray]) -> None:
        """Follow series (by detector, ascending) to their new ids; records of others go."""
        rows = self.rows
        stays = np.ones(self.size, dtype=np.bool_)
        for detector, kept in enumerate(series):
            of_detector = (rows[:, KIND] == ResultKind.RECORD) & (rows[:, PLACE] == detector)
            mine = np.flatnonzero(of_detector)
            code = rows[mine, CODE].astype(np.int64)
            stays[mine] = np.isin(code, kept)
            rows[mine, CODE] = np.searchsorted(kept, code)
        if not stays.all():
            self._keep(np.flatnonzero(stays))

    def clear(self) -> None:
        """Forget everything."""
        self._keep(np.arange(0))

    def nbytes(self) -> int:
        """Bytes of the rows."""
        return self.rows.nbytes

    def save(self) -> dict[str, AnyArray]:
        """The columns by name."""
        return {name: self.rows[:, place].copy() for place, name in enumerate(NAMES)}

    def load(self, columns: Mapping[str, AnyArray]) -> None:
        """Take saved columns over; absent ones are 0, unknown ones dropped."""
        size = len(columns.get("time", ()))
        self._rows = np.zeros((max(_FIRST_CAPACITY, size), WIDTH))
        self.size = size
        for place, name in enumerate(NAMES):
            if name in columns:
                self.rows[:, place] = columns[name]

    @staticmethod
    def _whole_buckets(time: FloatArray, room: int) -> int:
        """How many of the rows can be added without cutting a bucket."""
        if len(time) <= room:
            return len(time)
        return int(np.searchsorted(time, time[room]))

    def _make_room(self) -> None:
        """Drop buckets, those that score least first, until few enough rows are left."""
        time = self.rows[:, TIME]
        starts = np.flatnonzero(np.diff(time, prepend=-np.inf))
        rows_of = np.diff(starts, append=self.size)
        best = np.maximum.reduceat(self.rows[:, SCORE], starts)
        dearest = np.lexsort((-time[starts], -best))
        stays = np.zeros(len(starts), dtype=np.bool_)
        stays[dearest] = np.cumsum(rows_of[dearest]) <= _ROWS_LEFT
        self._keep(np.flatnonzero(np.repeat(stays, rows_of)))

    def _extend(self, rows: FloatArray) -> None:
        size = self.size + len(rows)
        if size > len(self._rows):
            grown = np.empty((max(size, 2 * len(self._rows)), WIDTH))
            grown[: self.size] = self.rows
            self._rows = grown
        self._rows[self.size : size] = rows
        self.size = size

    def _keep(self, rows: IntArray) -> None:
        kept = self.rows[rows]
        self._rows = np.empty((max(_FIRST_CAPACITY, 2 * len(kept)), WIDTH))
        self.size = len(kept)
        self._rows[: self.size] = kept
