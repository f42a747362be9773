"""Kernels that take records into cells, one record after another, in order of arrival.

All arrays called `rows` are (n,) int64: the row that a record belongs to, negative where it
belongs to none. `weight` is (n,) float64, or empty where every record weighs 1.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from sidecar.engine.arrays import BoolArray, CodeArray, FloatArray, HashArray, IntArray
from sidecar.engine.pair_table import ABSENT, REFUSED

# A tenth of a millimetre: what a single place loses on its way to a vector and back is less.
_DEGREE_DIGITS = 9


@njit(cache=True, nogil=True)
def bucket_starts(
    time: IntArray,
    span: int,
    latency: int,
    clock: IntArray,
    start: IntArray,
    use: IntArray,
) -> None:
    """Bucket of each record, and whether that bucket is still open when the record comes.

    Parameters
    ----------
    time, start, use : (n,) int64
        `start` and `use` are written: start of the record's bucket; 0 if open, ABSENT if closed.
    clock : (2,) int64
        First open bucket and latest bucket reached, moved on by every record.
    """
    bucket = time[0] // span * span
    for i in range(len(time)):
        if not bucket <= time[i] < bucket + span:
            bucket = time[i] // span * span
        if bucket > clock[1]:
            clock[1] = bucket
            clock[0] = max(clock[0], (bucket - latency) // span * span)
        start[i] = bucket
        use[i] = 0 if bucket >= clock[0] else ABSENT


@njit(cache=True, nogil=True)
def count_events(rows: IntArray, weight: FloatArray, events: FloatArray) -> None:
    """Add records to the event count of their bucket; a record without weight loses its row."""
    weighted = len(weight) > 0
    for i in range(len(rows)):
        if rows[i] < 0:
            continue
        if not weighted:
            events[rows[i]] += 1.0
        elif np.isfinite(weight[i]) and weight[i] > 0.0:
            events[rows[i]] += weight[i]
        else:
            rows[i] = ABSENT


@njit(cache=True, nogil=True)
def with_number(rows: IntArray, value: FloatArray) -> IntArray:
    """The rows, without those of records whose value is not a finite number."""
    taken = np.empty_like(rows)
    for i in range(len(rows)):
        taken[i] = rows[i] if np.isfinite(value[i]) else ABSENT
    return taken


@njit(cache=True, nogil=True)
def with_hash(rows: IntArray, value: HashArray) -> IntArray:
    """The rows, without those of records whose value is missing (hash 0)."""
    taken = np.empty_like(rows)
    for i in range(len(rows)):
        taken[i] = rows[i] if value[i] != 0 else ABSENT
    return taken


@njit(cache=True, nogil=True)
def with_point(rows: IntArray, point: FloatArray) -> IntArray:
    """The rows, without those of records that have no place; `point` is (n, 2) degrees."""
    taken = np.empty_like(rows)
    for i in range(len(rows)):
        known = np.isfinite(point[i, 0]) and np.isfinite(point[i, 1])
        taken[i] = rows[i] if known else ABSENT
    return taken


@njit(cache=True, nogil=True)
def series_keys(
    rows: IntArray,
    partition: CodeArray,
    by: CodeArray,
    over: CodeArray,
    use_null: bool,
    first: IntArray,
    second: IntArray,
    use: IntArray,
) -> None:
    """Split values of each record as a pair: partition and by in `first`, over in `second`.

    Columns of fields that the detector does not have are empty. Without `use_null` a record
    needs all its values; with it only the over value, since nobody is a member of a population
    without a name.
    """
    for i in range(len(rows)):
        use[i] = rows[i]
        if rows[i] < 0:
            continue
        p = np.int64(partition[i]) if len(partition) else np.int64(-1)
        b = np.int64(by[i]) if len(by) else np.int64(-1)
        o = np.int64(over[i]) if len(over) else np.int64(-1)
        first[i] = (p << 32) | (b & 0xFFFFFFFF)
        second[i] = o
        missing = (len(partition) and p < 0) or (len(by) and b < 0)
        if (missing and not use_null) or (len(over) and o < 0):
            use[i] = ABSENT


@njit(cache=True, nogil=True)
def note_series(
    series: IntArray,
    rows: IntArray,
    bucket_time: IntArray,
    first_bucket: IntArray,
    short_of_memory: BoolArray,
) -> int:
    """Keep the earliest bucket of each series; mark the buckets of refused series.

    Returns how many buckets (`short_of_memory`, by bucket row) are marked for the first time.
    """
    marked = 0
    for i in range(len(series)):
        if series[i] >= 0:
            start = bucket_time[rows[i]]
            if start < first_bucket[series[i]]:
                first_bucket[series[i]] = start
        elif series[i] == REFUSED and not short_of_memory[rows[i]]:
            short_of_memory[rows[i]] = True
            marked += 1
    return marked


@njit(cache=True, nogil=True)
def add_counts(rows: IntArray, weight: FloatArray, count: FloatArray) -> None:
    """Count records (or their weights) in their rows."""
    weighted = len(weight) > 0
    for i in range(len(rows)):
        if rows[i] >= 0:
            count[rows[i]] += weight[i] if weighted else 1.0


@njit(cache=True, nogil=True)
def add_sums(rows: IntArray, value: FloatArray, weight: FloatArray, total: FloatArray) -> None:
    """Add (weighted) values up in their rows."""
    weighted = len(weight) > 0
    for i in range(len(rows)):
        if rows[i] >= 0:
            total[rows[i]] += weight[i] * value[i] if weighted else value[i]


@njit(cache=True, nogil=True)
def add_extremes(rows: IntArray, value: FloatArray, low: FloatArray, high: FloatArray) -> None:
    """Least and greatest value of each row."""
    for i in range(len(rows)):
        row = rows[i]
        if row >= 0:
            low[row] = min(low[row], value[i])
            high[row] = max(high[row], value[i])


@njit(cache=True, nogil=True)
def add_moments(
    rows: IntArray,
    value: FloatArray,
    weight: FloatArray,
    count: FloatArray,
    mean: FloatArray,
    deviation: FloatArray,
) -> None:
    """Running weighted mean and sum of squared deviations of each row (West's update [1]_).

    References
    ----------
    .. [1] D. H. D. West, Updating mean and variance estimates, CACM 22(9), 1979.
    """
    weighted = len(weight) > 0
    for i in range(len(rows)):
        row = rows[i]
        if row < 0:
            continue
        w = weight[i] if weighted else 1.0
        count[row] += w
        before = value[i] - mean[row]
        mean[row] += before * (w / count[row])
        deviation[row] += w * before * (value[i] - mean[row])


@njit(cache=True, nogil=True)
def add_points(
    rows: IntArray,
    point: FloatArray,
    weight: FloatArray,
    x: FloatArray,
    y: FloatArray,
    z: FloatArray,
) -> None:
    """Add (weighted) places up in their rows, as vectors from the middle of the Earth.

    So places on both sides of the date line have their mean between them.
    """
    weighted = len(weight) > 0
    for i in range(len(rows)):
        row = rows[i]
        if row < 0:
            continue
        w = weight[i] if weighted else 1.0
        latitude = math.radians(point[i, 0])
        longitude = math.radians(point[i, 1])
        x[row] += w * (math.cos(latitude) * math.cos(longitude))
        y[row] += w * (math.cos(latitude) * math.sin(longitude))
        z[row] += w * math.sin(latitude)


def mean_points(x: FloatArray, y: FloatArray, z: FloatArray) -> list[FloatArray]:
    """Latitudes and longitudes, degrees, of what `add_points` added up; -90..90 and -180..180."""
    latitude: FloatArray = np.degrees(np.arctan2(z, np.hypot(x, y)))
    longitude: FloatArray = np.degrees(np.arctan2(y, x))
    return [np.round(latitude, _DEGREE_DIGITS), np.round(longitude, _DEGREE_DIGITS)]


@njit(cache=True, nogil=True)
def medians(cell: IntArray, value: FloatArray, cells: int) -> FloatArray:
    """(cells,) median of the values of each cell, NaN for a cell without values."""
    end = np.zeros(cells + 1, np.int64)
    for c in cell:
        end[c + 1] += 1
    end = np.cumsum(end)
    position = end[:-1].copy()
    grouped = np.empty_like(value)
    for i in range(len(cell)):
        grouped[position[cell[i]]] = value[i]
        position[cell[i]] += 1
    middle = np.full(cells, np.nan)
    for c in range(cells):
        n = end[c + 1] - end[c]
        if n > 0:
            ordered = np.sort(grouped[end[c] : end[c + 1]])
            middle[c] = (
                ordered[n // 2] if n % 2 else 0.5 * ordered[n // 2 - 1] + 0.5 * ordered[n // 2]
            )
    return middle
