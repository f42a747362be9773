"""Updates of a job: parsing, and what they make of the job."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sidecar import messages
from sidecar.errors import BadRequestError, IllegalArgumentError
from sidecar.schema.analysis_config import AnalysisConfig, PerPartitionCategorization
from sidecar.schema.analysis_config_parser import (
    PER_PARTITION_PARSER,
    duration,
    validate_analysis_config,
)
from sidecar.schema.detection_rule import DetectionRule
from sidecar.schema.detector_parser import RULE_PARSER, validate_detector
from sidecar.schema.job import AnalysisLimits, Job, ModelPlotConfig
from sidecar.schema.job_defaults import fill_limits
from sidecar.schema.job_parser import LIMITS_PARSER, MODEL_PLOT_PARSER, validate_job
from sidecar.schema.units import MIB, TimeValue, format_byte_size
from sidecar.xcontent import (
    BOOLEAN,
    INT,
    LONG,
    MAP,
    STRING,
    STRING_ARRAY,
    STRING_OR_NULL,
    Field,
    ObjectParser,
    array_of,
    object_of,
)


@dataclass(frozen=True, slots=True)
class DetectorUpdate:
    """Changes of one detector; None leaves a member as it is."""

    detector_index: int
    description: str | None = None
    custom_rules: tuple[DetectionRule, ...] | None = None


@dataclass(frozen=True, slots=True)
class JobUpdate:
    """Changes of a job; None leaves a member as it is.

    `analysis_limits` holds the limits that are given, by their names in the body; the memory
    limit in MiB.
    """

    groups: tuple[str, ...] | None = None
    description: str | None = None
    detectors: tuple[DetectorUpdate, ...] | None = None
    model_plot_config: ModelPlotConfig | None = None
    analysis_limits: Mapping[str, int] | None = None
    background_persist_interval: TimeValue | None = None
    renormalization_window_days: int | None = None
    results_retention_days: int | None = None
    model_snapshot_retention_days: int | None = None
    daily_model_snapshot_retention_after_days: int | None = None
    categorization_filters: tuple[str, ...] | None = None
    per_partition_categorization: PerPartitionCategorization | None = None
    custom_settings: Mapping[str, Any] | None = None
    allow_lazy_open: bool | None = None
    model_prune_window: TimeValue | None = None


# Members of an update that replace the job's member of the same name.
_PLAIN = (
    "groups",
    "description",
    "model_plot_config",
    "background_persist_interval",
    "renormalization_window_days",
    "results_retention_days",
    "model_snapshot_retention_days",
    "daily_model_snapshot_retention_after_days",
    "custom_settings",
    "allow_lazy_open",
)


def _build_detector_update(values: dict[str, Any]) -> DetectorUpdate:
    if "detector_index" not in values:
        raise IllegalArgumentError("Required [detector_index]")
    if values["detector_index"] < 0:
        text = messages.value_too_low("detector_index", 0, values["detector_index"])
        raise IllegalArgumentError(text)
    return DetectorUpdate(**values)


_DETECTOR_UPDATE_PARSER = ObjectParser(
    "detector_update",
    [
        Field("detector_index", INT, argument=True),
        Field("description", STRING_OR_NULL, argument=True),
        Field("custom_rules", array_of(RULE_PARSER), tuple, argument=True),
    ],
    _build_detector_update,
)


def _build_update(values: dict[str, Any]) -> JobUpdate:
    # The id in the URL is the one that counts.
    values.pop("job_id", None)
    return JobUpdate(**values)


_UPDATE_PARSER = ObjectParser(
    "job_update",
    [
        Field("job_id", STRING, argument=True),
        Field("groups", STRING_ARRAY, tuple),
        Field("description", STRING_OR_NULL),
        Field("detectors", array_of(_DETECTOR_UPDATE_PARSER), tuple),
        Field("model_plot_config", object_of(MODEL_PLOT_PARSER)),
        Field("analysis_limits", object_of(LIMITS_PARSER)),
        Field("background_persist_interval", STRING, duration("background_persist_interval")),
        Field("renormalization_window_days", LONG),
        Field("results_retention_days", LONG),
        Field("model_snapshot_retention_days", LONG),
        Field("daily_model_snapshot_retention_after_days", LONG),
        Field("categorization_filters", STRING_ARRAY, tuple),
        Field("per_partition_categorization", object_of(PER_PARTITION_PARSER)),
        Field("custom_settings", MAP),
        Field("allow_lazy_open", BOOLEAN),
        Field("model_prune_window", STRING, duration("model_prune_window")),
    ],
    _build_update,
)


def parse_job_update(body: bytes) -> JobUpdate:
    """Parse the body of a job update; raises MlError (400)."""
    return _UPDATE_PARSER.parse(body)


def updated_fields(update: JobUpdate) -> list[str]:
    """Names of the members an update changes, sorted, as the audit message lists them."""
    names = (field.name for field in dataclasses.fields(update))
    return sorted(name for name in names if getattr(update, name) is not None)


def apply_update(
    job: Job,
    update: JobUpdate,
    *,
    is_open: bool,
    model_bytes: int,
    max_model_memory_limit: str = "",
) -> Job:
    """The job after an update.

    Parameters
    ----------
    is_open : bool
        Whether the job has a task; limits are fixed then.
    model_bytes : int
        Memory its models take now, bytes.
    max_model_memory_limit : str
        Ceiling of this installation, a byte size; empty for none.

    Raises
    ------
    MlError
        400: the update is not possible, or what it makes is not valid.
    """
    _check_limits(update, is_open=is_open, model_bytes=model_bytes)
    changes: dict[str, Any] = {
        name: value for name in _PLAIN if (value := getattr(update, name)) is not None
    }
    changes["analysis_config"] = _updated_config(job.analysis_config, update)
    if update.analysis_limits is not None:
        changes["analysis_limits"] = _updated_limits(
            job.analysis_limits, update.analysis_limits, max_model_memory_limit
        )
    updated = dataclasses.replace(job, **changes)
    validate_job(updated)
    return updated


def _check_limits(update: JobUpdate, *, is_open: bool, model_bytes: int) -> None:
    memory = (update.analysis_limits or {}).get("model_memory_limit")
    if memory is None:
        return
    if is_open:
        raise BadRequestError(messages.analysis_limits_while_open())
    used = model_bytes // MIB
    if memory < used:
        text = messages.model_memory_limit_below_usage(
            format_byte_size(used * MIB), format_byte_size(memory * MIB)
        )
        raise BadRequestError(text)


def _updated_limits(
    limits: AnalysisLimits, given: Mapping[str, int], maximum: str
) -> AnalysisLimits:
    """The limits given, over those there were."""
    changed = AnalysisLimits(
        model_memory_limit_mb=given.get("model_memory_limit", limits.model_memory_limit_mb),
        categorization_examples_limit=given.get(
            "categorization_examples_limit", limits.categorization_examples_limit
        ),
    )
    return fill_limits(changed, maximum)


def _updated_config(config: AnalysisConfig, update: JobUpdate) -> AnalysisConfig:
    detectors = list(config.detectors)
    for change in update.detectors or ():
        if change.detector_index >= len(detectors):
            text = messages.detector_index_too_high(change.detector_index, len(detectors))
            raise BadRequestError(text)
        detector = detectors[change.detector_index]
        if change.description is not None:
            detector = dataclasses.replace(detector, detector_description=change.description)
        if change.custom_rules is not None:
            detector = dataclasses.replace(detector, custom_rules=change.custom_rules)
        validate_detector(detector)
        detectors[change.detector_index] = detector
    changes: dict[str, Any] = {"detectors": tuple(detectors)}
    per_partition = update.per_partition_categorization
    if per_partition is not None:
        if per_partition.enabled != config.per_partition_categorization.enabled:
            raise BadRequestError(messages.per_partition_enabled_fixed())
        changes["per_partition_categorization"] = per_partition
    if update.categorization_filters is not None:
        changes["categorization_filters"] = update.categorization_filters
    if update.model_prune_window is not None:
        changes["model_prune_window"] = update.model_prune_window
    updated = dataclasses.replace(config, **changes)
    validate_analysis_config(updated)
    return updated
