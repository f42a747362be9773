"""Statistics of jobs: from the process of an open job, else what was stored last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.clock import Clock
from sidecar.interfaces import Document, JobRuntime, JobStatus, JobStore, StatsStore
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.job import Job
from sidecar.schema.job_task import JobState
from sidecar.schema.model_size_stats import ModelSizeStats
from sidecar.schema.timing_stats import TimingStats
from sidecar.services.id_matching import expand_job_ids


@dataclass(frozen=True, slots=True)
class JobStats:
    """Everything known of one job; `open_seconds` only while it is open."""

    job_id: str
    state: JobState
    data_counts: Document
    model_size_stats: Document
    timing_stats: Document
    deleting: bool = False
    node: Document | None = None
    assignment_explanation: str | None = None
    open_seconds: int | None = None


class JobStatsService:
    """Reads the statistics of jobs."""

    def __init__(
        self, jobs: JobStore, stats: StatsStore, runtime: JobRuntime, clock: Clock
    ) -> None:
        self._jobs = jobs
        self._stats = stats
        self._runtime = runtime
        self._clock = clock

    def get(self, expression: str, *, allow_no_match: bool) -> list[JobStats]:
        """Statistics of all jobs that the expression names, by id."""
        known = {job.job_id: job for job in self._jobs.get_all()}
        ids = expand_job_ids(expression, list(known.values()), allow_no_match=allow_no_match)
        if not ids:
            return []
        statuses = self._runtime.status(ids)
        stored_ids = [i for i in ids if i not in statuses or statuses[i].stats is None]
        stored = self._stored(stored_ids) if stored_ids else {}
        return [self._of(known[i], statuses.get(i), stored.get(i)) for i in ids]

    def _stored(self, job_ids: list[str]) -> Mapping[str, tuple[Document, Document, Document]]:
        counts = self._stats.data_counts(job_ids)
        sizes = self._stats.model_size_stats(job_ids)
        timings = self._stats.timing_stats(job_ids)
        now = self._clock()
        return {
            job_id: (
                counts.get(job_id) or DataCounts(job_id).to_document(),
                sizes.get(job_id) or ModelSizeStats(job_id, log_time=now).to_document(),
                _without_type(timings.get(job_id) or TimingStats(job_id).to_document()),
            )
            for job_id in job_ids
        }

    def _of(
        self,
        job: Job,
        status: JobStatus | None,
        stored: tuple[Document, Document, Document] | None,
    ) -> JobStats:
        live = None if status is None else status.stats
        if live is not None:
            counts: Document = live.data_counts.to_document()
            size: Document = live.model_size_stats.to_document()
            timing: Document = live.timing_stats.to_document()
        else:
            counts, size, timing = stored or ({}, {}, {})
        if status is None:
            return JobStats(job.job_id, JobState.CLOSED, counts, size, timing, job.deleting)
        is_open = status.state is JobState.OPENED and status.open_time is not None
        return JobStats(
            job.job_id,
            status.state,
            counts,
            size,
            timing,
            deleting=job.deleting,
            node=status.node,
            assignment_explanation=status.assignment_explanation,
            open_seconds=self._seconds_since(status.open_time) if is_open else None,
        )

    def _seconds_since(self, time_ms: int | None) -> int:
        return max(0, self._clock() - (time_ms or 0)) // 1000


def _without_type(document: Document) -> Document:
    """Timing stats are answered without the type under which they are stored."""
    return {name: value for name, value in document.items() if name != "result_type"}
