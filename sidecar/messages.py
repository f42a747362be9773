"""The sentences a user reads: one function for each, brackets or quotes round the values.

The wording is that of Elasticsearch's own ML APIs, because scripts and dashboards match on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# --- ids and names --------------------------------------------------------------------------

_ID_RULE = (
    "lowercase alphanumeric (a-z and 0-9), hyphens or underscores; "
    "must start and end with alphanumeric"
)


def invalid_id(field: str, value: str | None) -> str:
    """An id with characters that are not allowed."""
    return f"Invalid {field}; '{'null' if value is None else value}' can contain {_ID_RULE}"


def id_too_long(limit: int) -> str:
    """A job id over the limit."""
    return f"The job id cannot contain more than {limit:,} characters."


def invalid_group(group: str) -> str:
    """A group name with characters that are not allowed."""
    return f"Invalid group id '{group}'; must be non-empty string and may contain {_ID_RULE}"


def inconsistent_id(field: str, body: str, url: str) -> str:
    """Body and URL name different things."""
    return (
        f"Inconsistent {field}; '{body}' specified in the body "
        f"differs from '{url}' specified as a URL argument"
    )


def job_id_taken(job_id: str) -> str:
    """The job exists already."""
    return f"The job cannot be created with the Id '{job_id}'. The Id is already used."


def job_and_group_names_must_be_unique(name: str) -> str:
    """A group is called like a job."""
    return (
        f"job and group names must be unique but job [{name}] and group [{name}] have the same name"
    )


def unknown_job(expression: str) -> str:
    """No such job, or part of an expression matches nothing."""
    return f"No known job with id '{expression}'"


# --- job configuration ----------------------------------------------------------------------


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


# --- analysis configuration -----------------------------------------------------------------


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


# --- detectors ------------------------------------------------------------------------------


def unknown_function(function: str) -> str:
    """No such function."""
    return f"Unknown function '{function}'"


def analysis_field_must_be_set() -> str:
    """A detector without any field."""
    return (
        "Unless a count or temporal function is used one of field_name, by_field_name "
        "or over_field_name must be set"
    )


def function_requires(field: str, function: str) -> str:
    """A function that cannot do without `field`."""
    return f"{field} must be set when the '{function}' function is used"


def function_refuses(field: str, function: str) -> str:
    """A function that cannot use `field`."""
    return f"{field} cannot be used with function '{function}'"


def invalid_field_name_characters(name: str) -> str:
    """Quote, backslash or control character in a field name."""
    return (
        f"Invalid field name '{name}'. Field names including over, by and partition fields "
        'cannot contain any of these characters: ",\\'
    )


def invalid_field_name(name: str) -> str:
    """The control field's name."""
    return (
        f"Invalid field name '{name}'. Field names including over, by and partition fields "
        f"cannot be '{name}'"
    )


def fields_cannot_be_the_same(first: str, second: str, name: str) -> str:
    """Two of by, over and partition are one field."""
    return f"{first} and {second} cannot be the same: '{name}'"


def name_not_permitted(name: str, field: str) -> str:
    """`count`, `by` or `over` as by or over field."""
    return f"'{name}' is not a permitted value for {field}"


def rule_not_supported_by_function(function: str) -> str:
    """A rule condition on a value that the function does not have."""
    return f"Invalid detector rule: function {function} only supports conditions that apply to time"


def rule_requires_scope_or_condition() -> str:
    """A rule that would always hold."""
    return "Invalid detector rule: at least scope or a condition is required"


def rule_scope_has_no_fields(field: str) -> str:
    """A scope on a detector that is not split."""
    return (
        f"Invalid detector rule: scope field '{field}' is invalid; "
        "detector has no available fields for scoping"
    )


def rule_scope_invalid_field(field: str, available: Iterable[str]) -> str:
    """A scope on a field the detector does not split by."""
    return (
        f"Invalid detector rule: scope field '{field}' is invalid; "
        f"select from [{', '.join(available)}]"
    )


