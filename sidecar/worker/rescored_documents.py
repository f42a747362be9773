"""Changed scores as members of the documents that are stored already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.results import RescoredTable, ResultKind
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.document_ids import (
    bucket_id,
    bucket_influencer_id,
    influencer_id,
    record_id,
)
from sidecar.worker.result_documents import (
    BUCKET_TIME,
    ResultDocuments,
    bucket_influencer_document,
)
from sidecar.worker.series_names import Names, SeriesNames

_Changes = dict[str, dict[str, Any]]


def rescored_documents(
    job_id: str,
    config: AnalysisConfig,
    table: RescoredTable,
    series_names: SeriesNames,
    dictionaries: Mapping[str, FieldDictionary],
) -> ResultDocuments:
    """(id, changed members) of results that were scored again, one of each document.

    As `result_documents`: `series_names` is asked now, `dictionaries` when the changes are made.
    """
    names = _record_names(config, table, series_names)

    def make() -> Iterator[tuple[str, dict[str, Any]]]:
        changes: _Changes = {}
        _add_leaves(changes, job_id, config, table, names, dictionaries)
        _add_buckets(changes, job_id, config, table)
        yield from changes.items()

    return ResultDocuments(len(table.time), make)


def _record_names(
    config: AnalysisConfig, table: RescoredTable, series_names: SeriesNames
) -> dict[int, tuple[str | None, str | None, str | None]]:
    """Partition, by and over values of the rows that are records."""
    named: dict[int, tuple[str | None, str | None, str | None]] = {}
    for detector in config.detectors:
        index = detector.detector_index
        chosen = (table.kind == ResultKind.RECORD) & (table.place == index)
        rows = chosen.nonzero()[0]
        if len(rows):
            found: tuple[Names, Names, Names] = series_names(index, table.code[rows])
            named.update(zip(rows.tolist(), zip(*found, strict=True), strict=True))
    return named


def _add_leaves(
    changes: _Changes,
    job_id: str,
    config: AnalysisConfig,
    table: RescoredTable,
    names: Mapping[int, tuple[str | None, str | None, str | None]],
    dictionaries: Mapping[str, FieldDictionary],
) -> None:
    """Records and influencers; a later row of the same document replaces an earlier one."""
    span = config.bucket_span.seconds
    rows = (table.kind >= ResultKind.INFLUENCER).nonzero()[0]
    for row, time, kind, place, code, score in zip(
        rows.tolist(),
        (table.time[rows] * 1000).tolist(),
        table.kind[rows].tolist(),
        table.place[rows].tolist(),
        table.code[rows].tolist(),
        table.score[rows].tolist(),
        strict=True,
    ):
        if kind == ResultKind.RECORD:
            partition, by, over = names[row]
            name = record_id(job_id, time, span, place, by, over, partition)
            changes[name] = {"record_score": score}
        else:
            field = config.influencers[place]
            name = influencer_id(job_id, time, span, field, dictionaries[field].name(code))
            changes[name] = {"influencer_score": score}


def _add_buckets(
    changes: _Changes, job_id: str, config: AnalysisConfig, table: RescoredTable
) -> None:
    """Buckets with all their bucket influencers, and these alone."""
    span = config.bucket_span.seconds
    rows = (table.kind <= ResultKind.BUCKET_INFLUENCER).nonzero()[0]
    members = zip(
        (table.time[rows] * 1000).tolist(),
        table.kind[rows].tolist(),
        table.place[rows].tolist(),
        table.score[rows].tolist(),
        table.initial_score[rows].tolist(),
        table.raw_score[rows].tolist(),
        table.probability[rows].tolist(),
        strict=True,
    )
    for time, bucket in groupby(members, itemgetter(0)):
        documents = {}
        for _, kind, place, score, initial, raw, probability in bucket:
            field = BUCKET_TIME if kind == ResultKind.BUCKET_TIME else config.influencers[place]
            documents[field] = bucket_influencer_document(
                job_id,
                field,
                time,
                span,
                score=score,
                initial_score=initial,
                raw_score=raw,
                probability=probability,
                is_interim=False,
            )
            name = bucket_influencer_id(job_id, time, span, field)
            changes[name] = {"anomaly_score": score}
        # As first written, `bucket_time` comes last.
        documents[BUCKET_TIME] = documents.pop(BUCKET_TIME)
        changes[bucket_id(job_id, time, span)] = {
            "anomaly_score": max(d["anomaly_score"] for d in documents.values()),
            "bucket_influencers": list(documents.values()),
        }
