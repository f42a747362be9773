"""What is decided for a job at its creation: limits, retention, names, times."""

from __future__ import annotations

import dataclasses

from sidecar import messages
from sidecar.errors import BadRequestError
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.categorization_analyzer import default_analyzer, parse_analyzer
from sidecar.schema.job import AnalysisLimits, Job
from sidecar.schema.job_parser import validate_job
from sidecar.schema.units import MIB, format_byte_size, parse_byte_size, seconds_value

# The version of the configuration format that jobs of this version have.
JOB_VERSION = "12.0.0"
DEFAULT_MEMORY_LIMIT_MB = 1024
DEFAULT_SNAPSHOT_RETENTION_DAYS = 10
DEFAULT_DAILY_RETENTION_AFTER_DAYS = 1
SHARED_RESULTS_INDEX = "shared"

# Models of series that have been quiet for this long, and for this many buckets, go.
_PRUNE_SECONDS = 30 * 24 * 3600
_PRUNE_BUCKETS = 20


def fill_defaults(job: Job, *, now_ms: int, max_model_memory_limit: str = "") -> Job:
    """The job as it is stored at creation.

    Parameters
    ----------
    job : Job
        As `parse_job` gives it.
    now_ms : int
        Epoch milliseconds; becomes `create_time`.
    max_model_memory_limit : str
        Ceiling of this installation, a byte size; empty for none.

    Raises
    ------
    MlError
        400 when the memory limit is over the ceiling, the categorization analyzer has parts that
        are not known, or the defaults contradict what is given.
    """
    keep = job.model_snapshot_retention_days
    if keep is None:
        keep = DEFAULT_SNAPSHOT_RETENTION_DAYS
    daily = job.daily_model_snapshot_retention_after_days
    if daily is None and keep > DEFAULT_DAILY_RETENTION_AFTER_DAYS:
        daily = DEFAULT_DAILY_RETENTION_AFTER_DAYS
    filled = dataclasses.replace(
        job,
        analysis_limits=fill_limits(job.analysis_limits, max_model_memory_limit),
        analysis_config=_with_analyzer(_with_prune_window(job.analysis_config)),
        model_snapshot_retention_days=keep,
        daily_model_snapshot_retention_after_days=daily,
        results_index_name=stored_results_index_name(job.results_index_name),
        create_time=now_ms,
        job_version=JOB_VERSION,
    )
    validate_job(filled)
    return filled


def fill_limits(limits: AnalysisLimits, maximum: str) -> AnalysisLimits:
    """The limits with a memory limit; raises BadRequestError when it is over the ceiling.

    `maximum` is a byte size; empty, or less than one MiB, is no ceiling.
    """
    maximum_mb = parse_byte_size(maximum, "max_model_memory_limit") // MIB if maximum else 0
    memory = limits.model_memory_limit_mb
    if memory is None:
        memory = min(
            DEFAULT_MEMORY_LIMIT_MB, maximum_mb if maximum_mb > 0 else DEFAULT_MEMORY_LIMIT_MB
        )
    if 0 < maximum_mb < memory:
        text = messages.model_memory_limit_too_high(
            format_byte_size(memory * MIB), format_byte_size(maximum_mb * MIB)
        )
        raise BadRequestError(text)
    return dataclasses.replace(limits, model_memory_limit_mb=memory)


def stored_results_index_name(name: str) -> str:
    """`shared`, or the user's name behind `custom-` (which is not put there twice)."""
    if not name or name == SHARED_RESULTS_INDEX:
        return SHARED_RESULTS_INDEX
    return name if name.startswith("custom-") else f"custom-{name}"


def _with_analyzer(config: AnalysisConfig) -> AnalysisConfig:
    """With an analyzer, if the job categorizes; categorization filters become a part of it."""
    if config.categorization_field_name is None:
        return config
    if config.categorization_analyzer is not None:
        parse_analyzer(config.categorization_analyzer)
        return config
    analyzer = default_analyzer(config.categorization_filters or ())
    parse_analyzer(analyzer)
    return dataclasses.replace(
        config, categorization_analyzer=analyzer, categorization_filters=None
    )


def _with_prune_window(config: AnalysisConfig) -> AnalysisConfig:
    """With a window of 30 days or 20 buckets, rounded to whole buckets."""
    if config.model_prune_window is not None:
        return config
    span = config.bucket_span.seconds
    wanted = max(_PRUNE_SECONDS, _PRUNE_BUCKETS * span) + span // 2
    window = seconds_value(wanted - wanted % span)
    return dataclasses.replace(config, model_prune_window=window)
