"""Stores of configurations and tasks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from sidecar.interfaces.documents import Document
from sidecar.schema.job import Job
from sidecar.schema.job_task import JobTask
from sidecar.schema.scheduled_event import ScheduledEvent


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


class FilterStore(Protocol):
    """Filters in `.ml-meta`."""

    def get(self, filter_ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """Items by filter id; filters that do not exist are absent."""


class CalendarStore(Protocol):
    """Calendars and their scheduled events in `.ml-meta`."""

    def events(self, job: Job) -> list[ScheduledEvent]:
        """Events of the calendars that name the job, a group of it or `_all`, by their begin."""


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
