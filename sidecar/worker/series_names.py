"""Names behind the series of records and of their causes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sidecar.engine.arrays import CodeArray
from sidecar.engine.results import RecordTable
from sidecar.schema.analysis_config import AnalysisConfig

Names = Sequence[str | None]


class SeriesNames(Protocol):
    """Finds the (partition, by, over) values of series; `AnomalyJob.series_names` is it."""

    def __call__(self, detector_index: int, series: CodeArray) -> tuple[Names, Names, Names]:
        """Three lists as long as `series`; None where the detector has no such field."""


@dataclass(frozen=True, slots=True)
class RecordNames:
    """Names behind a table of records.

    `records` and `causes` are (partition, by, over) values of every row of each; `correlated` has
    by row the by value of the series with which a record's correlation broke.
    """

    records: tuple[Names, Names, Names]
    causes: tuple[Names, Names, Names]
    correlated: Mapping[int, str]


def all_names(config: AnalysisConfig, table: RecordTable, series_names: SeriesNames) -> RecordNames:
    """Look up all names that the documents of a table need."""
    return RecordNames(
        record_names(config, table, series_names),
        cause_names(config, table, series_names),
        correlated_names(config, table, series_names),
    )


def record_names(
    config: AnalysisConfig, table: RecordTable, series_names: SeriesNames
) -> tuple[Names, Names, Names]:
    """Partition, by and over values of every record, looked up once per detector."""
    return _looked_up(config, table.detector, table.series, series_names)


def cause_names(
    config: AnalysisConfig, table: RecordTable, series_names: SeriesNames
) -> tuple[Names, Names, Names]:
    """The same of every cause."""
    causes = table.causes
    return _looked_up(config, table.detector[causes.record], causes.series, series_names)


def correlated_names(
    config: AnalysisConfig, table: RecordTable, series_names: SeriesNames
) -> dict[int, str]:
    """By row: by value of the series with which a record's correlation broke."""
    rows = (table.correlated >= 0).nonzero()[0]
    found = _looked_up(config, table.detector[rows], table.correlated[rows], series_names)
    return {row: by for row, by in zip(rows.tolist(), found[1], strict=True) if by is not None}


def _looked_up(
    config: AnalysisConfig, detectors: CodeArray, series: CodeArray, series_names: SeriesNames
) -> tuple[Names, Names, Names]:
    size = len(detectors)
    partitions: list[str | None] = [None] * size
    bys: list[str | None] = [None] * size
    overs: list[str | None] = [None] * size
    for detector in config.detectors:
        rows = (detectors == detector.detector_index).nonzero()[0]
        if not len(rows):
            continue
        found = series_names(detector.detector_index, series[rows])
        for row, partition, by, over in zip(rows.tolist(), *found, strict=True):
            partitions[row], bys[row], overs[row] = partition, by, over
    return partitions, bys, overs
