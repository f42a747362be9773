"""The protocols through which services, runtime, worker and storage meet.

None of these four imports another; `sidecar.bootstrap` plugs implementations in. All errors
that cross these lines are `sidecar.errors.MlError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sidecar.schema.data_counts import DataCounts
from sidecar.schema.job import Job
from sidecar.schema.job_task import JobState, JobTask
from sidecar.schema.model_size_stats import ModelSizeStats
from sidecar.schema.model_snapshot import ModelSnapshot
from sidecar.schema.timing_stats import TimingStats

Document = Mapping[str, Any]

# --- who calls ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Caller:
    """The headers that say who calls; never logged. `authorization` is None when absent."""

    authorization: str | None = None
    secondary_authorization: str | None = None
    run_as: str | None = None
    opaque_id: str | None = None


class Privileges(Protocol):
    """Asks Elasticsearch what a caller may do."""

    def require_cluster(self, caller: Caller, action: str) -> None:
        """Raise UnauthorizedError or ForbiddenError unless the caller may do `action`.

        `action` is a native action name such as `cluster:admin/xpack/ml/job/put`.
        """


# --- stored documents -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Versioned:
    """A document's place in its history, for compare-and-set."""

    seq_no: int
    primary_term: int


class JobStore(Protocol):
    """Job configurations in `.ml-config`."""

    def get(self, job_id: str) -> tuple[Job, Versioned]:
        """The job; raises ResourceNotFoundError (`No known job with id '…'`)."""

    def get_all(self) -> list[Job]:
        """All jobs, sorted by id, at most 10,000."""

    def create(self, job: Job) -> None:
        """Store a new job, searchable at once; raises ResourceAlreadyExistsError."""

    def replace(self, job: Job, version: Versioned) -> None:
        """Compare-and-set; raises VersionConflictError when somebody was faster."""

    def delete(self, job_id: str) -> bool:
        """Remove the configuration; False when it was gone already."""


class JobTaskStore(Protocol):
    """Tasks of open jobs and of deletions, in the sidecar's own index."""

    def get(self, job_id: str) -> tuple[JobTask, Versioned] | None:
        """The task of a job; None when the job is closed."""

    def get_all(self) -> list[JobTask]:
        """The tasks of all jobs that are not closed."""

    def put(self, task: JobTask, version: Versioned | None) -> Versioned:
        """Create (None) or compare-and-set; raises VersionConflictError."""

    def delete(self, job_id: str) -> None:
        """The job is closed now; gone already is fine."""


class AsyncTaskStore(Protocol):
    """Outcome of requests sent with `wait_for_completion=false`."""

    def put(self, task_id: str, document: Document) -> None:
        """Store the state or outcome of a task (the body that `GET _tasks/<id>` answers)."""

    def get(self, task_id: str) -> Document:
        """The stored body; raises ResourceNotFoundError."""


class ResultsIndices(Protocol):
    """Indices, mappings and aliases of results and state."""

    def install(self) -> None:
        """Templates and the fixed indices (idempotent; at start)."""

    def leftovers(self, job: Job) -> tuple[int, int]:
        """(result documents, state documents) of an earlier job with this id."""

    def prepare(self, job: Job) -> None:
        """Results index, keyword mappings of the term fields, read and write alias.

        Raises BadRequestError on a mapping clash or too many fields.
        """

    def remove(self, job: Job) -> None:
        """Delete all result documents (or the whole index if it is the job's alone) and aliases."""


@dataclass(frozen=True, slots=True)
class ResultsQuery:
    """What to read of one result type. Times are epoch ms, `start` inclusive, `end` exclusive.

    `sort` is a field name of the stored documents; `threshold` is the least score.
    """

    start: int | None = None
    end: int | None = None
    timestamp: int | None = None
    threshold: float = 0.0
    exclude_interim: bool = False
    from_: int = 0
    size: int = 100
    sort: str = "timestamp"
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page of documents and how many match in all."""

    count: int
    documents: Sequence[Document]


class ResultsReader(Protocol):
    """Reads `.ml-anomalies-<job>`."""

    def buckets(self, job_id: str, query: ResultsQuery) -> Page:
        """Bucket documents."""

    def records(self, job_id: str, query: ResultsQuery) -> Page:
        """Record documents."""

    def records_of_buckets(
        self, job_id: str, timestamps: Sequence[int], *, exclude_interim: bool
    ) -> Mapping[int, Sequence[Document]]:
        """Record documents by bucket time, best first, for `expand`."""

    def influencers(self, job_id: str, query: ResultsQuery) -> Page:
        """Influencer documents."""


class ResultsWriter(Protocol):
    """Bulk writes into a job's results; retried with backoff until done or refused."""

    def write(self, job_id: str, documents: Iterable[tuple[str, Document]]) -> int:
        """Index (id, document) pairs through the write alias; returns how many.

        Retries 429, 5xx and connection faults with backoff for as long as `should_stop` of the
        implementation lets it; raises UnavailableError when stopped, IllegalArgumentError when a
        document is refused for good (mapping), after the others have been written.
        """

    def delete_interim(self, job_id: str) -> None:
        """Delete all interim results of the job."""

    def delete_after(self, job_id: str, timestamp: int) -> None:
        """Delete results with `timestamp` > the given epoch ms (buckets, records, …)."""

    def refresh(self, job_id: str) -> None:
        """Make everything written searchable."""


