"""Opening and closing jobs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sidecar import messages
from sidecar.clock import Clock
from sidecar.errors import ConflictError, MlError, ResourceNotFoundError
from sidecar.interfaces import AuditLog, FilterStore, JobRuntime, JobStore, filters_of
from sidecar.schema.job import Job
from sidecar.schema.job_task import JobState
from sidecar.services.config_changes import change_job
from sidecar.services.id_matching import expand_job_ids

# Jobs closed at once by one request; each may persist a model, which takes memory and bandwidth.
_PARALLEL_CLOSES = 8


class JobStateService:
    """Moves jobs between closed and opened."""

    def __init__(
        self,
        jobs: JobStore,
        filters: FilterStore,
        runtime: JobRuntime,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._jobs = jobs
        self._filters = filters
        self._runtime = runtime
        self._audit = audit
        self._clock = clock

    def open(self, job_id: str, timeout_ms: int) -> str:
        """Open a job and wait until it takes data; returns the id of the node it runs on.

        Raises ResourceNotFoundError (the job, or a filter that its rules name), ConflictError
        (opened already, or being deleted), RequestTimeoutError, TooManyRequestsError.
        """
        job, _ = self._jobs.get(job_id)
        _refuse_blocked(job)
        filters_of(job, self._filters)
        node = self._runtime.open(job_id, timeout_ms)
        try:
            change_job(self._jobs, job_id, _reopened)
        except (ConflictError, ResourceNotFoundError):
            # A deletion began while the job was being opened: the deletion wins.
            self._runtime.close(job_id, force=True, timeout_ms=timeout_ms)
            raise
        return node

    def close(self, expression: str, *, allow_no_match: bool, force: bool, timeout_ms: int) -> None:
        """Close all jobs that the expression names; closed ones stay so.

        Nothing is closed when the expression or the state of one job forbids it: raises
        ResourceNotFoundError, ConflictError (a failed job without `force`). An error of one job
        while closing does not keep the others open.
        """
        ids = expand_job_ids(expression, self._jobs.get_all(), allow_no_match=allow_no_match)
        states = self._runtime.status(ids) if ids else {}
        running = [job_id for job_id in ids if job_id in states]
        failed = [job_id for job_id in running if states[job_id].state is JobState.FAILED]
        if failed and not force:
            several = len(failed) > 1
            raise ConflictError(
                messages.close_failed_jobs() if several else messages.close_failed_job(failed[0])
            )
        self._close_all(running, force=force, timeout_ms=timeout_ms)

    def _close_all(self, job_ids: Sequence[str], *, force: bool, timeout_ms: int) -> None:
        if not job_ids:
            return

        def close(job_id: str) -> MlError | None:
            try:
                self._close_one(job_id, force=force, timeout_ms=timeout_ms)
            except MlError as error:
                return error
            return None

        with ThreadPoolExecutor(max_workers=min(len(job_ids), _PARALLEL_CLOSES)) as pool:
            errors = [error for error in pool.map(close, job_ids) if error is not None]
        if errors:
            raise errors[0]

    def _close_one(self, job_id: str, *, force: bool, timeout_ms: int) -> None:
        self._audit.info(job_id, messages.audit_job_closing(forced=force))
        self._runtime.close(job_id, force=force, timeout_ms=timeout_ms)
        if force:
            return
        finished = self._clock()
        try:
            change_job(self._jobs, job_id, _finished_at(finished))
        except ResourceNotFoundError:
            # Deleted meanwhile: closed it is.
            return


def _refuse_blocked(job: Job) -> None:
    if job.blocked is not None and job.blocked.reason != "none":
        raise ConflictError(messages.job_blocked(job.job_id, job.blocked.reason))


def _reopened(job: Job) -> Job:
    _refuse_blocked(job)
    return dataclasses.replace(job, finished_time=None)


def _finished_at(time_ms: int) -> Callable[[Job], Job]:
    return lambda job: dataclasses.replace(job, finished_time=time_ms)
