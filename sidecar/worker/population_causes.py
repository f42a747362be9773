"""`causes` of population records: the values of an entity that make it anomalous."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidecar.engine.functions import FUNCTIONS
from sidecar.engine.results import RecordTable
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from sidecar.worker.points import geo_results, points
from sidecar.worker.series_names import Names

Cause = dict[str, Any]


def causes_of_rows(
    config: AnalysisConfig, table: RecordTable, names: tuple[Names, Names, Names]
) -> dict[int, list[Cause]]:
    """By row of `table`: its causes, most significant first; `names` are those of the causes."""
    causes = table.causes
    by_row: dict[int, list[Cause]] = {}
    for row, probability, actual, typical, partition, by, over in zip(
        causes.record.tolist(),
        causes.probability.tolist(),
        points(causes.actual, causes.actual_longitude),
        points(causes.typical, causes.typical_longitude),
        *names,
        strict=True,
    ):
        detector = config.detectors[int(table.detector[row])]
        cause: Cause = {"probability": probability}
        for kind, name, value in (
            ("by", detector.by_field_name, by),
            ("partition", detector.partition_field_name, partition),
            ("over", detector.over_field_name, over),
        ):
            if name:
                cause[f"{kind}_field_name"] = name
                cause[f"{kind}_field_value"] = value or ""
        cause["function"] = detector.function
        feature = int(table.feature[row])
        cause["function_description"] = FUNCTIONS[detector.function].features[feature]
        if detector.field_name:
            cause["field_name"] = detector.field_name
        cause["typical"], cause["actual"] = typical, actual
        if len(actual) > 1:
            cause["geo_results"] = geo_results(actual, typical)
        by_row.setdefault(row, []).append(cause)
    return by_row


def by_values(detector: Detector, causes: Sequence[Cause]) -> Mapping[str, list[str]]:
    """The by field of a population and its different values among the causes, in their order."""
    if not detector.by_field_name or not causes:
        return {}
    values = dict.fromkeys(cause["by_field_value"] for cause in causes)
    return {detector.by_field_name: list(values)}
