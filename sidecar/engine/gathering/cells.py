"""Gathered statistics of closed buckets: what the gatherer hands to the models."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.engine.arrays import CodeArray, FloatArray, IntArray


@dataclass(slots=True)
class InfluencerCells:
    """Share of each influencer value in the cells of one detector, for one influencer field.

    Rows are sorted by (cell, code); r rows.

    Attributes
    ----------
    cell : (r,) int64
        Row of `ClosedCells` that the share belongs to.
    code : (r,) int32
        Code of the influencer value (never MISSING).
    count : (r,) float64
        Records (summary counts, if the job has them) with that value in the cell.
    total : (r,) float64
        Sum of the metric over these records (0 where the function has none).
    low, high : (r,) float64
        Least and greatest metric value of these records.
    """

    field: str
    cell: IntArray
    code: CodeArray
    count: FloatArray
    total: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(slots=True)
class CellTimes:
    """When the records of cells came: on a circle (the day or the week) cut into even slots.

    Attributes
    ----------
    start : (m + 1,) int64
        Occupied slots of cell i are rows start[i]:start[i + 1], ascending in time.
    second : (r,) float64
        Mean time of a cell's records in the slot, seconds since the circle's start.
    """

    start: IntArray
    second: FloatArray


@dataclass(slots=True)
class ClosedCells:
    """Non-empty (bucket, series) cells of one detector in k consecutive closed buckets.

    Sorted by bucket, then by series; m cells, f features of the function.

    Attributes
    ----------
    start : (k + 1,) int64
        Cells of bucket i are rows start[i]:start[i + 1].
    series : (m,) int32
        Series id within the detector.
    count : (m,) float64
        Records in the cell (or the sum of the summary count field).
    value : (m, f) float64
        Feature values: the count, mean, sum, … ; f is 3 (mean, min, max) for `metric`, else 1.
    variance : (m,) float64
        Population variance of the metric inside the cell (0 where it makes no sense).
    influencers : list of InfluencerCells
        One per influencer field that is not a by, over or partition field of the detector.
    times : CellTimes or None
        Of functions that look at the times of records.
    """

    start: IntArray
    series: CodeArray
    count: FloatArray
    value: FloatArray
    variance: FloatArray
    influencers: list[InfluencerCells]
    times: CellTimes | None = None


@dataclass(slots=True)
class ClosedBuckets:
    """k consecutive buckets that no record can change any more, for all detectors.

    Attributes
    ----------
    time : (k,) int64
        Start of each bucket, epoch seconds, bucket span apart (empty buckets included).
    event_count : (k,) int64
        Records in each bucket.
    detectors : list of ClosedCells
        By detector index.
    """

    time: IntArray
    event_count: IntArray
    detectors: list[ClosedCells]


@dataclass(slots=True)
class SeriesKeys:
    """Names of a detector's series: codes into the dictionaries of its split fields.

    Attributes
    ----------
    partition, by, over : (n_series,) int32
        MISSING (-1) for null series (`use_null`) and for fields that the detector does not have.
    first_bucket : (n_series,) int64
        Start (epoch seconds) of the bucket in which the series was first seen.
    """

    partition: CodeArray
    by: CodeArray
    over: CodeArray
    first_bucket: IntArray
