"""Who dawdles is cut off, whoever keeps up a pace may take as long as he likes."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from sidecar.api.paced_socket import PacedSocket, Patience, stop_reading

PATIENCE = Patience(grace_s=10.0, bytes_per_s=100.0)


class Caller:
    """The other end of a connection; each of our reads and writes takes `step_s` of his time."""

    def __init__(self) -> None:
        self.ours, self.his = socket.socketpair()
        self.now = 0.0
        self.step_s = 0.0
        self.paced = PacedSocket(self.ours, PATIENCE, self._clock)
        self._asked = 0

    def _clock(self) -> float:
        # Asked before and after each read or write.
        self._asked += 1
        if self._asked % 2 == 0:
            self.now += self.step_s
        return self.now

    def send(self, data: bytes, *, taking_s: float) -> bytes:
        self.his.sendall(data)
        self.step_s = taking_s
        return self.paced.recv(65536)


@pytest.fixture
def caller() -> Iterator[Caller]:
    made = Caller()
    yield made
    made.ours.close()
    made.his.close()


def test_a_slow_start_is_forgiven(caller: Caller) -> None:
    assert caller.send(b"a", taking_s=9.9) == b"a"


def test_a_byte_now_and_then_is_not_enough(caller: Caller) -> None:
    for _ in range(2):
        caller.send(b"a", taking_s=5.0)
    with pytest.raises(TimeoutError):
        caller.send(b"a", taking_s=5.0)


def test_whoever_keeps_up_the_pace_is_never_cut_off(caller: Caller) -> None:
    for _ in range(100):
        assert caller.send(b"a" * 500, taking_s=5.0)


def test_what_was_sent_before_counts_later(caller: Caller) -> None:
    caller.send(b"a" * 2000, taking_s=0.0)
    caller.send(b"a", taking_s=29.0)
    with pytest.raises(TimeoutError):
        caller.send(b"a", taking_s=2.0)


def test_our_own_time_is_not_the_callers(caller: Caller) -> None:
    caller.send(b"a", taking_s=5.0)
    caller.now += 3600.0
    assert caller.send(b"a", taking_s=4.0) == b"a"


def test_an_answer_arrives_whole(caller: Caller) -> None:
    answer = bytes(range(256)) * 400
    caller.paced.sendall(answer)
    received = b""
    while len(received) < len(answer):
        received += caller.his.recv(65536)
    assert received == answer


def test_an_answer_that_is_taken_too_slowly_is_given_up(caller: Caller) -> None:
    caller.step_s = 5.0
    for _ in range(2):
        caller.paced.sendall(b"a")
    with pytest.raises(TimeoutError):
        caller.paced.sendall(b"a")


def test_everything_else_is_the_sockets_own(caller: Caller) -> None:
    assert caller.paced.fileno() == caller.ours.fileno()


def test_reading_can_be_stopped_from_another_thread(caller: Caller) -> None:
    stop_reading(caller.paced)
    assert caller.paced.recv(1) == b""
