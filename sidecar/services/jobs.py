"""Creating, reading and updating job configurations."""

from __future__ import annotations

from sidecar import messages
from sidecar.clock import Clock
from sidecar.engine.functions import FUNCTIONS
from sidecar.engine.memory_estimate import estimate_bytes
from sidecar.errors import ConflictError, ResourceAlreadyExistsError, ResourceNotFoundError
from sidecar.interfaces import (
    AuditLog,
    FilterStore,
    JobRuntime,
    JobStore,
    ResultsIndices,
    StatsStore,
    filters_of,
)
from sidecar.schema.job import Job
from sidecar.schema.job_defaults import fill_defaults
from sidecar.schema.job_update import JobUpdate, apply_update, updated_fields
from sidecar.schema.memory_estimate import MemoryEstimateRequest
from sidecar.schema.not_yet import require_supported
from sidecar.services.config_changes import change_job
from sidecar.services.id_matching import expand_job_ids

_MIB = 1024 * 1024


class JobService:
    """The configurations of jobs."""

    def __init__(
        self,
        jobs: JobStore,
        filters: FilterStore,
        indices: ResultsIndices,
        stats: StatsStore,
        runtime: JobRuntime,
        audit: AuditLog,
        clock: Clock,
        *,
        max_model_memory_limit: str = "",
    ) -> None:
        self._jobs = jobs
        self._filters = filters
        self._indices = indices
        self._stats = stats
        self._runtime = runtime
        self._audit = audit
        self._clock = clock
        self._max_memory = max_model_memory_limit

    def create(self, job: Job) -> Job:
        """Store a job that passed the parser; returns it with all defaults filled in.

        The configuration is written last, so a job that can be seen is complete. Raises
        ResourceAlreadyExistsError (id taken, or the name of a group), ConflictError (documents
        of an earlier job of this name), BadRequestError (not supported, mapping clash).
        """
        filled = fill_defaults(job, now_ms=self._clock(), max_model_memory_limit=self._max_memory)
        self._refuse_taken_id(filled.job_id)
        self._refuse_leftovers(filled)
        refuse_name_clash(filled, self._jobs.get_all())
        require_supported(filled, FUNCTIONS)
        self._indices.prepare(filled)
        try:
            self._jobs.create(filled)
        except ResourceAlreadyExistsError:
            raise ResourceAlreadyExistsError(messages.job_id_taken(filled.job_id)) from None
        self._audit.info(filled.job_id, messages.audit_job_created())
        return filled

    def estimate_memory_mb(self, request: MemoryEstimateRequest) -> int:
        """Whole MiB that the models of such a job are expected to take, rounded up.

        Raises BadRequestError when the number of a field's values is missing.
        """
        return -(-estimate_bytes(request) // _MIB)

    def get(self, expression: str, *, allow_no_match: bool) -> list[Job]:
        """The jobs that an expression names, by id."""
        known = {job.job_id: job for job in self._jobs.get_all()}
        ids = expand_job_ids(expression, list(known.values()), allow_no_match=allow_no_match)
        return [known[job_id] for job_id in ids]

    def update(self, job_id: str, update: JobUpdate) -> Job:
        """Change a job and tell its process when it is open; returns the changed job.

        Raises ResourceNotFoundError (the job, or a filter that a rule of an open one names),
        BadRequestError, and ResourceAlreadyExistsError when a new group has the name of a job.
        """
        status = self._runtime.status([job_id]).get(job_id)
        model_bytes = self._model_bytes(job_id)
        others: list[Job] = self._jobs.get_all() if update.groups is not None else []

        def change(job: Job) -> Job:
            changed = apply_update(job, update, is_open=status is not None, model_bytes=model_bytes)
            refuse_name_clash(changed, others)
            require_supported(changed, FUNCTIONS)
            if status is not None:
                filters_of(changed, self._filters)
            return changed

        changed = change_job(self._jobs, job_id, change)
        if status is not None:
            self._runtime.update(changed)
        self._audit.info(job_id, messages.audit_job_updated(updated_fields(update)))
        return changed

    def _model_bytes(self, job_id: str) -> int:
        stored = self._stats.model_size_stats([job_id]).get(job_id, {})
        return int(stored.get("model_bytes", 0))

    def _refuse_taken_id(self, job_id: str) -> None:
        try:
            self._jobs.get(job_id)
        except ResourceNotFoundError:
            return
        raise ResourceAlreadyExistsError(messages.job_id_taken(job_id))

    def _refuse_leftovers(self, job: Job) -> None:
        results, states = self._indices.leftovers(job)
        if results or states:
            raise ConflictError(messages.left_over_documents(results, states, job.job_id))


def refuse_name_clash(job: Job, others: list[Job]) -> None:
    """Raise ResourceAlreadyExistsError when a group has the name of a job, or the reverse."""
    ids = {other.job_id for other in others} | {job.job_id}
    for group in job.groups:
        if group in ids:
            raise ResourceAlreadyExistsError(messages.job_and_group_names_must_be_unique(group))
    if any(job.job_id in other.groups for other in others):
        raise ResourceAlreadyExistsError(messages.job_and_group_names_must_be_unique(job.job_id))
