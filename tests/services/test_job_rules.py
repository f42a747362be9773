"""Rules of an open job change live; they may only name filters that exist."""

from __future__ import annotations

import dataclasses

import pytest

from sidecar.codec import dumps
from sidecar.errors import ResourceNotFoundError
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from sidecar.schema.job import Job
from sidecar.schema.job_task import JobState
from sidecar.schema.job_update import parse_job_update
from sidecar.schema.units import TimeValue
from sidecar.services.services import make_services
from sidecar.settings import Settings
from tests.services.conftest import World, make_job

RULE = {"scope": {"host": {"filter_id": "safe"}}}


def add_job(world: World, *, is_open: bool) -> None:
    config = AnalysisConfig(TimeValue(300_000, "5m"), (Detector("count", by_field_name="host"),))
    world.stores.jobs.create(dataclasses.replace(make_job(), analysis_config=config))
    if is_open:
        world.runtime.states["web"] = JobState.OPENED


def update(world: World) -> Job:
    services = make_services(world.stores, world.runtime, Settings(), clock=world.clock)
    body = dumps({"detectors": [{"detector_index": 0, "custom_rules": [RULE]}]})
    return services.jobs.update("web", parse_job_update(body))


def test_an_open_job_is_told_of_its_rules(world: World) -> None:
    add_job(world, is_open=True)
    world.stores.meta.put("filter_safe", {"type": "filter", "filter_id": "safe", "items": ["a"]})
    changed = update(world)
    assert world.runtime.updates == [changed]
    assert changed.analysis_config.detectors[0].filter_ids() == {"safe"}
    assert world.job() == changed
    assert world.stores.audit.messages[-1].message == "Job updated: [detectors]"


def test_a_rule_of_an_open_job_needs_its_filter(world: World) -> None:
    add_job(world, is_open=True)
    with pytest.raises(ResourceNotFoundError) as caught:
        update(world)
    assert caught.value.reason == "No filter with id [safe] exists"
    assert world.runtime.updates == []
    assert world.job().analysis_config.detectors[0].custom_rules == ()


def test_a_closed_job_may_name_a_filter_that_is_yet_to_come(world: World) -> None:
    add_job(world, is_open=False)
    assert update(world).analysis_config.detectors[0].filter_ids() == {"safe"}
