"""Series without records in the prune window are forgotten."""

from __future__ import annotations

import numpy as np

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.schema.detector import Detector
from tests.engine.gathering import SPAN, config_of, frame_of, job_of, new_job, run, seconds

WINDOW = 20
BY = Detector("count", by_field_name="a")


def pruning_job(window: int = WINDOW, **config: object) -> AnomalyJob:
    return new_job(BY, model_prune_window=seconds(window * SPAN), **config)


def by_values(job: AnomalyJob) -> int:
    return job.model_size().total_by_field_count


def every_bucket(first: int, buckets: int, value: int) -> tuple[list[int], list[int]]:
    times = [first + i * SPAN for i in range(buckets)]
    return times, [value] * buckets


def test_a_silent_value_is_forgotten_once_the_window_has_passed() -> None:
    job = pruning_job()
    times, codes = every_bucket(1000, 2 * WINDOW, 0)
    run(job, [frame_of([1000, *times], a=[1, *codes])])
    assert by_values(job) == 1
    (names,) = job.series_names(0, np.zeros(1, np.int32))[1]
    assert names == "a0"


def test_a_value_within_the_window_stays() -> None:
    job = pruning_job()
    times, codes = every_bucket(1000, WINDOW - 2, 0)
    run(job, [frame_of([1000, *times], a=[1, *codes])])
    assert by_values(job) == 2


def test_memory_is_given_back() -> None:
    job = pruning_job(influencers=("b",))
    values = 400
    for field in ("a", "b"):
        for code in range(10, values):
            job.dictionaries[field].code(f"{field}{code}")
    crowd = [1000 + i * SPAN // 100 for i in range(values)]
    run(job, [frame_of(crowd, a=list(range(values)), b=list(range(values)))])
    full = job.model_size().model_bytes
    times, codes = every_bucket(2000, 3 * WINDOW, 0)
    run(job, [frame_of(times, a=codes, b=codes)])
    assert by_values(job) == 1
    assert job.model_size().model_bytes < full / 2


def test_an_outage_of_the_whole_source_makes_nothing_old() -> None:
    job = pruning_job()
    times, codes = every_bucket(1000, 5, 0)
    later, later_codes = every_bucket(1000 + 10 * WINDOW * SPAN, 5, 0)
    run(job, [frame_of([1000, *times, *later], a=[1, *codes, *later_codes])])
    assert by_values(job) == 2


def test_a_value_that_comes_back_later_begins_anew() -> None:
    job = pruning_job()
    times, codes = every_bucket(1000, 3 * WINDOW, 0)
    run(job, [frame_of([1000, *times], a=[1, *codes])])
    run(job, [frame_of([1000 + 3 * WINDOW * SPAN] * 50, a=[1] * 50)])
    assert by_values(job) == 2
    blocks = run(job, [frame_of([1000 + (3 * WINDOW + 2) * SPAN], a=[0])])
    records = blocks[0].records
    named_series = job.series_names(0, records.series)[1]
    assert all(name == "a0" for name in named_series)


def test_the_window_of_an_open_job_can_be_changed() -> None:
    job = pruning_job(1000)
    times, codes = every_bucket(1000, 3 * WINDOW, 0)
    run(job, [frame_of([1000, *times], a=[1, *codes])])
    assert by_values(job) == 2
    job.update(job_of(config_of(BY, model_prune_window=seconds(WINDOW * SPAN))))
    later, later_codes = every_bucket(1000 + 3 * WINDOW * SPAN, WINDOW, 0)
    run(job, [frame_of(later, a=later_codes)])
    assert by_values(job) == 1


def test_under_memory_pressure_series_are_forgotten_sooner() -> None:
    values = 600
    detector = Detector("mean", field_name="v", by_field_name="a")
    config = config_of(detector, model_prune_window=seconds(40 * SPAN))
    remembered = {}
    for limit_mb in (1, 100):
        job = AnomalyJob(job_of(config, limit_mb=limit_mb))
        for code in range(values):
            job.dictionaries["a"].code(f"a{code}")
        crowd = [1000 + i * SPAN // values for i in range(values)]
        run(job, [frame_of(crowd, a=list(range(values)))])
        times, codes = every_bucket(1000 + SPAN, 30, 0)
        run(job, [frame_of(times, a=codes)])
        remembered[limit_mb] = by_values(job)
    assert remembered[100] == values
    assert remembered[1] == 1


def test_series_are_taken_again_once_pruning_has_made_room() -> None:
    values = 3000
    job = AnomalyJob(job_of(config_of(BY, model_prune_window=seconds(WINDOW * SPAN)), limit_mb=1))
    for code in range(values):
        job.dictionaries["a"].code(f"a{code}")
    crowd = [1000 + i * SPAN // values for i in range(values)]
    run(job, [frame_of(crowd, a=list(range(values)))])
    times, codes = every_bucket(1000 + SPAN, 2, 0)
    run(job, [frame_of(times, a=codes)])
    assert job.model_size().memory_status == "hard_limit"
    refused = values - by_values(job)
    assert refused > 0
    times, codes = every_bucket(1000 + 3 * SPAN, WINDOW, 0)
    run(job, [frame_of(times, a=codes)])
    run(job, [frame_of([1000 + (WINDOW + 3) * SPAN] * 2, a=[0, values - 1])])
    assert by_values(job) == 2
    assert job.model_size().memory_status != "hard_limit"
