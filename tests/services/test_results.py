"""Results are read for a known job."""

from __future__ import annotations

import pytest

from sidecar.errors import ResourceNotFoundError
from sidecar.interfaces import ResultsQuery
from sidecar.services.results import ResultsService
from tests.services.conftest import World


@pytest.fixture
def results(world: World) -> ResultsService:
    return ResultsService(world.stores.jobs, world.stores.results_reader)


def write(world: World) -> None:
    documents = [
        ("b1", {"result_type": "bucket", "timestamp": 1000, "anomaly_score": 10.0}),
        ("b2", {"result_type": "bucket", "timestamp": 2000, "anomaly_score": 0.0}),
        ("r1", {"result_type": "record", "timestamp": 1000, "record_score": 5.0}),
        ("r2", {"result_type": "record", "timestamp": 1000, "record_score": 9.0}),
        ("i1", {"result_type": "influencer", "timestamp": 1000, "influencer_score": 1.0}),
    ]
    world.stores.results_writer.write("web", [(i, {"job_id": "web", **d}) for i, d in documents])
    world.stores.results_writer.refresh("web")


@pytest.mark.parametrize("kind", ["buckets", "records", "influencers"])
def test_unknown_job_has_no_results(results: ResultsService, kind: str) -> None:
    with pytest.raises(ResourceNotFoundError, match="No known job with id 'web'"):
        getattr(results, kind)("web", ResultsQuery())


@pytest.mark.parametrize(("kind", "count"), [("buckets", 2), ("records", 2), ("influencers", 1)])
def test_page_of_results(world: World, results: ResultsService, kind: str, count: int) -> None:
    world.add_job()
    write(world)

    page = getattr(results, kind)("web", ResultsQuery(size=1))

    assert page.count == count
    assert len(page.documents) == 1


def test_expanded_buckets_carry_their_records(world: World, results: ResultsService) -> None:
    world.add_job()
    write(world)

    first, second = results.buckets("web", ResultsQuery(), expand=True).documents

    assert [record["record_score"] for record in first["records"]] == [9.0, 5.0]
    assert "records" not in second


def test_bucket_at_a_time_without_one_is_not_found(world: World, results: ResultsService) -> None:
    world.add_job()
    write(world)

    assert results.buckets("web", ResultsQuery(timestamp=2000)).count == 1
    with pytest.raises(ResourceNotFoundError, match="Could not find requested buckets"):
        results.buckets("web", ResultsQuery(timestamp=1500))