def detector_index_too_high(index: int, count: int) -> str:
    """An update of a detector that does not exist."""
    return f"Supplied detector_index [{index}] is >= the number of detectors [{count}]"


def not_supported_yet(what: str, instead: str) -> str:
    """A native feature that this version of the sidecar does not have."""
    return f"{what} is not supported by this version of ml-sidecar yet; {instead}"


# --- bodies and parameters ------------------------------------------------------------------


def body_required() -> str:
    """A request without the body it needs."""
    return "request body is required"


def unit_missing(setting: str, value: str) -> str:
    """A duration without unit."""
    return (
        f"failed to parse setting [{setting}] with value [{value}] as a time value: "
        "unit is missing or unrecognized"
    )


def negative_duration(setting: str, value: str) -> str:
    """A negative duration other than -1."""
    return (
        f"failed to parse setting [{setting}] with value [{value}] as a time value: "
        "negative durations are not supported"
    )


def fractional_duration(value: str) -> str:
    """`1.5h`."""
    return f"failed to parse [{value}], fractional time values are not supported"


def unparseable_duration(value: str) -> str:
    """No number in front of the unit."""
    return f"failed to parse [{value}]"


def size_unit_missing(setting: str, value: str) -> str:
    """A byte size without unit."""
    return (
        f"failed to parse setting [{setting}] with value [{value}] as a size in bytes: "
        "unit is missing or unrecognized"
    )


def unparseable_size(setting: str, value: str) -> str:
    """No number in front of the unit, or a negative one."""
    return f"failed to parse setting [{setting}] with value [{value}]"


def size_out_of_range(setting: str, value: str) -> str:
    """More bytes than a long holds."""
    return f"failed to parse setting [{setting}] with value beyond {2**63 - 1}: [{value}]"


def too_many_decimals(setting: str, value: str) -> str:
    """`1.234gb`."""
    return f"failed to parse setting [{setting}] with more than two decimals in value [{value}]"


def invalid_date_parameter(parameter: str, value: str) -> str:
    """A time that is neither a date nor a number."""
    return (
        f"Query param [{parameter}] with value [{value}] cannot be parsed as a date or "
        "converted to a number (epoch)."
    )


def start_after_end(end: str, start: str) -> str:
    """A time range that ends before it starts."""
    return f"Invalid time range: end time '{end}' is earlier than start time '{start}'."


def invalid_boolean(value: str) -> str:
    """Neither true nor false."""
    return f"Failed to parse value [{value}] as only [true] or [false] are allowed."


def invalid_number(value: str) -> str:
    """Not a number."""
    return f'For input string: "{value}"' if value.strip() else "empty String"


def number_out_of_range(value: str, kind: str) -> str:
    """A whole number that does not fit."""
    low, high = (-(2**63), 2**63 - 1) if kind == "long" else (-(2**31), 2**31 - 1)
    return f"Numeric value ({value}) out of range of {kind} ({low} - {high})"


def text_out_of_range(value: str, kind: str) -> str:
    """The same in a string."""
    article = "an integer" if kind == "int" else "a long"
    return f"Value [{value}] is out of range for {article}"


def invalid_int_parameter(parameter: str, value: str) -> str:
    """A query parameter that is no whole number."""
    return f"Failed to parse int parameter [{parameter}] with value [{value}]"


def negative_page(parameter: str) -> str:
    """`from` or `size` below zero."""
    return f"Parameter [{parameter}] cannot be < 0"


def timestamp_is_incompatible() -> str:
    """A single bucket is asked for together with paging."""
    return "Param [timestamp] is incompatible with [from,size,start,end,anomaly_score]"


def incompatible_with_timestamp(parameter: str) -> str:
    """A parameter that has no meaning for a single bucket."""
    return f"Param [{parameter}] is incompatible with [timestamp]."


def flush_unexpected(parameter: str) -> str:
    """A flush parameter that needs calc_interim."""
    return f"Invalid flush parameters: unexpected '{parameter}'."


def flush_missing(parameter: str) -> str:
    """A flush parameter that another one needs."""
    return f"Invalid flush parameters: '{parameter}' has not been specified."