class ModelStateStore(Protocol):
    """Model snapshots (results index) and their state chunks (`.ml-state`)."""

    def save(self, snapshot: ModelSnapshot, chunks: Iterable[bytes]) -> ModelSnapshot:
        """State chunks first, then quantiles, the snapshot document last, refreshed.

        Returns the snapshot with its `snapshot_doc_count`. Document ids carry the snapshot id,
        so an attempt that broke off leaves nothing that looks whole.
        """

    def load(self, snapshot: ModelSnapshot) -> Iterator[bytes]:
        """The chunks in order; raises ResourceNotFoundError when one is missing."""

    def get(self, job_id: str, snapshot_id: str) -> ModelSnapshot | None:
        """One snapshot; None when it does not exist."""

    def list(self, job_id: str) -> list[ModelSnapshot]:
        """All snapshots, newest first."""

    def delete(self, snapshot: ModelSnapshot) -> None:
        """Snapshot document and chunks."""

    def delete_all(self, job_id: str) -> None:
        """Every snapshot, chunk, quantiles and categorizer state of a job."""


class StatsStore(Protocol):
    """Data counts, model size stats and timing stats in the results index."""

    def put(
        self,
        counts: DataCounts | None = None,
        size: ModelSizeStats | None = None,
        timing: TimingStats | None = None,
    ) -> None:
        """Store what is given (data counts and timing overwrite, sizes are a new document)."""

    def data_counts(self, job_ids: Sequence[str]) -> Mapping[str, Document]:
        """Newest data counts by job id; jobs without any are absent."""

    def model_size_stats(self, job_ids: Sequence[str]) -> Mapping[str, Document]:
        """Newest model size stats by job id."""

    def timing_stats(self, job_ids: Sequence[str]) -> Mapping[str, Document]:
        """Timing stats by job id."""


class AnnotationStore(Protocol):
    """Annotations in `.ml-annotations-*`."""

    def put(self, annotation: Document, annotation_id: str | None = None) -> None:
        """Store one annotation."""

    def delete(self, job_id: str, *, user_annotations: bool) -> None:
        """Delete the system's annotations of a job, and the users' if asked."""


class AuditLog(Protocol):
    """Messages for users in `.ml-notifications-*`; never raises."""

    def info(self, job_id: str | None, message: str) -> None:
        """Something a user may want to know."""

    def warning(self, job_id: str | None, message: str) -> None:
        """Something a user should look at."""

    def error(self, job_id: str | None, message: str) -> None:
        """Something that failed."""


class ClusterInfo(Protocol):
    """Facts about the cluster behind the sidecar."""

    def root(self) -> Document:
        """The body of `GET /`, or the same shape made from other calls where it is missing."""

    def security_enabled(self) -> bool:
        """Whether callers have to say who they are."""


# --- open jobs ------------------------------------------------------------------------------


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
        """Apply a changed configuration (model plot, rules, groups)."""

    def persist(self) -> str:
        """Store a model snapshot now; returns its id."""

    def stats(self) -> OpenJobStats:
        """Counts, sizes and times as of now."""

    def close(self) -> None:
        """Finish what is queued, persist, store counts; afterwards the job can be released."""

    def abandon(self) -> None:
        """Stop without persisting (force close); nothing is written afterwards."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One durable step of a job's life, in order.

    `kind` is `upload` (payload in `chunks`), `flush` or `update`; `arguments` are plain values.
    """

    position: int
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


class JournalUpload(Protocol):
    """An upload being received."""

    def append(self, chunk: bytes) -> None:
        """Write a piece of the body (not yet synced)."""

    def read(self) -> Iterator[bytes]:
        """The body again from its beginning, in blocks."""

    def commit(self) -> JournalEntry:
        """Make the upload durable (fsync) and part of the journal."""

    def discard(self) -> None:
        """Forget the upload."""


class Journal(Protocol):
    """What was acknowledged and is not yet in a snapshot, on local disk; one writer per job."""

    @property
    def journal_id(self) -> str:
        """Random name of this journal's life: positions of another life do not compare."""

    @property
    def is_new(self) -> bool:
        """Whether this opening made it: nothing on this disk knows what became of the job."""

    def begin_upload(self, arguments: Mapping[str, Any]) -> JournalUpload:
        """Start receiving an upload."""

    def append(self, kind: str, arguments: Mapping[str, Any]) -> JournalEntry:
        """Make a step durable (fsync)."""

    def position(self) -> int:
        """Position of the last committed entry; 0 when there was none."""

    def entries(self, after: int) -> Iterator[tuple[JournalEntry, Iterator[bytes]]]:
        """Committed entries behind a position, each with the blocks of its body."""

    def truncate(self, upto: int) -> None:
        """A snapshot contains all entries up to and including this one: they may go."""

    def size_bytes(self) -> int:
        """Bytes on disk."""

    def delete(self) -> None:
        """Remove the journal: the job was closed or deleted."""

    def close(self) -> None:
        """Release the files; the journal stays on disk."""


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
