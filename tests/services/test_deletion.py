"""Deleting a job ends with nothing left, however often it is broken off."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from sidecar.errors import (
    ConflictError,
    MlError,
    ResourceNotFoundError,
    UnavailableError,
)
from sidecar.schema.job import Blocked
from sidecar.schema.job_task import JobState
from sidecar.services.deletion import DeleteRequest, JobDeletion
from sidecar.services.tasks import Task, TaskService
from tests.services.conftest import World

LEASE_MS = 30_000
ACTION = "cluster:admin/xpack/ml/job/delete"


class Deletions:
    """The service with what a test needs to steer it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.on_pause: list[Callable[[], None]] = []
        self.spawned: list[Callable[[], None]] = []
        numbers = iter(range(1, 100))
        stores = world.stores
        self.tasks = TaskService(
            stores.async_tasks,
            world.runtime,
            world.clock,
            lease_ms=LEASE_MS,
            number=lambda: next(numbers),
            pause=lambda _: self.on_pause.pop(0)(),
        )
        self.service = JobDeletion(
            stores.jobs,
            stores.results_indices,
            stores.model_state,
            stores.annotations,
            world.runtime,
            stores.audit,
            self.tasks,
            spawn=self.spawned.append,
        )

    def mark_by_other(self, job_id: str = "web") -> Task:
        """Another worker begins to delete the job."""
        task = self.tasks.start(ACTION, f"delete-job-{job_id}", status={"force": False})
        job, version = self.world.stores.jobs.get(job_id)
        blocked = Blocked("delete", task.task_id)
        marked = dataclasses.replace(job, blocked=blocked, deleting=True)
        self.world.stores.jobs.replace(marked, version)
        return task


@pytest.fixture
def deletions(world: World) -> Deletions:
    return Deletions(world)


def fill(world: World, job_id: str = "web") -> None:
    stores = world.stores
    stores.results_indices.prepare(world.job(job_id))
    stores.results.put(f"{job_id}_bucket_1_300", {"job_id": job_id, "result_type": "bucket"})
    stores.results.put("other_bucket", {"job_id": "other", "result_type": "bucket"})
    stores.annotations.put({"job_id": job_id, "create_username": "_xpack"}, "system")
    stores.annotations.put({"job_id": job_id, "create_username": "jane"}, "jane")


def test_closed_job_goes_with_all_it_has(world: World, deletions: Deletions) -> None:
    world.add_job()
    fill(world)

    deletions.service.delete(DeleteRequest("web"))

    assert world.stores.jobs.get_all() == []
    assert list(world.stores.results.all()) == ["other_bucket"]
    assert list(world.stores.annotations.documents) == ["jane"]
    assert world.stores.results_indices.prepared == set()
    assert world.runtime.forgotten == ["web"]
    assert world.stores.audit.of("web") == [
        "Deleting job by task with id 'fake-node:1'",
        "Job deleted",
    ]


def test_annotations_of_users_go_when_asked(world: World, deletions: Deletions) -> None:
    world.add_job()
    fill(world)

    deletions.service.delete(DeleteRequest("web", delete_user_annotations=True))

    assert not world.stores.annotations.documents


@pytest.mark.parametrize("state", ["opening", "opened", "closing", "failed"])
def test_job_that_is_not_closed_is_kept(world: World, deletions: Deletions, state: str) -> None:
    world.add_job()
    world.runtime.states["web"] = JobState(state)

    with pytest.raises(ConflictError) as caught:
        deletions.service.delete(DeleteRequest("web"))

    assert caught.value.reason == f"Cannot delete job [web] because the job is {state}"
    assert world.job().blocked is None


def test_force_kills_the_job_first(world: World, deletions: Deletions) -> None:
    world.add_job()
    world.runtime.states["web"] = JobState.OPENED

    deletions.service.delete(DeleteRequest("web", force=True))

    assert world.runtime.closes == [("web", True)]
    assert world.stores.jobs.get_all() == []


