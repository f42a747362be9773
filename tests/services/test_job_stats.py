"""Statistics come from the open job, else from what was stored last."""

from __future__ import annotations

import pytest

from sidecar.errors import ResourceNotFoundError
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.job import Blocked
from sidecar.schema.job_task import JobState
from sidecar.schema.model_size_stats import ModelSizeStats
from sidecar.schema.timing_stats import TimingStats
from sidecar.services.job_stats import JobStats, JobStatsService
from tests.fakes.runtime import NODE
from tests.services.conftest import NOW, World


def stats_of(world: World, expression: str = "_all", *, lax: bool = True) -> list[JobStats]:
    service = JobStatsService(world.stores.jobs, world.stores.stats, world.runtime, world.clock)
    return service.get(expression, allow_no_match=lax)


def test_new_job_has_counted_nothing(world: World) -> None:
    world.add_job()

    (stats,) = stats_of(world)

    assert stats.state is JobState.CLOSED
    assert stats.data_counts == DataCounts("web").to_document()
    assert stats.model_size_stats["log_time"] == NOW
    assert stats.timing_stats["bucket_count"] == 0
    assert stats.node is None
    assert stats.open_seconds is None


def test_closed_job_shows_what_was_stored(world: World) -> None:
    world.add_job()
    world.stores.stats.put(
        DataCounts("web", processed_record_count=7),
        ModelSizeStats("web", model_bytes=99, log_time=1),
        TimingStats("web", bucket_count=3),
    )

    (stats,) = stats_of(world)

    assert stats.data_counts["processed_record_count"] == 7
    assert stats.model_size_stats["model_bytes"] == 99
    assert stats.timing_stats["bucket_count"] == 3
    assert "result_type" not in stats.timing_stats


def test_open_job_is_asked_itself(world: World) -> None:
    world.add_job()
    world.stores.stats.put(DataCounts("web", processed_record_count=7))
    world.runtime.open("web", 1)
    world.runtime.post("web", [b"{}\n{}\n"], None)
    world.clock.now += 13_999

    (stats,) = stats_of(world)

    assert stats.state is JobState.OPENED
    assert stats.data_counts["processed_record_count"] == 2
    assert stats.node == NODE
    assert stats.open_seconds == 13
    assert "data_counts" not in world.stores.stats.calls


@pytest.mark.parametrize("state", [JobState.OPENING, JobState.CLOSING, JobState.FAILED])
def test_job_between_states_shows_what_was_stored(world: World, state: JobState) -> None:
    world.add_job()
    world.stores.stats.put(DataCounts("web", processed_record_count=7))
    world.runtime.states["web"] = state

    (stats,) = stats_of(world)

    assert stats.state is state
    assert stats.data_counts["processed_record_count"] == 7
    assert stats.open_seconds is None


def test_deletion_shows(world: World) -> None:
    world.add_job(deleting=True, blocked=Blocked("delete", "node:1"))

    assert stats_of(world)[0].deleting


def test_jobs_come_by_id(world: World) -> None:
    for job_id in ("b", "c", "a"):
        world.add_job(job_id)
    world.runtime.open("b", 1)

    assert [stats.job_id for stats in stats_of(world, "c,b,a")] == ["a", "b", "c"]


def test_no_match_is_an_error_only_on_demand(world: World) -> None:
    assert stats_of(world, "nope*") == []
    with pytest.raises(ResourceNotFoundError, match=r"No known job with id 'nope\*'"):
        stats_of(world, "nope*", lax=False)
