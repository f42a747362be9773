"""Work that goes on behind a request: what `GET _tasks/<id>` tells, and whether it is alive."""

from __future__ import annotations

import contextlib
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sidecar import messages
from sidecar.clock import Clock
from sidecar.errors import IllegalArgumentError, MlError, RequestTimeoutError, ResourceNotFoundError
from sidecar.interfaces import AsyncTaskStore, Document, JobRuntime

logger = logging.getLogger(__name__)

_TASK_ID = re.compile(r"[^:]+:\d+")
# Numbers stay exact in every JSON reader.
_NUMBERS = 2**53
# A task tells three times within a lease that it is alive.
_BEATS_PER_LEASE = 3
_POLL_S = 0.1
_NANOS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work; `status` is what it wants to remember of its request."""

    node: str
    number: int
    action: str
    description: str
    start_ms: int
    headers: Mapping[str, str] = field(default_factory=dict)
    status: Mapping[str, Any] = field(default_factory=dict)

    @property
    def task_id(self) -> str:
        """`<node>:<number>`, as clients know it."""
        return f"{self.node}:{self.number}"

    def to_document(self, now_ms: int, *, completed: bool) -> dict[str, Any]:
        """The body that `GET _tasks/<id>` answers."""
        return {
            "completed": completed,
            "task": {
                "node": self.node,
                "id": self.number,
                "type": "transport",
                "action": self.action,
                "status": dict(self.status),
                "description": self.description,
                "start_time_in_millis": self.start_ms,
                "running_time_in_nanos": max(0, now_ms - self.start_ms) * _NANOS_PER_MS,
                "cancellable": False,
                "headers": dict(self.headers),
            },
        }


class TaskService:
    """Starts, ends and looks up tasks.

    A task whose process died is told from a slow one by its `running_time_in_nanos`, which is
    written again and again while it runs: when start plus running time is longer ago than the
    lease, nobody is working on it.
    """

    def __init__(
        self,
        store: AsyncTaskStore,
        runtime: JobRuntime,
        clock: Clock,
        *,
        lease_ms: int,
        number: Callable[[], int] = lambda: secrets.randbelow(_NUMBERS),
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._clock = clock
        self._lease_ms = lease_ms
        self._number = number
        self._pause = pause

    def start(
        self,
        action: str,
        description: str,
        *,
        headers: Mapping[str, str] | None = None,
        status: Mapping[str, Any] | None = None,
    ) -> Task:
        """A new task, stored as running."""
        node = str(self._runtime.node()["id"])
        task = Task(
            node, self._number(), action, description, self._clock(), headers or {}, status or {}
        )
        self._beat(task)
        return task

    def complete(self, task: Task, response: Document) -> None:
        """Store the answer."""
        document = task.to_document(self._clock(), completed=True)
        self._store.put(task.task_id, {**document, "response": response})

    def fail(self, task: Task, error: MlError) -> None:
        """Store the error."""
        document = task.to_document(self._clock(), completed=True)
        self._store.put(task.task_id, {**document, "error": error.as_cause()})

    def get(self, task_id: str, *, wait_ms: int | None = None) -> Document:
        """What is known of a task; with `wait_ms` after it has ended, or RequestTimeoutError.

        Raises IllegalArgumentError for a malformed id, ResourceNotFoundError.
        """
        if not _TASK_ID.fullmatch(task_id):
            raise IllegalArgumentError(messages.malformed_task_id(task_id))
        deadline = self._clock() + (wait_ms or 0)
        while True:
            try:
                document = self._store.get(task_id)
            except ResourceNotFoundError:
                raise ResourceNotFoundError(messages.task_not_found(task_id)) from None
            if document["completed"] or wait_ms is None:
                return document
            if self._clock() >= deadline:
                raise RequestTimeoutError(messages.task_timed_out(task_id))
            self.pause()

    def pause(self) -> None:
        """Wait a moment before looking again at what another process does."""
        self._pause(_POLL_S)

    def is_alive(self, task_id: str) -> bool:
        """Whether somebody is still working on a task."""
        document = self._find(task_id)
        if document is None or document["completed"]:
            return False
        task = document["task"]
        last_beat = task["start_time_in_millis"] + task["running_time_in_nanos"] // _NANOS_PER_MS
        return bool(self._clock() - last_beat < self._lease_ms)

    def succeeded(self, task_id: str) -> bool:
        """Whether a task ended with an answer, not with an error."""
        document = self._find(task_id)
        return document is not None and "response" in document

    def running(self, task_id: str) -> Task | None:
        """A task that was stored as running; None when it ended or is unknown."""
        document = self._find(task_id)
        return None if document is None or document["completed"] else _from_document(document)

    def status_of(self, task_id: str | None) -> Mapping[str, Any]:
        """What a task wanted to remember; empty when it is unknown."""
        document = None if task_id is None else self._find(task_id)
        status: Mapping[str, Any] = {} if document is None else document["task"].get("status", {})
        return status

    @contextlib.contextmanager
    def kept_alive(self, task: Task) -> Iterator[None]:
        """While inside, the task says again and again that it is alive."""
        ended = threading.Event()
        interval = self._lease_ms / 1000 / _BEATS_PER_LEASE

        def beat() -> None:
            while not ended.wait(interval):
                try:
                    self._beat(task)
                except MlError as error:
                    logger.warning("task %s cannot report: %s", task.task_id, error.reason)

        thread = threading.Thread(target=beat, name=f"task {task.number}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _beat(self, task: Task) -> None:
        self._store.put(task.task_id, task.to_document(self._clock(), completed=False))

    def _find(self, task_id: str) -> Document | None:
        try:
            return self._store.get(task_id)
        except ResourceNotFoundError:
            return None


def _from_document(document: Document) -> Task:
    task = document["task"]
    return Task(
        task["node"],
        task["id"],
        task["action"],
        task["description"],
        task["start_time_in_millis"],
        task["headers"],
        task["status"],
    )
