"""Parser and checks of job configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidecar import messages
from sidecar.errors import (
    BadRequestError,
    IllegalArgumentError,
    ParseError,
    ResourceAlreadyExistsError,
)
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.analysis_config_parser import (
    ANALYSIS_CONFIG_PARSER,
    check_detectors_differ,
    check_whole_seconds,
    duration,
)
from sidecar.schema.dates import parse_date
from sidecar.schema.ids import check_id, check_job_id, is_valid_id
from sidecar.schema.java_time import compile_time_format
from sidecar.schema.job import AnalysisLimits, Blocked, DataDescription, Job, ModelPlotConfig
from sidecar.schema.units import MIB, parse_byte_size
from sidecar.xcontent import (
    BOOLEAN,
    LONG,
    MAP,
    STRING,
    STRING_ARRAY,
    STRING_OR_NULL,
    TIME,
    Cursor,
    Field,
    ObjectParser,
    Token,
    ValueType,
    object_of,
)

# Stands in for the current year when a time format without a year is checked.
_SOME_YEAR = 1970
# Seconds; more often would load the cluster for nothing.
MIN_PERSIST_INTERVAL = 3600
EPOCH_FORMATS = ("epoch", "epoch_ms")
_DATA_FORMATS = ("xcontent", "delimited", "delineated")
# What only the server sets, in the order in which errors list it.
_ILLEGAL_AT_CREATION = ("model_snapshot_id", "finished_time", "create_time")
_SERVER_SIDE = ("job_version", "model_snapshot_min_version", "deleting", "blocked")


# --- parts of a job -------------------------------------------------------------------------


def _data_format(text: str) -> str:
    if text.lower() not in _DATA_FORMATS:
        raise IllegalArgumentError(
            f"Invalid value [{text}] for [format]; allowed are [xcontent, delimited]"
        )
    return text.lower()


def _time_format(text: str) -> str:
    if text not in EPOCH_FORMATS:
        try:
            compile_time_format(text, _SOME_YEAR)
        except ValueError:
            raise BadRequestError(messages.invalid_time_format(text)) from None
    return text


def _build_data_description(values: dict[str, Any]) -> DataDescription:
    # Only JSON is taken in, whatever older configurations say.
    values.pop("format", None)
    return DataDescription(**values)


DATA_DESCRIPTION_PARSER = ObjectParser(
    "data_description",
    [
        Field("format", STRING, _data_format),
        Field("time_field", STRING),
        Field("time_format", STRING, _time_format),
    ],
    _build_data_description,
)


def _memory_limit(cursor: Cursor, strict: bool) -> int:
    """MiB from a byte size, or a number of MiB."""
    if cursor.token is Token.VALUE_NUMBER:
        whole: int = LONG.read(cursor, strict)
        return whole
    return max(parse_byte_size(cursor.text(), "model_memory_limit"), 0) // MIB


def check_limits(values: Mapping[str, Any]) -> None:
    """Raise BadRequestError for limits that are too low."""
    memory, examples = values.get("model_memory_limit"), values.get("categorization_examples_limit")
    if memory is not None and memory < 1:
        raise BadRequestError(messages.model_memory_limit_too_low(memory))
    if examples is not None and examples < 0:
        text = messages.value_too_low("categorization_examples_limit", 0, examples)
        raise BadRequestError(text)


# Gives the values as they are: an update has to know which of them were there.
LIMITS_PARSER: ObjectParser[dict[str, int]] = ObjectParser(
    "analysis_limits",
    [
        Field(
            "model_memory_limit",
            ValueType(frozenset((Token.VALUE_STRING, Token.VALUE_NUMBER)), _memory_limit),
            argument=True,
        ),
        Field("categorization_examples_limit", LONG, argument=True),
    ],
    lambda values: values,
    check=check_limits,
)


def _build_limits(values: dict[str, int]) -> AnalysisLimits:
    renamed = {("model_memory_limit_mb" if "memory" in k else k): v for k, v in values.items()}
    return AnalysisLimits(**renamed)


MODEL_PLOT_PARSER = ObjectParser(
    "model_plot_config",
    [
        Field("enabled", BOOLEAN, required=True),
        Field("terms", STRING, argument=True),
        Field("annotations_enabled", BOOLEAN, argument=True),
    ],
    lambda values: ModelPlotConfig(**{"annotations_enabled": values["enabled"], **values}),
)

_BLOCKED_PARSER = ObjectParser(
    "blocked",
    [Field("reason", STRING, required=True), Field("task_id", STRING, argument=True)],
    lambda values: Blocked(**values),
)


# --- the whole ------------------------------------------------------------------------------


def _server_time(value: int | str) -> int:
    if isinstance(value, int):
        return value
    epoch_ms = parse_date(value)
    if epoch_ms is None:
        raise ParseError(f"failed to parse date field [{value}]")
    return epoch_ms


_JOB_PARSER: ObjectParser[dict[str, Any]] = ObjectParser(
    "job_details",
    [
        Field("job_id", STRING),
        Field("job_type", STRING),
        Field("job_version", STRING),
        Field("groups", STRING_ARRAY, tuple),
        Field("description", STRING_OR_NULL),
        Field("create_time", TIME, _server_time),
        Field("finished_time", TIME, _server_time),
        Field("analysis_config", object_of(ANALYSIS_CONFIG_PARSER)),
        Field("analysis_limits", object_of(LIMITS_PARSER), _build_limits),
        Field("data_description", object_of(DATA_DESCRIPTION_PARSER)),
        Field("model_plot_config", object_of(MODEL_PLOT_PARSER)),
        Field("renormalization_window_days", LONG),
        Field("background_persist_interval", STRING, duration("background_persist_interval")),
        Field("results_retention_days", LONG),
        Field("model_snapshot_retention_days", LONG),
        Field("daily_model_snapshot_retention_after_days", LONG),
        Field("custom_settings", MAP),
        Field("model_snapshot_id", STRING_OR_NULL),
        Field("model_snapshot_min_version", STRING_OR_NULL),
        Field("results_index_name", STRING),
        Field("allow_lazy_open", BOOLEAN),
        Field("deleting", BOOLEAN),
        Field("blocked", object_of(_BLOCKED_PARSER)),
        Field("datafeed_config", MAP),
    ],
    lambda values: values,
)


def parse_job(body: bytes, job_id: str | None) -> Job:
    """Parse and check the body of a job creation.

    Parameters
    ----------
    body : bytes
        JSON.
    job_id : str, optional
        The id from the URL; None where the body alone counts (validation).

    Returns
    -------
    Job
        Without the defaults that are decided at creation: see `fill_defaults`.

    Raises
    ------
    MlError
        Always status 400, with native wording and causes.
    """
    values = _JOB_PARSER.parse(body)
    given = values.setdefault("job_id", job_id)
    if job_id and given != job_id:
        raise IllegalArgumentError(messages.inconsistent_id("job_id", str(given), job_id))
    job = _job(values)
    validate_job(job)
    check_detectors_differ(job.analysis_config)
    illegal = [name for name in _ILLEGAL_AT_CREATION if values.get(name) is not None]
    if illegal:
        raise IllegalArgumentError(messages.illegal_create_settings(illegal))
    return _job({name: value for name, value in values.items() if name not in _SERVER_SIDE})


def job_from_document(document: Mapping[str, Any]) -> Job:
    """Read a stored configuration; unknown members are ignored, missing ones get defaults."""
    return _job(_JOB_PARSER.parse_document(document))


def _job(values: Mapping[str, Any]) -> Job:
    if values.get("analysis_config") is None:
        raise IllegalArgumentError(messages.missing_analysis_config())
    if values.get("data_description") is None:
        raise IllegalArgumentError(messages.missing_data_description())
    return Job(**values)


def validate_job(job: Job) -> None:
    """Check a job as a whole, in native order; raises MlError (400).

    Its parts were checked when they were made.
    """
    if job.job_type != "anomaly_detector":
        raise IllegalArgumentError(messages.unsupported_job_type(job.job_type))
    if _analyses(job.analysis_config, job.data_description.time_field):
        raise IllegalArgumentError(messages.time_field_in_analysis())
    if job.background_persist_interval is not None:
        check_whole_seconds(job.background_persist_interval, "background_persist_interval")
        seconds = job.background_persist_interval.seconds
        _check_at_least(MIN_PERSIST_INTERVAL, "background_persist_interval", seconds)
    _check_at_least(0, "renormalization_window_days", job.renormalization_window_days)
    _check_snapshot_retention(job)
    _check_at_least(0, "results_retention_days", job.results_retention_days)
    check_job_id(job.job_id)
    for group in job.groups:
        if not is_valid_id(group):
            raise IllegalArgumentError(messages.invalid_group(group))
        if group == job.job_id:
            raise ResourceAlreadyExistsError(messages.job_and_group_names_must_be_unique(group))
    if job.results_index_name:
        check_id("results_index_name", job.results_index_name)
    _check_datafeed(job)


def _analyses(config: AnalysisConfig, field: str) -> bool:
    return field in config.analysis_fields()


def _check_at_least(minimum: int, field: str, value: int | None) -> None:
    if value is not None and value < minimum:
        raise IllegalArgumentError(messages.value_too_low(field, minimum, value))


def _check_snapshot_retention(job: Job) -> None:
    keep, daily = job.model_snapshot_retention_days, job.daily_model_snapshot_retention_after_days
    _check_at_least(0, "model_snapshot_retention_days", keep)
    _check_at_least(0, "daily_model_snapshot_retention_after_days", daily)
    if keep is not None and daily is not None and daily > keep:
        raise IllegalArgumentError(messages.daily_retention_after_retention(daily, keep))


def _check_datafeed(job: Job) -> None:
    datafeed_job = (job.datafeed_config or {}).get("job_id")
    if datafeed_job is not None and datafeed_job != job.job_id:
        text = messages.datafeed_job_id_mismatch(str(datafeed_job), job.job_id)
        raise IllegalArgumentError(text)
