"""Findings of all detectors as the record table of the results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sidecar.engine.arrays import BoolArray, CodeArray, FloatArray, IntArray
from sidecar.engine.models import findings as columns
from sidecar.engine.models.detector_model import Causes, Stepped
from sidecar.engine.results import CauseTable, RecordTable
from sidecar.engine.scores.influence import Influences

# One decade of a record's surprise is one point of single_bucket_impact, up to this many.
_IMPACT_CEILING = 100
_LOG_10 = float(np.log(10.0))


@dataclass(slots=True)
class FoundRecords:
    """Findings of all detectors; r rows sorted by detector, then as the detector gave them.

    `findings` has the columns of `models.findings`; `repeats` where a running incident goes on.
    `causes` are by detector, `starts` where each detector's findings begin.
    """

    findings: FloatArray
    bucket: IntArray
    detector: CodeArray
    log_p: FloatArray
    repeats: BoolArray
    starts: IntArray
    counts: BoolArray
    causes: list[Causes]


def join_findings(stepped: list[Stepped], count_like: list[bool]) -> FoundRecords:
    """Put the findings of all detectors one after another.

    Parameters
    ----------
    count_like : list of bool
        By detector: whether its values are whole numbers of things.
    """
    sizes = np.array([len(each.findings) for each in stepped], dtype=np.int64)
    findings = np.concatenate([each.findings for each in stepped])
    detector = np.repeat(np.arange(len(stepped), dtype=np.int32), sizes)
    return FoundRecords(
        findings=findings,
        bucket=findings[:, columns.FINDING_BUCKET].astype(np.int64),
        detector=detector,
        log_p=np.ascontiguousarray(findings[:, columns.FINDING_LOG_P]),
        repeats=findings[:, columns.FINDING_REPEATS] == 1.0,
        starts=np.cumsum(sizes) - sizes,
        counts=np.asarray(count_like, dtype=np.bool_)[detector],
        causes=[each.causes for each in stepped],
    )


def record_table(
    found: FoundRecords,
    score: FloatArray,
    parts: list[Influences],
    influencers: tuple[str, ...],
    partial: bool,
) -> RecordTable:
    """Sort findings by bucket and score, and attach influencer values.

    Parameters
    ----------
    score : (r,) float64
        Record scores, in the order of `found`.
    parts : list of Influences
        By detector.
    partial : bool
        Whether the buckets were partial: counts and sums were then judged with lenience.
    """
    log_p = found.log_p
    order = np.lexsort((found.detector, log_p, -score, found.bucket))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    rows = found.findings[order]
    single = rows[:, columns.FINDING_LOG_P_SINGLE]
    multi = rows[:, columns.FINDING_LOG_P_MULTI]
    return RecordTable(
        bucket=found.bucket[order],
        detector=found.detector[order],
        series=rows[:, columns.FINDING_SERIES].astype(np.int32),
        probability=np.exp(log_p[order]),
        score=score[order],
        actual=np.ascontiguousarray(rows[:, columns.FINDING_ACTUAL]),
        typical=np.ascontiguousarray(rows[:, columns.FINDING_TYPICAL]),
        lower=np.ascontiguousarray(rows[:, columns.FINDING_LOWER]),
        upper=np.ascontiguousarray(rows[:, columns.FINDING_UPPER]),
        multi_bucket_impact=_impact(single, multi),
        feature=rows[:, columns.FINDING_FEATURE].astype(np.int32),
        single_bucket_impact=_decades(single),
        multi_bucket_explained=_decades(multi),
        anomaly_length=rows[:, columns.FINDING_LENGTH].astype(np.int64),
        high_variance_penalty=rows[:, columns.FINDING_THIN] == 1.0,
        incomplete_bucket_penalty=found.counts[order] & partial,
        actual_longitude=np.ascontiguousarray(rows[:, columns.FINDING_ACTUAL_LONGITUDE]),
        typical_longitude=np.ascontiguousarray(rows[:, columns.FINDING_TYPICAL_LONGITUDE]),
        first_occurrence=rows[:, columns.FINDING_FIRST] == 1.0,
        relative_rarity=np.ascontiguousarray(rows[:, columns.FINDING_RARITY]),
        characteristics_impact=_characteristics(rows[:, columns.FINDING_CHARACTERISTICS]),
        multimodal=rows[:, columns.FINDING_MODES] == 1.0,
        correlated=rows[:, columns.FINDING_CORRELATED].astype(np.int32) - np.int32(1),
        causes=_cause_table(found, rank),
        influencers=_named(found, rank, parts, influencers),
    )


def _cause_table(found: FoundRecords, rank: IntArray) -> CauseTable:
    """Causes of all detectors, by row of the record table."""
    record = np.concatenate(
        [
            rank[start + causes.finding]
            for start, causes in zip(found.starts.tolist(), found.causes, strict=True)
        ]
    )
    order = np.argsort(record, kind="stable")

    def column(name: str) -> Any:
        return np.concatenate([getattr(causes, name) for causes in found.causes])[order]

    return CauseTable(
        record=record[order],
        series=column("series"),
        probability=np.exp(column("log_p")),
        actual=column("actual"),
        typical=column("typical"),
        actual_longitude=column("actual_longitude"),
        typical_longitude=column("typical_longitude"),
    )


def _impact(single: FloatArray, multi: FloatArray) -> FloatArray:
    """-5 (all in this bucket) .. 5 (all over the last buckets), from the two log probabilities."""
    least = 1e-3
    ratio = np.log2((-multi + least) / (-single + least))
    return np.asarray(np.clip(np.round(2.5 * ratio, 3), -5.0, 5.0) + 0.0)


def _decades(log_p: FloatArray) -> IntArray:
    decades = np.rint(-log_p / _LOG_10)
    return np.asarray(np.clip(decades, 0, _IMPACT_CEILING).astype(np.int64))


def _characteristics(log_p: FloatArray) -> IntArray:
    """Decades where something was judged, -1 elsewhere."""
    return np.asarray(np.where(log_p < 0.0, _decades(log_p), -1))


def _named(
    found: FoundRecords, rank: IntArray, parts: list[Influences], influencers: tuple[str, ...]
) -> list[tuple[int, str, tuple[int, ...]]]:
    """(row, field name, codes) of every record and influencer field with values."""
    named: list[tuple[int, str, tuple[int, ...]]] = []
    for start, part in zip(found.starts.tolist(), parts, strict=True):
        if not len(part.finding):
            continue
        key = part.finding * len(influencers) + part.field
        firsts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        codes = part.code.tolist()
        ends = [*firsts[1:].tolist(), len(key)]
        row = rank[start + part.finding[firsts]].tolist()
        fields = part.field[firsts].tolist()
        for record, field, first, end in zip(row, fields, firsts.tolist(), ends, strict=True):
            named.append((record, influencers[field], tuple(codes[first:end])))
    named.sort(key=lambda entry: (entry[0], influencers.index(entry[1])))
    return named
