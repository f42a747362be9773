"""Configurations and tasks in memory."""

from __future__ import annotations

import threading

from sidecar import messages
from sidecar.errors import (
    ResourceAlreadyExistsError,
    ResourceNotFoundError,
    VersionConflictError,
)
from sidecar.interfaces import Document, Versioned
from sidecar.schema.job import Job
from sidecar.schema.job_task import JobTask
from tests.fakes.failing import Failing


class FakeJobStore(Failing):
    """Implements `interfaces.JobStore`."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._jobs: dict[str, tuple[Job, int]] = {}
        self._seq_no = 0

    def get(self, job_id: str) -> tuple[Job, Versioned]:
        self._called("get")
        with self._lock:
            if job_id not in self._jobs:
                raise ResourceNotFoundError(messages.unknown_job(job_id))
            job, seq_no = self._jobs[job_id]
            return job, Versioned(seq_no, 1)

    def get_all(self) -> list[Job]:
        self._called("get_all")
        with self._lock:
            return [self._jobs[job_id][0] for job_id in sorted(self._jobs)][:10_000]

    def create(self, job: Job) -> None:
        self._called("create")
        with self._lock:
            if job.job_id in self._jobs:
                raise ResourceAlreadyExistsError(messages.job_id_taken(job.job_id))
            self._store(job)

    def replace(self, job: Job, version: Versioned) -> None:
        self._called("replace")
        with self._lock:
            if job.job_id not in self._jobs or self._jobs[job.job_id][1] != version.seq_no:
                raise VersionConflictError(f"[{job.job_id}]: version conflict")
            self._store(job)

    def delete(self, job_id: str) -> bool:
        self._called("delete")
        with self._lock:
            return self._jobs.pop(job_id, None) is not None

    def _store(self, job: Job) -> None:
        self._seq_no += 1
        self._jobs[job.job_id] = (job, self._seq_no)


class FakeJobTaskStore(Failing):
    """Implements `interfaces.JobTaskStore`."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._tasks: dict[str, tuple[JobTask, int]] = {}
        self._seq_no = 0

    def get(self, job_id: str) -> tuple[JobTask, Versioned] | None:
        self._called("get")
        with self._lock:
            if job_id not in self._tasks:
                return None
            task, seq_no = self._tasks[job_id]
            return task, Versioned(seq_no, 1)

    def get_all(self) -> list[JobTask]:
        self._called("get_all")
        with self._lock:
            return [self._tasks[job_id][0] for job_id in sorted(self._tasks)]

    def put(self, task: JobTask, version: Versioned | None) -> Versioned:
        self._called("put")
        with self._lock:
            known = self._tasks.get(task.job_id)
            if (None if known is None else known[1]) != (version and version.seq_no):
                raise VersionConflictError(f"[{task.job_id}]: version conflict")
            self._seq_no += 1
            self._tasks[task.job_id] = (task, self._seq_no)
            return Versioned(self._seq_no, 1)

    def delete(self, job_id: str) -> None:
        self._called("delete")
        with self._lock:
            self._tasks.pop(job_id, None)


class FakeAsyncTaskStore(Failing):
    """Implements `interfaces.AsyncTaskStore`."""

    def __init__(self) -> None:
        super().__init__()
        self._documents: dict[str, Document] = {}

    def put(self, task_id: str, document: Document) -> None:
        self._called("put")
        self._documents[task_id] = dict(document)

    def get(self, task_id: str) -> Document:
        self._called("get")
        if task_id not in self._documents:
            raise ResourceNotFoundError(messages.task_not_found(task_id))
        return self._documents[task_id]
