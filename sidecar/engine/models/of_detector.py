"""Which models a detector has."""

from __future__ import annotations

from sidecar.engine.functions import FUNCTIONS
from sidecar.engine.models.detector_model import DetectorModel
from sidecar.engine.models.series_table import SeriesTable
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector


def model_of(detector: Detector, config: AnalysisConfig) -> DetectorModel:
    """Fresh models for a detector of a job."""
    function = FUNCTIONS[detector.function]
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
    return SeriesTable.expected_bytes(function, config.bucket_span.seconds, attributes)
