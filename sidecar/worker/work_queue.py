"""The bounded queue between an upload's parser and the engine's thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

WorkItem = Callable[[], None]


@dataclass(slots=True)
class _Entry:
    item: WorkItem
    nbytes: int


class WorkQueue:
    """Runs work items in order in a thread of its own; bounded by the bytes that wait.

    The bound is checked when an upload is admitted, not for each item: an upload that was
    admitted is taken whole, so the queue holds at most `max_bytes` plus one upload.

    An item that raises ends the thread: `failure` then holds the exception, items that wait are
    dropped (they are durable in the journal) and `drain` raises it.
    """

    def __init__(self, name: str, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: deque[_Entry] = deque()
        self._waiting_bytes = 0
        self._busy = False
        self._stopped = False
        self._condition = threading.Condition()
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def wait_for_room(self, timeout_s: float) -> bool:
        """Wait until less than the bound is waiting; False when that took too long."""
        with self._condition:
            return self._condition.wait_for(
                lambda: self._waiting_bytes < self._max_bytes or self._ended(), timeout_s
            )

    def put(self, item: WorkItem, nbytes: int = 0) -> None:
        """Append an item; raises the failure of an earlier one."""
        with self._condition:
            self._raise_failure()
            self._entries.append(_Entry(item, nbytes))
            self._waiting_bytes += nbytes
            self._condition.notify_all()

    def drain(self) -> None:
        """Wait until everything put so far is done; raises the failure of an item."""
        with self._condition:
            self._condition.wait_for(lambda: self._ended() or not (self._entries or self._busy))
            self._raise_failure()

    def stop(self) -> None:
        """Drop what waits and end the thread after the item that runs."""
        with self._condition:
            self._stopped = True
            self._entries.clear()
            self._waiting_bytes = 0
            self._condition.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _ended(self) -> bool:
        return self._stopped or self.failure is not None

    def _raise_failure(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: bool(self._entries) or self._stopped)
                if self._stopped:
                    return
                entry = self._entries.popleft()
                self._busy = True
            try:
                entry.item()
            except BaseException as error:  # handed to whoever calls next
                self.failure = error
            with self._condition:
                self._busy = False
                self._waiting_bytes -= entry.nbytes
                if self.failure is not None:
                    self._entries.clear()
                    self._waiting_bytes = 0
                self._condition.notify_all()
                if self.failure is not None:
                    return