def advance_before_skip(advance: str, skip: str) -> str:
    """advance_time is not behind skip_time."""
    return f"advance_time [{advance}] must be later than skip_time [{skip}]"


# --- states of jobs -------------------------------------------------------------------------


def job_not_open(job_id: str) -> str:
    """An operation that needs an open job (or there is no such job)."""
    return f"Cannot perform requested action because job [{job_id}] is not open"


def job_already_open(job_id: str) -> str:
    """Opened twice."""
    return f"Cannot open job [{job_id}] because it has already been opened"


def job_blocked(job_id: str, reason: str) -> str:
    """Something else is going on that forbids opening."""
    return f"Cannot open job [{job_id}] because it is executing [{reason}]"


def opening_timed_out(job_id: str, timeout: str) -> str:
    """The job did not open in time."""
    return f"Opening job [{job_id}] timed out after [{timeout}]"


def close_failed_job(job_id: str) -> str:
    """A failed job needs force."""
    return f"cannot close job [{job_id}] because it failed, use force close"


def close_failed_jobs() -> str:
    """Several failed jobs need force."""
    return "one or more jobs have state failed, use force close"


def left_over_documents(results: int, states: int, job_id: str) -> str:
    """Documents of an earlier job with the same id."""
    return (
        f"[{results}] result and [{states}] state documents exist for a prior job with Id "
        f"[{job_id}]. Please create the job with a different Id"
    )


def too_many_writers(job_id: str) -> str:
    """The configuration changed under every attempt to change it."""
    return f"Cannot update job [{job_id}] because others keep changing it; try again"


def one_job_only(expression: str) -> str:
    """Data go to one job."""
    return f"Invalid job_id; '{expression}' names several jobs, and this API takes one"


def cannot_delete_open(job_id: str, state: str) -> str:
    """A deletion without force of a job that is not closed."""
    return f"Cannot delete job [{job_id}] because the job is {state}"


def deletion_refused(job_id: str) -> str:
    """The deletion that this request waited for was refused."""
    return f"Cannot delete job [{job_id}] because an earlier deletion of it was refused"


def bucket_not_found() -> str:
    """No bucket starts at the time asked for."""
    return "Could not find requested buckets"


# --- audit ----------------------------------------------------------------------------------


def audit_job_created() -> str:
    """A job was created."""
    return "Job created"


def audit_job_updated(fields: Iterable[str]) -> str:
    """A job was changed; the changed fields in order."""
    return f"Job updated: [{', '.join(fields)}]"


def audit_job_closing(*, forced: bool) -> str:
    """A job is being closed."""
    return "Job is closing (forced)" if forced else "Job is closing"


def audit_deleting_job(task_id: str) -> str:
    """A deletion begins or goes on."""
    return f"Deleting job by task with id '{task_id}'"


def audit_error_deleting_job(reason: str) -> str:
    """A deletion failed; the job stays marked."""
    return f"Error deleting job: {reason}"


def audit_job_deleted() -> str:
    """A job is gone."""
    return "Job deleted"


# --- tasks ----------------------------------------------------------------------------------


def malformed_task_id(task_id: str) -> str:
    """Not of the form `<node>:<number>`."""
    return f"malformed task id {task_id}"


def task_not_found(task_id: str) -> str:
    """No such task."""
    return f"task [{task_id}] isn't running and hasn't stored its results"


def task_timed_out(task_id: str) -> str:
    """The task goes on longer than the caller wanted to wait."""
    return f"Timed out waiting for completion of task [{task_id}]"


# --- http -----------------------------------------------------------------------------------


def no_handler(uri: str, method: str) -> str:
    """A path that is not served."""
    return f"no handler found for uri [{uri}] and method [{method}]"


def method_not_allowed(uri: str, method: str, allowed: Iterable[str]) -> str:
    """A path that is served with other verbs."""
    return (
        f"Incorrect HTTP method for uri [{uri}] and method [{method}], "
        f"allowed: [{', '.join(allowed)}]"
    )


