"""Which buckets are open: bucket span, latency, the clock that records move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sidecar.engine.arrays import FloatArray, IntArray
from sidecar.engine.columns import AnyArray, Columns
from sidecar.engine.gathering.gather_kernels import bucket_starts, count_events
from sidecar.engine.pair_table import PairTable

# Empty buckets in a row that are handed out. What follows in a longer silence is passed over: one
# record of a far future would else make results for ever.
EMPTY_IN_A_ROW = 10_000


class OpenBuckets:
    """Open buckets that have records, and the limits of time between which buckets are open.

    A bucket closes when the latest bucket reached is `latency` past its end. Empty buckets take
    no memory. All times are epoch seconds.

    Attributes
    ----------
    first_open : int or None
        Start of the first bucket that takes records; None before time has begun.
    latest : int or None
        Start of the latest bucket reached by a record or by an advance of time.
    unclosed : int or None
        Start of the first bucket that was not handed out by `Gatherer.close` yet.
    """

    __slots__ = (
        "_keys",
        "_leading",
        "_quiet_since",
        "columns",
        "first_open",
        "latency",
        "latest",
        "span",
        "unclosed",
    )

    def __init__(self, span: int, latency: int) -> None:
        self.span = span
        self.latency = latency
        self.first_open: int | None = None
        self.latest: int | None = None
        self.unclosed: int | None = None
        # Latency opens buckets before the first record: they count only if records fill them.
        self._leading = False
        # Where the empty buckets in a row began: after a bucket with records, or at an advance.
        self._quiet_since: int | None = None
        self._keys = PairTable()
        self.columns = Columns(events=np.float64(0.0), short_of_memory=np.bool_(False))

    @property
    def time(self) -> IntArray:
        """(rows,) start of each open bucket with records, in order of appearance."""
        return self._keys.first

    def floor(self, time: int) -> int:
        """Start of the bucket that a time falls into."""
        return time // self.span * self.span

    def place(self, time: IntArray, weight: FloatArray) -> IntArray:
        """Count records in their buckets.

        Returns
        -------
        (n,) int64 row of each record's bucket; negative where the bucket is closed already or the
        record has no positive weight.
        """
        if not len(time):
            return np.empty(0, np.int64)
        if self.first_open is None or self.latest is None:
            self._begin(int(time[0]))
        clock = np.array([self.first_open, self.latest], np.int64)
        start, use = np.empty((2, len(time)), np.int64)
        bucket_starts(time, self.span, self.latency, clock, start, use)
        self.first_open, self.latest = int(clock[0]), int(clock[1])
        rows = self._keys.find_or_add(start, start, use)
        self.columns.resize(self._keys.size)
        count_events(rows, weight, self.columns["events"])
        return rows

    def advance(self, time: int) -> None:
        """Move the clock as a record at this time would; without any data time begins here."""
        if self.first_open is None or self.latest is None:
            self._begin(time)
            self._leading = False
            return
        self._quiet_since = self.unclosed
        self.reach(time)

    def reach(self, time: int) -> None:
        """Move the clock of a job whose time has begun, as a record at this time will."""
        if self.first_open is not None and self.latest is not None:
            self.latest = max(self.latest, self.floor(time))
            self.first_open = max(self.first_open, self.floor(self.latest - self.latency))

    def skip(self, time: int) -> None:
        """The first open bucket is that of `time`, unless it is later already."""
        start = self.floor(time)
        if self.first_open is None or start > self.first_open:
            self.first_open = self.unclosed = self._quiet_since = start
            self.latest = start if self.latest is None else max(self.latest, start)
        self._leading = False

    def closable(self) -> tuple[int, int] | None:
        """[start, end) of the buckets that have closed and were not handed out yet."""
        if self.unclosed is None or self.first_open is None or self.unclosed >= self.first_open:
            return None
        start, end = self.unclosed, self.first_open
        self.unclosed = end
        if self._leading:
            closed = self.time[self.time < end]
            if not len(closed):
                return None
            self._leading = False
            start = int(closed.min())
        return start, end

    def stretches(self, start: int, end: int) -> list[tuple[int, int]]:
        """Parts of [start, end), closed just now, without what is passed over of long silences.

        At most `EMPTY_IN_A_ROW` buckets after one with records, or after an advance of time
        began: so it does not matter in how many steps they close.
        """
        filled = np.sort(self.time[(self.time >= start) & (self.time < end)])
        quiet = start if self._quiet_since is None else self._quiet_since
        since = np.concatenate(([quiet], filled + self.span))
        until = np.concatenate((filled, [end]))
        limit = EMPTY_IN_A_ROW * self.span
        parts = []
        low = start
        for place in np.flatnonzero(until - since > limit).tolist():
            high = max(low, int(since[place]) + limit)
            parts.append((low, high))
            low = int(until[place])
        parts.append((low, end))
        if len(filled):
            self._quiet_since = int(since[-1])
        return [part for part in parts if part[0] < part[1]]

    def open_range(self) -> tuple[int, int] | None:
        """[start, end) of the open buckets up to the latest one reached."""
        if self.first_open is None or self.latest is None:
            return None
        start = self.first_open
        if self._leading and len(self.time):
            start = max(start, int(self.time.min()))
        return start, max(self.latest, start) + self.span

    def keep(self, rows: IntArray) -> None:
        """Drop all bucket rows but these (ascending)."""
        self._keys.load(self.time[rows], self.time[rows])
        self.columns.keep(rows)

    def nbytes(self) -> int:
        """Bytes in use."""
        return self._keys.nbytes() + self.columns.nbytes()

    def save(self) -> tuple[dict[str, Any], dict[str, AnyArray]]:
        """Plain scalars and arrays."""
        header = {
            "first_open": self.first_open,
            "latest": self.latest,
            "unclosed": self.unclosed,
            "leading": self._leading,
            "quiet_since": self._quiet_since,
        }
        return header, {"time": self.time, **self.columns.save()}

    def load(self, header: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> None:
        """Take a saved state over."""
        self.first_open = header.get("first_open")
        self.latest = header.get("latest")
        self.unclosed = header.get("unclosed")
        self._leading = bool(header.get("leading", False))
        self._quiet_since = header.get("quiet_since")
        time = arrays.get("time", np.empty(0, np.int64))
        self._keys.load(time, time)
        self.columns.load(len(time), arrays)

    def _begin(self, time: int) -> None:
        self.latest = self.floor(time)
        self.first_open = self.unclosed = self.floor(self.latest - self.latency)
        self._leading = True
