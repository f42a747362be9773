"""Changes of a job's configuration, safe against other writers."""

from __future__ import annotations

from collections.abc import Callable

from sidecar import messages
from sidecar.errors import ConflictError, VersionConflictError
from sidecar.interfaces import JobStore
from sidecar.schema.job import Job

# Writers of one configuration are a handful; who loses this often is not racing but broken.
MAX_ATTEMPTS = 25


def change_job(jobs: JobStore, job_id: str, change: Callable[[Job], Job]) -> Job:
    """Read, change, compare-and-set, and again when somebody was faster; returns what is stored.

    `change` may be called several times and may raise; when it returns an equal job, nothing is
    written. Raises ResourceNotFoundError, and ConflictError when it never wins.
    """
    for _ in range(MAX_ATTEMPTS):
        job, version = jobs.get(job_id)
        changed = change(job)
        if changed == job:
            return job
        try:
            jobs.replace(changed, version)
        except VersionConflictError:
            continue
        return changed
    raise ConflictError(messages.too_many_writers(job_id))
