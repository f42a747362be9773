"""By values that move together, and one that breaks with the others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.record_frame import RecordFrame
from sidecar.engine.results import BucketResults
from sidecar.schema.detector import Detector
from tests.engine.gathering import SPAN, config_of, frame_of, job_of, named, run
from tests.engine.test_anomaly_job import bits, cut_at

START = 1000
BUCKETS = 400
BREACH = 380
BY = Detector("mean", field_name="v", by_field_name="a", partition_field_name="b")


def open_job(*, multivariate: bool = True) -> AnomalyJob:
    return named(AnomalyJob(job_of(config_of(BY, multivariate_by_fields=multivariate))))


def frame(seed: int = 1) -> RecordFrame:
    """Values a0 and a1 share their noise, a2 goes its own way; in one bucket a1 does not join in.

    In partition b1 the same values have noise of their own.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    shared = generator.standard_normal(BUCKETS)
    shared[BREACH] = 2.2
    own = 0.1 * generator.standard_normal((BUCKETS, 2))
    first, second = 100 + 10 * (shared + own[:, 0]), 50 + 5 * (shared + own[:, 1])
    second[BREACH] = 50 - 5 * 2.2
    other = generator.standard_normal((BUCKETS, 4)) * 10 + 100
    values = np.stack([first, second, *other.T], axis=1)
    rows = np.arange(values.size)
    return frame_of(
        (START + rows // 6 * SPAN).tolist(),
        values.ravel().tolist(),
        a=[0, 1, 2, 0, 1, 2] * BUCKETS,
        b=[0, 0, 0, 1, 1, 1] * BUCKETS,
    )


def breaches(job: AnomalyJob, blocks: list[BucketResults]) -> list[tuple[int, str, str]]:
    """(bucket, by value, by value with which it broke) of notable records with a correlation."""
    found = []
    for block in blocks:
        records = block.records
        for row in np.flatnonzero((records.correlated >= 0) & (records.score > 50)).tolist():
            pair = np.array([records.series[row], records.correlated[row]], np.int32)
            partitions, (by, other), _ = job.series_names(0, pair)
            assert partitions[0] == partitions[1]
            assert by is not None
            assert other is not None
            bucket = (int(block.time[records.bucket[row]]) - START) // SPAN
            found.append((bucket, by, other))
    return found


def test_a_value_that_breaks_with_the_others_is_found_and_says_with_whom() -> None:
    job = open_job()
    found = breaches(job, run(job, [frame(), frame_of([START + BUCKETS * SPAN])]))
    assert (BREACH, "a1", "a0") in found or (BREACH, "a0", "a1") in found
    assert len(found) <= 2


def test_the_break_is_the_greatest_anomaly_of_the_job() -> None:
    job = open_job()
    blocks = run(job, [frame(), frame_of([START + BUCKETS * SPAN])])
    score = np.concatenate([block.score for block in blocks])
    assert int(np.argmax(score)) == BREACH
    assert score[BREACH] > 75


def test_without_the_setting_it_is_an_ordinary_value() -> None:
    job = open_job(multivariate=False)
    blocks = run(job, [frame(), frame_of([START + BUCKETS * SPAN])])
    assert breaches(job, blocks) == []
    assert np.concatenate([block.score for block in blocks])[BREACH] < 50


@pytest.mark.parametrize("seed", [2, 3])
def test_no_breaches_where_nothing_breaks(seed: int) -> None:
    quiet = frame(seed)
    values = quiet.numbers["v"].reshape(BUCKETS, 6)
    values[BREACH, 1] = 50 + (values[BREACH, 0] - 100) / 2
    job = open_job()
    assert breaches(job, run(job, [quiet])) == []


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, BUCKETS * 6), max_size=4))
def test_cuts_and_restores_change_no_bit(places: list[int]) -> None:
    whole = run(open_job(), [frame()])
    job = open_job()
    pieces = []
    for piece in cut_at(frame(), *sorted(places)):
        pieces += run(job, [piece])
        job = AnomalyJob.restore(job.job, job.save())
    assert bits(whole) == bits(pieces)
