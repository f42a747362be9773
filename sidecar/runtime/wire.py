"""What crosses the sockets, as plain values and back: one function each way."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sidecar import errors
from sidecar.errors import MlError, UpstreamError
from sidecar.interfaces import (
    FlushRequest,
    JobStatus,
    OpenJobStats,
    TimeRange,
)
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.job_task import JobState
from sidecar.schema.model_size_stats import ModelSizeStats
from sidecar.schema.timing_stats import TimingStats


def error_to_wire(error: MlError) -> dict[str, Any]:
    """Name of the class in `sidecar.errors` (of the nearest ancestor there) and its members."""
    if isinstance(error, UpstreamError):
        return {
            "class": "UpstreamError",
            "status": error.upstream_status,
            "body": error.body,
            "headers": error.headers,
        }
    name = next(c.__name__ for c in type(error).__mro__ if c.__module__ == errors.__name__)
    return {
        "class": name,
        "reason": error.reason,
        "cause": None if error.cause is None else error_to_wire(error.cause),
        "metadata": error.metadata,
        "headers": error.headers,
    }


def error_from_wire(members: Mapping[str, Any]) -> MlError:
    """Make the error again."""
    if members["class"] == "UpstreamError":
        return UpstreamError(members["status"], members["body"], members["headers"])
    error_class: type[MlError] = getattr(errors, members["class"])
    cause = members["cause"]
    return error_class(
        members["reason"],
        cause=None if cause is None else error_from_wire(cause),
        metadata=members["metadata"],
        headers=members["headers"],
    )


def flat_to_wire(value: DataCounts | FlushRequest | TimeRange | None) -> dict[str, Any] | None:
    """Plain members of a dataclass that has no nested ones."""
    if value is None:
        return None
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def range_from_wire(members: Mapping[str, Any] | None) -> TimeRange | None:
    """Make the range again."""
    return None if members is None else TimeRange(**members)


def stats_to_wire(stats: OpenJobStats) -> dict[str, Any]:
    """Plain members of the three parts."""
    return {
        "data_counts": dataclasses.asdict(stats.data_counts),
        "model_size_stats": dataclasses.asdict(stats.model_size_stats),
        "timing_stats": dataclasses.asdict(stats.timing_stats),
    }


def stats_from_wire(members: Mapping[str, Any]) -> OpenJobStats:
    """Make the stats again."""
    return OpenJobStats(
        DataCounts(**members["data_counts"]),
        ModelSizeStats(**members["model_size_stats"]),
        TimingStats(**members["timing_stats"]),
    )


def status_to_wire(status: JobStatus) -> dict[str, Any]:
    """Plain members without the stats: these come from the job's own process."""
    return {
        "state": str(status.state),
        "node": status.node,
        "assignment_explanation": status.assignment_explanation,
        "open_time": status.open_time,
    }


def status_from_wire(members: Mapping[str, Any], stats: OpenJobStats | None) -> JobStatus:
    """Make the status again."""
    return JobStatus(
        state=JobState(members["state"]),
        node=members["node"],
        assignment_explanation=members["assignment_explanation"],
        open_time=members["open_time"],
        stats=stats,
    )
