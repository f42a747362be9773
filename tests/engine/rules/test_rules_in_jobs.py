"""Rules, filters and events of whole jobs: live changes, state, interim results."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.record_frame import RecordFrame
from sidecar.engine.results import BucketResults
from sidecar.engine.state import read_state, write_state
from sidecar.schema.detection_rule import DetectionRule, FilterRef, RuleCondition
from sidecar.schema.detector import Detector
from sidecar.schema.job import Job
from sidecar.schema.scheduled_event import ScheduledEvent
from tests.engine.gathering import SPAN, config_of, frame_of, job_of, named, run, seconds
from tests.engine.test_anomaly_job import bits

START = 1000
BUCKETS = 300
SPIKE = 280


def job_with(*rules: DetectionRule, function: str = "mean") -> Job:
    plain = Detector(function, field_name="v", by_field_name="a")
    job = job_of(config_of(plain, influencers=("a", "b")))
    (detector,) = job.analysis_config.detectors
    ruled = dataclasses.replace(detector, custom_rules=rules)
    config = dataclasses.replace(job.analysis_config, detectors=(ruled,))
    return dataclasses.replace(job, analysis_config=config)


def open_job(*rules: DetectionRule, function: str = "mean") -> AnomalyJob:
    return named(AnomalyJob(job_with(*rules, function=function)))


def frame(spikes: tuple[int, ...] = (SPIKE,)) -> RecordFrame:
    """A record per bucket for each of three series; growing spikes in series a0."""
    generator = np.random.Generator(np.random.PCG64(3))
    rows = np.arange(BUCKETS * 3)
    values = 100 + generator.standard_normal(len(rows))
    for place, bucket in enumerate(spikes):
        values[bucket * 3] = 500.0 * (1 + place)
    series = (rows % 3).tolist()
    return frame_of((START + rows // 3 * SPAN).tolist(), values.tolist(), a=series, b=series)


def bucket_ms(bucket: int) -> int:
    return (START + bucket * SPAN) * 1000


def spikes(blocks: list[BucketResults]) -> list[tuple[int, float]]:
    """(bucket, value) of all records of great values."""
    return [
        ((int(block.time[row]) - START) // SPAN, value)
        for block in blocks
        for row, value in zip(block.records.bucket, block.records.actual.tolist(), strict=True)
        if value > 300
    ]


def score(blocks: list[BucketResults], bucket: int) -> float:
    time = START + bucket * SPAN
    return float(np.concatenate([b.score[b.time == time] for b in blocks])[0])


SKIP_A0 = DetectionRule(scope={"a": FilterRef("safe")})
OVER_300 = DetectionRule(conditions=(RuleCondition("actual", "gt", 300.0),))


def test_a_skipped_result_leaves_no_trace_in_the_results() -> None:
    plain, ruled = run(open_job(), [frame()]), run(open_job(OVER_300), [frame()])
    assert spikes(plain) == [(SPIKE, 500.0)]
    assert score(plain, SPIKE) > 50
    assert spikes(ruled) == []
    assert score(ruled, SPIKE) < 10
    for block in ruled:
        for table in (block.influencers, block.bucket_influencers):
            assert not np.any(table.score[block.time[table.bucket] == START + SPIKE * SPAN] > 10)


def test_filters_change_live() -> None:
    job = open_job(SKIP_A0)
    whole = frame((150, 200, 250))
    parts = [whole.rows(slice(*edge)) for edge in pairwise((0, 500, 700, 900))]
    found = spikes(run(job, parts[:1]))
    job.set_filters({"safe": ["a0"]})
    found += spikes(run(job, parts[1:2]))
    job.set_filters({"safe": ["b0"]})
    found += spikes(run(job, parts[2:]))
    assert [bucket for bucket, _ in found] == [150, 250]


def test_rules_change_live() -> None:
    job = open_job()
    whole = frame((150, 250))
    found = spikes(run(job, [whole.rows(slice(0, 600))]))
    job.update(job_with(OVER_300))
    found += spikes(run(job, [whole.rows(slice(600, 900))]))
    assert [bucket for bucket, _ in found] == [150]


@pytest.mark.parametrize("function", ["mean", "count"])
def test_an_event_silences_its_buckets_and_is_named_there(function: str) -> None:
    job = open_job(function=function)
    job.set_events([ScheduledEvent("deploy", bucket_ms(SPIKE) - 1, bucket_ms(SPIKE) + 1)])
    blocks = run(job, [frame()])
    covered = [START + bucket * SPAN for bucket in (SPIKE - 1, SPIKE)]
    named_at = [
        (int(block.time[row]), text) for block in blocks for row, text in block.scheduled_events
    ]
    assert named_at == [(time, "deploy") for time in covered]
    for block in blocks:
        inside = np.isin(block.time, covered)
        assert np.all(block.score[inside] == 0.0)
        assert np.all(block.probability[inside] == 1.0)
        assert not np.any(np.isin(block.time[block.records.bucket], covered))
        assert np.all(block.event_count[inside] == 3)


def test_interim_results_keep_to_the_rules() -> None:
    job = open_job(OVER_300)
    job.set_events([ScheduledEvent("deploy", bucket_ms(SPIKE + 1), bucket_ms(SPIKE + 2))])
    run(job, [frame().rows(slice(0, SPIKE * 3 + 3))])
    results = job.interim()
    assert results is not None
    assert spikes([results]) == []
    assert results.scheduled_events == []
    run(job, [frame().rows(slice(SPIKE * 3 + 3, SPIKE * 3 + 6))])
    results = job.interim()
    assert results is not None
    assert results.scheduled_events == [(0, "deploy")]


# --- state ------------------------------------------------------------------------------------

EVENTS = (
    ScheduledEvent("one", bucket_ms(100), bucket_ms(110)),
    ScheduledEvent("two", bucket_ms(105), bucket_ms(120), skip_result=False),
    ScheduledEvent("shift", bucket_ms(130), bucket_ms(140), "c", "id", False, False, 3600),
)
RULES = (
    SKIP_A0,
    DetectionRule(
        ("skip_model_update",),
        conditions=(RuleCondition("diff_from_typical", "gt", 3.0),),
    ),
)


def changes(job: AnomalyJob, place: int) -> None:
    """Live changes at some places of the data."""
    by_place: dict[int, Callable[[], Any]] = {
        200: lambda: job.set_filters({"safe": ["a0"]}),
        270: lambda: job.set_events(EVENTS),
        600: lambda: job.update(job_with(*RULES, OVER_300)),
    }
    if place in by_place:
        by_place[place]()


@given(st.sets(st.integers(1, 899), max_size=4), st.sets(st.integers(1, 899), max_size=3))
@settings(max_examples=15, deadline=None)
def test_cutting_saving_and_restoring_anywhere_changes_no_bit(
    cuts: set[int], restores: set[int]
) -> None:
    fixed = {0, 200, 270, 600, 900}
    whole = frame((80, 104, 118, 200, 250))
    undisturbed, disturbed = open_job(*RULES), open_job(*RULES)
    expected: list[BucketResults] = []
    for begin, end in pairwise(sorted(fixed)):
        changes(undisturbed, begin)
        expected += run(undisturbed, [whole.rows(slice(begin, end))])
    results: list[BucketResults] = []
    for begin, end in pairwise(sorted(fixed | cuts | restores)):
        changes(disturbed, begin)
        if begin in restores:
            # Whatever the job's configuration has become: the state knows what is in force.
            disturbed = AnomalyJob.restore(job_with(), disturbed.save())
        results += run(disturbed, [whole.rows(slice(begin, end))])
    assert bits(results) == bits(expected)
    assert [b.scheduled_events for b in results if b.scheduled_events] != []
    texts = [
        {(int(block.time[row]), text) for block in blocks for row, text in block.scheduled_events}
        for blocks in (results, expected)
    ]
    assert texts[0] == texts[1]
    assert disturbed.rules == undisturbed.rules


def test_a_state_from_before_there_were_rules_has_none_in_force() -> None:
    job = open_job(OVER_300)
    run(job, [frame().rows(slice(0, 30))])
    header, arrays = read_state(job.save())
    del header["rules"]
    restored = AnomalyJob.restore(job_with(OVER_300), write_state(header, arrays))
    assert restored.rules.custom_rules == ((),)
    restored.update(job_with(OVER_300))
    assert restored.rules.custom_rules == ((OVER_300,),)


def test_scopes_follow_the_series_when_old_ones_are_forgotten() -> None:
    """Ids move together when series are pruned: the scope must not stay with the old ids."""
    job = job_with(SKIP_A0)
    config = dataclasses.replace(job.analysis_config, model_prune_window=seconds(60 * SPAN))
    engine = named(AnomalyJob(dataclasses.replace(job, analysis_config=config)))
    engine.set_filters({"safe": ["a2"]})
    whole = frame((SPIKE,))
    code = whole.codes["a"]
    value = whole.numbers["v"]
    # The first series ends early, and the one in the scope has a spike beside the other's.
    value[SPIKE * 3 + 1] = value[SPIKE * 3 + 2] = 500.0
    ended = (code == 0) & (np.arange(len(code)) > 300)
    kept = np.flatnonzero(~ended)
    rest = RecordFrame(
        time=whole.time[kept],
        numbers={name: column[kept] for name, column in whole.numbers.items()},
        codes={name: column[kept] for name, column in whole.codes.items()},
        hashes={name: column[kept] for name, column in whole.hashes.items()},
    )
    names = []
    for block in run(engine, [rest]):
        rows = np.flatnonzero(block.records.actual > 300)
        names += engine.series_names(0, block.records.series[rows])[1]
    assert engine.model_size().total_by_field_count == 2
    assert names == ["a1"]
