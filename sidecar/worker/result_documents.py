"""Engine results as documents of `.ml-anomalies-*`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sidecar.engine.arrays import IntArray
from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.functions import FUNCTIONS
from sidecar.engine.results import BucketResults
from sidecar.schema.analysis_config import ML_CATEGORY, AnalysisConfig
from sidecar.schema.document_ids import (
    bucket_id,
    bucket_influencer_id,
    influencer_id,
    model_plot_id,
)
from sidecar.schema.result_fields import RESERVED_RESULT_FIELDS
from sidecar.worker.record_documents import record_documents
from sidecar.worker.series_names import Names, SeriesNames, all_names

BUCKET_TIME = "bucket_time"

Documents = Iterator[tuple[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class ResultDocuments:
    """(id, document) pairs of a block of results, made anew whenever they are iterated.

    Until then they are the columns they come from, a tenth of the memory; and they are made in
    the thread that writes them, while the engine goes on.
    """

    count: int
    make: Callable[[], Documents]

    def __len__(self) -> int:
        """How many."""
        return self.count

    def __iter__(self) -> Documents:
        """Make them."""
        return self.make()


def result_documents(
    job_id: str,
    config: AnalysisConfig,
    results: BucketResults,
    series_names: SeriesNames,
    dictionaries: Mapping[str, FieldDictionary],
    *,
    processing_time_ms: float,
) -> ResultDocuments:
    """(id, document) pairs of all results; ids are the same whenever they are made again.

    `processing_time_ms` is the time all these buckets took together. `series_names` is asked
    now, `dictionaries` when the documents are made: these may have grown by then.
    """
    names = all_names(config, results.records, series_names)
    plotted = _plotted_rows(config, results, series_names)

    def make() -> Documents:
        yield from record_documents(job_id, config, results, names, dictionaries)
        yield from _influencer_documents(job_id, config, results, dictionaries)
        yield from _model_plot_documents(job_id, config, results, plotted)
        yield from _bucket_documents(job_id, config, results, processing_time_ms)

    count = (
        len(results.records.bucket)
        + len(results.influencers.bucket)
        + sum(len(rows) for rows, _ in plotted)
        + len(results.bucket_influencers.bucket)
        + 2 * len(results.time)
    )
    return ResultDocuments(count, make)


def _bucket_documents(
    job_id: str, config: AnalysisConfig, results: BucketResults, processing_time_ms: float
) -> Documents:
    """Buckets come after what they hold, so a bucket that can be seen is complete."""
    span = config.bucket_span.seconds
    fields = _bucket_influencers_by_bucket(config, results)
    events: dict[int, list[str]] = {}
    for row, description in results.scheduled_events:
        events.setdefault(row, []).append(description)
    each_ms = int(processing_time_ms / max(1, len(results.time)))
    interim = results.is_interim
    columns = zip(
        (results.time * 1000).tolist(),
        results.event_count.tolist(),
        results.score.tolist(),
        results.bucket_time_score.tolist(),
        results.raw_score.tolist(),
        results.probability.tolist(),
        strict=True,
    )
    for row, (time, count, score, time_score, raw_score, probability) in enumerate(columns):
        members = []
        for name, member_score, member_raw, member_probability in (
            *fields.get(row, ()),
            (BUCKET_TIME, time_score, raw_score, probability),
        ):
            member = bucket_influencer_document(
                job_id,
                name,
                time,
                span,
                score=member_score,
                initial_score=member_score,
                raw_score=member_raw,
                probability=member_probability,
                is_interim=interim,
            )
            members.append(member)
            yield bucket_influencer_id(job_id, time, span, name), member
        yield (
            bucket_id(job_id, time, span),
            {
                "job_id": job_id,
                "timestamp": time,
                "anomaly_score": score,
                "bucket_span": span,
                "initial_anomaly_score": score,
                "event_count": count,
                "is_interim": interim,
                "bucket_influencers": members,
                "processing_time_ms": each_ms,
                "result_type": "bucket",
                **({"scheduled_events": events[row]} if row in events else {}),
            },
        )


def bucket_influencer_document(
    job_id: str,
    field_name: str,
    timestamp: int,
    span_s: int,
    *,
    score: float,
    initial_score: float,
    raw_score: float,
    probability: float,
    is_interim: bool,
) -> dict[str, Any]:
    """A bucket influencer, as a document and as it stands in its bucket's."""
    return {
        "job_id": job_id,
        "result_type": "bucket_influencer",
        "influencer_field_name": field_name,
        "initial_anomaly_score": initial_score,
        "anomaly_score": score,
        "raw_anomaly_score": raw_score,
        "probability": probability,
        "timestamp": timestamp,
        "bucket_span": span_s,
        "is_interim": is_interim,
    }


