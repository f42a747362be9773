"""Deleting jobs: in an order that can be broken off anywhere and taken up again.

The configuration carries a mark with the id of the task that works on the deletion. It is set by
compare-and-set, so there is one worker at a time; whoever finds the mark of a worker that died
replaces it by its own and starts over: every step may be repeated.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sidecar import messages
from sidecar.errors import (
    ConflictError,
    MlError,
    ResourceNotFoundError,
    UnavailableError,
    VersionConflictError,
)
from sidecar.interfaces import (
    AnnotationStore,
    AuditLog,
    JobRuntime,
    JobStore,
    ModelStateStore,
    ResultsIndices,
)
from sidecar.schema.job import Blocked, Job
from sidecar.services.actions import ACTIONS
from sidecar.services.config_changes import MAX_ATTEMPTS, change_job
from sidecar.services.tasks import Task, TaskService

logger = logging.getLogger(__name__)

REASON = "delete"
_ACKNOWLEDGED = {"acknowledged": True}
_KILL_TIMEOUT_MS = 60_000

Spawn = Callable[[Callable[[], None]], None]


def spawn_thread(work: Callable[[], None]) -> None:
    """Do the work beside the request; it ends with the process and is taken up again later."""
    threading.Thread(target=work, name="job deletion", daemon=True).start()


@dataclass(frozen=True, slots=True)
class DeleteRequest:
    """What was asked for; `headers` are shown with the task."""

    job_id: str
    force: bool = False
    delete_user_annotations: bool = False
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Mark:
    """Who works on a deletion: `task` when it is us, else the id of the other's."""

    task_id: str
    task: Task | None
    # The task of a worker that died and whose waiting callers get our outcome.
    replaced: Task | None = None


class _TakenOverError(Exception):
    """Another worker put its mark over ours, because we had been silent for a lease."""

    def __init__(self, task_id: str) -> None:
        super().__init__(task_id)
        self.task_id = task_id


