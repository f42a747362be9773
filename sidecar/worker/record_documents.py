"""Record documents: one for each anomalous cell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.functions import FUNCTIONS
from sidecar.engine.results import BucketResults, RecordTable
from sidecar.schema.analysis_config import ML_CATEGORY, AnalysisConfig
from sidecar.schema.detector import Detector
from sidecar.schema.document_ids import record_id
from sidecar.schema.result_fields import RESERVED_RESULT_FIELDS
from sidecar.worker.points import geo_results, points
from sidecar.worker.population_causes import by_values, causes_of_rows
from sidecar.worker.series_names import RecordNames


def record_documents(
    job_id: str,
    config: AnalysisConfig,
    results: BucketResults,
    names: RecordNames,
    dictionaries: Mapping[str, FieldDictionary],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(id, document) of every row of `results.records`.

    Ids depend only on the job, the bucket and the series, so a replay overwrites.
    """
    table = results.records
    if not len(table.bucket):
        return
    span = config.bucket_span.seconds
    timestamps = (results.time[table.bucket] * 1000).tolist()
    partitions, bys, overs = names.records
    influencers = _influencers_of_rows(table, dictionaries)
    by_record = causes_of_rows(config, table, names.causes)
    columns = zip(
        timestamps,
        table.detector.tolist(),
        table.probability.tolist(),
        table.score.tolist(),
        table.multi_bucket_impact.tolist(),
        points(table.actual, table.actual_longitude),
        points(table.typical, table.typical_longitude),
        table.feature.tolist(),
        strict=True,
    )
    for row, (time, index, probability, score, impact, actual, typical, feature) in enumerate(
        columns
    ):
        detector = config.detectors[index]
        document: dict[str, Any] = {
            "job_id": job_id,
            "result_type": "record",
            "probability": probability,
            "multi_bucket_impact": impact,
            "record_score": score,
            "initial_record_score": score,
            "bucket_span": span,
            "detector_index": index,
            "is_interim": results.is_interim,
            "timestamp": time,
        }
        causes = by_record.get(row, ())
        split = _split_values(detector, bys[row], overs[row], partitions[row])
        if causes:
            split.pop("by", None)
        for kind, (name, value) in split.items():
            document[f"{kind}_field_name"] = name
            document[f"{kind}_field_value"] = value
        if row in names.correlated:
            document["correlated_by_field_value"] = names.correlated[row]
        document["function"] = detector.function
        document["function_description"] = FUNCTIONS[detector.function].features[feature]
        if detector.field_name:
            document["field_name"] = detector.field_name
        if causes:
            document["causes"] = causes
        else:
            document["typical"] = typical
            document["actual"] = actual
            if len(actual) > 1:
                document["geo_results"] = geo_results(actual, typical)
        _add_term_values(document, split, influencers.get(row, ()), by_values(detector, causes))
        document["anomaly_score_explanation"] = _explanation(table, row)
        yield record_id(job_id, time, span, index, bys[row], overs[row], partitions[row]), document


def _influencers_of_rows(
    table: RecordTable, dictionaries: Mapping[str, FieldDictionary]
) -> dict[int, list[tuple[str, list[str]]]]:
    by_row: dict[int, list[tuple[str, list[str]]]] = {}
    for row, field, codes in table.influencers:
        names = [dictionaries[field].name(code) for code in codes]
        by_row.setdefault(row, []).append((field, names))
    return by_row


def _split_values(
    detector: Detector, by: str | None, over: str | None, partition: str | None
) -> dict[str, tuple[str, str]]:
    """Kind -> (field name, value) of the split fields the detector has."""
    split: dict[str, tuple[str, str]] = {}
    if detector.by_field_name:
        split["by"] = (detector.by_field_name, by or "")
    if detector.over_field_name:
        split["over"] = (detector.over_field_name, over or "")
    if detector.partition_field_name:
        split["partition"] = (detector.partition_field_name, partition or "")
    return split


def _add_term_values(
    document: dict[str, Any],
    split: Mapping[str, tuple[str, str]],
    influencers: Sequence[tuple[str, list[str]]],
    by_values: Mapping[str, list[str]],
) -> None:
    """`influencers`, and the values under the names of their own fields."""
    values: dict[str, list[str]] = {name: list(found) for name, found in by_values.items()}
    if influencers:
        document["influencers"] = [
            {"influencer_field_name": name, "influencer_field_values": names}
            for name, names in influencers
        ]
        for name, names in influencers:
            known = values.setdefault(name, [])
            known += [value for value in names if value not in known]
    for name, value in split.values():
        known = values.setdefault(name, [])
        if value not in known:
            known.append(value)
    document.update(
        (n, v) for n, v in values.items() if n == ML_CATEGORY or n not in RESERVED_RESULT_FIELDS
    )


def _explanation(table: RecordTable, row: int) -> dict[str, Any]:
    """`anomaly_score_explanation`; what is unknown or false is left out."""
    actual, typical = float(table.actual[row]), float(table.typical[row])
    is_place = not math.isnan(table.actual_longitude[row])
    explanation: dict[str, Any] = {}
    if not is_place:
        explanation["anomaly_type"] = "spike" if actual > typical else "dip"
    for name, column in (
        ("anomaly_length", table.anomaly_length),
        ("single_bucket_impact", table.single_bucket_impact),
        ("multi_bucket_impact", table.multi_bucket_explained),
        ("anomaly_characteristics_impact", table.characteristics_impact),
    ):
        value = int(column[row])
        if value >= 0:
            explanation[name] = value
    if not is_place:
        numbers = {
            "lower_confidence_bound": float(table.lower[row]),
            "typical_value": typical,
            "upper_confidence_bound": float(table.upper[row]),
            "by_field_relative_rarity": float(table.relative_rarity[row]),
        }
        explanation.update({n: number for n, number in numbers.items() if math.isfinite(number)})
    if table.first_occurrence[row]:
        explanation["by_field_first_occurrence"] = True
    if table.high_variance_penalty[row]:
        explanation["high_variance_penalty"] = True
    if table.incomplete_bucket_penalty[row]:
        explanation["incomplete_bucket_penalty"] = True
    if table.multimodal[row]:
        explanation["multimodal_distribution"] = True
    return explanation
