"""The analysis configuration of a job."""

from __future__ import annotations


def not_positive(field: str, value: str) -> str:
    """A duration that has to be positive."""
    return f"{field} cannot be less or equal than 0. Value = {value}"


def negative(field: str, value: str) -> str:
    """A duration that must not be negative."""
    return f"{field} cannot be less than 0. Value = {value}"


def not_a_multiple(field: str, base: str, value: str) -> str:
    """A duration that has to be a multiple of another."""
    return f"{field} has to be a multiple of {base}; actual was '{value}'"


def prune_window_not_a_multiple(window: str, bucket_span: str) -> str:
    """model_prune_window must consist of whole buckets."""
    return f"model_prune_window [{window}] must be a multiple of bucket_span [{bucket_span}]"


def prune_window_too_short(window: str, times: int, bucket_span: str) -> str:
    """model_prune_window must cover some buckets."""
    return (
        f"model_prune_window [{window}] must be at least {times} times greater than "
        f"bucket_span [{bucket_span}]"
    )


def cardinality_required(scope: str, kind: str, field: str) -> str:
    """An estimate of model memory without the number of a field's values."""
    return f"[{scope}] cardinality estimate required for [{kind}] [{field}] but not supplied"


def cardinality_not_a_number(setting: str, field: str, value: str) -> str:
    """A number of values that is none."""
    return f"[{setting}] of [{field}] must be a whole number that is not negative, not [{value}]"


def no_detectors() -> str:
    """An empty list of detectors."""
    return "No detectors configured"


def duplicate_detectors(description: str) -> str:
    """Two detectors that do the same."""
    return f"Duplicate detectors are not allowed: [{description}]"


def nested_field_clash(outer: str, inner: str) -> str:
    """A field and a field inside it."""
    return f"Fields [{outer}] and [{inner}] cannot both be used in the same analysis_config"


def function_not_with_summary(function: str) -> str:
    """A function that cannot use summarised input."""
    return f"The '{function}' function cannot be used in jobs that will take pre-summarized input"


def categorization_without_mlcategory() -> str:
    """categorization_field_name has no use."""
    return (
        "categorization_field_name is set but mlcategory is not used in any detector "
        "by/over/partition field"
    )


def mlcategory_without_categorization() -> str:
    """Mlcategory has no source."""
    return "categorization_field_name must be set for mlcategory to be available"


def categorization_requires_field_name(field: str) -> str:
    """Filters (plural) or analyzer without a field to work on."""
    verb = "require" if field == "categorization_filters" else "requires"
    return f"{field} {verb} setting categorization_field_name"


def categorization_filters_with_analyzer() -> str:
    """Filters belong into a given analyzer."""
    return (
        "categorization_filters cannot be used with categorization_analyzer - "
        "instead specify them as pattern_replace char_filters in the analyzer"
    )


def categorization_filters_duplicate() -> str:
    """The same filter twice."""
    return "categorization_filters contain duplicates"


def categorization_filters_empty() -> str:
    """An empty filter."""
    return "categorization_filters are not allowed to contain empty strings"


def categorization_filters_bad_regex(expression: str) -> str:
    """A filter that is no regular expression."""
    return f"categorization_filters contains invalid regular expression '{expression}'"


def analyzer_part_not_supported(place: str, name: str, known: tuple[str, ...]) -> str:
    """An unknown part of a categorization analyzer, or an unknown analyzer."""
    return (
        f"categorization_analyzer: {place} [{name}] is not supported; use one of "
        f"[{', '.join(known)}]"
    )


def analyzer_without_tokenizer() -> str:
    """A categorization analyzer given in parts has to name its tokenizer."""
    return "categorization_analyzer must contain a [tokenizer]"


def analyzer_part_without_pattern(part: str) -> str:
    """A part that needs an expression."""
    return f"categorization_analyzer: [{part}] requires a [pattern]"


def analyzer_bad_regex(expression: str, why: str) -> str:
    """An expression that cannot be used."""
    return (
        f"categorization_analyzer contains invalid or unsupported regular expression "
        f"'{expression}': {why}"
    )


def analyzer_bad_setting(part: str, setting: str, value: object) -> str:
    """A setting of a part that must be another number."""
    return f"categorization_analyzer: [{part}] has an invalid [{setting}]: [{value}]"


def per_partition_needs_categorization() -> str:
    """Per-partition categorization without categorization."""
    return "categorization_field_name must be set when per-partition categorization is enabled"


def per_partition_mlcategory_as_partition() -> str:
    """Mlcategory itself as partition."""
    return (
        "mlcategory cannot be used as a partition_field_name "
        "when per-partition categorization is enabled"
    )


def per_partition_needs_partition() -> str:
    """A detector over categories without a partition."""
    return (
        "partition_field_name must be set for detectors that reference mlcategory "
        "when per-partition categorization is enabled"
    )


def per_partition_varies(first: str, second: str) -> str:
    """Detectors with different partitions."""
    return (
        "partition_field_name cannot vary between detectors when per-partition categorization "
        f"is enabled: [{first}] and [{second}] are used"
    )


def stop_on_warn_when_disabled() -> str:
    """stop_on_warn has no meaning."""
    return "stop_on_warn cannot be true in per_partition_categorization when enabled is false"


def per_partition_enabled_fixed() -> str:
    """Whether categories are per partition is decided at creation."""
    return "analysis_config.per_partition_categorization.enabled cannot be updated"