class JobDeletion:
    """Deletes jobs with everything that belongs to them."""

    def __init__(
        self,
        jobs: JobStore,
        indices: ResultsIndices,
        model_state: ModelStateStore,
        annotations: AnnotationStore,
        runtime: JobRuntime,
        audit: AuditLog,
        tasks: TaskService,
        *,
        spawn: Spawn = spawn_thread,
    ) -> None:
        self._jobs = jobs
        self._indices = indices
        self._model_state = model_state
        self._annotations = annotations
        self._runtime = runtime
        self._audit = audit
        self._tasks = tasks
        self._spawn = spawn

    def delete(self, request: DeleteRequest) -> None:
        """Delete a job and return when it is gone; waits for a deletion that is under way.

        Raises ConflictError (open, without `force`), ResourceNotFoundError, or what a step
        raised: then the job stays marked and the next call goes on.
        """
        try:
            mark = self._mark(request)
        except ResourceNotFoundError:
            if not (request.force and self._is_open(request.job_id)):
                raise
            self._delete_without_configuration(request)
            return
        self._finish(request, mark)

    def delete_later(self, request: DeleteRequest) -> str:
        """Begin to delete a job; returns the id of the task. Raises as `delete` before it began."""
        mark = self._mark(request)
        if mark.task is not None:
            self._spawn(lambda: self._finish_quietly(request, mark))
        return mark.task_id

    def resume_deletions(self) -> int:
        """Finish deletions that a crash broke off; returns how many jobs were taken up.

        For the start of the sidecar, beside its work: waits for workers that are alive, or have
        not been silent for long enough to tell. Raises UnavailableError, after all were tried,
        when it is worth calling again.
        """
        unavailable: UnavailableError | None = None
        marked = [job for job in self._jobs.get_all() if _is_marked(job)]
        for job in marked:
            status = self._tasks.status_of(job.blocked.task_id if job.blocked else None)
            request = DeleteRequest(
                job.job_id,
                force=bool(status.get("force")),
                delete_user_annotations=bool(status.get("delete_user_annotations")),
            )
            try:
                self.delete(request)
            except ResourceNotFoundError:
                continue
            except UnavailableError as error:
                unavailable = error
            except MlError as error:
                logger.warning("job [%s] is not deleted yet: %s", job.job_id, error.reason)
        if unavailable is not None:
            raise unavailable
        return len(marked)

    def _mark(self, request: DeleteRequest) -> _Mark:
        """Put our mark on the configuration, unless a living worker's is there."""
        task: Task | None = None
        for _ in range(MAX_ATTEMPTS):
            if not request.force:
                self._refuse_open(request.job_id)
            job, version = self._jobs.get(request.job_id)
            other = job.blocked.task_id if job.blocked and _is_marked(job) else None
            if other is not None and self._tasks.is_alive(other):
                return _Mark(other, None)
            if task is None:
                task = self._start_task(request)
            blocked = Blocked(REASON, task.task_id)
            try:
                self._jobs.replace(
                    dataclasses.replace(job, blocked=blocked, deleting=True), version
                )
            except VersionConflictError:
                continue
            replaced = None if other is None else self._tasks.running(other)
            return _Mark(task.task_id, task, replaced)
        raise ConflictError(messages.too_many_writers(request.job_id))

    def _start_task(self, request: DeleteRequest) -> Task:
        status = {
            "force": request.force,
            "delete_user_annotations": request.delete_user_annotations,
        }
        return self._tasks.start(
            ACTIONS["ml.delete_job"],
            f"delete-job-{request.job_id}",
            headers=request.headers,
            status=status,
        )

    def _finish(self, request: DeleteRequest, mark: _Mark) -> None:
        """Do the deletion, or wait for the one who does it and go on where that one dies."""
        going: _Mark | None = mark
        while going is not None:
            if going.task is None:
                going = self._wait(request, going.task_id)
                continue
            try:
                self._work(request, going, going.task)
            except _TakenOverError as taken_over:
                going = _Mark(taken_over.task_id, None)
                continue
            return

    def _wait(self, request: DeleteRequest, task_id: str) -> _Mark | None:
        """Wait for another worker; None when the job is gone, else who works on it now."""
        while self._tasks.is_alive(task_id):
            self._tasks.pause()
        if self._tasks.succeeded(task_id):
            return None
        try:
            job, _ = self._jobs.get(request.job_id)
            if not _is_marked(job):
                raise ConflictError(messages.deletion_refused(request.job_id))
            return self._mark(request)
        except ResourceNotFoundError:
            return None

    def _finish_quietly(self, request: DeleteRequest, mark: _Mark) -> None:
        try:
            self._finish(request, mark)
        except MlError as error:
            # The task and the audit log tell it.
            logger.warning("deleting job [%s] failed: %s", request.job_id, error.reason)

    def _work(self, request: DeleteRequest, mark: _Mark, task: Task) -> None:
        job_id = request.job_id
        tasks = [task] if mark.replaced is None else [task, mark.replaced]
        self._audit.info(job_id, messages.audit_deleting_job(task.task_id))
        try:
            with self._tasks.kept_alive(task):
                self._steps(request, task.task_id)
        except _TakenOverError:
            # Whoever took over tells the outcome under our id too.
            raise
        except Exception as error:
            told = error if isinstance(error, MlError) else MlError(str(error))
            self._audit.error(job_id, messages.audit_error_deleting_job(told.reason))
            for one in tasks:
                self._tasks.fail(one, told)
            raise
        self._audit.info(job_id, messages.audit_job_deleted())
        for one in tasks:
            self._tasks.complete(one, _ACKNOWLEDGED)

    def _steps(self, request: DeleteRequest, task_id: str) -> None:
        job_id = request.job_id
        if request.force:
            self._runtime.close(job_id, force=True, timeout_ms=_KILL_TIMEOUT_MS)
        elif (status := self._runtime.status([job_id]).get(job_id)) is not None:
            # Opened between the first look and the mark.
            change_job(self._jobs, job_id, _unmarked(task_id))
            raise ConflictError(messages.cannot_delete_open(job_id, str(status.state)))
        steps: tuple[Callable[[Job], object], ...] = (
            lambda job: self._runtime.forget(job.job_id),
            lambda job: self._model_state.delete_all(job.job_id),
            lambda job: self._annotations.delete(
                job.job_id, user_annotations=request.delete_user_annotations
            ),
            self._indices.remove,
            lambda job: self._jobs.delete(job.job_id),
        )
        for step in steps:
            job = self._still_ours(job_id, task_id)
            if job is None:
                return
            step(job)

    def _still_ours(self, job_id: str, task_id: str) -> Job | None:
        """The job; None when it is gone. Raises _TakenOverError when we were thought dead."""
        try:
            job, _ = self._jobs.get(job_id)
        except ResourceNotFoundError:
            return None
        owner = job.blocked.task_id if job.blocked is not None else None
        if owner is None:
            # A new job of this name: ours is gone.
            return None
        if owner != task_id:
            raise _TakenOverError(owner)
        return job

    def _is_open(self, job_id: str) -> bool:
        return job_id in self._runtime.status([job_id])

    def _refuse_open(self, job_id: str) -> None:
        status = self._runtime.status([job_id]).get(job_id)
        if status is not None:
            raise ConflictError(messages.cannot_delete_open(job_id, str(status.state)))

    def _delete_without_configuration(self, request: DeleteRequest) -> None:
        """A task without a configuration: stop it and remove what can be found by the id."""
        self._runtime.close(request.job_id, force=True, timeout_ms=_KILL_TIMEOUT_MS)
        self._runtime.forget(request.job_id)
        self._model_state.delete_all(request.job_id)
        self._annotations.delete(request.job_id, user_annotations=request.delete_user_annotations)
        self._audit.info(request.job_id, messages.audit_job_deleted())


def _is_marked(job: Job) -> bool:
    return job.blocked is not None and job.blocked.reason == REASON


def _unmarked(task_id: str) -> Callable[[Job], Job]:
    def change(job: Job) -> Job:
        if job.blocked is None or job.blocked.task_id != task_id:
            return job
        return dataclasses.replace(job, blocked=None, deleting=False)

    return change
