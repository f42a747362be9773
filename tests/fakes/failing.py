"""The switch that makes a fake fail."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(slots=True)
class _Failure:
    error: BaseException
    times: int
    method: str | None


class Failing:
    """Base of the fakes: `fail_with` makes the next calls raise.

    `calls` holds the names of all methods called, in order.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._failures: list[_Failure] = []
        self._failing_lock = threading.Lock()

    def fail_with(self, error: BaseException, times: int = 1, *, method: str | None = None) -> None:
        """Raise `error` from the next `times` calls (of `method`, else of any)."""
        with self._failing_lock:
            self._failures.append(_Failure(error, times, method))

    def _called(self, method: str) -> None:
        """Note a call; raises what was ordered with `fail_with`."""
        with self._failing_lock:
            self.calls.append(method)
            for failure in self._failures:
                if failure.method in (None, method):
                    failure.times -= 1
                    if failure.times <= 0:
                        self._failures.remove(failure)
                    raise failure.error
