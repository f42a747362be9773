"""Tasks tell how they went, and whether anybody still works on them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sidecar.errors import (
    IllegalArgumentError,
    MlError,
    RequestTimeoutError,
    ResourceNotFoundError,
)
from sidecar.services.tasks import Task, TaskService
from tests.services.conftest import NOW, World

LEASE_MS = 30_000


def make_tasks(world: World, pause: Callable[[float], object] = lambda _: None) -> TaskService:
    return TaskService(
        world.stores.async_tasks,
        world.runtime,
        world.clock,
        lease_ms=LEASE_MS,
        number=lambda: 39,
        pause=pause,
    )


def start(tasks: TaskService) -> Task:
    return tasks.start("cluster:admin/x", "delete-job-web", headers={"X-Opaque-Id": "me"})


def test_running_task_is_told_in_native_shape(world: World) -> None:
    tasks = make_tasks(world)
    task = start(tasks)

    assert tasks.get(task.task_id) == {
        "completed": False,
        "task": {
            "node": "fake-node",
            "id": 39,
            "type": "transport",
            "action": "cluster:admin/x",
            "status": {},
            "description": "delete-job-web",
            "start_time_in_millis": NOW,
            "running_time_in_nanos": 0,
            "cancellable": False,
            "headers": {"X-Opaque-Id": "me"},
        },
    }


def test_completed_task_has_response_and_running_time(world: World) -> None:
    tasks = make_tasks(world)
    task = start(tasks)
    world.clock.now += 1500

    tasks.complete(task, {"acknowledged": True})

    document = tasks.get("fake-node:39")
    assert document["completed"]
    assert document["response"] == {"acknowledged": True}
    assert document["task"]["running_time_in_nanos"] == 1_500_000_000


def test_failed_task_has_the_error_with_its_causes(world: World) -> None:
    tasks = make_tasks(world)
    task = start(tasks)

    tasks.fail(task, MlError("outer", cause=IllegalArgumentError("inner")))

    assert tasks.get(task.task_id)["error"] == {
        "type": "exception",
        "reason": "outer",
        "caused_by": {"type": "illegal_argument_exception", "reason": "inner"},
    }


@pytest.mark.parametrize("task_id", ["foo", "foo:", ":1", "foo:bar", "foo:1:2", ""])
def test_malformed_id_is_refused(world: World, task_id: str) -> None:
    with pytest.raises(IllegalArgumentError, match=f"malformed task id {task_id}"):
        make_tasks(world).get(task_id)


def test_unknown_task_is_not_found(world: World) -> None:
    with pytest.raises(ResourceNotFoundError) as caught:
        make_tasks(world).get("node:1")

    assert caught.value.reason == "task [node:1] isn't running and hasn't stored its results"


def test_waiting_ends_with_the_task(world: World) -> None:
    pauses: list[Callable[[], None]] = []
    tasks = make_tasks(world, pause=lambda _: pauses.pop(0)())
    task = start(tasks)
    pauses += [lambda: None, lambda: tasks.complete(task, {"acknowledged": True})]

    assert tasks.get(task.task_id, wait_ms=1000)["completed"]


def test_waiting_ends_with_the_timeout(world: World) -> None:
    def pass_time(_: float) -> None:
        world.clock.now += 600

    tasks = make_tasks(world, pause=pass_time)
    task = start(tasks)

    with pytest.raises(RequestTimeoutError):
        tasks.get(task.task_id, wait_ms=1000)


def test_task_is_believed_alive_for_a_lease(world: World) -> None:
    tasks = make_tasks(world)
    task = start(tasks)

    world.clock.now += LEASE_MS - 1
    assert tasks.is_alive(task.task_id)
    world.clock.now += 1
    assert not tasks.is_alive(task.task_id)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda tasks, task: tasks.complete(task, {}), id="completed"),
        pytest.param(lambda tasks, task: tasks.fail(task, MlError("x")), id="failed"),
    ],
)
def test_ended_task_is_not_alive(world: World, end: Callable[[TaskService, Task], None]) -> None:
    tasks = make_tasks(world)
    task = start(tasks)
    end(tasks, task)

    assert not tasks.is_alive(task.task_id)


def test_unknown_task_is_not_alive(world: World) -> None:
    tasks = make_tasks(world)

    assert not tasks.is_alive("node:1")
    assert not tasks.succeeded("node:1")
    assert tasks.running("node:1") is None
    assert tasks.status_of("node:1") == {}


def test_stored_task_can_be_read_back(world: World) -> None:
    tasks = make_tasks(world)
    task = start(tasks)

    assert tasks.running(task.task_id) == task


def test_work_in_progress_reports_again_and_again(world: World) -> None:
    tasks = TaskService(world.stores.async_tasks, world.runtime, world.clock, lease_ms=3)
    task = start(tasks)
    world.clock.now += 2

    with tasks.kept_alive(task):
        while world.stores.async_tasks.calls.count("put") < 3:
            pass

    assert tasks.is_alive(task.task_id)