def test_force_clears_a_task_without_configuration(world: World, deletions: Deletions) -> None:
    world.runtime.states["web"] = JobState.FAILED

    deletions.service.delete(DeleteRequest("web", force=True))

    assert world.runtime.states == {}


@pytest.mark.parametrize("force", [False, True])
def test_unknown_job_is_not_found(deletions: Deletions, force: bool) -> None:
    with pytest.raises(ResourceNotFoundError, match="No known job with id 'web'"):
        deletions.service.delete(DeleteRequest("web", force=force))


def test_second_deletion_in_sequence_is_not_found(world: World, deletions: Deletions) -> None:
    world.add_job()
    deletions.service.delete(DeleteRequest("web"))

    with pytest.raises(ResourceNotFoundError):
        deletions.service.delete(DeleteRequest("web"))


@pytest.mark.parametrize(
    ("store", "method"),
    [
        ("model_state", "delete_all"),
        ("annotations", "delete"),
        ("results_indices", "remove"),
        ("jobs", "delete"),
    ],
)
def test_broken_off_deletion_is_taken_up_again(
    world: World, deletions: Deletions, store: str, method: str
) -> None:
    world.add_job()
    fill(world)
    getattr(world.stores, store).fail_with(UnavailableError("no shards"), method=method)

    with pytest.raises(UnavailableError):
        deletions.service.delete(DeleteRequest("web"))

    assert world.job().blocked == Blocked("delete", "fake-node:1")
    assert world.job().deleting
    assert world.stores.audit.messages[-1].level == "error"
    assert world.stores.audit.of("web")[-1] == "Error deleting job: no shards"
    stored = deletions.tasks.get("fake-node:1")
    assert stored["completed"]
    assert stored["error"] == {"type": "unavailable_shards_exception", "reason": "no shards"}

    deletions.service.delete(DeleteRequest("web"))

    assert world.stores.jobs.get_all() == []
    assert list(world.stores.results.all()) == ["other_bucket"]


def test_second_request_waits_for_the_first(world: World, deletions: Deletions) -> None:
    world.add_job()
    other = deletions.mark_by_other()

    def finish() -> None:
        world.stores.jobs.delete("web")
        deletions.tasks.complete(other, {"acknowledged": True})

    deletions.on_pause = [lambda: None, finish]
    deletions.service.delete(DeleteRequest("web"))

    assert "remove" not in world.stores.results_indices.calls
    assert world.stores.audit.of("web") == []


def test_waiting_request_does_not_touch_a_job_made_anew(world: World, deletions: Deletions) -> None:
    world.add_job()
    other = deletions.mark_by_other()

    def finish_and_create() -> None:
        world.stores.jobs.delete("web")
        deletions.tasks.complete(other, {"acknowledged": True})
        world.add_job(description="new")

    deletions.on_pause = [finish_and_create]
    deletions.service.delete(DeleteRequest("web"))

    assert world.job().description == "new"


def test_waiting_request_goes_on_where_the_first_failed(world: World, deletions: Deletions) -> None:
    world.add_job()
    other = deletions.mark_by_other()
    deletions.on_pause = [lambda: deletions.tasks.fail(other, MlError("broken"))]

    deletions.service.delete(DeleteRequest("web"))

    assert world.stores.jobs.get_all() == []


def test_work_of_a_dead_process_is_taken_over(world: World, deletions: Deletions) -> None:
    world.add_job()
    dead = deletions.mark_by_other()
    world.clock.now += LEASE_MS

    deletions.service.delete(DeleteRequest("web"))

    assert world.stores.jobs.get_all() == []
    assert deletions.tasks.get(dead.task_id)["response"] == {"acknowledged": True}


def test_slow_worker_that_was_replaced_stops_and_waits(world: World, deletions: Deletions) -> None:
    world.add_job()
    usurper: list[Task] = []

    real_delete = world.stores.model_state.delete_all

    def delete_and_lose(job_id: str) -> None:
        real_delete(job_id)
        usurper.append(deletions.mark_by_other())

    def finish() -> None:
        world.stores.jobs.delete("web")
        deletions.tasks.complete(usurper[0], {"acknowledged": True})

    deletions.on_pause = [finish]
    world.stores.model_state.delete_all = delete_and_lose  # type: ignore[method-assign]
    deletions.service.delete(DeleteRequest("web"))

    assert "remove" not in world.stores.results_indices.calls
    assert "Job deleted" not in world.stores.audit.of("web")


