"""The wall clock, passed in so that tests can freeze it."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]


def system_clock() -> int:
    """Epoch milliseconds now."""
    return time.time_ns() // 1_000_000
