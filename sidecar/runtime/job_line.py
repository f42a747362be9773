"""An open job and the line of callers before it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from sidecar.errors import JobFailedError
from sidecar.interfaces import (
    FlushAnswer,
    FlushRequest,
    OpenJob,
    OpenJobFactory,
    OpenJobStats,
    TimeRange,
)
from sidecar.runtime import faults
from sidecar.runtime.journal import FileJournal
from sidecar.runtime.ticket_lock import TicketLock
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.job import Job


class JobLine:
    """Calls of one open job, one at a time in the order of arrival; `stats` at any time.

    Attributes
    ----------
    failure : str or None
        Why the analysis died; every later call raises ConflictError.
    recovered_receipt, recovered_counts
        The last upload in the journal when the job was opened, and the totals with it.
    """

    def __init__(self, job_id: str, open_job: OpenJob, journal: FileJournal) -> None:
        self._job_id = job_id
        self._open_job = open_job
        self._journal = journal
        self._order = TicketLock()
        self._over = threading.Event()
        self.failure: str | None = None
        self.recovered_receipt = journal.last_receipt
        self.recovered_counts = open_job.stats().data_counts

    @classmethod
    def open(
        cls, job_id: str, epoch: int, journal: FileJournal, factory: OpenJobFactory
    ) -> JobLine:
        """Open the job on its journal; the journal is closed again when that fails."""
        try:
            return cls(job_id, factory(job_id, epoch, journal), journal)
        except BaseException:
            journal.close()
            raise

    @property
    def must_restart(self) -> bool:
        """The journal broke: the job has to be opened again from what the disk holds."""
        return self._journal.broken

    def post(
        self,
        chunks: Iterable[bytes],
        reset: TimeRange | None,
        receipt: str | None = None,
        answer: Callable[[DataCounts], None] = lambda _: None,
    ) -> DataCounts:
        """See `OpenJob.post`; `receipt` names the upload in the journal.

        `answer` is called before anybody else's turn: after a crash only the last receipt is
        known, so an upload that was committed must have been answered before the next one is.
        """
        with self._turn():
            self._journal.receipt = receipt
            counts = self._open_job.post(chunks, reset)
            answer(counts)
            return counts

    def flush(self, request: FlushRequest) -> FlushAnswer:
        """See `OpenJob.flush`."""
        with self._turn():
            return self._open_job.flush(request)

    def update(self, job: Job) -> None:
        """See `OpenJob.update`."""
        with self._turn():
            self._open_job.update(job)

    def reload_rules(self) -> None:
        """See `OpenJob.reload_rules`."""
        with self._turn():
            self._open_job.reload_rules()

    def persist(self) -> str:
        """See `OpenJob.persist`."""
        with self._turn():
            return self._open_job.persist()

    def stats(self) -> OpenJobStats:
        """See `OpenJob.stats`."""
        return self._open_job.stats()

    def close(self, *, keep_journal: bool) -> None:
        """Close behind all who wait; the journal goes unless the job will be opened again."""
        with self._turn():
            self._open_job.close()
            self._over.set()
            if keep_journal:
                self._journal.close()
            else:
                self._journal.delete()

    def abandon(self) -> None:
        """Stop at once, nothing more is written; the journal stays."""
        self._over.set()
        self._open_job.abandon()
        with self._order.turn():
            self._journal.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._order.turn():
            if self.failure is not None:
                raise faults.failed(self._job_id, self.failure)
            if self._over.is_set():
                raise faults.not_open(self._job_id)
            try:
                yield
            except JobFailedError as error:
                self.failure = error.reason
                raise