def unrecognized_parameters(path: str, guesses: Mapping[str, str]) -> str:
    """Query parameters that nothing reads, each with a guess (` did you mean ..?`) or nothing."""
    parts = [f"[{name}]" + (f" ->{guess}" if guess else "") for name, guess in guesses.items()]
    plural = "s" if len(parts) > 1 else ""
    return f"request [{path}] contains unrecognized parameter{plural}: {', '.join(parts)}"


def body_not_supported(method: str, path: str) -> str:
    """A body where none is read."""
    return f"request [{method} {path}] does not support having a body"


def body_too_large(limit: int) -> str:
    """More bytes than allowed, counted after decompression."""
    return f"request body is larger than the limit of [{limit}] bytes"


def body_broke_off() -> str:
    """The connection ended in the middle of the body."""
    return "request body broke off before its end; nothing of it was kept"


def body_not_decompressible(encoding: str) -> str:
    """Truncated or not compressed at all."""
    return f"request body is not a whole [{encoding}] stream, as its Content-Encoding says"


def content_encoding_not_supported(encoding: str) -> str:
    """A compression that is not read."""
    return f"Content-Encoding [{encoding}] is not supported, use [gzip], [deflate] or [identity]"


def content_type_missing() -> str:
    """A body without its type."""
    return "Content-Type header is missing"


def content_type_not_supported(content_type: str) -> str:
    """A body of a type that is not read."""
    return f"Content-Type header [{content_type}] is not supported"


def content_type_not_streamable(content_type: str) -> str:
    """Records in a format other than JSON."""
    return f"Content-Type [{content_type}] does not support stream parsing. Use JSON instead"


def format_not_supported(answer_format: str) -> str:
    """Answers in another format than JSON."""
    return f"format [{answer_format}] is not supported, use [json]"


def version_not_supported(header: str, value: str, version: str) -> str:
    """A compatible-with version that nobody speaks."""
    return (
        f"{header} version must be either version 9, 8 or 7, but found {version}. {header}={value}"
    )


def no_answer_possible() -> str:
    """A defect of the sidecar, met where no request is known."""
    return "unexpected error, described in the log of the sidecar"


def unexpected_error(trace_id: str) -> str:
    """A defect of the sidecar."""
    return f"unexpected error, described in the log of the sidecar under trace.id [{trace_id}]"


# --- results indices ------------------------------------------------------------------------


def mapping_clash(field: str) -> str:
    """The results index maps a term field of the job as something else than a keyword."""
    return (
        f"This job would cause a mapping clash with existing field [{field}] - "
        "avoid the clash by assigning a dedicated results index"
    )


def too_many_fields(index: str) -> str:
    """The results index cannot take the term fields of the job."""
    return (
        f"Cannot create job in index '{index}' as the index.mapping.total_fields.limit setting "
        "will be violated"
    )


def closed_results_index(job_id: str, index: str) -> str:
    """The results index of a new job is closed."""
    return f"Cannot create job [{job_id}] as it requires closed index [{index}]"


def alias_is_an_index(alias: str) -> str:
    """An index stands where an alias of the sidecar belongs."""
    return (
        "Detected a problem with your setup of machine learning, the state index alias "
        f"[{alias}] exists as index but must be an alias."
    )


def result_window_too_large(window: int, limit: int) -> str:
    """A page of results ends behind what Elasticsearch pages through."""
    return (
        "Result window is too large, from + size must be less than or equal to: "
        f"[{limit}] but was [{window}]. See the scroll api for a more efficient way to "
        "request large data sets. This limit can be set by changing the "
        "[index.max_result_window] index level setting."
    )


def all_shards_failed() -> str:
    """Every shard refused a search."""
    return "all shards failed"


def action_unauthorized(action: str, subject: str, granting: str) -> str:
    """The caller lacks a privilege; `granting` names those that would do, the least first."""
    return (
        f"action [{action}] is unauthorized for {subject}, "
        f"this action is granted by the cluster privileges [{granting}]"
    )
