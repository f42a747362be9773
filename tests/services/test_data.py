"""Data and flushes reach the open job; what is wrong with the request is said before."""

from __future__ import annotations

import pytest

from sidecar.errors import ConflictError, IllegalArgumentError
from sidecar.interfaces import FlushAnswer, FlushRequest, TimeRange
from sidecar.services.data import DataService
from tests.services.conftest import World


@pytest.fixture
def data(world: World) -> DataService:
    return DataService(world.runtime)


def test_upload_is_passed_on_in_pieces(world: World, data: DataService) -> None:
    world.runtime.open("web", 1)

    counts = data.post("web", iter([b'{"a":1}\n', b'{"a":2}\n']), TimeRange(0, 1000))

    assert counts.processed_record_count == 2
    assert world.runtime.uploads == {"web": [b'{"a":1}\n{"a":2}\n']}
    assert world.runtime.resets == [TimeRange(0, 1000)]


def test_job_that_is_not_open_is_a_conflict(data: DataService) -> None:
    with pytest.raises(ConflictError, match=r"because job \[web\] is not open"):
        data.post("web", [b"{}"])
    with pytest.raises(ConflictError, match=r"because job \[web\] is not open"):
        data.flush("web", FlushRequest())


@pytest.mark.parametrize("job_id", ["w*", "_all", "a,b", "*"])
def test_data_go_to_one_job(data: DataService, job_id: str) -> None:
    with pytest.raises(IllegalArgumentError, match="Invalid job_id"):
        data.post(job_id, [b"{}"])
    with pytest.raises(IllegalArgumentError, match="Invalid job_id"):
        data.flush(job_id, FlushRequest())


def test_flush_answers_the_last_bucket(world: World, data: DataService) -> None:
    world.runtime.open("web", 1)
    world.runtime.last_finalized_bucket_end = 1_500_000

    assert data.flush("web", FlushRequest(calc_interim=True)) == FlushAnswer(1_500_000)
    assert world.runtime.flushes == [("web", FlushRequest(calc_interim=True))]
