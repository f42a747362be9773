"""Trying again is bounded and can be stopped."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from sidecar.errors import IllegalArgumentError, TooManyRequestsError, UnavailableError
from sidecar.storage.retries import Retries


class FrozenTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def failing(times: int, error: Exception) -> Callable[[], str]:
    left = [error] * times

    def action() -> str:
        if left:
            raise left.pop()
        return "done"

    return action


def make(time: FrozenTime, **options: Any) -> Retries:
    return Retries(monotonic=time.monotonic, sleep=time.sleep, **options)


@pytest.mark.parametrize(
    "error", [UnavailableError("away"), TooManyRequestsError("busy")], ids=["503", "429"]
)
def test_temporary_fault_is_tried_again_until_it_passes(error: Exception) -> None:
    assert make(FrozenTime()).call("it", failing(50, error)) == "done"


def test_other_error_is_not_tried_again() -> None:
    time = FrozenTime()
    with pytest.raises(IllegalArgumentError):
        make(time).call("it", failing(1, IllegalArgumentError("no")))
    assert time.now == 0.0


def test_patience_ends_with_the_last_error() -> None:
    time = FrozenTime()
    with pytest.raises(UnavailableError, match="away"):
        make(time, patience_s=3.0).call("it", failing(1_000, UnavailableError("away")))
    assert 0.0 < time.now <= 3.0


def test_stop_ends_the_waiting() -> None:
    time = FrozenTime()
    retries = make(time, should_stop=lambda: time.now > 100.0)
    with pytest.raises(UnavailableError):
        retries.call("it", failing(1_000_000, UnavailableError("away")))
    assert time.now == pytest.approx(100.0, abs=0.2)


def test_pauses_grow_up_to_the_longest() -> None:
    time = FrozenTime()
    attempts: list[float] = []

    def action() -> None:
        attempts.append(time.now)
        raise UnavailableError("away")

    with pytest.raises(UnavailableError):
        make(time, patience_s=100.0, longest_s=4.0).call("it", action)
    pauses = [later - earlier for earlier, later in itertools.pairwise(attempts)]
    assert pauses[0] <= 0.1 + 1e-9
    assert max(pauses) <= 4.0 + 1e-9
    assert all(pause >= 2.0 - 1e-9 for pause in pauses[7:])
