"""Which columns of the records a job's analysis reads."""

from __future__ import annotations

from sidecar.engine.functions import FUNCTIONS, Statistic
from sidecar.engine.record_frame import FieldNeeds
from sidecar.schema.analysis_config import ML_CATEGORY, AnalysisConfig


def field_needs(config: AnalysisConfig) -> FieldNeeds:
    """The needs of all detectors and influencers.

    Raises ValueError when a detector has a function that the engine does not know.
    """
    numbers: dict[str, None] = {}
    hashes: dict[str, None] = {}
    texts: dict[str, None] = {}
    points: dict[str, None] = {}
    for detector in config.detectors:
        function = FUNCTIONS.get(detector.function)
        if function is None:
            raise ValueError(f"detector function [{detector.function}] is not supported")
        field = detector.field_name or ""
        if function.needs_number:
            numbers[field] = None
        if function.statistic in (Statistic.DISTINCT_COUNT, Statistic.INFO_CONTENT):
            hashes[field] = None
        if function.statistic is Statistic.INFO_CONTENT:
            texts[field] = None
        if function.statistic is Statistic.LAT_LONG:
            points[field] = None
    if config.summary_count_field_name:
        numbers[config.summary_count_field_name] = None
    if config.categorization_field_name is not None:
        texts[config.categorization_field_name] = None
    codes = tuple(name for name in config.term_fields() if name != ML_CATEGORY)
    return FieldNeeds(tuple(numbers), codes, tuple(hashes), tuple(texts), tuple(points))
