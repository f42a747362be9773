"""A runtime in memory: jobs are entries of a dict, data are counted and forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from sidecar.clock import Clock
from sidecar.errors import ConflictError
from sidecar.interfaces import (
    Document,
    FlushAnswer,
    FlushRequest,
    JobStatus,
    OpenJobStats,
    TimeRange,
)
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.job import Job
from sidecar.schema.job_task import JobState
from sidecar.schema.model_size_stats import ModelSizeStats
from sidecar.schema.timing_stats import TimingStats
from tests.fakes.failing import Failing

NODE: Document = {
    "id": "fake-node",
    "name": "fake",
    "ephemeral_id": "fake-ephemeral",
    "transport_address": "127.0.0.1:9280",
    "attributes": {},
}


class FakeRuntime(Failing):
    """Implements `interfaces.JobRuntime`.

    `states` may be set by a test; `uploads` holds the bodies of every job, `flushes` what was
    asked, `updates` the configurations told, `reloads` the jobs told of changed filters or
    calendars, `closes` (job, force), `forgotten` deleted jobs.
    `on_open` runs while a job is being opened. A record is a line of the upload.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self.states: dict[str, JobState] = {}
        self.opened_at: dict[str, int] = {}
        self.uploads: dict[str, list[bytes]] = {}
        self.resets: list[TimeRange | None] = []
        self.flushes: list[tuple[str, FlushRequest]] = []
        self.updates: list[Job] = []
        self.reloads: list[str] = []
        self.closes: list[tuple[str, bool]] = []
        self.forgotten: list[str] = []
        self.last_finalized_bucket_end: int | None = None
        self.on_open: Callable[[], None] = lambda: None

    def open(self, job_id: str, timeout_ms: int) -> str:
        self._called("open")
        with self._lock:
            if job_id in self.states:
                raise ConflictError(
                    f"Cannot open job [{job_id}] because it has already been opened"
                )
            self.states[job_id] = JobState.OPENED
            self.opened_at[job_id] = self._clock()
        self.on_open()
        return str(NODE["id"])

    def close(self, job_id: str, *, force: bool, timeout_ms: int) -> None:
        self._called("close")
        with self._lock:
            self.states.pop(job_id, None)
            self.closes.append((job_id, force))

    def post(self, job_id: str, chunks: Iterable[bytes], reset: TimeRange | None) -> DataCounts:
        self._called("post")
        self._require_open(job_id)
        body = b"".join(chunks)
        self.uploads.setdefault(job_id, []).append(body)
        self.resets.append(reset)
        return self._counts(job_id, [body])

    def flush(self, job_id: str, request: FlushRequest) -> FlushAnswer:
        self._called("flush")
        self._require_open(job_id)
        self.flushes.append((job_id, request))
        return FlushAnswer(self.last_finalized_bucket_end)

    def update(self, job: Job) -> None:
        self._called("update")
        self.updates.append(job)

    def reload_rules(self, job_id: str) -> None:
        self._called("reload_rules")
        self.reloads.append(job_id)

    def persist(self, job_id: str) -> str:
        self._called("persist")
        self._require_open(job_id)
        return "1"

    def forget(self, job_id: str) -> None:
        self._called("forget")
        self.forgotten.append(job_id)

    def status(self, job_ids: Sequence[str]) -> Mapping[str, JobStatus]:
        self._called("status")
        with self._lock:
            found = {job_id: self.states[job_id] for job_id in job_ids if job_id in self.states}
        return {job_id: self._status(job_id, state) for job_id, state in found.items()}

    def node(self) -> Document:
        self._called("node")
        return NODE

    def _status(self, job_id: str, state: JobState) -> JobStatus:
        if state is not JobState.OPENED:
            return JobStatus(state, node=NODE, assignment_explanation="")
        stats = OpenJobStats(
            self._counts(job_id, self.uploads.get(job_id, [])),
            ModelSizeStats(job_id, log_time=self._clock()),
            TimingStats(job_id),
        )
        opened_at = self.opened_at.get(job_id, self._clock())
        return JobStatus(state, NODE, "", opened_at, stats)

    def _counts(self, job_id: str, bodies: list[bytes]) -> DataCounts:
        records = sum(len(body.splitlines()) for body in bodies)
        return DataCounts(
            job_id,
            processed_record_count=records,
            input_bytes=sum(map(len, bodies)),
            last_data_time=self._clock() if records else None,
        )

    def _require_open(self, job_id: str) -> None:
        if self.states.get(job_id) is not JobState.OPENED:
            raise ConflictError(
                f"Cannot perform requested action because job [{job_id}] is not open"
            )
