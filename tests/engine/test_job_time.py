"""Time in a job: what closes, what is skipped, what interim results cover."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.record_frame import RecordFrame
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from tests.engine.gathering import (
    configs,
    frame_of,
    frames,
    job_of,
    named,
    new_job,
    run,
    starts,
    stored,
)

COUNT = Detector("count")


def test_nothing_is_known_before_the_first_record() -> None:
    job = new_job(COUNT)
    assert job.first_open_bucket is None
    assert job.last_finalized_bucket_end is None
    assert job.interim() is None
    assert run(job, [frame_of([])]) == []


def test_the_first_open_bucket_follows_the_records() -> None:
    job = new_job(COUNT, latency=20)
    assert starts(run(job, [frame_of([100, 135])])) == [100]
    assert job.first_open_bucket == 110
    assert job.last_finalized_bucket_end == 110


def test_advancing_time_finalises_buckets_without_data() -> None:
    job = new_job(COUNT, latency=20)
    run(job, [frame_of([100])])
    assert starts(job.advance_time(149)) == [100, 110]
    assert job.first_open_bucket == 120
    assert job.last_finalized_bucket_end == 120
    assert starts(job.advance_time(130)) == []


def test_time_begins_where_it_is_advanced_to() -> None:
    job = new_job(COUNT)
    assert starts(job.advance_time(205)) == []
    assert job.first_open_bucket == 200
    assert job.last_finalized_bucket_end is None
    assert starts(run(job, [frame_of([221])])) == [200, 210]


def test_skipped_time_has_no_results() -> None:
    job = new_job(COUNT)
    run(job, [frame_of([100, 115])])
    job.skip_time(155)
    assert job.first_open_bucket == 150
    assert job.last_finalized_bucket_end == 150
    assert starts(run(job, [frame_of([145, 175])])) == [150, 160]


def test_a_skip_into_the_past_changes_nothing() -> None:
    job = new_job(COUNT)
    run(job, [frame_of([100, 115])])
    before = stored(job)
    job.skip_time(50)
    assert stored(job) == before


def test_reset_buckets_start_again() -> None:
    job = new_job(COUNT, latency=20)
    run(job, [frame_of([100, 105, 112])])
    job.reset_buckets(100, 110)
    (block,) = run(job, [frame_of([103, 130])])
    assert block.event_count.tolist() == [1]


# --- interim ----------------------------------------------------------------------------------


@given(configs(), frames())
@settings(max_examples=25, deadline=None)
def test_interim_results_leave_every_bit_of_the_state(
    config: AnalysisConfig, frame: RecordFrame
) -> None:
    job = named(AnomalyJob(job_of(config)))
    run(job, [frame])
    before = stored(job)
    interim = job.interim()
    assert interim is not None
    assert interim.is_interim
    assert stored(job) == before


@pytest.mark.parametrize(
    ("limits", "buckets"),
    [
        pytest.param((None, None), [110, 120, 130], id="all open buckets"),
        pytest.param((120, None), [120, 130], id="from"),
        pytest.param((None, 120), [110], id="until"),
        pytest.param((115, 121), [110, 120], id="partly covered buckets count"),
    ],
)
def test_interim_results_are_those_of_open_buckets(
    limits: tuple[int | None, int | None], buckets: list[int]
) -> None:
    job = new_job(COUNT, latency=20)
    run(job, [frame_of([100, 115, 135])])
    interim = job.interim(*limits)
    assert interim is not None
    assert interim.time.tolist() == buckets


def test_closed_buckets_have_no_interim_results() -> None:
    job = new_job(COUNT)
    run(job, [frame_of([100, 115])])
    assert job.interim(90, 110) is None


def test_interim_results_follow_an_advance_of_time() -> None:
    job = new_job(COUNT)
    run(job, [frame_of([100])])
    list(job.advance_time(142))
    interim = job.interim()
    assert interim is not None
    assert interim.time.tolist() == [140]
    assert interim.event_count.tolist() == [0]
