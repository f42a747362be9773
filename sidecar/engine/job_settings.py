"""What a job's configuration says of its results."""

from __future__ import annotations

from sidecar.engine.plot_terms import parse_terms
from sidecar.schema.job import Job

# Results are scored again as far back as this, whichever is longer, if the job does not say.
_RENORMALIZATION_DAYS = 30
_RENORMALIZATION_BUCKETS = 100
_DAY_S = 86_400


def has_model_plot(job: Job) -> bool:
    """Whether model bounds are wanted."""
    return job.model_plot_config is not None and job.model_plot_config.enabled


def plot_terms(job: Job) -> tuple[str, ...]:
    """The split values that model bounds are limited to; none: no limit."""
    return parse_terms(job.model_plot_config.terms if job.model_plot_config else None)


def renormalization_window_s(job: Job) -> int:
    """How far back results are scored again, seconds."""
    if job.renormalization_window_days is not None:
        return job.renormalization_window_days * _DAY_S
    span = job.analysis_config.bucket_span.seconds
    return max(_RENORMALIZATION_DAYS * _DAY_S, _RENORMALIZATION_BUCKETS * span)
