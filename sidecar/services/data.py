"""Posting data to a job and flushing it."""

from __future__ import annotations

from collections.abc import Iterable

from sidecar import messages
from sidecar.errors import IllegalArgumentError
from sidecar.interfaces import FlushAnswer, FlushRequest, JobRuntime, TimeRange
from sidecar.schema.data_counts import DataCounts

_SEVERAL = frozenset("*,")


class DataService:
    """Hands data and flushes on to the process of an open job.

    Whether the job exists is not looked up: a job that is not open answers the same either way.
    """

    def __init__(self, runtime: JobRuntime) -> None:
        self._runtime = runtime

    def post(
        self, job_id: str, pieces: Iterable[bytes], reset: TimeRange | None = None
    ) -> DataCounts:
        """Take an upload over and return its own counts; `reset` are buckets to clear before.

        Raises IllegalArgumentError (several jobs), ConflictError (not open), and what `pieces`
        raises.
        """
        _require_one(job_id)
        return self._runtime.post(job_id, pieces, reset)

    def flush(self, job_id: str, request: FlushRequest) -> FlushAnswer:
        """Wait until all data posted before are analysed and their results searchable."""
        _require_one(job_id)
        return self._runtime.flush(job_id, request)


def _require_one(job_id: str) -> None:
    if job_id == "_all" or _SEVERAL & set(job_id):
        raise IllegalArgumentError(messages.one_job_only(job_id))
