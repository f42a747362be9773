"""Which influencer values carry an anomaly, and how odd each value's bucket is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from sidecar.engine.arrays import CodeArray, FloatArray, IntArray
from sidecar.engine.functions import Function, Statistic
from sidecar.engine.gathering.cells import ClosedCells, InfluencerCells, SeriesKeys
from sidecar.engine.maths.tails import LOG_LEAST, log_fisher
from sidecar.engine.models.findings import (
    FINDING_ACTUAL,
    FINDING_CELL,
    FINDING_FEATURE,
    FINDING_SERIES,
    FINDING_TYPICAL,
)
from sidecar.engine.models.series.step import LOG_RECORD_CUTOFF
from sidecar.schema.detector import Detector

# Share of a record's deviation that a value must carry to be named.
LEAST_SHARE = 0.3


@dataclass(slots=True)
class Influences:
    """Influencer values of findings; r rows sorted by (finding, field, code).

    `finding` is a row of the detector's findings, `field` a place in the job's `influencers`,
    `share` in (0, 1] how much of the deviation goes when the value's records are left out.
    """

    finding: IntArray
    field: CodeArray
    code: CodeArray
    share: FloatArray


def influences(
    function: Function,
    detector: Detector,
    influencers: tuple[str, ...],
    findings: FloatArray,
    cells: ClosedCells,
    keys: SeriesKeys,
) -> Influences:
    """Find the influencer values of all findings of a detector.

    Values of split fields take part with the whole record. For other fields the statistic is
    computed again without the records of the value (leave one out).
    """
    parts = [(_NO_ROWS, _NO_CODES, _NO_CODES, _NO_SHARES)]
    series = findings[:, FINDING_SERIES].astype(np.int64)
    shares = {cell.field: cell for cell in cells.influencers}
    split = {
        detector.partition_field_name: keys.partition,
        detector.by_field_name: keys.by,
        detector.over_field_name: keys.over,
    }
    for place, name in enumerate(influencers):
        if name in split:
            codes = split[name][series]
            rows = np.flatnonzero(codes >= 0)
            parts.append(_part(rows, place, codes[rows], np.ones(len(rows))))
        elif name in shares:
            rows, at = _expanded(findings, shares[name])
            share = _share(function, findings[rows], cells, shares[name], at)
            kept = share >= LEAST_SHARE
            parts.append(_part(rows[kept], place, shares[name].code[at[kept]], share[kept]))
    finding, field, code, share = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((code, field, finding))
    return Influences(finding[order], field[order], code[order], share[order])


_NO_ROWS = np.zeros(0, dtype=np.int64)
_NO_CODES = np.zeros(0, dtype=np.int32)
_NO_SHARES = np.zeros(0)


def _part(
    rows: IntArray, place: int, code: CodeArray, share: FloatArray
) -> tuple[IntArray, CodeArray, CodeArray, FloatArray]:
    return rows, np.full(len(rows), place, dtype=np.int32), code, share


def _expanded(findings: FloatArray, shares: InfluencerCells) -> tuple[IntArray, IntArray]:
    """(finding, row of `shares`) of every share of every finding's cell."""
    cell = findings[:, FINDING_CELL].astype(np.int64)
    first = np.searchsorted(shares.cell, cell, side="left")
    last = np.searchsorted(shares.cell, cell, side="right")
    size = np.where(cell >= 0, last - first, 0)
    rows = np.repeat(np.arange(len(cell)), size)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(size) - size, size)
    return rows, np.repeat(first, size) + within


def _share(
    function: Function,
    findings: FloatArray,
    cells: ClosedCells,
    shares: InfluencerCells,
    at: IntArray,
) -> FloatArray:
    """How much of each finding's deviation goes without the records of each value, 0..1."""
    actual = findings[:, FINDING_ACTUAL]
    typical = findings[:, FINDING_TYPICAL]
    cell = findings[:, FINDING_CELL].astype(np.int64)
    records = cells.count[cell]
    part = np.minimum(1.0, shares.count[at] / np.maximum(records, 1e-300))
    statistic = function.features[0] if len(function.features) == 1 else ""
    if statistic == Statistic.COUNT:
        without = actual - shares.count[at]
    elif statistic == Statistic.SUM:
        without = actual - shares.total[at]
    elif statistic == Statistic.MEAN:
        without = _mean_without(actual, records, shares, at, typical)
    elif statistic in (Statistic.MIN, Statistic.MAX):
        edge = shares.low[at] if statistic == Statistic.MIN else shares.high[at]
        return np.asarray(np.where(edge == actual, 1.0, 0.0))
    elif function.statistic is Statistic.METRIC:
        return _metric_share(findings, records, shares, at)
    else:
        return np.asarray(part)
    return _left(actual, typical, without)


def _mean_without(
    actual: FloatArray,
    records: FloatArray,
    shares: InfluencerCells,
    at: IntArray,
    alone: FloatArray,
) -> FloatArray:
    rest = records - shares.count[at]
    sums = actual * records - shares.total[at]
    return np.asarray(np.where(rest > 1e-9 * records, sums / np.maximum(rest, 1e-300), alone))


def _left(actual: FloatArray, typical: FloatArray, without: FloatArray) -> FloatArray:
    """Share of the deviation that goes; a value whose absence deepens it carries none."""
    deviation = actual - typical
    safe = np.where(deviation == 0.0, 1.0, deviation)
    left = (without - typical) / safe
    share = np.where(deviation == 0.0, 0.0, 1.0 - np.abs(left))
    return np.asarray(np.clip(share, 0.0, 1.0))


def _metric_share(
    findings: FloatArray, records: FloatArray, shares: InfluencerCells, at: IntArray
) -> FloatArray:
    """Shares for `metric`, whose feature (mean, min, max) differs from finding to finding."""
    actual = findings[:, FINDING_ACTUAL]
    typical = findings[:, FINDING_TYPICAL]
    feature = findings[:, FINDING_FEATURE]
    of_mean = _left(actual, typical, _mean_without(actual, records, shares, at, typical))
    edge = np.where(feature == 1.0, shares.low[at], shares.high[at])
    return np.asarray(np.where(feature == 0.0, of_mean, np.where(edge == actual, 1.0, 0.0)))


@njit(cache=True, nogil=True)
def influencer_log_probability(
    group: IntArray, share: FloatArray, log_p: FloatArray, out: FloatArray
) -> None:
    """Log probability of each influencer value in its bucket, from the records it took part in.

    Parameters
    ----------
    group : (r,) int64
        Group of each row, ascending from 0: one (bucket, field, value) each.
    share, log_p : (r,) float64
        The value's share in the record; the record's log probability.
    out : (groups,) float64
        Filled.

    Notes
    -----
    The oddest record alone, or all of them by Fisher's method; a record exists only under the
    record cutoff, so its surprise beyond the cutoff is a standard exponential.
    """
    i = 0
    while i < len(group):
        j = i
        most = 0.0
        total = 0.0
        while j < len(group) and group[j] == group[i]:
            surprise = -log_p[j] * share[j]
            most = max(most, surprise)
            total += max(0.0, surprise + LOG_RECORD_CUTOFF)
            j += 1
        together = log_fisher(total, j - i) + LOG_RECORD_CUTOFF if most > 0.0 else 0.0
        out[group[i]] = max(LOG_LEAST, min(-most, together))
        i = j
