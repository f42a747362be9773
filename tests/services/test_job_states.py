"""Jobs are opened and closed, and nothing is done by halves."""

from __future__ import annotations

import dataclasses

import pytest

from sidecar.errors import ConflictError, ResourceNotFoundError, UnavailableError
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detection_rule import DetectionRule, FilterRef
from sidecar.schema.detector import Detector
from sidecar.schema.job import Blocked
from sidecar.schema.job_task import JobState
from sidecar.schema.units import TimeValue
from sidecar.services.job_states import JobStateService
from tests.services.conftest import NOW, World, make_job

TIMEOUT_MS = 1000


@pytest.fixture
def states(world: World) -> JobStateService:
    stores = world.stores
    return JobStateService(stores.jobs, stores.filters, world.runtime, stores.audit, world.clock)


def close(states: JobStateService, expression: str, *, force: bool = False, lax: bool = True):
    states.close(expression, allow_no_match=lax, force=force, timeout_ms=TIMEOUT_MS)


def test_open_answers_the_node_and_forgets_the_end(world: World, states: JobStateService) -> None:
    world.add_job(finished_time=NOW - 5)

    assert states.open("web", TIMEOUT_MS) == "fake-node"
    assert world.runtime.states == {"web": JobState.OPENED}
    assert world.job().finished_time is None


@pytest.mark.parametrize("job_id", ["web", "w*", "_all", "a,b"])
def test_open_needs_one_known_job(states: JobStateService, job_id: str) -> None:
    with pytest.raises(ResourceNotFoundError) as caught:
        states.open(job_id, TIMEOUT_MS)

    assert caught.value.reason == f"No known job with id '{job_id}'"


def test_opening_twice_is_a_conflict(world: World, states: JobStateService) -> None:
    world.add_job()
    states.open("web", TIMEOUT_MS)

    with pytest.raises(ConflictError, match="already been opened"):
        states.open("web", TIMEOUT_MS)


def test_a_job_whose_rules_name_a_missing_filter_is_not_opened(
    world: World, states: JobStateService
) -> None:
    rule = DetectionRule(scope={"host": FilterRef("safe")})
    detector = Detector("count", by_field_name="host", custom_rules=(rule,))
    world.stores.jobs.create(
        dataclasses.replace(
            make_job(), analysis_config=AnalysisConfig(TimeValue(300_000, "5m"), (detector,))
        )
    )
    with pytest.raises(ResourceNotFoundError) as caught:
        states.open("web", TIMEOUT_MS)
    assert caught.value.reason == "No filter with id [safe] exists"
    assert world.runtime.states == {}

    world.stores.meta.put("filter_safe", {"type": "filter", "filter_id": "safe", "items": []})
    states.open("web", TIMEOUT_MS)
    assert world.runtime.states == {"web": JobState.OPENED}


@pytest.mark.parametrize("reason", ["delete", "reset", "revert"])
def test_blocked_job_is_not_opened(world: World, states: JobStateService, reason: str) -> None:
    world.add_job(blocked=Blocked(reason, "node:1"))

    with pytest.raises(ConflictError) as caught:
        states.open("web", TIMEOUT_MS)

    assert caught.value.reason == f"Cannot open job [web] because it is executing [{reason}]"
    assert world.runtime.states == {}


def test_deletion_that_begins_meanwhile_wins(world: World, states: JobStateService) -> None:
    world.add_job()

    def mark() -> None:
        job, version = world.stores.jobs.get("web")
        marked = dataclasses.replace(job, blocked=Blocked("delete", "node:1"))
        world.stores.jobs.replace(marked, version)

    world.runtime.on_open = mark
    with pytest.raises(ConflictError, match=r"executing \[delete\]"):
        states.open("web", TIMEOUT_MS)

    assert world.runtime.closes == [("web", True)]


def test_close_writes_when_it_ended(world: World, states: JobStateService) -> None:
    world.add_job()
    states.open("web", TIMEOUT_MS)
    world.clock.now += 1

    close(states, "web")

    assert world.runtime.closes == [("web", False)]
    assert world.job().finished_time == NOW + 1
    assert world.stores.audit.of("web") == ["Job is closing"]


def test_forced_close_does_not_count_as_finished(world: World, states: JobStateService) -> None:
    world.add_job()
    world.runtime.states["web"] = JobState.FAILED

    close(states, "web", force=True)

    assert world.runtime.closes == [("web", True)]
    assert world.job().finished_time is None
    assert world.stores.audit.of("web") == ["Job is closing (forced)"]


def test_closing_a_closed_job_does_nothing(world: World, states: JobStateService) -> None:
    world.add_job()

    close(states, "web")

    assert world.runtime.closes == []
    assert world.stores.audit.messages == []


def test_group_is_closed_together(world: World, states: JobStateService) -> None:
    for job_id in ("a", "b", "c"):
        world.add_job(job_id, groups=("site",) if job_id != "c" else ())
        states.open(job_id, TIMEOUT_MS)

    close(states, "site")

    assert sorted(world.runtime.closes) == [("a", False), ("b", False)]


@pytest.mark.parametrize(
    ("failed", "reason"),
    [
        pytest.param(["a"], "cannot close job [a] because it failed, use force close", id="one"),
        pytest.param(
            ["a", "b"], "one or more jobs have state failed, use force close", id="several"
        ),
    ],
)
def test_failed_job_keeps_all_open(
    world: World, states: JobStateService, failed: list[str], reason: str
) -> None:
    for job_id in ("a", "b", "c"):
        world.add_job(job_id)
        world.runtime.states[job_id] = JobState.FAILED if job_id in failed else JobState.OPENED

    with pytest.raises(ConflictError) as caught:
        close(states, "_all")

    assert caught.value.reason == reason
    assert world.runtime.closes == []


def test_unknown_id_keeps_all_open(world: World, states: JobStateService) -> None:
    world.add_job("a")
    states.open("a", TIMEOUT_MS)

    with pytest.raises(ResourceNotFoundError, match="No known job with id 'nope'"):
        close(states, "a,nope")

    assert world.runtime.closes == []


def test_pattern_without_match_is_an_error_only_on_demand(states: JobStateService) -> None:
    close(states, "nope*")
    with pytest.raises(ResourceNotFoundError):
        close(states, "nope*", lax=False)


def test_one_job_that_cannot_be_closed_keeps_no_other_open(
    world: World, states: JobStateService
) -> None:
    for job_id in ("a", "b"):
        world.add_job(job_id)
        states.open(job_id, TIMEOUT_MS)
    world.runtime.fail_with(UnavailableError("gone"), method="close")

    with pytest.raises(UnavailableError):
        close(states, "*")

    assert len(world.runtime.closes) == 1


def test_job_deleted_while_closing_is_closed(world: World, states: JobStateService) -> None:
    world.add_job()
    states.open("web", TIMEOUT_MS)
    world.stores.jobs.fail_with(ResourceNotFoundError("gone"), method="get")

    close(states, "web")

    assert world.runtime.closes == [("web", False)]
