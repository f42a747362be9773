"""Job statistics as `_stats` answers them."""

from __future__ import annotations

from typing import Any

from sidecar.services.job_stats import JobStats

# No forecasts are made yet, and every job has none.
_NO_FORECASTS = {"total": 0, "forecasted_jobs": 0}
# Clients require all members of a node; of another sidecar only id and name are known.
_NODE = {"id": "", "name": "", "ephemeral_id": "", "transport_address": "", "attributes": {}}


def render_job_stats(stats: JobStats) -> dict[str, Any]:
    """Members in native order; what is not known of a closed job is left out."""
    rendered: dict[str, Any] = {
        "job_id": stats.job_id,
        "data_counts": stats.data_counts,
        "model_size_stats": stats.model_size_stats,
        "forecasts_stats": _NO_FORECASTS,
        "state": str(stats.state),
    }
    if stats.deleting:
        rendered["deleting"] = True
    if stats.node is not None:
        rendered["node"] = {**_NODE, **stats.node}
    if stats.assignment_explanation is not None:
        rendered["assignment_explanation"] = stats.assignment_explanation
    if stats.open_seconds is not None:
        rendered["open_time"] = f"{stats.open_seconds}s"
    rendered["timing_stats"] = stats.timing_stats
    return rendered