def test_job_opened_while_being_marked_is_kept(world: World, deletions: Deletions) -> None:
    world.add_job()
    real_replace = world.stores.jobs.replace

    def replace_and_open(job, version) -> None:
        real_replace(job, version)
        world.runtime.states["web"] = JobState.OPENED

    world.stores.jobs.replace = replace_and_open  # type: ignore[method-assign]
    with pytest.raises(ConflictError, match="because the job is opened"):
        deletions.service.delete(DeleteRequest("web"))

    assert world.job().blocked is None
    assert not world.job().deleting


def test_mark_survives_other_writers(world: World, deletions: Deletions) -> None:
    world.add_job()
    raced = []
    real_get = world.stores.jobs.get

    def get_and_race(job_id: str):
        job, version = real_get(job_id)
        if not raced:
            raced.append(job)
            world.stores.jobs.replace(dataclasses.replace(job, description="x"), version)
        return job, version

    world.stores.jobs.get = get_and_race  # type: ignore[method-assign]
    deletions.service.delete(DeleteRequest("web"))

    assert world.stores.jobs.get_all() == []


def test_deletion_in_the_background_answers_with_its_task(
    world: World, deletions: Deletions
) -> None:
    world.add_job()

    task_id = deletions.service.delete_later(DeleteRequest("web", headers={"X-Opaque-Id": "me"}))

    assert task_id == "fake-node:1"
    assert world.job().blocked == Blocked("delete", task_id)
    running = deletions.tasks.get(task_id)
    assert not running["completed"]
    assert running["task"]["description"] == "delete-job-web"
    assert running["task"]["headers"] == {"X-Opaque-Id": "me"}

    deletions.spawned.pop()()

    assert deletions.tasks.get(task_id)["response"] == {"acknowledged": True}
    assert world.stores.jobs.get_all() == []


def test_failure_in_the_background_is_the_outcome_of_the_task(
    world: World, deletions: Deletions
) -> None:
    world.add_job()
    world.stores.results_indices.fail_with(UnavailableError("no shards"), method="remove")

    task_id = deletions.service.delete_later(DeleteRequest("web"))
    deletions.spawned.pop()()

    assert deletions.tasks.get(task_id)["error"]["reason"] == "no shards"


def test_second_request_in_the_background_names_the_first_task(
    world: World, deletions: Deletions
) -> None:
    world.add_job()
    first = deletions.service.delete_later(DeleteRequest("web"))

    assert deletions.service.delete_later(DeleteRequest("web")) == first
    assert len(deletions.spawned) == 1


def test_start_resumes_what_a_crash_broke_off(world: World, deletions: Deletions) -> None:
    world.add_job()
    world.add_job("kept")
    fill(world)
    deletions.service.delete_later(DeleteRequest("web", delete_user_annotations=True))
    world.clock.now += LEASE_MS

    assert deletions.service.resume_deletions() == 1

    assert [job.job_id for job in world.stores.jobs.get_all()] == ["kept"]
    assert not world.stores.annotations.documents


def test_start_goes_on_when_one_deletion_fails(world: World, deletions: Deletions) -> None:
    for job_id in ("a", "b"):
        world.add_job(job_id)
        deletions.service.delete_later(DeleteRequest(job_id))
    world.clock.now += LEASE_MS
    world.stores.results_indices.fail_with(UnavailableError("no shards"), method="remove")

    with pytest.raises(UnavailableError):
        deletions.service.resume_deletions()
    assert [job.job_id for job in world.stores.jobs.get_all()] == ["a"]

    assert deletions.service.resume_deletions() == 1
    assert world.stores.jobs.get_all() == []
