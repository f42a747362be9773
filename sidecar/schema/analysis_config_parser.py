"""Parser, checks and rendering of a job's analysis_config."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

from sidecar import messages
from sidecar.errors import BadRequestError, IllegalArgumentError
from sidecar.schema.analysis_config import (
    ML_CATEGORY,
    AnalysisConfig,
    PerPartitionCategorization,
)
from sidecar.schema.detector_parser import (
    DETECTOR_PARSER,
    check_field_name,
    render_detector,
)
from sidecar.schema.units import TimeValue, parse_time_value
from sidecar.xcontent import (
    BOOLEAN,
    STRING,
    STRING_ARRAY,
    Field,
    ObjectParser,
    Token,
    ValueType,
    array_of,
    object_of,
)

DEFAULT_BUCKET_SPAN = TimeValue(300_000, "5m")
# The least number of buckets in a model_prune_window.
MIN_PRUNE_BUCKETS = 2

_NANOS_PER_SECOND = 1_000_000_000


def duration(setting: str) -> Callable[[str], TimeValue]:
    """Convert the text of a duration; errors name `setting`."""
    return lambda text: parse_time_value(text, setting)


def check_whole_seconds(value: TimeValue, field: str) -> None:
    """Raise IllegalArgumentError for a duration with a fraction of a second."""
    if value.nanos % _NANOS_PER_SECOND:
        raise IllegalArgumentError(messages.not_a_multiple(field, "1s", str(value)))


# --- checks, in native order ----------------------------------------------------------------


def validate_analysis_config(config: AnalysisConfig) -> None:
    """Check everything but the detectors by themselves; raises MlError (400)."""
    if config.bucket_span.nanos <= 0:
        raise IllegalArgumentError(messages.not_positive("bucket_span", str(config.bucket_span)))
    check_whole_seconds(config.bucket_span, "bucket_span")
    _check_prune_window(config)
    if config.latency is not None:
        if config.latency.nanos < 0:
            raise IllegalArgumentError(messages.negative("latency", str(config.latency)))
        check_whole_seconds(config.latency, "latency")
    if not config.detectors:
        raise BadRequestError(messages.no_detectors())
    check_field_name(config.summary_count_field_name)
    check_field_name(config.categorization_field_name)
    _check_mlcategory(config)
    _check_categorization(config)
    _check_per_partition(config)
    if config.summary_count_field_name and any(d.function == "metric" for d in config.detectors):
        raise BadRequestError(messages.function_not_with_summary("metric"))
    _check_nested_names(config)


def _check_prune_window(config: AnalysisConfig) -> None:
    window, span = config.model_prune_window, config.bucket_span
    if window is None:
        return
    if window.seconds % span.seconds:
        raise BadRequestError(messages.prune_window_not_a_multiple(str(window), str(span)))
    if window.seconds // span.seconds < MIN_PRUNE_BUCKETS:
        text = messages.prune_window_too_short(str(window), MIN_PRUNE_BUCKETS, str(span))
        raise BadRequestError(text)


def _check_mlcategory(config: AnalysisConfig) -> None:
    used = any(ML_CATEGORY in detector.split_fields() for detector in config.detectors)
    if used and config.categorization_field_name is None:
        raise BadRequestError(messages.mlcategory_without_categorization())
    if config.categorization_field_name is not None and not used:
        raise BadRequestError(messages.categorization_without_mlcategory())


def _check_categorization(config: AnalysisConfig) -> None:
    field, analyzer = config.categorization_field_name, config.categorization_analyzer
    if analyzer is not None and field is None:
        text = messages.categorization_requires_field_name("categorization_analyzer")
        raise BadRequestError(text)
    filters = config.categorization_filters
    if not filters:
        return
    if analyzer is not None:
        raise BadRequestError(messages.categorization_filters_with_analyzer())
    if field is None:
        text = messages.categorization_requires_field_name("categorization_filters")
        raise BadRequestError(text)
    if len(set(filters)) != len(filters):
        raise BadRequestError(messages.categorization_filters_duplicate())
    if "" in filters:
        raise BadRequestError(messages.categorization_filters_empty())
    for expression in filters:
        if not _is_regex(expression):
            raise BadRequestError(messages.categorization_filters_bad_regex(expression))


def _is_regex(expression: str) -> bool:
    """Whether a Java regular expression is well formed, as far as Python's reader can tell.

    Java's named groups and its classes and escapes that Python lacks are replaced first.
    """
    text = re.sub(r"\\[pP]\{\^?\w+(?:=\w+)?\}|\\[hHvVRXzZGQEe]", ".", expression)
    text = re.sub(r"\(\?<([A-Za-z][A-Za-z0-9]*)>", r"(?P<\1>", text)
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _check_per_partition(config: AnalysisConfig) -> None:
    if not config.per_partition_categorization.enabled:
        return
    if config.categorization_field_name is None:
        raise BadRequestError(messages.per_partition_needs_categorization())
    previous: str | None = None
    for detector in config.detectors:
        partition = detector.partition_field_name
        if ML_CATEGORY in detector.split_fields():
            if partition == ML_CATEGORY:
                raise BadRequestError(messages.per_partition_mlcategory_as_partition())
            if partition is None:
                raise BadRequestError(messages.per_partition_needs_partition())
        if partition is None:
            continue
        if previous is not None and previous != partition:
            raise BadRequestError(messages.per_partition_varies(previous, partition))
        previous = partition


def _check_nested_names(config: AnalysisConfig) -> None:
    names = set(config.term_fields())
    for name in sorted(names):
        for end in (i for i, character in enumerate(name) if character == "."):
            if name[:end] in names:
                raise BadRequestError(messages.nested_field_clash(name[:end], name))


def check_detectors_differ(config: AnalysisConfig) -> None:
    """Raise IllegalArgumentError when two detectors are the same but for their index."""
    seen = set()
    for detector in config.detectors:
        bare = repr(dataclasses.replace(detector, detector_index=0))
        if bare in seen:
            raise IllegalArgumentError(messages.duplicate_detectors(detector.detector_description))
        seen.add(bare)


# --- parser ---------------------------------------------------------------------------------


def _check_stop_on_warn(values: Any) -> None:
    if values.get("stop_on_warn") and not values["enabled"]:
        raise BadRequestError(messages.stop_on_warn_when_disabled())


PER_PARTITION_PARSER = ObjectParser(
    "per_partition_categorization",
    [Field("enabled", BOOLEAN, required=True), Field("stop_on_warn", BOOLEAN, argument=True)],
    lambda values: PerPartitionCategorization(**values),
    check=_check_stop_on_warn,
)


def _build(values: dict[str, Any]) -> AnalysisConfig:
    for name in ("influencers", "categorization_filters"):
        if name in values:
            values[name] = tuple(values[name])
    detectors = tuple(
        dataclasses.replace(detector, detector_index=index)
        for index, detector in enumerate(values.pop("detectors"))
    )
    config = AnalysisConfig(**{"bucket_span": DEFAULT_BUCKET_SPAN, **values}, detectors=detectors)
    validate_analysis_config(config)
    return config


_ANALYZER = ValueType(
    frozenset((Token.START_OBJECT, Token.VALUE_STRING)),
    lambda cursor, _strict: cursor.plain(),
)
ANALYSIS_CONFIG_PARSER = ObjectParser(
    "analysis_config",
    [
        Field("detectors", array_of(DETECTOR_PARSER), required=True),
        Field("bucket_span", STRING, duration("bucket_span")),
        Field("categorization_field_name", STRING),
        Field("categorization_filters", STRING_ARRAY),
        Field("categorization_analyzer", _ANALYZER),
        Field("per_partition_categorization", object_of(PER_PARTITION_PARSER)),
        Field("latency", STRING, duration("latency")),
        Field("summary_count_field_name", STRING),
        Field("influencers", STRING_ARRAY),
        Field("multivariate_by_fields", BOOLEAN),
        Field("model_prune_window", STRING, duration("model_prune_window")),
    ],
    _build,
)


# --- rendering ------------------------------------------------------------------------------


def render_per_partition(config: PerPartitionCategorization) -> dict[str, Any]:
    """`stop_on_warn` means something only when enabled."""
    rendered = {"enabled": config.enabled}
    return {**rendered, "stop_on_warn": config.stop_on_warn} if config.enabled else rendered


def render_analysis_config(config: AnalysisConfig) -> dict[str, Any]:
    """The config as it is answered and stored, members in native order."""
    filters = config.categorization_filters
    categorizes = config.categorization_field_name is not None
    rendered: dict[str, Any] = {
        "bucket_span": config.bucket_span.text,
        "categorization_field_name": config.categorization_field_name,
        "categorization_filters": None if filters is None else list(filters),
        "categorization_analyzer": config.categorization_analyzer,
        "per_partition_categorization": (
            render_per_partition(config.per_partition_categorization) if categorizes else None
        ),
        "latency": None if config.latency is None else config.latency.text,
        "summary_count_field_name": config.summary_count_field_name,
        "detectors": [render_detector(detector) for detector in config.detectors],
        "influencers": list(config.influencers),
        "multivariate_by_fields": config.multivariate_by_fields,
        "model_prune_window": (
            None if config.model_prune_window is None else config.model_prune_window.text
        ),
    }
    return {name: value for name, value in rendered.items() if value is not None}
