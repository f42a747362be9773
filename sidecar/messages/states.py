"""What the state of a job does not allow."""

from __future__ import annotations


def job_not_open(job_id: str) -> str:
    """An operation that needs an open job (or there is no such job)."""
    return f"Cannot perform requested action because job [{job_id}] is not open"


def job_already_open(job_id: str) -> str:
    """Opened twice."""
    return f"Cannot open job [{job_id}] because it has already been opened"


def job_blocked(job_id: str, reason: str) -> str:
    """Something else is going on that forbids opening."""
    return f"Cannot open job [{job_id}] because it is executing [{reason}]"


def opening_timed_out(job_id: str, timeout: str) -> str:
    """The job did not open in time."""
    return f"Opening job [{job_id}] timed out after [{timeout}]"


def close_failed_job(job_id: str) -> str:
    """A failed job needs force."""
    return f"cannot close job [{job_id}] because it failed, use force close"


def close_failed_jobs() -> str:
    """Several failed jobs need force."""
    return "one or more jobs have state failed, use force close"


def left_over_documents(results: int, states: int, job_id: str) -> str:
    """Documents of an earlier job with the same id."""
    return (
        f"[{results}] result and [{states}] state documents exist for a prior job with Id "
        f"[{job_id}]. Please create the job with a different Id"
    )


def too_many_writers(job_id: str) -> str:
    """The configuration changed under every attempt to change it."""
    return f"Cannot update job [{job_id}] because others keep changing it; try again"


def one_job_only(expression: str) -> str:
    """Data go to one job."""
    return f"Invalid job_id; '{expression}' names several jobs, and this API takes one"


def cannot_delete_open(job_id: str, state: str) -> str:
    """A deletion without force of a job that is not closed."""
    return f"Cannot delete job [{job_id}] because the job is {state}"


def deletion_refused(job_id: str) -> str:
    """The deletion that this request waited for was refused."""
    return f"Cannot delete job [{job_id}] because an earlier deletion of it was refused"


def bucket_not_found() -> str:
    """No bucket starts at the time asked for."""
    return "Could not find requested buckets"
