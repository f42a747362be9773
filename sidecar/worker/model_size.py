"""How large a job's models are, as its users see it."""

from __future__ import annotations

import dataclasses

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.interfaces import AuditLog
from sidecar.schema.model_size_stats import ModelSizeStats

_MIB = 1024 * 1024


def model_size_stats(
    job_id: str, engine: AnomalyJob, *, peak_bytes: int, now_ms: int
) -> ModelSizeStats:
    """The stats as of now; `peak_bytes` is the largest size seen before, in bytes."""
    size = engine.model_size()
    finalized_s = engine.last_finalized_bucket_end
    limit_mb = engine.job.analysis_limits.model_memory_limit_mb
    return ModelSizeStats(
        job_id=job_id,
        model_bytes=size.model_bytes,
        peak_model_bytes=max(peak_bytes, size.model_bytes),
        model_bytes_exceeded=size.model_bytes_exceeded,
        model_bytes_memory_limit=(limit_mb or 0) * _MIB,
        total_by_field_count=size.total_by_field_count,
        total_over_field_count=size.total_over_field_count,
        total_partition_field_count=size.total_partition_field_count,
        bucket_allocation_failures_count=size.bucket_allocation_failures_count,
        memory_status=size.memory_status,
        assignment_memory_basis="current_model_bytes",
        **dataclasses.asdict(size.categories),
        log_time=now_ms,
        timestamp=None if finalized_s is None else finalized_s * 1000,
    )


def audit_memory_status(audit: AuditLog, size: ModelSizeStats) -> None:
    """Tell the user that the memory status became worse."""
    if size.memory_status == "soft_limit":
        audit.warning(
            size.job_id,
            "Job memory status changed to soft_limit; memory pruning will now be more aggressive",
        )
    elif size.memory_status == "hard_limit":
        limit, exceeded = _size(size.model_bytes_memory_limit), _size(size.model_bytes_exceeded)
        audit.error(
            size.job_id,
            f"Job memory status changed to hard_limit; job exceeded model memory limit {limit} "
            f"by {exceeded}. Adjust the analysis_limits.model_memory_limit setting to ensure all "
            "data is analyzed",
        )


def _size(nbytes: int) -> str:
    """As Elasticsearch prints byte sizes: one decimal unless whole, largest fitting unit."""
    value, unit = float(nbytes), "b"
    for larger in ("kb", "mb", "gb"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.1f}".removesuffix(".0") + unit
