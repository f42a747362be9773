"""Contract of `JobStore`, `JobTaskStore` and `AsyncTaskStore`."""

from __future__ import annotations

import dataclasses

import pytest

from integration.contract.support import START_MS, Bench
from sidecar.errors import (
    ResourceAlreadyExistsError,
    ResourceNotFoundError,
    VersionConflictError,
)
from sidecar.schema.job_task import JobState, JobTask


def make_task(job_id: str, *, epoch: int = 1) -> JobTask:
    return JobTask(
        job_id=job_id,
        state=JobState.OPENING,
        node_id="node-id",
        node_name="node-name",
        epoch=epoch,
        open_time=START_MS,
        lease_expires=START_MS + 30_000,
    )


def test_created_job_is_found_as_it_was(bench: Bench) -> None:
    job = bench.job(prepared=False)
    bench.stores.jobs.create(job)
    assert bench.stores.jobs.get(job.job_id)[0] == job


def test_created_job_is_listed_at_once(bench: Bench) -> None:
    first, second = bench.job(prepared=False), bench.job(prepared=False)
    bench.stores.jobs.create(first)
    bench.stores.jobs.create(second)
    listed = [job.job_id for job in bench.stores.jobs.get_all()]
    assert {first.job_id, second.job_id} <= set(listed)
    assert listed == sorted(listed)


def test_unknown_job_is_a_404_with_its_name(bench: Bench) -> None:
    job = bench.job(prepared=False)
    with pytest.raises(ResourceNotFoundError) as caught:
        bench.stores.jobs.get(job.job_id)
    assert caught.value.reason == f"No known job with id '{job.job_id}'"


def test_job_id_can_be_taken_once(bench: Bench) -> None:
    job = bench.job(prepared=False)
    bench.stores.jobs.create(job)
    with pytest.raises(ResourceAlreadyExistsError) as caught:
        bench.stores.jobs.create(dataclasses.replace(job, description="another"))
    assert caught.value.reason == (
        f"The job cannot be created with the Id '{job.job_id}'. The Id is already used."
    )
    assert bench.stores.jobs.get(job.job_id)[0] == job


def test_replaced_job_is_listed_as_it_is_now(bench: Bench) -> None:
    job = bench.job(prepared=False)
    bench.stores.jobs.create(job)
    _, version = bench.stores.jobs.get(job.job_id)
    changed = dataclasses.replace(job, description="changed")
    bench.stores.jobs.replace(changed, version)
    assert changed in bench.stores.jobs.get_all()


def test_replacing_a_job_that_changed_meanwhile_is_a_conflict(bench: Bench) -> None:
    job = bench.job(prepared=False)
    bench.stores.jobs.create(job)
    _, version = bench.stores.jobs.get(job.job_id)
    faster = dataclasses.replace(job, description="faster")
    bench.stores.jobs.replace(faster, version)
    with pytest.raises(VersionConflictError):
        bench.stores.jobs.replace(dataclasses.replace(job, description="slower"), version)
    assert bench.stores.jobs.get(job.job_id)[0] == faster


def test_replacing_a_job_that_went_meanwhile_is_a_conflict(bench: Bench) -> None:
    job = bench.job(prepared=False)
    bench.stores.jobs.create(job)
    _, version = bench.stores.jobs.get(job.job_id)
    bench.stores.jobs.delete(job.job_id)
    with pytest.raises(VersionConflictError):
        bench.stores.jobs.replace(job, version)


def test_deleting_a_job_tells_whether_it_was_there(bench: Bench) -> None:
    job = bench.job(prepared=False)
    bench.stores.jobs.create(job)
    assert bench.stores.jobs.delete(job.job_id)
    assert not bench.stores.jobs.delete(job.job_id)
    assert job not in bench.stores.jobs.get_all()


def test_closed_job_has_no_task(bench: Bench) -> None:
    job = bench.job(prepared=False)
    assert bench.stores.job_tasks.get(job.job_id) is None


def test_task_is_found_and_listed_as_it_was_put(bench: Bench) -> None:
    task = make_task(bench.job(prepared=False).job_id)
    version = bench.stores.job_tasks.put(task, None)
    assert bench.stores.job_tasks.get(task.job_id) == (task, version)
    assert task in bench.stores.job_tasks.get_all()


def test_only_one_claims_a_job(bench: Bench) -> None:
    task = make_task(bench.job(prepared=False).job_id)
    bench.stores.job_tasks.put(task, None)
    with pytest.raises(VersionConflictError):
        bench.stores.job_tasks.put(make_task(task.job_id, epoch=2), None)


def test_task_moves_on_from_the_version_that_put_answered(bench: Bench) -> None:
    task = make_task(bench.job(prepared=False).job_id)
    first = bench.stores.job_tasks.put(task, None)
    opened = dataclasses.replace(task, state=JobState.OPENED)
    second = bench.stores.job_tasks.put(opened, first)
    assert bench.stores.job_tasks.get(task.job_id) == (opened, second)
    with pytest.raises(VersionConflictError):
        bench.stores.job_tasks.put(task, first)


def test_task_that_was_deleted_cannot_be_renewed(bench: Bench) -> None:
    task = make_task(bench.job(prepared=False).job_id)
    version = bench.stores.job_tasks.put(task, None)
    bench.stores.job_tasks.delete(task.job_id)
    with pytest.raises(VersionConflictError):
        bench.stores.job_tasks.put(task, version)
    assert bench.stores.job_tasks.get(task.job_id) is None


def test_deleting_a_task_twice_is_fine(bench: Bench) -> None:
    task = make_task(bench.job(prepared=False).job_id)
    bench.stores.job_tasks.put(task, None)
    bench.stores.job_tasks.delete(task.job_id)
    bench.stores.job_tasks.delete(task.job_id)
    assert task not in bench.stores.job_tasks.get_all()


def test_outcome_of_an_asynchronous_request_is_kept_as_it_is(bench: Bench) -> None:
    task_id = f"{bench.job(prepared=False).job_id}:1"
    bench.stores.async_tasks.put(task_id, {"completed": False})
    body = {"completed": True, "response": {"acknowledged": True}, "a.b": [1, {"c": None}]}
    bench.stores.async_tasks.put(task_id, body)
    assert bench.stores.async_tasks.get(task_id) == body


def test_unknown_asynchronous_request_is_a_404(bench: Bench) -> None:
    with pytest.raises(ResourceNotFoundError):
        bench.stores.async_tasks.get(f"{bench.job(prepared=False).job_id}:1")
