"""Judged places as findings: one a series, or one a member of a population."""

from __future__ import annotations

import numpy as np

from sidecar.engine.arrays import FloatArray, IntArray
from sidecar.engine.gathering.cells import ClosedCells, SeriesKeys
from sidecar.engine.models import findings as columns
from sidecar.engine.models.detector_model import Causes
from sidecar.engine.models.location.buckets import LENGTH, REPEATS
from sidecar.engine.models.location.judge import LOG_P, TYPICAL_LATITUDE, TYPICAL_LONGITUDE
from sidecar.engine.models.series.series_table import MAX_FINDINGS
from sidecar.engine.models.series.step import LOG_RECORD_CUTOFF

# Cells that stand behind one finding of a population.
_MAX_CAUSES = 10
# A tenth of a metre.
_DEGREE_DIGITS = 6


def find_places(
    cells: ClosedCells, judged: FloatArray, keys: SeriesKeys, *, population: bool
) -> tuple[FloatArray, Causes]:
    """The anomalous cells of k buckets as (r, FINDING_WIDTH) findings, and their causes.

    Of a population all cells of one (partition, over) value in a bucket are one finding, as
    surprising as the most surprising of them.

    Parameters
    ----------
    judged : (m, CELL_WIDTH) float64
        What the cells came to.
    """
    chosen = np.flatnonzero(judged[:, LOG_P] < LOG_RECORD_CUTOFF)
    bucket = np.searchsorted(cells.start, chosen, side="right") - 1
    log_p, series = judged[chosen, LOG_P], cells.series[chosen]
    order = np.lexsort((series, log_p, bucket))
    chosen, bucket, series = chosen[order], bucket[order], series[order]
    member = np.arange(len(chosen))
    if population:
        whose = np.stack([bucket, keys.partition[series], keys.over[series]], axis=1)
        _, firsts, member = np.unique(whose, axis=0, return_index=True, return_inverse=True)
        # Members by their first cell, which is their most surprising one.
        member = firsts[member.reshape(-1)]
    first = np.flatnonzero(member == np.arange(len(chosen)))
    kept = first[_rank_within(bucket[first]) < MAX_FINDINGS]
    findings = _findings(cells, judged, chosen[kept], bucket[kept])
    if not population:
        return findings, Causes.none()
    return findings, _causes(cells, judged, chosen, member, kept)


def _rank_within(bucket: IntArray) -> IntArray:
    """Place of each entry among those of its bucket; `bucket` ascends."""
    return np.arange(len(bucket)) - np.searchsorted(bucket, bucket)


def _findings(
    cells: ClosedCells, judged: FloatArray, chosen: IntArray, bucket: IntArray
) -> FloatArray:
    findings = np.zeros((len(chosen), columns.FINDING_WIDTH))
    findings[:, columns.FINDING_BUCKET] = bucket
    findings[:, columns.FINDING_SERIES] = cells.series[chosen]
    findings[:, columns.FINDING_CELL] = chosen
    findings[:, columns.FINDING_LOG_P] = judged[chosen, LOG_P]
    findings[:, columns.FINDING_LOG_P_SINGLE] = judged[chosen, LOG_P]
    findings[:, columns.FINDING_REPEATS] = judged[chosen, REPEATS]
    findings[:, columns.FINDING_LENGTH] = judged[chosen, LENGTH] + 1.0
    findings[:, columns.FINDING_RARITY] = np.nan
    actual, typical = _coordinates(cells, judged, chosen)
    findings[:, columns.FINDING_ACTUAL] = actual[:, 0]
    findings[:, columns.FINDING_ACTUAL_LONGITUDE] = actual[:, 1]
    # Places have no bounds.
    for column in (columns.FINDING_TYPICAL, columns.FINDING_LOWER, columns.FINDING_UPPER):
        findings[:, column] = typical[:, 0]
    findings[:, columns.FINDING_TYPICAL_LONGITUDE] = typical[:, 1]
    return findings


def _coordinates(
    cells: ClosedCells, judged: FloatArray, chosen: IntArray
) -> tuple[FloatArray, FloatArray]:
    """(r, 2) actual and typical latitudes and longitudes."""
    typical = judged[chosen][:, [TYPICAL_LATITUDE, TYPICAL_LONGITUDE]]
    return cells.value[chosen], np.round(typical, _DEGREE_DIGITS)


def _causes(
    cells: ClosedCells, judged: FloatArray, chosen: IntArray, member: IntArray, kept: IntArray
) -> Causes:
    """The cells behind each finding; `member` is the first cell of each cell's member."""
    finding = np.full(len(chosen), -1, np.int64)
    finding[kept] = np.arange(len(kept))
    finding = finding[member]
    rows = np.flatnonzero(finding >= 0)
    rows = rows[np.argsort(finding[rows], kind="stable")]
    rows = rows[_rank_within(finding[rows]) < _MAX_CAUSES]
    actual, typical = _coordinates(cells, judged, chosen[rows])
    return Causes(
        finding=finding[rows],
        series=cells.series[chosen[rows]],
        log_p=judged[chosen[rows], LOG_P],
        actual=actual[:, 0].copy(),
        typical=typical[:, 0].copy(),
        actual_longitude=actual[:, 1].copy(),
        typical_longitude=typical[:, 1].copy(),
    )
