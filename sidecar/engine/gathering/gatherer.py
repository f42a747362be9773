"""The gatherer: record frames in, statistics of closed buckets out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sidecar.engine.arrays import BoolArray, FloatArray, IntArray
from sidecar.engine.columns import AnyArray, under, within
from sidecar.engine.gathering.cells import (
    CellTimes,
    ClosedBuckets,
    ClosedCells,
    InfluencerCells,
    SeriesKeys,
)
from sidecar.engine.gathering.detector_cells import DetectorCells
from sidecar.engine.gathering.open_buckets import OpenBuckets
from sidecar.engine.pair_table import NO_LIMIT
from sidecar.engine.record_frame import RecordFrame, TextColumn
from sidecar.schema.analysis_config import AnalysisConfig

_UNWEIGHTED = np.empty(0, np.float64)


@dataclass(slots=True)
class GatheredBuckets:
    """Non-empty buckets among [start, end), times ascending, with the cells of all detectors."""

    start: int
    end: int
    span: int
    time: IntArray
    events: FloatArray
    detectors: list[ClosedCells]

    def blocks(self, buckets: int) -> Iterator[ClosedBuckets]:
        """Cut into blocks of at most so many buckets, with the empty ones in between."""
        for start in range(self.start, self.end, buckets * self.span):
            yield self._block(start, min(start + buckets * self.span, self.end))

    def _block(self, start: int, end: int) -> ClosedBuckets:
        time = np.arange(start, end, self.span, dtype=np.int64)
        place = np.searchsorted(self.time, np.append(time, end))
        event_count = np.zeros(len(time), np.int64)
        inside = slice(place[0], place[-1])
        event_count[(self.time[inside] - start) // self.span] = np.rint(self.events[inside])
        return ClosedBuckets(
            time, event_count, [cells_of_buckets(cells, place) for cells in self.detectors]
        )


def cells_of_buckets(cells: ClosedCells, place: IntArray) -> ClosedCells:
    """The cells of the buckets at `place`[i] : `place`[i + 1] as bucket i."""
    start = cells.start[place]
    low, high = int(start[0]), int(start[-1])
    return ClosedCells(
        start=start - low,
        series=cells.series[low:high],
        count=cells.count[low:high],
        value=cells.value[low:high],
        variance=cells.variance[low:high],
        influencers=[_shares(shares, low, high) for shares in cells.influencers],
        times=None if cells.times is None else _times(cells.times, low, high),
    )


def _times(times: CellTimes, low: int, high: int) -> CellTimes:
    start = times.start[low : high + 1]
    return CellTimes(start - start[0], times.second[start[0] : start[-1]])


def _shares(shares: InfluencerCells, low: int, high: int) -> InfluencerCells:
    begin, end = np.searchsorted(shares.cell, [low, high])
    return InfluencerCells(
        field=shares.field,
        cell=shares.cell[begin:end] - low,
        code=shares.code[begin:end],
        count=shares.count[begin:end],
        total=shares.total[begin:end],
        low=shares.low[begin:end],
        high=shares.high[begin:end],
    )


class Gatherer:
    """Statistics of open buckets for all detectors of a job.

    The result does not depend, to the last bit, on how the records are cut into frames. Memory
    follows the open buckets and cells that have records.

    Attributes
    ----------
    buckets : OpenBuckets
        The clock: which buckets are open.
    allocation_failures : int
        Buckets in which a new series was refused for lack of memory.
    active_buckets : int
        Closed buckets with records so far.
    """

    def __init__(self, config: AnalysisConfig) -> None:
        latency = config.latency.seconds if config.latency else 0
        self.buckets = OpenBuckets(config.bucket_span.seconds, latency)
        self.allocation_failures = 0
        # Closed buckets with records so far: the clock by which series grow old.
        self.active_buckets = 0
        self._summary_count = config.summary_count_field_name
        self._detectors = [DetectorCells(detector, config) for detector in config.detectors]

    def add(self, frame: RecordFrame, new_series: int = NO_LIMIT) -> None:
        """Take records over; those of closed buckets are ignored.

        Parameters
        ----------
        new_series : int
            How many new series there may be, for all detectors together; records of further ones
            are not gathered.
        """
        frame = _compact(frame)
        name = self._summary_count
        weight = frame.numbers[name] if name else _UNWEIGHTED
        rows = self.buckets.place(frame.time, weight)
        columns = self.buckets.columns
        for detector in self._detectors:
            known = len(detector.series)
            series, short = detector.series.find(
                frame,
                detector.taken(frame, rows),
                self.buckets.time,
                columns["short_of_memory"],
                min(NO_LIMIT, known + new_series),
            )
            new_series -= len(detector.series) - known
            self.allocation_failures += short
            detector.add(frame, rows, series, weight)

    def close(self, buckets_per_block: int) -> Iterator[ClosedBuckets]:
        """Hand out, block by block, the buckets that have closed; they are forgotten at once.

        Buckets of a long silence are left out: see `OpenBuckets.stretches`.
        """
        closable = self.buckets.closable()
        if closable is None:
            return
        stretches = [self._gathered(*part) for part in self.buckets.stretches(*closable)]
        for gathered in stretches:
            self._note_active(gathered)
        self._forget(self.buckets.time < closable[1])
        for gathered in stretches:
            yield from gathered.blocks(buckets_per_block)

    def peek(self, start: int | None, end: int | None) -> ClosedBuckets | None:
        """The open buckets that begin in [start, end) as they are now; None if there is none."""
        opened = self.buckets.open_range()
        if opened is None:
            return None
        low = opened[0] if start is None else max(opened[0], self.buckets.floor(start))
        high = opened[1] if end is None else min(opened[1], -self.buckets.floor(-end))
        if low >= high:
            return None
        buckets = (high - low) // self.buckets.span
        return next(self._gathered(low, high).blocks(buckets))

    def advance(self, time: int) -> None:
        """Let time pass as a record at `time` would."""
        self.buckets.advance(time)

    def skip(self, time: int) -> None:
        """Forget the open buckets before that of `time`, which is the first open one then."""
        self.buckets.skip(time)
        if self.buckets.first_open is not None:
            self._forget(self.buckets.time < self.buckets.first_open)

    def reset(self, start: int, end: int) -> None:
        """Forget the records of open buckets that begin in [floor(start), end)."""
        time = self.buckets.time
        self._forget((time >= self.buckets.floor(start)) & (time < end))

    def _note_active(self, gathered: GatheredBuckets) -> None:
        active = self.active_buckets + 1 + np.arange(len(gathered.time))
        self.active_buckets += len(gathered.time)
        for detector, cells in zip(self._detectors, gathered.detectors, strict=True):
            detector.note_active(cells, active)

    def prune(self, window: int) -> list[IntArray] | None:
        """Forget series that the last `window` buckets with records did not have.

        Buckets without any record do not count: an outage of the source makes nothing old.

        Returns
        -------
        By detector: former ids of the series kept, whose new ids are their places; None when all
        are kept.
        """
        kept = [each.living(self.active_buckets - window) for each in self._detectors]
        if sum(len(series) for series in kept) == self.series_count():
            return None
        for detector, series in zip(self._detectors, kept, strict=True):
            detector.keep_series(series)
        return kept

    def keys(self) -> list[SeriesKeys]:
        """Names of all series, by detector (views)."""
        return [detector.series.keys() for detector in self._detectors]

    def series_count(self) -> int:
        """Series of all detectors."""
        return sum(len(detector.series) for detector in self._detectors)

    def distinct_values(self) -> tuple[int, int, int]:
        """Numbers of partition, by and over values, added up over the detectors."""
        counts = [detector.series.distinct() for detector in self._detectors]
        partition, by, over = (sum(column) for column in zip(*counts, strict=True))
        return partition, by, over

    def nbytes(self) -> int:
        """Bytes in use."""
        return self.buckets.nbytes() + sum(detector.nbytes() for detector in self._detectors)

    def save(self) -> tuple[dict[str, Any], dict[str, AnyArray]]:
        """Plain scalars, and named arrays (views)."""
        header, arrays = self.buckets.save()
        arrays = under("buckets", arrays)
        for i, detector in enumerate(self._detectors):
            arrays |= under(f"detector/{i}", detector.save())
        counts = {
            "allocation_failures": self.allocation_failures,
            "active_buckets": self.active_buckets,
        }
        return {"buckets": header, **counts}, arrays

    def load(self, header: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> None:
        """Take a saved state over."""
        self.allocation_failures = int(header.get("allocation_failures", 0))
        self.active_buckets = int(header.get("active_buckets", 0))
        self.buckets.load(header.get("buckets", {}), within(arrays, "buckets"))
        for i, detector in enumerate(self._detectors):
            detector.load(within(arrays, f"detector/{i}"))

    def _gathered(self, start: int, end: int) -> GatheredBuckets:
        time = self.buckets.time
        chosen = np.flatnonzero((time >= start) & (time < end))
        chosen = chosen[np.argsort(time[chosen])]
        place = np.full(len(time), -1, np.int64)
        place[chosen] = np.arange(len(chosen))
        return GatheredBuckets(
            start=start,
            end=end,
            span=self.buckets.span,
            time=time[chosen],
            events=self.buckets.columns.used("events")[chosen],
            detectors=[detector.closed(place, len(chosen)) for detector in self._detectors],
        )

    def _forget(self, bucket_rows: BoolArray) -> None:
        if not bucket_rows.any():
            return
        kept = np.flatnonzero(~bucket_rows)
        place = np.full(len(bucket_rows), -1, np.int64)
        place[kept] = np.arange(len(kept))
        for detector in self._detectors:
            detector.move_buckets(place)
        self.buckets.keep(kept)


def _compact(frame: RecordFrame) -> RecordFrame:
    """Columns as the kernels are compiled for: contiguous, writable, of the right type."""

    def columns(mapping: Mapping[str, Any], dtype: type) -> dict[str, Any]:
        return {name: np.require(c, dtype, ("C", "W")) for name, c in mapping.items()}

    return RecordFrame(
        time=np.require(frame.time, np.int64, ("C", "W")),
        numbers=columns(frame.numbers, np.float64),
        codes=columns(frame.codes, np.int32),
        hashes=columns(frame.hashes, np.uint64),
        texts={name: _compact_text(column) for name, column in frame.texts.items()},
        points=columns(frame.points, np.float64),
    )


def _compact_text(column: TextColumn) -> TextColumn:
    return TextColumn(
        data=np.require(column.data, np.uint8, ("C", "W")),
        start=np.require(column.start, np.int64, ("C", "W")),
        end=np.require(column.end, np.int64, ("C", "W")),
    )
