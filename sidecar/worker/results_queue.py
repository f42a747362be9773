"""The bounded queue between the engine and Elasticsearch."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence

from sidecar.errors import IllegalArgumentError
from sidecar.interfaces import AuditLog, Document, ResultsWriter

logger = logging.getLogger(__name__)

Documents = Sequence[tuple[str, Document]]


class ResultsQueue:
    """Writes result documents in order in a thread of its own; bounded in documents.

    When Elasticsearch is slow or away the writer waits for it, so the queue fills, the engine
    waits in `put`, its own queue fills and uploads are answered 429: nothing is dropped.
    """

    def __init__(
        self, job_id: str, writer: ResultsWriter, audit: AuditLog, *, batch: int, max_docs: int
    ) -> None:
        self._job_id = job_id
        self._writer = writer
        self._audit = audit
        self._batch = batch
        self._max_docs = max_docs
        self._steps: deque[tuple[int, Callable[[], None] | list[tuple[str, Document]]]] = deque()
        self._waiting = 0
        self._busy = False
        self._stopped = False
        self._condition = threading.Condition()
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"results-{job_id}", daemon=True)
        self._thread.start()

    def put(self, documents: Documents) -> None:
        """Queue documents; waits while the queue is full."""
        for first in range(0, len(documents), self._batch):
            self._put(list(documents[first : first + self._batch]))

    def delete_interim(self) -> None:
        """Queue the deletion of all interim results, in order with the documents."""
        self._put(lambda: self._writer.delete_interim(self._job_id))

    def delete_after(self, timestamp: int) -> None:
        """Queue the deletion of results later than `timestamp` (epoch ms)."""
        self._put(lambda: self._writer.delete_after(self._job_id, timestamp))

    def refresh(self) -> None:
        """Make what was written searchable; call it drained."""
        self._writer.refresh(self._job_id)

    def drain(self) -> None:
        """Wait until everything queued is written; raises what ended the writer."""
        with self._condition:
            self._condition.wait_for(lambda: self._ended() or not (self._steps or self._busy))
            if self.failure is not None:
                raise self.failure

    def stop(self) -> None:
        """Drop what waits; returns when the write in progress is over."""
        with self._condition:
            self._stopped = True
            self._steps.clear()
            self._waiting = 0
            self._condition.notify_all()
        self._thread.join()

    def _put(self, step: Callable[[], None] | list[tuple[str, Document]]) -> None:
        weight = 1 if callable(step) else len(step)
        with self._condition:
            self._condition.wait_for(lambda: self._ended() or self._waiting < self._max_docs)
            if self.failure is not None:
                raise self.failure
            if not self._stopped:
                self._steps.append((weight, step))
                self._waiting += weight
                self._condition.notify_all()

    def _ended(self) -> bool:
        return self._stopped or self.failure is not None

    def _take(self) -> tuple[int, Callable[[], None] | list[tuple[str, Document]]] | None:
        """The next step; small batches that wait behind one another are written as one."""
        with self._condition:
            self._condition.wait_for(lambda: bool(self._steps) or self._stopped)
            if self._stopped:
                return None
            weight, step = self._steps.popleft()
            while not callable(step) and self._steps:
                more_weight, more = self._steps[0]
                if callable(more) or weight + more_weight > self._batch:
                    break
                step.extend(more)
                weight += more_weight
                self._steps.popleft()
            self._busy = True
            return weight, step

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            weight, step = taken
            try:
                self._perform(step)
            except BaseException as error:  # handed to whoever calls next
                self.failure = error
            with self._condition:
                self._busy = False
                self._waiting = max(0, self._waiting - weight)
                self._condition.notify_all()
                if self.failure is not None:
                    return

    def _perform(self, step: Callable[[], None] | list[tuple[str, Document]]) -> None:
        try:
            if callable(step):
                step()
            else:
                self._writer.write(self._job_id, step)
        except IllegalArgumentError as error:
            # Elasticsearch refuses these documents for good: trying again cannot help, and one
            # bad mapping must not stop the analysis. The user is told.
            logger.exception("results refused", extra={"ml.job_id": self._job_id})
            self._audit.error(self._job_id, f"Error writing results: {error.reason}")
