"""The runtime in the calling process and thread: tests and previews."""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sidecar.clock import Clock, system_clock
from sidecar.errors import JobFailedError, MlError
from sidecar.interfaces import (
    Document,
    FlushAnswer,
    FlushRequest,
    JobStatus,
    OpenJobFactory,
    TimeRange,
)
from sidecar.runtime import faults
from sidecar.runtime.job_line import JobLine
from sidecar.runtime.journal import FileJournal
from sidecar.runtime.journal_folder import remove_journal
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.job import Job
from sidecar.schema.job_task import JobState


@dataclass(slots=True)
class _Entry:
    state: JobState
    open_time: int
    line: JobLine | None = None
    reason: str | None = None


class InlineRuntime:
    """Implements `interfaces.JobRuntime` without any other process.

    Nothing remembers which jobs are open: a new runtime on the same folder begins with all jobs
    closed, their journals are still there.
    """

    def __init__(
        self,
        factory: OpenJobFactory,
        data_dir: Path,
        *,
        max_open_jobs: int = 512,
        clock: Clock = system_clock,
    ) -> None:
        self._factory = factory
        self._data_dir = data_dir
        self._max_open_jobs = max_open_jobs
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._epochs: dict[str, int] = {}
        name = socket.gethostname()
        self._node: Document = {
            "id": uuid.uuid4().hex,
            "name": name,
            "ephemeral_id": uuid.uuid4().hex,
            "transport_address": "127.0.0.1:0",
            "attributes": {},
        }

    def open(self, job_id: str, timeout_ms: int) -> str:
        """See `interfaces.JobRuntime.open`; the timeout has no meaning in the calling thread."""
        with self._lock:
            if job_id in self._entries:
                raise faults.already_open(job_id)
            running = sum(e.state is not JobState.FAILED for e in self._entries.values())
            if running >= self._max_open_jobs:
                raise faults.too_many_open(self._max_open_jobs)
            entry = self._entries[job_id] = _Entry(JobState.OPENING, self._clock())
            epoch = self._epochs[job_id] = self._epochs.get(job_id, 0) + 1
        try:
            journal = FileJournal(self._data_dir, job_id)
            entry.line = JobLine.open(job_id, epoch, journal, self._factory)
        except MlError as error:
            entry.state, entry.reason = JobState.FAILED, error.reason
            raise
        except BaseException:
            self._remove(job_id)
            raise
        entry.state = JobState.OPENED
        return str(self._node["id"])

    def close(self, job_id: str, *, force: bool, timeout_ms: int) -> None:
        """See `interfaces.JobRuntime.close`."""
        entry = self._entries.get(job_id)
        if entry is None:
            return
        if force:
            if entry.line is not None:
                entry.line.abandon()
            self._remove(job_id)
            return
        if entry.state is JobState.FAILED:
            raise faults.cannot_close_failed(job_id)
        line = self._opened(job_id)
        entry.state = JobState.CLOSING
        try:
            line.close(keep_journal=False)
        except JobFailedError as error:
            self._fail(entry, error)
            raise
        except MlError:
            entry.state = JobState.OPENED
            raise
        self._remove(job_id)

    def post(self, job_id: str, chunks: Iterable[bytes], reset: TimeRange | None) -> DataCounts:
        """See `interfaces.JobRuntime.post`."""
        line = self._opened(job_id)
        try:
            return line.post(chunks, reset)
        except JobFailedError as error:
            self._fail(self._entries[job_id], error)
            raise

    def flush(self, job_id: str, request: FlushRequest) -> FlushAnswer:
        """See `interfaces.JobRuntime.flush`."""
        line = self._opened(job_id)
        try:
            return line.flush(request)
        except JobFailedError as error:
            self._fail(self._entries[job_id], error)
            raise

    def update(self, job: Job) -> None:
        """See `interfaces.JobRuntime.update`."""
        entry = self._entries.get(job.job_id)
        if entry is not None and entry.line is not None:
            entry.line.update(job)

    def reload_rules(self, job_id: str) -> None:
        """See `interfaces.JobRuntime.reload_rules`."""
        entry = self._entries.get(job_id)
        if entry is not None and entry.line is not None:
            entry.line.reload_rules()

    def persist(self, job_id: str) -> str:
        """See `interfaces.JobRuntime.persist`."""
        return self._opened(job_id).persist()

    def forget(self, job_id: str) -> None:
        """See `interfaces.JobRuntime.forget`."""
        remove_journal(self._data_dir, job_id)

    def status(self, job_ids: Sequence[str]) -> Mapping[str, JobStatus]:
        """See `interfaces.JobRuntime.status`."""
        found = {}
        for job_id in job_ids:
            entry = self._entries.get(job_id)
            if entry is None:
                continue
            is_open = entry.state is JobState.OPENED and entry.line is not None
            found[job_id] = JobStatus(
                state=entry.state,
                node=self._node if entry.state is not JobState.FAILED else None,
                assignment_explanation=entry.reason,
                open_time=entry.open_time if is_open else None,
                stats=entry.line.stats() if is_open and entry.line is not None else None,
            )
        return found

    def node(self) -> Document:
        """See `interfaces.JobRuntime.node`."""
        return self._node

    def _opened(self, job_id: str) -> JobLine:
        entry = self._entries.get(job_id)
        if entry is not None and entry.state is JobState.FAILED:
            raise faults.failed(job_id, entry.reason)
        if entry is None or entry.state is not JobState.OPENED or entry.line is None:
            raise faults.not_open(job_id)
        return entry.line

    def _fail(self, entry: _Entry, error: MlError) -> None:
        entry.state, entry.reason = JobState.FAILED, error.reason

    def _remove(self, job_id: str) -> None:
        with self._lock:
            self._entries.pop(job_id, None)
