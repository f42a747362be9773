"""A lock that is given to its waiters in the order in which they came."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class TicketLock:
    """First come, first served; not reentrant."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._line: deque[object] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until everybody who came before is done."""
        ticket = object()
        with self._condition:
            self._line.append(ticket)
        try:
            with self._condition:
                self._condition.wait_for(lambda: self._line[0] is ticket)
            yield
        finally:
            with self._condition:
                self._line.remove(ticket)
                self._condition.notify_all()
