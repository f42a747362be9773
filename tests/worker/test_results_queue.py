"""The queue between the engine and Elasticsearch."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from sidecar.errors import UnavailableError
from sidecar.worker.results_queue import ResultsQueue
from tests.fakes import FakeStores, make_stores


@pytest.fixture
def stores() -> FakeStores:
    return make_stores()


@pytest.fixture
def queue(stores: FakeStores) -> Iterator[ResultsQueue]:
    made = ResultsQueue("web", stores.results_writer, stores.audit, max_docs=6)
    yield made
    made.stop()


def _documents(first: int, last: int, **members: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(f"d{i}", {"job_id": "web", "timestamp": i, **members}) for i in range(first, last)]


def test_documents_are_written_and_searchable_after_drain_and_refresh(
    queue: ResultsQueue, stores: FakeStores
) -> None:
    queue.put(_documents(0, 20))
    queue.drain()
    queue.refresh()
    assert len(stores.results.search(lambda d: True)) == 20


def test_interim_results_are_deleted_between_what_was_put_before_and_after(
    queue: ResultsQueue, stores: FakeStores
) -> None:
    queue.put(_documents(0, 2, is_interim=True))
    queue.delete_interim()
    queue.put(_documents(2, 4, is_interim=True))
    queue.drain()
    assert sorted(stores.results.all()) == ["d2", "d3"]


def test_a_document_refused_for_good_is_audited_and_the_rest_goes_on(
    queue: ResultsQueue, stores: FakeStores
) -> None:
    queue.put([("bad", {"job_id": "web", "timestamp": "not a number"})])
    queue.put(_documents(0, 2))
    queue.drain()
    assert sorted(stores.results.all()) == ["d0", "d1"]
    assert [m.level for m in stores.audit.messages] == ["error"]


def test_a_writer_that_gives_up_is_told_to_whoever_waits(
    queue: ResultsQueue, stores: FakeStores
) -> None:
    stores.results_writer.fail_with(UnavailableError("stopped"), method="write")
    queue.put(_documents(0, 1))
    with pytest.raises(UnavailableError, match="stopped"):
        queue.drain()
    with pytest.raises(UnavailableError, match="stopped"):
        queue.put(_documents(1, 2))


def test_putting_waits_while_the_queue_is_full(stores: FakeStores) -> None:
    gate, entered = threading.Event(), threading.Event()

    class SlowWriter:
        def write(self, job_id: str, documents: Any) -> int:
            entered.set()
            gate.wait()
            return stores.results_writer.write(job_id, documents)

    queue = ResultsQueue("web", SlowWriter(), stores.audit, max_docs=6)  # type: ignore[arg-type]
    finished = threading.Event()

    def put() -> None:
        queue.put(_documents(0, 30))
        finished.set()

    thread = threading.Thread(target=put)
    thread.start()
    entered.wait()
    assert not finished.is_set()
    gate.set()
    thread.join()
    queue.drain()
    assert len(stores.results.all()) == 30
    queue.stop()


def test_documents_are_made_when_they_are_written_and_in_order(stores: FakeStores) -> None:
    gate, entered = threading.Event(), threading.Event()
    calls: list[list[str]] = []

    class SlowWriter:
        def write(self, job_id: str, documents: Any) -> int:
            entered.set()
            gate.wait()
            calls.append([name for name, _ in documents])
            return len(calls[-1])

    made: list[int] = []

    class Block:
        def __init__(self, first: int) -> None:
            self.first = first

        def __len__(self) -> int:
            return 2

        def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
            made.append(self.first)
            yield from _documents(self.first, self.first + 2)

    queue = ResultsQueue("web", SlowWriter(), stores.audit, max_docs=12)  # type: ignore[arg-type]
    for first in range(0, 12, 2):
        queue.put(Block(first))
    entered.wait()
    assert made == []
    gate.set()
    queue.drain()
    assert made == [0, 2, 4, 6, 8, 10]
    assert [name for call in calls for name in call] == [f"d{i}" for i in range(12)]
    assert all(len(call) <= 6 for call in calls)
    queue.stop()


def test_updates_are_written_behind_what_was_put_before_and_before_what_comes_after(
    queue: ResultsQueue, stores: FakeStores
) -> None:
    queue.update([("d0", {"score": 1.0})])
    queue.put(_documents(0, 2, score=2.0))
    queue.update([("d0", {"score": 3.0})])
    queue.put(_documents(1, 2, score=4.0))
    queue.update([])
    queue.drain()
    scores = {name: document["score"] for name, document in stores.results.all().items()}
    assert scores == {"d0": 3.0, "d1": 4.0}
