"""Which models a detector has."""

from __future__ import annotations

from sidecar.engine.functions import FUNCTIONS, Statistic
from sidecar.engine.models.detector_model import DetectorModel
from sidecar.engine.models.location.table import LocationTable
from sidecar.engine.models.series_table import SeriesTable
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector


def model_of(detector: Detector, config: AnalysisConfig) -> DetectorModel:
    """Fresh models for a detector of a job."""
    function = FUNCTIONS[detector.function]
    if function.statistic is Statistic.LAT_LONG:
        population = bool(detector.over_field_name)
        return LocationTable(config.bucket_span.seconds, population=population)
    return SeriesTable(function, config.bucket_span.seconds)


def expected_bytes(
    detector: Detector, config: AnalysisConfig, *, attributes: float, entities: float
) -> float:
    """Bytes that a detector's models take after some weeks.

    Parameters
    ----------
    attributes, entities : float
        Numbers of (partition, by) values, and of (partition, over) values where there is an over
        field.
    """
    function = FUNCTIONS[detector.function]
    if function.statistic is Statistic.LAT_LONG:
        population = bool(detector.over_field_name)
        return LocationTable.expected_bytes(
            groups=attributes, series=max(attributes, entities), population=population
        )
    return SeriesTable.expected_bytes(function, config.bucket_span.seconds, attributes)
