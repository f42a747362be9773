"""Custom rules and scheduled events of population detectors."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.record_frame import RecordFrame
from sidecar.schema.detection_rule import DetectionRule, FilterRef, RuleCondition
from sidecar.schema.detector import Detector
from sidecar.schema.scheduled_event import ScheduledEvent
from tests.engine.gathering import SPAN, config_of, frame_of, job_of, named, run

START = 1000
BUCKETS = 200
ODD_BUCKET = 180
ENTITIES = 10
ODD = 3


def open_job(*rules: DetectionRule) -> AnomalyJob:
    detector = Detector("mean", field_name="v", over_field_name="a")
    job = job_of(config_of(detector))
    (plain,) = job.analysis_config.detectors
    ruled = dataclasses.replace(plain, custom_rules=rules)
    config = dataclasses.replace(job.analysis_config, detectors=(ruled,))
    return named(AnomalyJob(dataclasses.replace(job, analysis_config=config)))


def frame(odd_value: float = 500.0) -> RecordFrame:
    """A record of each entity in each bucket; one of them is far away in one bucket."""
    generator = np.random.Generator(np.random.PCG64(5))
    rows = np.arange(BUCKETS * ENTITIES)
    values = 100 + 5 * generator.standard_normal(len(rows))
    values[ODD_BUCKET * ENTITIES + ODD] = odd_value
    return frame_of(
        (START + rows // ENTITIES * SPAN).tolist(),
        values.tolist(),
        a=(rows % ENTITIES).tolist(),
    )


def odd_records(job: AnomalyJob, value: float = 500.0) -> int:
    """Records of the odd entity in the odd bucket."""
    found = 0
    for block in run(job, [frame(value)]):
        time = block.time[block.records.bucket]
        names = job.series_names(0, block.records.series)[2]
        found += sum(
            t == START + ODD_BUCKET * SPAN and name == f"a{ODD}"
            for t, name in zip(time.tolist(), names, strict=True)
        )
    return found


def test_without_rules_the_odd_entity_is_found() -> None:
    assert odd_records(open_job()) == 1


@pytest.mark.parametrize(
    "condition",
    [
        RuleCondition("actual", "gt", 300.0),
        RuleCondition("diff_from_typical", "gte", 300.0),
        RuleCondition("typical", "lt", 200.0),
    ],
    ids=lambda condition: condition.applies_to,
)
@pytest.mark.parametrize("action", ["skip_result", "skip_model_update"])
def test_a_rule_on_its_value_silences_it(condition: RuleCondition, action: str) -> None:
    rule = DetectionRule(actions=("skip_result", action), conditions=(condition,))
    assert odd_records(open_job(rule)) == 0


@pytest.mark.parametrize("applies_to", ["actual", "diff_from_typical"])
def test_a_condition_that_does_not_hold_changes_nothing(applies_to: str) -> None:
    rule = DetectionRule(conditions=(RuleCondition(applies_to, "gt", 1000.0),))
    assert odd_records(open_job(rule)) == 1


def test_a_scope_silences_the_entities_of_its_filter_only() -> None:
    rule = DetectionRule(scope={"a": FilterRef("known")})
    job = open_job(rule)
    job.set_filters({"known": [f"a{ODD}"]})
    assert odd_records(job) == 0
    job = open_job(rule)
    job.set_filters({"known": ["a1"]})
    assert odd_records(job) == 1


def test_a_scheduled_event_silences_its_buckets() -> None:
    job = open_job()
    begin = (START + ODD_BUCKET * SPAN) * 1000
    job.set_events([ScheduledEvent("sale", begin, begin + SPAN * 1000)])
    assert odd_records(job) == 0


def test_values_that_are_not_learned_leave_the_model_as_if_they_had_never_come() -> None:
    rule = DetectionRule(
        actions=("skip_result", "skip_model_update"),
        conditions=(RuleCondition("actual", "gt", 300.0),),
    )
    saw_one, saw_another = open_job(rule), open_job(rule)
    run(saw_one, [frame(500.0)])
    run(saw_another, [frame(5000.0)])
    assert b"".join(saw_one.save()) == b"".join(saw_another.save())
