"""Trying again: backoff that grows, is bounded and ends when somebody says stop."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sidecar.errors import TooManyRequestsError, UnavailableError

logger = logging.getLogger(__name__)

T = TypeVar("T")

# A stop is noticed this soon, in seconds.
_SLICE_S = 0.1


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Retries:
    """How long to go on after 429, 502, 503, 504 and connection faults.

    Attributes
    ----------
    patience_s : float, optional
        Seconds after which the last error goes to the caller; None: never.
    should_stop : callable
        Asked while waiting; when it says yes the last error goes to the caller.
    first_s, longest_s : float
        The first pause and the longest, in seconds; pauses double and are jittered.
    """

    patience_s: float | None = None
    should_stop: Callable[[], bool] = _never
    first_s: float = 0.1
    longest_s: float = 10.0
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def call(self, what: str, action: Callable[[], T]) -> T:
        """Return what `action` returns; `what` names it in the log."""
        pause = Pause(self, what)
        while True:
            try:
                return action()
            except (UnavailableError, TooManyRequestsError) as error:
                if not pause.wait(error.reason):
                    raise


class Pause:
    """The pauses between the attempts at one thing."""

    def __init__(self, retries: Retries, what: str) -> None:
        self._retries = retries
        self._what = what
        self._next_s = retries.first_s
        self._began = retries.monotonic()

    def wait(self, reason: str) -> bool:
        """Wait before the next attempt; False when there should be none."""
        retries = self._retries
        # Jitter is not a secret: it keeps many jobs from coming back at the same moment.
        length_s = self._next_s * random.uniform(0.5, 1.0)  # noqa: S311
        now = retries.monotonic()
        patience = retries.patience_s
        if patience is not None and now - self._began + length_s > patience:
            return False
        logger.warning("%s failed, next try in %.1f s: %s", self._what, length_s, reason)
        self._next_s = min(self._next_s * 2, retries.longest_s)
        return self._sleep(now + length_s)

    def _sleep(self, until: float) -> bool:
        retries = self._retries
        while not retries.should_stop():
            left = until - retries.monotonic()
            if left <= 0:
                return True
            retries.sleep(min(left, _SLICE_S))
        return False
