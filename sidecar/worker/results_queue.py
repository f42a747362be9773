"""The bounded queue between the engine and Elasticsearch."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from sidecar.errors import IllegalArgumentError
from sidecar.interfaces import AuditLog, Document, ResultsWriter

logger = logging.getLogger(__name__)


class Documents(Protocol):
    """(id, document) pairs; they may be made only when they are written."""

    def __len__(self) -> int:
        """How many."""

    def __iter__(self) -> Iterator[tuple[str, Document]]:
        """Make them."""


_Action = Callable[[], object]
# What is written as one: something to call, or blocks of documents.
_Step = _Action | list[Documents]


class ResultsQueue:
    """Writes result documents in order in a thread of its own; bounded in documents.

    When Elasticsearch is slow or away the writer waits for it, so the queue fills, the engine
    waits in `put`, its own queue fills and uploads are answered 429: nothing is dropped.
    """

    def __init__(
        self, job_id: str, writer: ResultsWriter, audit: AuditLog, *, max_docs: int
    ) -> None:
        self._job_id = job_id
        self._writer = writer
        self._audit = audit
        self._max_docs = max_docs
        self._steps: deque[tuple[int, _Action | Documents]] = deque()
        self._waiting = 0
        self._busy = False
        self._stopped = False
        self._condition = threading.Condition()
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"results-{job_id}", daemon=True)
        self._thread.start()

    def put(self, documents: Documents) -> None:
        """Queue documents; waits while there are too many."""
        if len(documents):
            self._put(documents, len(documents))

    def update(self, documents: Documents) -> None:
        """Queue changes of stored documents, in order with what is put; waits as `put` does.

        They are a request of their own: when some of it has to be repeated, no document is
        changed before it is there.
        """
        if weight := len(documents):
            self._put(
                lambda: self._writer.update(self._job_id, self._until_stopped([documents])), weight
            )

    def delete_interim(self) -> None:
        """Queue the deletion of all interim results, in order with the documents."""
        self._put(lambda: self._writer.delete_interim(self._job_id))

    def delete_after(self, timestamp: int) -> None:
        """Queue the deletion of results later than `timestamp` (epoch ms)."""
        self._put(lambda: self._writer.delete_after(self._job_id, timestamp))

    def call(self, action: Callable[[], None]) -> None:
        """Queue anything else that is to happen behind the documents; waits as `put` does."""
        self._put(action)

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

    def _put(self, step: _Action | Documents, weight: int = 1) -> None:
        with self._condition:
            if not self._ended():
                self._steps.append((weight, step))
                self._waiting += weight
                self._condition.notify_all()
            self._condition.wait_for(lambda: self._ended() or self._waiting <= self._max_docs)
            if self.failure is not None:
                raise self.failure

    def _ended(self) -> bool:
        return self._stopped or self.failure is not None

    def _take(self) -> tuple[int, _Step] | None:
        """The next step; blocks that wait behind one another are written as one.

        Up to half of the queue: the other half takes what the engine makes meanwhile.
        """
        with self._condition:
            self._condition.wait_for(lambda: bool(self._steps) or self._stopped)
            if self._stopped:
                return None
            self._busy = True
            weight, step = self._steps.popleft()
            if callable(step):
                return weight, step
            blocks = [step]
            while self._steps:
                more_weight, more = self._steps[0]
                if callable(more) or weight + more_weight > self._max_docs // 2:
                    break
                blocks.append(more)
                weight += more_weight
                self._steps.popleft()
            return weight, blocks

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

    def _until_stopped(self, blocks: Sequence[Documents]) -> Iterator[tuple[str, Document]]:
        for block in blocks:
            if self._stopped:
                return
            yield from block

    def _perform(self, step: _Step) -> None:
        try:
            if callable(step):
                step()
            else:
                self._writer.write(self._job_id, self._until_stopped(step))
        except IllegalArgumentError as error:
            # Elasticsearch refuses these documents for good: trying again cannot help, and one
            # bad mapping must not stop the analysis. The user is told.
            logger.exception("results refused", extra={"ml.job_id": self._job_id})
            self._audit.error(self._job_id, f"Error writing results: {error.reason}")
