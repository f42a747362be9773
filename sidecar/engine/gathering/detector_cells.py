"""Partial statistics of one detector's open (bucket, series) cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sidecar.engine.arrays import FloatArray, IntArray
from sidecar.engine.columns import AnyArray, Columns, within
from sidecar.engine.functions import FUNCTIONS, Statistic
from sidecar.engine.gathering.cells import ClosedCells
from sidecar.engine.gathering.distinct_texts import DistinctTexts
from sidecar.engine.gathering.gather_kernels import (
    add_counts,
    add_extremes,
    add_moments,
    add_points,
    add_sums,
    mean_points,
    medians,
    with_hash,
    with_number,
    with_point,
)
from sidecar.engine.gathering.influencer_shares import InfluencerShares
from sidecar.engine.gathering.series_index import SeriesIndex
from sidecar.engine.gathering.time_slots import TimeSlots
from sidecar.engine.pair_table import PairTable
from sidecar.engine.record_frame import RecordFrame
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector

_MOMENTS = (Statistic.MEAN, Statistic.MEDIAN, Statistic.VARP, Statistic.METRIC)
_HASHED = (Statistic.DISTINCT_COUNT, Statistic.INFO_CONTENT)
_EXTREMES = (Statistic.MIN, Statistic.MAX, Statistic.METRIC)
# Records that a variance needs: a single one says nothing about the spread.
_LEAST_FOR_VARIANCE = 2.0


class DetectorCells:
    """Cells in order of their first record; what is kept of a cell follows the function."""

    __slots__ = (
        "_cells",
        "_distinct",
        "_field",
        "_influencers",
        "_keys",
        "_needs_number",
        "_pool",
        "_statistic",
        "_texts",
        "_times",
        "series",
    )

    def __init__(self, detector: Detector, config: AnalysisConfig) -> None:
        function = FUNCTIONS.get(detector.function)
        if function is None:
            raise ValueError(f"detector function [{detector.function}] is not supported")
        self._statistic = function.statistic
        self._needs_number = function.needs_number
        self._times = TimeSlots(function.circle_s) if function.circle_s else None
        self._field = detector.field_name or ""
        self.series = SeriesIndex(detector)
        self._keys = PairTable()  # (bucket row, series)
        fills: dict[str, np.generic] = {"count": np.float64(0.0)}
        if self._statistic in _MOMENTS:
            fills |= {"mean": np.float64(0.0), "deviation": np.float64(0.0)}
        if self._statistic is Statistic.SUM:
            fills |= {"total": np.float64(0.0)}
        if self._statistic in _EXTREMES:
            fills |= {"low": np.float64(np.inf), "high": np.float64(-np.inf)}
        if self._statistic is Statistic.INFO_CONTENT:
            fills |= {"text_bytes": np.float64(0.0), "text_kept": np.int64(0)}
        if self._statistic is Statistic.LAT_LONG:
            fills |= {"x": np.float64(0.0), "y": np.float64(0.0), "z": np.float64(0.0)}
        self._cells = Columns(**fills)
        # median: every value of a cell; distinct_count: every (cell, hash) once; info_content:
        # with its text.
        self._pool = Columns(cell=np.int64(0), value=np.float64(0.0))
        self._distinct = PairTable()
        self._texts = DistinctTexts()
        self._influencers = [
            InfluencerShares(name, sums_are_weighted=self._statistic is not Statistic.SUM)
            for name in config.influencers
            if name and name not in detector.split_fields()
        ]

    # --- records in ---------------------------------------------------------------------------

    def taken(self, frame: RecordFrame, rows: IntArray) -> IntArray:
        """Bucket rows of the records that carry what the function looks at, others negative."""
        taken: IntArray = rows
        if self._statistic in _HASHED:
            taken = with_hash(rows, frame.hashes[self._field])
        elif self._statistic is Statistic.LAT_LONG:
            taken = with_point(rows, frame.points[self._field])
        elif self._needs_number:
            taken = with_number(rows, frame.numbers[self._field])
        return taken

    def add(self, frame: RecordFrame, rows: IntArray, series: IntArray, weight: FloatArray) -> None:
        """Take records over; bucket row and series of each, negative where it is not taken."""
        cells = self._keys.find_or_add(rows, series, series)
        columns = self._cells
        columns.resize(self._keys.size)
        value = None
        if not self._needs_number:
            add_counts(cells, weight, columns["count"])
        else:
            value = frame.numbers[self._field]
            if self._statistic in _MOMENTS:
                add_moments(
                    cells, value, weight, columns["count"], columns["mean"], columns["deviation"]
                )
            else:
                add_counts(cells, weight, columns["count"])
            if self._statistic is Statistic.SUM:
                add_sums(cells, value, weight[:0], columns["total"])
            if self._statistic in _EXTREMES:
                add_extremes(cells, value, columns["low"], columns["high"])
        if self._statistic is Statistic.MEDIAN and value is not None:
            self._keep_values(cells, value)
        if self._statistic is Statistic.DISTINCT_COUNT:
            self._distinct.find_or_add(cells, frame.hashes[self._field].view(np.int64), cells)
        if self._statistic is Statistic.INFO_CONTENT:
            hashes, texts = frame.hashes[self._field], frame.texts[self._field]
            self._texts.add(cells, hashes, texts, columns["text_bytes"], columns["text_kept"])
        if self._statistic is Statistic.LAT_LONG:
            point = frame.points[self._field]
            add_points(cells, point, weight, columns["x"], columns["y"], columns["z"])
        if self._times is not None:
            self._times.add(cells, frame.time, weight)
        for influencer in self._influencers:
            influencer.add(cells, frame.codes[influencer.field], value, weight)

    def _keep_values(self, cells: IntArray, value: FloatArray) -> None:
        chosen = cells >= 0
        before = self._pool.size
        self._pool.resize(before + int(np.count_nonzero(chosen)))
        self._pool.used("cell")[before:] = cells[chosen]
        self._pool.used("value")[before:] = value[chosen]

    # --- cells out ----------------------------------------------------------------------------

    def closed(self, place: IntArray, buckets: int) -> ClosedCells:
        """Cells of some of the open buckets.

        Parameters
        ----------
        place : (bucket rows,) int64
            Place of each bucket among the `buckets` asked for, -1 for the others.
        """
        bucket = place[self._keys.first]
        chosen = np.flatnonzero(bucket >= 0)
        series = self._keys.second[chosen]
        order = np.argsort(bucket[chosen] * np.int64(len(self.series)) + series)
        chosen = chosen[order]
        position = np.full(self._keys.size, -1, np.int64)
        position[chosen] = np.arange(len(chosen))
        value, variance = self._values(chosen, position)
        return ClosedCells(
            start=np.searchsorted(bucket[chosen], np.arange(buckets + 1)).astype(np.int64),
            series=series[order].astype(np.int32),
            count=self._cells.used("count")[chosen],
            value=value,
            variance=variance,
            influencers=[influencer.of_cells(position) for influencer in self._influencers],
            times=self._times.of_cells(position, len(chosen)) if self._times is not None else None,
        )

    def _values(self, chosen: IntArray, position: IntArray) -> tuple[FloatArray, FloatArray]:
        """(m, f) values and (m,) variances of the chosen cells."""
        count = self._cells.used("count")[chosen]
        variance = np.zeros(len(chosen))
        if self._statistic in _MOMENTS:
            variance = self._cells.used("deviation")[chosen] / count
        match self._statistic:
            case Statistic.COUNT | Statistic.RARE | Statistic.FREQ_RARE | Statistic.TIME:
                features = [count]
            case Statistic.DISTINCT_COUNT:
                cell = position[self._distinct.first]
                features = [np.bincount(cell[cell >= 0], minlength=len(chosen)).astype(np.float64)]
            case Statistic.INFO_CONTENT:
                kept = self._cells.used("text_kept")[chosen]
                part = self._cells.used("text_bytes")[chosen] / kept
                features = [part * self._texts.information(position, kept)]
            case Statistic.LAT_LONG:
                features = mean_points(*(self._cells.used(name)[chosen] for name in "xyz"))
            case Statistic.MEAN:
                features = [self._cells.used("mean")[chosen]]
            case Statistic.MEDIAN:
                cell = position[self._pool.used("cell")]
                valued = cell >= 0
                value = self._pool.used("value")[valued]
                features = [medians(cell[valued], value, len(chosen))]
            case Statistic.VARP:
                features = [np.where(count < _LEAST_FOR_VARIANCE, np.nan, variance)]
                variance = np.zeros(len(chosen))
            case Statistic.SUM:
                features = [self._cells.used("total")[chosen]]
            case Statistic.MIN:
                features = [self._cells.used("low")[chosen]]
            case Statistic.MAX:
                features = [self._cells.used("high")[chosen]]
            case _:  # metric
                features = [self._cells.used(name)[chosen] for name in ("mean", "low", "high")]
        return np.stack(features, axis=1), variance

    def move_buckets(self, place: IntArray) -> None:
        """Give buckets new rows; cells of buckets at -1 are dropped."""
        bucket = place[self._keys.first]
        kept = np.flatnonzero(bucket >= 0)
        position = np.full(self._keys.size, -1, np.int64)
        position[kept] = np.arange(len(kept))
        self._keys.load(bucket[kept], self._keys.second[kept])
        self._cells.keep(kept)
        cell = position[self._distinct.first]
        kept = np.flatnonzero(cell >= 0)
        self._distinct.load(cell[kept], self._distinct.second[kept])
        cell = position[self._pool.used("cell")]
        kept = np.flatnonzero(cell >= 0)
        self._pool.used("cell")[:] = cell
        self._pool.keep(kept)
        self._texts.move_cells(position)
        if self._times is not None:
            self._times.move_cells(position)
        for influencer in self._influencers:
            influencer.move_cells(position)

    def note_active(self, cells: ClosedCells, active: IntArray) -> None:
        """Note that the series of closed cells live.

        Parameters
        ----------
        active : (k,) int64
            The job's count of buckets with records, at each of the k buckets of `cells`.
        """
        self.series.note_active(cells.series, np.repeat(active, np.diff(cells.start)))

    def living(self, active: int) -> IntArray:
        """Series seen since the job's so-manieth bucket with records, or with open cells."""
        alive = self.series.last_active() > active
        alive[self._keys.second] = True
        return np.flatnonzero(alive)

    def keep_series(self, series: IntArray) -> None:
        """Forget all series but these (ascending), none of which has open cells."""
        number = np.full(len(self.series), -1, np.int64)
        number[series] = np.arange(len(series))
        self._keys.load(self._keys.first.copy(), number[self._keys.second])
        self.series.keep(series)

    # --- state --------------------------------------------------------------------------------

    def nbytes(self) -> int:
        """Bytes in use."""
        parts = (self.series, self._keys, self._cells, self._pool, self._distinct, self._texts)
        own = sum(part.nbytes() for part in parts)
        own += self._times.nbytes() if self._times is not None else 0
        return own + sum(influencer.nbytes() for influencer in self._influencers)

    def save(self) -> dict[str, AnyArray]:
        """Named arrays (views)."""
        arrays: dict[str, AnyArray] = {
            "cells/bucket": self._keys.first,
            "cells/series": self._keys.second,
            "distinct/cell": self._distinct.first,
            "distinct/hash": self._distinct.second,
        }
        parts: list[tuple[str, Any]] = [
            ("series", self.series),
            ("cells", self._cells),
            ("values", self._pool),
            ("texts", self._texts),
            *((f"influencer/{i}", part) for i, part in enumerate(self._influencers)),
        ]
        if self._times is not None:
            parts.append(("times", self._times))
        for prefix, part in parts:
            arrays |= {f"{prefix}/{name}": array for name, array in part.save().items()}
        return arrays

    def load(self, arrays: Mapping[str, AnyArray]) -> None:
        """Take saved arrays over."""
        none = np.empty(0, np.int64)
        self._keys.load(arrays.get("cells/bucket", none), arrays.get("cells/series", none))
        self._distinct.load(arrays.get("distinct/cell", none), arrays.get("distinct/hash", none))
        self.series.load(within(arrays, "series"))
        self._cells.load(self._keys.size, within(arrays, "cells"))
        self._pool.load(len(arrays.get("values/cell", none)), within(arrays, "values"))
        self._texts.load(within(arrays, "texts"))
        if self._times is not None:
            self._times.load(within(arrays, "times"))
        for i, influencer in enumerate(self._influencers):
            influencer.load(within(arrays, f"influencer/{i}"))
