"""Audit messages of jobs."""

from __future__ import annotations

from collections.abc import Iterable


def audit_job_created() -> str:
    """A job was created."""
    return "Job created"


def audit_job_updated(fields: Iterable[str]) -> str:
    """A job was changed; the changed fields in order."""
    return f"Job updated: [{', '.join(fields)}]"


def audit_job_closing(*, forced: bool) -> str:
    """A job is being closed."""
    return "Job is closing (forced)" if forced else "Job is closing"


def audit_deleting_job(task_id: str) -> str:
    """A deletion begins or goes on."""
    return f"Deleting job by task with id '{task_id}'"


def audit_error_deleting_job(reason: str) -> str:
    """A deletion failed; the job stays marked."""
    return f"Error deleting job: {reason}"


def audit_calendars_updated() -> str:
    """An open job has taken over the events of its calendars."""
    return "Updated calendars in running process"


def audit_job_deleted() -> str:
    """A job is gone."""
    return "Job deleted"


def categorization_status_changed(status: str, field: str | None, value: str | None) -> str:
    """Categorization works well no more, or again; of one partition if there is any."""
    text = f"Categorization status changed to '{status}'"
    return text if field is None else f"{text} for {field} [{value}]"
