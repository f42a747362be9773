"""Members of a job's configuration."""

from __future__ import annotations

from collections.abc import Iterable


def missing_analysis_config() -> str:
    """The body has no analysis_config."""
    return "An analysis_config must be set"


def missing_data_description() -> str:
    """The body has no data_description."""
    return "A data_description must be set"


def illegal_create_settings(fields: Iterable[str]) -> str:
    """Fields that only the server sets."""
    return (
        f"The job is configured with fields [{','.join(fields)}] "
        "that are illegal to set at job creation"
    )


def unsupported_job_type(job_type: str) -> str:
    """Another kind of job."""
    return f"Unsupported job_type [{job_type}]; only [anomaly_detector] is allowed"


def time_field_in_analysis() -> str:
    """The time field is one of the analysis fields."""
    return "data_description.time_field may not be used in the analysis_config"


def value_too_low(field: str, minimum: int, value: int) -> str:
    """A number below its minimum; numbers are printed with grouping."""
    return f"{field} cannot be less than {minimum:,}. Value = {value:,}"


def daily_retention_after_retention(daily: int, retention: int) -> str:
    """daily_model_snapshot_retention_after_days is beyond model_snapshot_retention_days."""
    return (
        f"The value of 'daily_model_snapshot_retention_after_days' [{daily}] "
        f"cannot be greater than 'model_snapshot_retention_days' [{retention}]"
    )


def model_memory_limit_too_low(value: int) -> str:
    """Less than one MiB."""
    return f"model_memory_limit must be at least 1 MiB. Value = {value:,}"


def model_memory_limit_too_high(value: str, maximum: str) -> str:
    """Over the ceiling of this installation."""
    return (
        f"model_memory_limit [{value}] must be less than the value of the "
        f"xpack.ml.max_model_memory_limit setting [{maximum}]"
    )


def model_memory_limit_below_usage(usage: str, update: str) -> str:
    """An update would take memory away that the models use."""
    return (
        "Invalid update value for analysis_limits: model_memory_limit cannot be decreased "
        f"below current usage; current usage [{usage}], update had [{update}]"
    )


def analysis_limits_while_open() -> str:
    """Limits are fixed while the job is open."""
    return "Cannot update analysis_limits while the job is open"


def invalid_time_format(pattern: str) -> str:
    """A time format that does not give a full timestamp."""
    return f"Invalid Time format string '{pattern}'"


def datafeed_job_id_mismatch(datafeed_job: str, job: str) -> str:
    """The embedded datafeed names another job; the closing brace is native's."""
    return f"datafeed job_id [{datafeed_job}] does not equal job id [{job}}}"
