"""The configuration of an anomaly detection job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.units import TimeValue


@dataclass(frozen=True, slots=True)
class DataDescription:
    """How time is written in the records.

    `time_format` is `epoch`, `epoch_ms` or a Java `DateTimeFormatter` pattern.
    """

    time_field: str = "time"
    time_format: str = "epoch_ms"


@dataclass(frozen=True, slots=True)
class AnalysisLimits:
    """`model_memory_limit_mb` in MiB (None: the default has not been filled in yet)."""

    model_memory_limit_mb: int | None = None
    categorization_examples_limit: int = 4


@dataclass(frozen=True, slots=True)
class ModelPlotConfig:
    """Whether model bounds are stored for each bucket; `terms` limits it to some series."""

    enabled: bool
    terms: str | None = None
    annotations_enabled: bool = False


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a job cannot be used now: reason is `delete`, `reset` or `revert`."""

    reason: str
    task_id: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One anomaly detection job as it is stored in `.ml-config` and answered by GET.

    Times are epoch milliseconds; retention figures are days.
    """

    job_id: str
    analysis_config: AnalysisConfig
    data_description: DataDescription
    analysis_limits: AnalysisLimits = AnalysisLimits()
    job_type: str = "anomaly_detector"
    job_version: str | None = None
    create_time: int | None = None
    finished_time: int | None = None
    model_snapshot_id: str | None = None
    model_snapshot_min_version: str | None = None
    deleting: bool = False
    custom_settings: Mapping[str, Any] | None = None
    groups: tuple[str, ...] = ()
    description: str | None = None
    model_plot_config: ModelPlotConfig | None = None
    renormalization_window_days: int | None = None
    background_persist_interval: TimeValue | None = None
    model_snapshot_retention_days: int | None = None
    daily_model_snapshot_retention_after_days: int | None = None
    results_retention_days: int | None = None
    results_index_name: str = "shared"
    allow_lazy_open: bool = False
    blocked: Blocked | None = None
    datafeed_config: Mapping[str, Any] | None = field(default=None)
