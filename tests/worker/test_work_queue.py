"""The queue between the parser and the engine."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from sidecar.worker.work_queue import WorkQueue


@pytest.fixture
def queue() -> Iterator[WorkQueue]:
    made = WorkQueue("test", max_bytes=10)
    yield made
    made.stop()


def test_items_run_in_the_order_they_were_put(queue: WorkQueue) -> None:
    done: list[int] = []
    for number in range(100):
        queue.put(lambda number=number: done.append(number))
    queue.drain()
    assert done == list(range(100))


def test_there_is_no_room_while_too_much_waits_and_room_again_when_it_is_done(
    queue: WorkQueue,
) -> None:
    gate = threading.Event()
    queue.put(lambda: gate.wait() and None, nbytes=10)
    assert not queue.wait_for_room(0.0)
    gate.set()
    queue.drain()
    assert queue.wait_for_room(0.0)


def test_an_item_that_raises_ends_the_queue_and_later_calls_say_why(queue: WorkQueue) -> None:
    fault = ArithmeticError("broken")

    def fail() -> None:
        raise fault

    done: list[int] = []
    gate = threading.Event()
    queue.put(lambda: gate.wait() and None)
    queue.put(fail)
    queue.put(lambda: done.append(1))
    gate.set()
    with pytest.raises(ArithmeticError, match="broken"):
        queue.drain()
    with pytest.raises(ArithmeticError, match="broken"):
        queue.put(lambda: done.append(2))
    assert queue.failure is fault
    assert done == []


def test_waiting_for_room_ends_when_the_queue_failed(queue: WorkQueue) -> None:
    def fail() -> None:
        raise ArithmeticError

    queue.put(fail, nbytes=10)
    assert queue.wait_for_room(30.0)


def test_a_stopped_queue_drops_what_waits() -> None:
    queue = WorkQueue("test", max_bytes=10)
    entered, gate, done = threading.Event(), threading.Event(), []

    def first() -> None:
        entered.set()
        gate.wait()
        done.append("first")

    queue.put(first)
    queue.put(lambda: done.append("second"))
    entered.wait()
    stopper = threading.Thread(target=queue.stop)
    stopper.start()
    gate.set()
    stopper.join()
    assert done in (["first"], ["first", "second"])
    assert not any(t.name == "test" and t.is_alive() for t in threading.enumerate())
