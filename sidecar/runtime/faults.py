"""The errors of the runtime, one function each."""

from __future__ import annotations

from sidecar import messages
from sidecar.errors import (
    ConflictError,
    MlError,
    RequestTimeoutError,
    TooManyRequestsError,
    UnavailableError,
)

RETRY_AFTER = {"Retry-After": "5"}


def not_open(job_id: str) -> MlError:
    """Refuse data for a job that is not open."""
    return ConflictError(messages.job_not_open(job_id))


def already_open(job_id: str) -> MlError:
    """Refuse to open a job a second time."""
    return ConflictError(messages.job_already_open(job_id))


def being_closed(job_id: str) -> MlError:
    """Refuse to open a job that is still closing."""
    return ConflictError(f"Cannot open job [{job_id}] because it is being closed")


def open_elsewhere(job_id: str, node_name: str) -> MlError:
    """Send the caller to the sidecar that owns the job."""
    return ConflictError(
        f"job [{job_id}] is open on node [{node_name}]; send the request to that node"
    )


def failed(job_id: str, reason: str | None) -> MlError:
    """Refuse data for a job whose analysis died."""
    text = messages.job_not_open(job_id)
    return ConflictError(f"{text}: it failed: {reason}" if reason else text)


def cannot_close_failed(job_id: str) -> MlError:
    """Refuse to close a failed job without force."""
    return ConflictError(messages.close_failed_job(job_id))


def too_many_open(limit: int) -> MlError:
    """Refuse one job more than the node may run."""
    return TooManyRequestsError(f"max running job capacity [{limit}] reached", headers=RETRY_AFTER)


def open_timed_out(job_id: str, timeout_ms: int) -> MlError:
    """Tell that opening goes on but the caller's patience has ended."""
    return RequestTimeoutError(messages.opening_timed_out(job_id, f"{timeout_ms}ms"))


def close_timed_out(job_id: str, timeout_ms: int) -> MlError:
    """Tell that closing goes on but the caller's patience has ended."""
    return RequestTimeoutError(f"Closing job [{job_id}] timed out after [{timeout_ms}ms]")


def still_opening(job_id: str, reason: str | None) -> MlError:
    """Tell that the job is being opened (again) and was not ready in time."""
    because = f" ({reason})" if reason else ""
    return UnavailableError(
        f"job [{job_id}] is being opened{because}; send the request again later",
        headers=RETRY_AFTER,
    )


def upload_lost(job_id: str) -> MlError:
    """Tell that the job's process died before the upload was durable."""
    return UnavailableError(
        f"the process of job [{job_id}] ended before it had taken this upload over; nothing of it "
        "was kept, send that upload again",
        headers=RETRY_AFTER,
    )


def upload_in_doubt(job_id: str) -> MlError:
    """Tell that the job's process died at the end of the upload and is not back yet."""
    return UnavailableError(
        f"the process of job [{job_id}] ended while it took this upload over and is not back yet; "
        "compare the job's data counts before you send that upload again",
        headers=RETRY_AFTER,
    )


def process_lost(job_id: str) -> MlError:
    """Tell that the job's process died again and again under one request."""
    return UnavailableError(
        f"the process of job [{job_id}] ended while it worked on this request; send it again",
        headers=RETRY_AFTER,
    )


def supervisor_missing() -> MlError:
    """Tell that the supervisor is being started, or stopped."""
    return UnavailableError(
        "the sidecar's supervisor does not answer now; send the request again later",
        headers=RETRY_AFTER,
    )


def starting_up() -> MlError:
    """Tell that the supervisor does not know yet which jobs are open."""
    return UnavailableError(
        "the sidecar is starting and does not know yet which jobs are open, because Elasticsearch "
        "does not answer; send the request again later",
        headers=RETRY_AFTER,
    )


def shutting_down() -> MlError:
    """Tell that the sidecar is being stopped."""
    return UnavailableError(
        "the sidecar is being stopped; send the request again later", headers=RETRY_AFTER
    )
