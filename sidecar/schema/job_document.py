"""Job configurations as they are answered and as they are stored."""

from __future__ import annotations

from typing import Any

from sidecar.schema.analysis_config_parser import render_analysis_config
from sidecar.schema.job import AnalysisLimits, Job, ModelPlotConfig
from sidecar.schema.job_parser import job_from_document

__all__ = ["job_from_document", "job_to_document", "render_job"]

# Members that only the server sets.
_GENERATED = (
    "job_type",
    "job_version",
    "create_time",
    "finished_time",
    "model_snapshot_id",
    "deleting",
    "model_snapshot_min_version",
    "blocked",
)


def render_job(job: Job, *, exclude_generated: bool = False) -> dict[str, Any]:
    """The job as GET answers it, members in native order.

    Parameters
    ----------
    exclude_generated : bool
        Leave out what only the server sets, so that the answer can be used to create a job.
    """
    interval = job.background_persist_interval
    members: dict[str, Any] = {
        "job_id": job.job_id,
        "job_type": job.job_type,
        "job_version": job.job_version,
        "create_time": job.create_time,
        "finished_time": job.finished_time,
        "model_snapshot_id": job.model_snapshot_id,
        "deleting": True if job.deleting else None,
        "model_snapshot_min_version": job.model_snapshot_min_version,
        "custom_settings": _custom_settings(job, exclude_generated=exclude_generated),
        "datafeed_config": None if job.datafeed_config is None else dict(job.datafeed_config),
        "groups": list(job.groups) or None,
        "description": job.description,
        "analysis_config": render_analysis_config(job.analysis_config),
        "analysis_limits": _render_limits(job.analysis_limits),
        "data_description": {
            "time_field": job.data_description.time_field,
            "time_format": job.data_description.time_format,
        },
        "model_plot_config": _render_model_plot(job.model_plot_config),
        "renormalization_window_days": job.renormalization_window_days,
        "background_persist_interval": None if interval is None else interval.text,
        "model_snapshot_retention_days": job.model_snapshot_retention_days,
        "daily_model_snapshot_retention_after_days": (
            job.daily_model_snapshot_retention_after_days
        ),
        "results_retention_days": job.results_retention_days,
        "results_index_name": job.results_index_name,
        "allow_lazy_open": job.allow_lazy_open,
        "blocked": _render_blocked(job),
    }
    hidden = _GENERATED if exclude_generated else ()
    return {
        name: value for name, value in members.items() if value is not None and name not in hidden
    }


def job_to_document(job: Job) -> dict[str, Any]:
    """The job as it is stored; its datafeed has a document of its own."""
    document = render_job(job)
    document.pop("datafeed_config", None)
    return document


def _custom_settings(job: Job, *, exclude_generated: bool) -> dict[str, Any] | None:
    if job.custom_settings is None:
        return None
    hidden = ("created_by",) if exclude_generated else ()
    return {name: value for name, value in job.custom_settings.items() if name not in hidden}


def _render_limits(limits: AnalysisLimits) -> dict[str, Any]:
    memory = limits.model_memory_limit_mb
    rendered = {} if memory is None else {"model_memory_limit": f"{memory}mb"}
    return {
        **rendered,
        "categorization_examples_limit": limits.categorization_examples_limit,
    }


def _render_model_plot(config: ModelPlotConfig | None) -> dict[str, Any] | None:
    if config is None:
        return None
    terms = {} if config.terms is None else {"terms": config.terms}
    return {
        "enabled": config.enabled,
        **terms,
        "annotations_enabled": config.annotations_enabled,
    }


def _render_blocked(job: Job) -> dict[str, Any] | None:
    if job.blocked is None or job.blocked.reason == "none":
        return None
    task = {} if job.blocked.task_id is None else {"task_id": job.blocked.task_id}
    return {"reason": job.blocked.reason, **task}