def _bucket_influencers_by_bucket(
    config: AnalysisConfig, results: BucketResults
) -> dict[int, list[tuple[str, float, float, float]]]:
    table = results.bucket_influencers
    by_bucket: dict[int, list[tuple[str, float, float, float]]] = {}
    for bucket, field, score, raw_score, probability in zip(
        table.bucket.tolist(),
        table.field.tolist(),
        table.score.tolist(),
        table.raw_score.tolist(),
        table.probability.tolist(),
        strict=True,
    ):
        entry = (config.influencers[field], score, raw_score, probability)
        by_bucket.setdefault(bucket, []).append(entry)
    return by_bucket


def _influencer_documents(
    job_id: str,
    config: AnalysisConfig,
    results: BucketResults,
    dictionaries: Mapping[str, FieldDictionary],
) -> Documents:
    table = results.influencers
    span = config.bucket_span.seconds
    for time, field, code, score, probability in zip(
        (results.time[table.bucket] * 1000).tolist(),
        table.field.tolist(),
        table.code.tolist(),
        table.score.tolist(),
        table.probability.tolist(),
        strict=True,
    ):
        name = config.influencers[field]
        value = dictionaries[name].name(code)
        document: dict[str, Any] = {
            "job_id": job_id,
            "result_type": "influencer",
            "influencer_field_name": name,
            "influencer_field_value": value,
            "influencer_score": score,
            "initial_influencer_score": score,
            "probability": probability,
            "bucket_span": span,
            "is_interim": results.is_interim,
            "timestamp": time,
        }
        if name == ML_CATEGORY or name not in RESERVED_RESULT_FIELDS:
            document[name] = value
        yield influencer_id(job_id, time, span, name, value), document


def _plotted_rows(
    config: AnalysisConfig, results: BucketResults, series_names: SeriesNames
) -> list[tuple[IntArray, tuple[Names, Names, Names]]]:
    """By detector: rows of the model plot, and their partition, by and over values."""
    table = results.model_plot
    if table is None:
        return []
    plotted = []
    for detector in config.detectors:
        rows = np.flatnonzero(table.detector == detector.detector_index)
        plotted.append((rows, series_names(detector.detector_index, table.series[rows])))
    return plotted


def _model_plot_documents(
    job_id: str,
    config: AnalysisConfig,
    results: BucketResults,
    plotted: list[tuple[IntArray, tuple[Names, Names, Names]]],
) -> Documents:
    table = results.model_plot
    if table is None:
        return
    span = config.bucket_span.seconds
    for detector, (rows, names) in zip(config.detectors, plotted, strict=True):
        index = detector.detector_index
        features = FUNCTIONS[detector.function].features
        # The bounds of a population are the same for all over values, so none is named.
        for time, feature, lower, median, upper, actual, partition, by in zip(
            (results.time[table.bucket[rows]] * 1000).tolist(),
            table.feature[rows].tolist(),
            table.lower[rows].tolist(),
            table.median[rows].tolist(),
            table.upper[rows].tolist(),
            table.actual[rows].tolist(),
            *names[:2],
            strict=True,
        ):
            document: dict[str, Any] = {
                "job_id": job_id,
                "result_type": "model_plot",
                "bucket_span": span,
                "detector_index": index,
                "timestamp": time,
                "model_feature": f"'{features[feature]} value by bucket'",
                "model_lower": lower,
                "model_median": median,
                "model_upper": upper,
            }
            for kind, name, value in (
                ("partition", detector.partition_field_name, partition),
                ("by", detector.by_field_name, by),
            ):
                if name:
                    document[f"{kind}_field_name"] = name
                    document[f"{kind}_field_value"] = value or ""
            if not np.isnan(actual):
                document["actual"] = actual
            identifier = model_plot_id(job_id, time, span, index, by, None, partition)
            # The features of `metric` share bucket and series; each has a document of its own.
            yield (f"{identifier}_{feature}" if feature else identifier), document
