"""Open jobs, and the runtime in which they live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sidecar.interfaces.documents import Document
from sidecar.interfaces.journal import Journal
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.job import Job
from sidecar.schema.job_task import JobState
from sidecar.schema.model_size_stats import ModelSizeStats
from sidecar.schema.timing_stats import TimingStats


@dataclass(frozen=True, slots=True)
class TimeRange:
    """[start, end) in epoch milliseconds; None is open."""

    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class FlushRequest:
    """A flush; times are epoch milliseconds."""

    calc_interim: bool = False
    start: int | None = None
    end: int | None = None
    advance_time: int | None = None
    skip_time: int | None = None


@dataclass(frozen=True, slots=True)
class FlushAnswer:
    """`last_finalized_bucket_end` in epoch ms; None when no bucket was finalised yet."""

    last_finalized_bucket_end: int | None = None


@dataclass(frozen=True, slots=True)
class OpenJobStats:
    """What only the process of an open job knows."""

    data_counts: DataCounts
    model_size_stats: ModelSizeStats
    timing_stats: TimingStats


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What the runtime knows of one job; `stats` is None unless the job is opened."""

    state: JobState
    node: Document | None = None
    assignment_explanation: str | None = None
    open_time: int | None = None
    stats: OpenJobStats | None = None


class OpenJob(Protocol):
    """One open job: lives in the job's process; the runtime calls it, worker.Autodetect is it.

    `post`, `flush`, `update`, `persist` and `close` are called by one thread at a time, in the
    order of arrival; `stats` may be called at any time from another thread.
    """

    def post(self, chunks: Iterable[bytes], reset: TimeRange | None) -> DataCounts:
        """Take an upload over: journal, parse, hand to the engine; the upload's own counts.

        Returns when the records are durable in the journal. `chunks` may raise (the caller went
        away, the body is too large): then nothing of the upload is kept and the error goes on.
        Raises ParseError (malformed input: what was good is kept), TooManyRequestsError.
        """

    def flush(self, request: FlushRequest) -> FlushAnswer:
        """Returns when everything posted before is analysed and searchable."""

    def update(self, job: Job) -> None:
        """Apply a changed configuration (model plot, rules, groups).

        Raises ResourceNotFoundError when a rule names a filter that does not exist.
        """

    def reload_rules(self) -> None:
        """Filters or calendars may have changed: read those of the job again and apply them.

        Raises ResourceNotFoundError when a rule names a filter that does not exist.
        """

    def persist(self) -> str:
        """Store a model snapshot now; returns its id."""

    def stats(self) -> OpenJobStats:
        """Counts, sizes and times as of now."""

    def close(self) -> None:
        """Finish what is queued, persist, store counts; afterwards the job can be released."""

    def abandon(self) -> None:
        """Stop without persisting (force close); nothing is written afterwards."""


class OpenJobFactory(Protocol):
    """Opens a job in the current process: restore, replay the journal, ready for data."""

    def __call__(self, job_id: str, epoch: int, journal: Journal) -> OpenJob:
        """Raises MlError when the job cannot be opened; the task then becomes failed."""


class JobRuntime(Protocol):
    """Where jobs run, as services see it (from any HTTP worker).

    Every method raises ConflictError (409, native wording) when the job's state forbids it and
    UnavailableError (503, Retry-After) when the job's process cannot be reached.
    """

    def open(self, job_id: str, timeout_ms: int) -> str:
        """Open the job, wait until it is opened; returns the node id.

        Raises ConflictError (already opened), RequestTimeoutError, TooManyRequestsError (limit).
        """

    def close(self, job_id: str, *, force: bool, timeout_ms: int) -> None:
        """Close the job (a closed job: nothing to do); force does not persist."""

    def post(self, job_id: str, chunks: Iterable[bytes], reset: TimeRange | None) -> DataCounts:
        """See OpenJob.post; uploads to one job wait for each other, in order."""

    def flush(self, job_id: str, request: FlushRequest) -> FlushAnswer:
        """See OpenJob.flush."""

    def update(self, job: Job) -> None:
        """Tell an open job of its changed configuration; a closed one: nothing to do."""

    def reload_rules(self, job_id: str) -> None:
        """Tell an open job of changed filters or calendars; a closed one: nothing to do.

        See OpenJob.reload_rules.
        """

    def persist(self, job_id: str) -> str:
        """See OpenJob.persist."""

    def forget(self, job_id: str) -> None:
        """Remove what the runtime keeps of a closed job (its journal); gone already is fine.

        Part of deleting a job: a later job with the same id must not replay the old data.
        """

    def status(self, job_ids: Sequence[str]) -> Mapping[str, JobStatus]:
        """State of each job; jobs that are closed are absent. Never raises for a busy job."""

    def node(self) -> Document:
        """id, name, ephemeral_id, transport_address, attributes of this sidecar."""
