"""Names behind the series of records and of their causes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sidecar.engine.arrays import CodeArray
from sidecar.engine.results import RecordTable
from sidecar.schema.analysis_config import AnalysisConfig

Names = Sequence[str | None]


class SeriesNames(Protocol):
    """Finds the (partition, by, over) values of series; `AnomalyJob.series_names` is it."""

    def __call__(self, detector_index: int, series: CodeArray) -> tuple[Names, Names, Names]:
        """Three lists as long as `series`; None where the detector has no such field."""


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
