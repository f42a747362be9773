"""Ids and names of jobs and groups."""

from __future__ import annotations

_ID_RULE = (
    "lowercase alphanumeric (a-z and 0-9), hyphens or underscores; "
    "must start and end with alphanumeric"
)


def invalid_id(field: str, value: str | None) -> str:
    """An id with characters that are not allowed."""
    return f"Invalid {field}; '{'null' if value is None else value}' can contain {_ID_RULE}"


def id_too_long(limit: int) -> str:
    """A job id over the limit."""
    return f"The job id cannot contain more than {limit:,} characters."


def invalid_group(group: str) -> str:
    """A group name with characters that are not allowed."""
    return f"Invalid group id '{group}'; must be non-empty string and may contain {_ID_RULE}"


def inconsistent_id(field: str, body: str, url: str) -> str:
    """Body and URL name different things."""
    return (
        f"Inconsistent {field}; '{body}' specified in the body "
        f"differs from '{url}' specified as a URL argument"
    )


def job_id_taken(job_id: str) -> str:
    """The job exists already."""
    return f"The job cannot be created with the Id '{job_id}'. The Id is already used."


def job_and_group_names_must_be_unique(name: str) -> str:
    """A group is called like a job."""
    return (
        f"job and group names must be unique but job [{name}] and group [{name}] have the same name"
    )


def unknown_job(expression: str) -> str:
    """No such job, or part of an expression matches nothing."""
    return f"No known job with id '{expression}'"
