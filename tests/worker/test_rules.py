"""Rules, filters and events of an open job: read at open, changed live, replayed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors import ResourceNotFoundError
from sidecar.schema.detection_rule import DetectionRule, FilterRef, RuleCondition
from sidecar.schema.job import Job
from sidecar.worker.autodetect import Autodetect
from tests.worker.open_job import SPAN_S, START_S, World, flush, job, lines, post, records

ROWS = records(40)
SPIKE_MS = (START_S + 36 * SPAN_S) * 1000
SAFE = DetectionRule(scope={"key": FilterRef("safe")})
NOT_LEARNED = DetectionRule(
    ("skip_result", "skip_model_update"), conditions=(RuleCondition("actual", "gt", 101.0),)
)


def ruled(*rules: DetectionRule, **members: Any) -> Job:
    plain = job()
    first, second = plain.analysis_config.detectors
    detectors = (dataclasses.replace(first, custom_rules=rules), second)
    config = dataclasses.replace(plain.analysis_config, detectors=detectors)
    return dataclasses.replace(plain, analysis_config=config, **members)


def put_filter(world: World, *items: str) -> None:
    document = {"type": "filter", "filter_id": "safe", "items": list(items)}
    world.stores.meta.put("filter_safe", document)


def put_event(world: World, first: int, last: int, *members: str, name: str = "deploy") -> None:
    """An event of some buckets in a calendar with these members."""
    start, end = ((START_S + bucket * SPAN_S) * 1000 for bucket in (first, last))
    calendar = {"type": "calendar", "calendar_id": name, "job_ids": list(members)}
    event = {"type": "scheduled_event", "calendar_id": name, "description": name}
    world.stores.meta.put(f"calendar_{name}", calendar)
    world.stores.meta.put(f"event_{name}", {**event, "start_time": start, "end_time": end})


def set_job(world: World, changed: Job) -> Job:
    """Store a changed configuration, as the update service does."""
    _, version = world.stores.jobs.get(changed.job_id)
    world.stores.jobs.replace(changed, version)
    return changed


def spikes(world: World) -> set[str]:
    """Keys with a record in the bucket of the spike."""
    return {
        document["by_field_value"]
        for document in world.results().values()
        if document["result_type"] == "record"
        and document["detector_index"] == 0
        and document["timestamp"] == SPIKE_MS
        and document["actual"][0] > 300
    }


def analysed(world: World, process: Autodetect) -> set[str]:
    post(process, lines(ROWS))
    flush(process)
    found = spikes(world)
    world.kill(process)
    return found


def test_a_job_is_opened_with_the_filters_that_its_rules_name(tmp_path: Path) -> None:
    world = World(tmp_path, ruled(SAFE))
    put_filter(world, "k*")
    assert analysed(world, world.open()) == set()
    other = World(tmp_path / "other", ruled(SAFE))
    put_filter(other, "x*")
    assert analysed(other, other.open()) == {"k0"}


def test_a_job_without_a_filter_of_its_rules_is_not_opened(tmp_path: Path) -> None:
    world = World(tmp_path, ruled(SAFE))
    with pytest.raises(ResourceNotFoundError) as caught:
        world.open()
    assert caught.value.reason == "No filter with id [safe] exists"
    world.kill_journal()


@pytest.mark.parametrize(
    ("members", "covered"),
    [
        (("web",), True),
        (("front",), True),
        (("_all",), True),
        (("other",), False),
        ((), False),
    ],
    ids=["job", "group", "all", "other job", "nobody"],
)
def test_events_of_the_jobs_calendars_silence_and_are_named(
    tmp_path: Path, members: tuple[str, ...], covered: bool
) -> None:
    world = World(tmp_path, ruled(groups=("front",)))
    put_event(world, 35, 38, *members)
    assert analysed(world, world.open()) == (set() if covered else {"k0"})
    named = {
        (document["timestamp"], *document["scheduled_events"])
        for document in world.results().values()
        if document["result_type"] == "bucket" and "scheduled_events" in document
    }
    times = [(START_S + bucket * SPAN_S) * 1000 for bucket in (35, 36, 37)]
    assert named == ({(time, "deploy") for time in times} if covered else set())


def test_rules_change_live(tmp_path: Path) -> None:
    world = World(tmp_path)
    process = world.open()
    post(process, lines(ROWS[:120]))
    put_filter(world, "k0")
    process.update(set_job(world, ruled(SAFE)))
    post(process, lines(ROWS[120:]))
    flush(process)
    assert spikes(world) == set()
    world.kill(process)


def test_filters_and_events_are_read_again_when_told(tmp_path: Path) -> None:
    world = World(tmp_path, ruled(SAFE))
    put_filter(world)
    process = world.open()
    post(process, lines(ROWS[:120]))
    put_event(world, 30, 33, "web")
    process.reload_rules()
    assert [m.message for m in world.stores.audit.messages][-1] == (
        "Updated calendars in running process"
    )
    put_filter(world, "k0", "k1")
    process.reload_rules()
    process.reload_rules()
    audits = [m.message for m in world.stores.audit.messages]
    assert audits.count("Updated calendars in running process") == 1
    post(process, lines(ROWS[120:]))
    flush(process)
    assert spikes(world) == set()
    buckets = [d for d in world.results().values() if d["result_type"] == "bucket"]
    assert sum("scheduled_events" in bucket for bucket in buckets) == 3
    world.kill(process)


def test_an_update_to_a_rule_without_its_filter_is_refused_and_forgotten(tmp_path: Path) -> None:
    world = World(tmp_path)
    process = world.open()
    with pytest.raises(ResourceNotFoundError):
        process.update(ruled(SAFE))
    world.kill(process)
    process = world.open()
    assert analysed(world, process) == {"k0"}


@pytest.mark.parametrize("restart", ["kill", "persist and kill", "close"])
@pytest.mark.parametrize("again_at", [0, 100, 150])
def test_a_job_that_is_opened_again_gives_the_results_of_one_that_ran_on(
    tmp_path: Path, restart: str, again_at: int
) -> None:
    """Data of before a change are analysed by the rules of before, whatever is stored now."""

    def run(world: World, restarts: bool) -> dict[str, dict[str, Any]]:
        process = world.open()
        sent = 0
        for until in (100, 150, len(ROWS)):
            if sent == 100:
                process.update(set_job(world, ruled(SAFE, NOT_LEARNED)))
                put_event(world, 20, 22, "web")
                process.reload_rules()
            if sent == 150:
                put_filter(world, "k0")
                process.reload_rules()
            post(process, lines(ROWS[sent:until]))
            if restarts and sent == again_at:
                if restart == "close":
                    world.close(process)
                else:
                    if restart == "persist and kill":
                        process.persist()
                    world.kill(process)
                process = world.open()
            sent = until
        flush(process)
        world.kill(process)
        return world.results()

    worlds = [World(tmp_path / name, ruled(NOT_LEARNED)) for name in ("on", "again")]
    for world in worlds:
        put_filter(world, "k1")
    undisturbed = run(worlds[0], restarts=False)
    assert run(worlds[1], restarts=True) == undisturbed
    assert spikes(worlds[0]) == set()


def test_a_filter_that_changed_while_the_job_was_away_counts_from_then_on(tmp_path: Path) -> None:
    world = World(tmp_path, ruled(SAFE))
    put_filter(world)
    process = world.open()
    post(process, lines(ROWS))
    world.kill(process)
    put_filter(world, "k*")
    process = world.open()
    flush(process)
    # The replayed data are older than the change.
    assert spikes(world) == {"k0"}
    world.kill(process)
    process = world.open()
    assert spikes(world) == {"k0"}
    world.kill(process)
