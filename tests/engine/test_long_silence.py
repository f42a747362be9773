"""A silence of more buckets than are handed out: results stop, time goes on."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.gathering.open_buckets import EMPTY_IN_A_ROW
from sidecar.engine.record_frame import RecordFrame
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from sidecar.schema.job import DataDescription, Job
from sidecar.schema.units import TimeValue

SPAN = 60


def make_job(latency_s: int = 0) -> AnomalyJob:
    config = AnalysisConfig(
        bucket_span=TimeValue(SPAN * 1000, "1m"),
        detectors=(Detector(function="count"),),
        latency=TimeValue(latency_s * 1000, f"{latency_s}s") if latency_s else None,
    )
    return AnomalyJob(Job("silent", config, DataDescription()))


def buckets(job: AnomalyJob, *times: int) -> list[int]:
    """Starts of the buckets that close when records come at these times."""
    frame = RecordFrame(time=np.array(times, dtype=np.int64))
    return [int(t) for block in job.process(frame) for t in block.time]


def test_a_silence_up_to_the_limit_is_handed_out_whole() -> None:
    after = (EMPTY_IN_A_ROW + 1) * SPAN
    assert buckets(make_job(), 0, after) == list(range(0, after, SPAN))


def test_of_a_longer_silence_the_rest_is_passed_over() -> None:
    job = make_job()
    after = 5 * EMPTY_IN_A_ROW * SPAN
    assert buckets(job, 0, after) == list(range(0, (EMPTY_IN_A_ROW + 1) * SPAN, SPAN))
    assert job.last_finalized_bucket_end == after
    assert buckets(job, after + SPAN) == [after]


def test_a_record_of_the_farthest_future_takes_no_time() -> None:
    job = make_job()
    farthest = 8_640_000_000_000 // SPAN * SPAN
    assert len(buckets(job, 0, farthest)) == EMPTY_IN_A_ROW + 1
    assert job.first_open_bucket == farthest


@pytest.mark.parametrize("latency_s", [0, 3 * EMPTY_IN_A_ROW * SPAN // 2])
def test_it_does_not_matter_in_how_many_steps_a_silence_closes(latency_s: int) -> None:
    times = [0, 90, *(n * EMPTY_IN_A_ROW * SPAN // 3 for n in (2, 7, 8, 11, 19, 20))]
    whole = buckets(make_job(latency_s), *times)
    stepwise = make_job(latency_s)
    steps = [buckets(stepwise, time) for time in times]
    assert list(itertools.chain.from_iterable(steps)) == whole
    assert whole


def test_time_that_is_advanced_step_by_step_never_falls_silent() -> None:
    job = make_job()
    buckets(job, 0)
    seen = 0
    for step in range(1, 4):
        until = step * EMPTY_IN_A_ROW * SPAN
        seen += sum(len(block.time) for block in job.advance_time(until))
    assert seen == 3 * EMPTY_IN_A_ROW


def test_saving_in_the_middle_of_a_silence_changes_nothing() -> None:
    latency_s = 3 * EMPTY_IN_A_ROW * SPAN // 2
    job, again = make_job(latency_s), make_job(latency_s)
    times = [0, 2 * EMPTY_IN_A_ROW * SPAN, 5 * EMPTY_IN_A_ROW * SPAN]
    for time in times[:2]:
        assert buckets(job, time) == buckets(again, time)
    restored = AnomalyJob.restore(again.job, again.save())
    assert buckets(job, times[2]) == buckets(restored, times[2])
