"""A change of a configuration is never lost, and never loses another's."""

from __future__ import annotations

import dataclasses

import pytest

from sidecar.errors import ConflictError, ResourceNotFoundError, VersionConflictError
from sidecar.schema.job import Job
from sidecar.services.config_changes import MAX_ATTEMPTS, change_job
from tests.services.conftest import World


def described(job: Job) -> Job:
    return dataclasses.replace(job, description="new")


def test_change_is_stored(world: World) -> None:
    world.add_job()

    assert change_job(world.stores.jobs, "web", described).description == "new"
    assert world.job().description == "new"


def test_loser_of_a_race_tries_again(world: World) -> None:
    world.add_job()
    world.stores.jobs.fail_with(VersionConflictError("x"), times=3, method="replace")

    change_job(world.stores.jobs, "web", described)

    assert world.job().description == "new"


def test_endless_race_is_a_conflict(world: World) -> None:
    world.add_job()
    world.stores.jobs.fail_with(VersionConflictError("x"), times=MAX_ATTEMPTS, method="replace")

    with pytest.raises(ConflictError, match="others keep changing it"):
        change_job(world.stores.jobs, "web", described)


def test_change_of_nothing_writes_nothing(world: World) -> None:
    world.add_job(description="new")

    change_job(world.stores.jobs, "web", described)

    assert "replace" not in world.stores.jobs.calls


def test_unknown_job_is_not_found(world: World) -> None:
    with pytest.raises(ResourceNotFoundError):
        change_job(world.stores.jobs, "web", described)
