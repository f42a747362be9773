"""Jobs of the rare and time functions from plain lists of events, and cells for their models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.arrays import BoolArray, IntArray
from sidecar.engine.gathering.cells import CellTimes, ClosedCells, SeriesKeys
from sidecar.engine.record_frame import RecordFrame
from sidecar.engine.results import BucketResults
from sidecar.schema.detector import Detector
from tests.engine.gathering import config_of, job_of

DAY_S = 86_400
START_S = 1_700_006_400 // DAY_S * DAY_S
SPAN_S = 900


@dataclass
class Found:
    """One record: score, probability, bucket, names of its series, actual and typical."""

    score: float
    probability: float
    bucket: int
    partition: str | None
    by: str | None
    over: str | None
    actual: float
    typical: float
    first: bool
    rarity: float
    causes: list[tuple[str | None, float, float, float]]


def new_job(
    detector: Detector, *, span_s: int = SPAN_S, influencers: tuple[str, ...] = ()
) -> AnomalyJob:
    return AnomalyJob(job_of(config_of(detector, span=span_s, influencers=influencers)))


def frame_of(job: AnomalyJob, time: IntArray, **codes: IntArray) -> RecordFrame:
    """Records sorted by time; code 7 of field `u` is named `u7`."""
    order = np.argsort(time, kind="stable")
    for field, column in codes.items():
        dictionary = job.dictionaries[field]
        for code in range(len(dictionary), int(column.max()) + 1):
            dictionary.code(f"{field}{code}")
    return RecordFrame(
        time=time[order].astype(np.int64),
        codes={field: column[order].astype(np.int32) for field, column in codes.items()},
    )


def run(job: AnomalyJob, frame: RecordFrame) -> list[BucketResults]:
    """All results, the last bucket's included."""
    return [*job.process(frame), *job.advance_time(int(frame.time[-1]) + 10 * DAY_S)]


def records(job: AnomalyJob, blocks: list[BucketResults]) -> list[Found]:
    """Records of a job with one detector, highest score first."""
    found = []
    for block in blocks:
        table = block.records
        partitions, bys, overs = job.series_names(0, table.series)
        causes = table.causes
        _, cause_by, _ = job.series_names(0, causes.series)
        for i in range(len(table.bucket)):
            mine = np.flatnonzero(causes.record == i)
            found.append(
                Found(
                    score=float(table.score[i]),
                    probability=float(table.probability[i]),
                    bucket=int(block.time[table.bucket[i]]),
                    partition=partitions[i],
                    by=bys[i],
                    over=overs[i],
                    actual=float(table.actual[i]),
                    typical=float(table.typical[i]),
                    first=bool(table.first_occurrence[i]),
                    rarity=float(table.relative_rarity[i]),
                    causes=[
                        (
                            cause_by[c],
                            float(causes.probability[c]),
                            float(causes.actual[c]),
                            float(causes.typical[c]),
                        )
                        for c in mine
                    ],
                )
            )
    return sorted(found, key=lambda record: -record.score)


def judge(
    detector: Detector, time: IntArray, *, span_s: int = SPAN_S, **codes: IntArray
) -> list[Found]:
    """Records of a fresh job over all events."""
    job = new_job(detector, span_s=span_s)
    return records(job, run(job, frame_of(job, time, **codes)))


def draw(presence: BoolArray, generator: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Times and codes of events: one in each (bucket, code) of `presence`."""
    bucket, code = np.nonzero(presence)
    return START_S + bucket * SPAN_S + generator.integers(0, SPAN_S, len(bucket)), code


def regulars(
    generator: np.random.Generator, buckets: int = 2000, users: int = 200
) -> tuple[IntArray, IntArray]:
    """Users that come again and again, each at a rate of its own."""
    rate = generator.uniform(0.02, 0.9, users)
    return draw(generator.random((buckets, users)) < rate, generator)


# --- models by themselves ------------------------------------------------------------------------


def cells_of(presence: BoolArray, seconds: dict[tuple[int, int], list[float]]) -> ClosedCells:
    """Cells of (k, n) presence; `seconds` are their times on the circle, if they have any."""
    bucket, series = np.nonzero(presence)
    count = np.ones(len(series))
    times = [seconds.get((b, s), []) for b, s in zip(bucket.tolist(), series.tolist(), strict=True)]
    return ClosedCells(
        start=np.searchsorted(bucket, np.arange(len(presence) + 1)).astype(np.int64),
        series=series.astype(np.int32),
        count=count,
        value=count[:, None],
        variance=np.zeros(len(series)),
        influencers=[],
        times=CellTimes(
            np.cumsum([0, *map(len, times)]), np.array([s for slot in times for s in slot])
        ),
    )


def keys_of(series: list[tuple[int, int, int]]) -> SeriesKeys:
    """Names of series as (partition, by, over)."""
    partition, by, over = np.array(series, np.int32).reshape(-1, 3).T
    first = np.full(len(series), START_S, np.int64)
    return SeriesKeys(partition.copy(), by.copy(), over.copy(), first)
