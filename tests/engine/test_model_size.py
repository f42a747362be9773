"""The size of a job and its model memory limit."""

from __future__ import annotations

import numpy as np

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.record_frame import RecordFrame
from sidecar.schema.detector import Detector
from tests.engine.gathering import SPAN, config_of, frame_of, job_of, new_job, run

COUNT = Detector("count")
BY = Detector("mean", field_name="v", by_field_name="a")


def test_model_size_counts_values_within_their_partition() -> None:
    job = new_job(
        Detector("count", by_field_name="a", partition_field_name="b"),
        Detector("count", over_field_name="a"),
        COUNT,
    )
    run(job, [frame_of([100] * 5, a=[0, 1, 0, 1, 1], b=[0, 0, 1, 1, 1])])
    size = job.model_size()
    assert size.total_partition_field_count == 2
    assert size.total_by_field_count == 4
    assert size.total_over_field_count == 2
    assert size.memory_status == "ok"
    assert size.model_bytes > 0


def many_series(start: int, count: int, time: int) -> RecordFrame:
    return frame_of([time] * count, a=list(range(start, start + count)))


def big_job(limit_mb: int | None, names: int = 20_000) -> AnomalyJob:
    job = AnomalyJob(job_of(config_of(BY), limit_mb=limit_mb))
    for code in range(names):
        job.dictionaries["a"].code(f"name-{code}")
    return job


def test_no_new_series_beyond_the_model_memory_limit() -> None:
    job = big_job(limit_mb=4)
    run(job, [many_series(0, 10_000, 100)])
    assert job.model_size().bucket_allocation_failures_count == 1
    run(job, [many_series(0, 20_000, 115), many_series(0, 10, 125)])
    size = job.model_size()
    assert size.memory_status == "hard_limit"
    assert size.bucket_allocation_failures_count == 2
    assert 100 < size.total_by_field_count < 4 * 1024
    interim = job.interim()
    assert interim is not None
    assert interim.event_count.tolist() == [10]


def test_a_raised_limit_lets_new_series_in() -> None:
    job = big_job(limit_mb=2)
    run(job, [many_series(0, 5000, 100)])
    before = job.model_size()
    job.update(job_of(job.job.analysis_config, limit_mb=100))
    assert job.model_size().memory_status == "ok"
    run(job, [many_series(0, 5000, 101)])
    assert job.model_size().total_by_field_count == 5000 > before.total_by_field_count


def daily_records(first_hour: int, last_hour: int, series: int) -> RecordFrame:
    """A record of each series in each hour; its values have the pattern of a day."""
    hours = np.repeat(np.arange(first_hour, last_hour), series)
    values = 100 + 10 * np.sin(hours / 24 * 2 * np.pi) + np.arange(len(hours)) % 7 / 7
    names = np.tile(np.arange(series), last_hour - first_hour)
    return frame_of((hours * 3600).tolist(), values.tolist(), a=names.tolist())


def test_series_learn_no_shapes_while_memory_is_short() -> None:
    job = AnomalyJob(job_of(config_of(BY, span=3600), limit_mb=1))
    for code in range(2000):
        job.dictionaries["a"].code(f"name-{code}")
    run(job, [daily_records(0, 1, 2000)])
    known = job.model_size().total_by_field_count
    run(job, [daily_records(1, 25, known)])
    short = job.model_size().model_bytes
    run(job, [daily_records(hour, hour + 24, known) for hour in range(25, 121, 24)])
    size = job.model_size()
    assert size.memory_status == "hard_limit"
    assert size.model_bytes < short + known * 50
    job.update(job_of(job.job.analysis_config, limit_mb=100))
    run(job, [daily_records(hour, hour + 24, known) for hour in range(121, 217, 24)])
    assert job.model_size().model_bytes > size.model_bytes + known * 80


def test_the_soft_limit_comes_first() -> None:
    job = big_job(limit_mb=8)
    known, status = 0, "ok"
    while status == "ok":
        run(job, [many_series(known, 50, 100 + known // 50 * SPAN)])
        known += 50
        status = job.model_size().memory_status
    assert status == "soft_limit"
    assert job.model_size().bucket_allocation_failures_count == 0


def test_names_that_the_engine_has_not_met_take_no_part_in_the_size() -> None:
    sizes = []
    for ahead in (10, 10_000):
        job = big_job(limit_mb=None, names=ahead)
        run(job, [many_series(0, 10, 100)])
        sizes.append(job.model_size())
    assert sizes[0] == sizes[1]


def test_an_idle_job_is_small() -> None:
    job = new_job(BY)
    run(job, [frame_of([1000 + i for i in range(5000)])])
    assert job.model_size().model_bytes < 200_000
