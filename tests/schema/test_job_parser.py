"""Job configurations: what is accepted, what is refused and with which words."""

import json
from typing import Any

import pytest

from sidecar.errors import IllegalArgumentError, ParseError
from sidecar.schema.job_parser import parse_job
from tests.schema.job_bodies import MINIMAL, config_body, detector_body, job_body
from tests.schema.refusals import BAD_NAME, FORM, ILLEGAL, STATUS, refusal

_ID_RULE = (
    "can contain lowercase alphanumeric (a-z and 0-9), hyphens or underscores; "
    "must start and end with alphanumeric"
)


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        pytest.param(b"{}", ILLEGAL, "An analysis_config must be set", id="empty"),
        pytest.param(
            job_body(data_description=None),
            ILLEGAL,
            "A data_description must be set",
            id="no data_description",
        ),
        pytest.param(
            job_body(job_id="other"),
            ILLEGAL,
            "Inconsistent job_id; 'other' specified in the body differs from 'job' specified as a "
            "URL argument",
            id="another id",
        ),
        pytest.param(
            job_body(create_time=1, finished_time=2, model_snapshot_id="s"),
            ILLEGAL,
            "The job is configured with fields [model_snapshot_id,finished_time,create_time] that "
            "are illegal to set at job creation",
            id="server-side fields",
        ),
        pytest.param(
            job_body(job_type="other"),
            ILLEGAL,
            "Unsupported job_type [other]; only [anomaly_detector] is allowed",
            id="job_type",
        ),
        pytest.param(
            job_body(data_description={"time_field": "t", "time_format": "yyyy"}),
            STATUS,
            "Invalid Time format string 'yyyy'",
            id="time_format",
        ),
        pytest.param(
            config_body(influencers=["time"]),
            ILLEGAL,
            "data_description.time_field may not be used in the analysis_config",
            id="time field as influencer",
        ),
        pytest.param(
            job_body(background_persist_interval="1m"),
            ILLEGAL,
            "background_persist_interval cannot be less than 3,600. Value = 60",
            id="frequent persistence",
        ),
        pytest.param(
            job_body(background_persist_interval="3600001ms"),
            ILLEGAL,
            "background_persist_interval has to be a multiple of 1s; actual was '1h'",
            id="persistence between seconds",
        ),
        pytest.param(
            job_body(renormalization_window_days=-1),
            ILLEGAL,
            "renormalization_window_days cannot be less than 0. Value = -1",
            id="renormalization window",
        ),
        pytest.param(
            job_body(results_retention_days=-1000),
            ILLEGAL,
            "results_retention_days cannot be less than 0. Value = -1,000",
            id="results retention",
        ),
        pytest.param(
            job_body(model_snapshot_retention_days=-1),
            ILLEGAL,
            "model_snapshot_retention_days cannot be less than 0. Value = -1",
            id="snapshot retention",
        ),
        pytest.param(
            job_body(model_snapshot_retention_days=2, daily_model_snapshot_retention_after_days=3),
            ILLEGAL,
            "The value of 'daily_model_snapshot_retention_after_days' [3] cannot be greater than "
            "'model_snapshot_retention_days' [2]",
            id="daily snapshots",
        ),
        pytest.param(
            job_body(groups=["Bad"]),
            ILLEGAL,
            "Invalid group id 'Bad'; must be non-empty string and may contain lowercase "
            "alphanumeric (a-z and 0-9), hyphens or underscores; must start and end with "
            "alphanumeric",
            id="group",
        ),
        pytest.param(
            job_body(groups=["job"]),
            "resource_already_exists_exception",
            "job and group names must be unique but job [job] and group [job] have the same name",
            id="group named as the job",
        ),
        pytest.param(
            job_body(results_index_name="_x"),
            ILLEGAL,
            f"Invalid results_index_name; '_x' {_ID_RULE}",
            id="results index",
        ),
        pytest.param(
            job_body(analysis_limits={"model_memory_limit": "512kb"}),
            STATUS,
            "model_memory_limit must be at least 1 MiB. Value = 0",
            id="memory limit",
        ),
        pytest.param(
            job_body(analysis_limits={"model_memory_limit": "12"}),
            "parse_exception",
            "failed to parse setting [model_memory_limit] with value [12] as a size in bytes: "
            "unit is missing or unrecognized",
            id="memory limit without unit",
        ),
        pytest.param(
            job_body(analysis_limits={"categorization_examples_limit": -1}),
            STATUS,
            "categorization_examples_limit cannot be less than 0. Value = -1",
            id="examples limit",
        ),
        pytest.param(
            job_body(model_plot_config={"terms": "a"}),
            ILLEGAL,
            "Required [enabled]",
            id="model plot without enabled",
        ),
        pytest.param(
            job_body(datafeed_config={"job_id": "other"}),
            ILLEGAL,
            "datafeed job_id [other] does not equal job id [job}",
            id="datafeed of another job",
        ),
    ],
)
def test_a_job_is_refused(body: bytes, kind: str, reason: str) -> None:
    assert refusal(body) == (kind, reason)


@pytest.mark.parametrize(
    "job_id", ["_x", "X", "a b", "-a", "a-", "_all", "", "ä"], ids=lambda text: repr(text)
)
def test_a_bad_id_is_refused(job_id: str) -> None:
    assert refusal(job_body(), job_id) == (ILLEGAL, f"Invalid job_id; '{job_id}' {_ID_RULE}")


def test_a_long_id_is_refused() -> None:
    reason = "The job id cannot contain more than 64 characters."
    assert refusal(job_body(), "a" * 65) == (ILLEGAL, reason)


@pytest.mark.parametrize("job_id", ["a", "a.b-c_1", "a" * 64, "0"])
def test_a_good_id_is_accepted(job_id: str) -> None:
    assert parse_job(job_body(), job_id).job_id == job_id


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        pytest.param(config_body(detectors=[]), STATUS, "No detectors configured", id="none"),
        pytest.param(config_body(detectors=None), ILLEGAL, "Required [detectors]", id="absent"),
        pytest.param(
            config_body(bucket_span="0s"),
            ILLEGAL,
            "bucket_span cannot be less or equal than 0. Value = 0s",
            id="zero bucket_span",
        ),
        pytest.param(
            config_body(bucket_span="-1"),
            ILLEGAL,
            "bucket_span cannot be less or equal than 0. Value = -1",
            id="negative bucket_span",
        ),
        pytest.param(
            config_body(bucket_span="500ms"),
            ILLEGAL,
            "bucket_span has to be a multiple of 1s; actual was '500ms'",
            id="bucket_span between seconds",
        ),
        pytest.param(
            config_body(bucket_span="1.5h"),
            ILLEGAL,
            "failed to parse [1.5h], fractional time values are not supported",
            id="fractional bucket_span",
        ),
        pytest.param(
            config_body(bucket_span="5"),
            ILLEGAL,
            "failed to parse setting [bucket_span] with value [5] as a time value: "
            "unit is missing or unrecognized",
            id="bucket_span without unit",
        ),
        pytest.param(
            config_body(bucket_span=300),
            FORM,
            "[1:37] [analysis_config] bucket_span doesn't support values of type: VALUE_NUMBER",
            id="bucket_span as a number",
        ),
        pytest.param(
            config_body(latency="-1"), ILLEGAL, "latency cannot be less than 0. Value = -1",
            id="negative latency",
        ),
        pytest.param(
            config_body(latency="1500ms"),
            ILLEGAL,
            "latency has to be a multiple of 1s; actual was '1.5s'",
            id="latency between seconds",
        ),
        pytest.param(
            config_body(model_prune_window="90m"),
            STATUS,
            "model_prune_window [1.5h] must be a multiple of bucket_span [1h]",
            id="prune window of part of a bucket",
        ),
        pytest.param(
            config_body(model_prune_window="1h"),
            STATUS,
            "model_prune_window [1h] must be at least 2 times greater than bucket_span [1h]",
            id="prune window of one bucket",
        ),
        pytest.param(
            config_body(influencers=["a.b", "a-b", "a"]),
            STATUS,
            "Fields [a] and [a.b] cannot both be used in the same analysis_config",
            id="nested fields",
        ),
        pytest.param(
            config_body(
                detectors=[{"function": "metric", "field_name": "x"}], summary_count_field_name="n"
            ),
            STATUS,
            "The 'metric' function cannot be used in jobs that will take pre-summarized input",
            id="metric of summaries",
        ),
        pytest.param(
            config_body(summary_count_field_name='"'), STATUS, BAD_NAME.format('"'),
            id="summary count field",
        ),
        pytest.param(
            config_body(categorization_field_name="msg"),
            STATUS,
            "categorization_field_name is set but mlcategory is not used in any detector "
            "by/over/partition field",
            id="categories unused",
        ),
        pytest.param(
            detector_body({"function": "count", "by_field_name": "mlcategory"}),
            STATUS,
            "categorization_field_name must be set for mlcategory to be available",
            id="categories undefined",
        ),
        pytest.param(
            config_body(categorization_filters=["x"]),
            STATUS,
            "categorization_filters require setting categorization_field_name",
            id="filters without field",
        ),
        pytest.param(
            config_body(categorization_analyzer="standard"),
            STATUS,
            "categorization_analyzer requires setting categorization_field_name",
            id="analyzer without field",
        ),
        pytest.param(
            config_body(per_partition_categorization={"enabled": True}),
            STATUS,
            "categorization_field_name must be set when per-partition categorization is enabled",
            id="per partition without field",
        ),
        pytest.param(
            config_body(per_partition_categorization={"enabled": False, "stop_on_warn": True}),
            STATUS,
            "stop_on_warn cannot be true in per_partition_categorization when enabled is false",
            id="stop_on_warn",
        ),
        pytest.param(
            detector_body({"function": "count"}, {"function": "count"}),
            ILLEGAL,
            "Duplicate detectors are not allowed: [count]",
            id="duplicates",
        ),
    ],
)  # fmt: skip
def test_an_analysis_config_is_refused(body: bytes, kind: str, reason: str) -> None:
    assert refusal(body) == (kind, reason)


def categorizing(*partitions: str | None, by: str = "mlcategory", **changes: Any) -> bytes:
    detectors = []
    for number, partition in enumerate(partitions):
        detector = {"function": "count", "by_field_name": by, "detector_description": str(number)}
        detectors.append({**detector, **({"partition_field_name": partition} if partition else {})})
    return config_body(detectors=detectors, categorization_field_name="msg", **changes)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(
            categorizing(None, categorization_filters=["a", "a"]),
            "categorization_filters contain duplicates",
            id="duplicate filters",
        ),
        pytest.param(
            categorizing(None, categorization_filters=["a", ""]),
            "categorization_filters are not allowed to contain empty strings",
            id="empty filter",
        ),
        pytest.param(
            categorizing(None, categorization_filters=["(a"]),
            "categorization_filters contains invalid regular expression '(a'",
            id="no regular expression",
        ),
        pytest.param(
            categorizing(None, categorization_filters=["a"], categorization_analyzer="standard"),
            "categorization_filters cannot be used with categorization_analyzer - "
            "instead specify them as pattern_replace char_filters in the analyzer",
            id="filters and analyzer",
        ),
        pytest.param(
            categorizing(None, per_partition_categorization={"enabled": True}),
            "partition_field_name must be set for detectors that reference mlcategory "
            "when per-partition categorization is enabled",
            id="no partition",
        ),
        pytest.param(
            categorizing("mlcategory", by="x", per_partition_categorization={"enabled": True}),
            "mlcategory cannot be used as a partition_field_name "
            "when per-partition categorization is enabled",
            id="category as partition",
        ),
        pytest.param(
            categorizing("a", "b", per_partition_categorization={"enabled": True}),
            "partition_field_name cannot vary between detectors when per-partition categorization "
            "is enabled: [a] and [b] are used",
            id="two partitions",
        ),
    ],
)
def test_a_categorization_is_refused(body: bytes, reason: str) -> None:
    assert refusal(body) == (STATUS, reason)


def test_java_only_regular_expressions_are_accepted_as_filters() -> None:
    filters = [r"\p{Alpha}+\R", "(?<name>x)", "a++"]
    job = parse_job(categorizing(None, categorization_filters=filters), "job")
    assert job.analysis_config.categorization_filters == tuple(filters)


def test_a_default_bucket_span_is_five_minutes() -> None:
    assert parse_job(config_body(bucket_span=None), "job").analysis_config.bucket_span.text == "5m"


def test_members_that_the_server_sets_do_not_come_from_the_body() -> None:
    body = job_body(
        job_version="1.0.0",
        deleting=True,
        blocked={"reason": "delete"},
        job_type="anomaly_detector",
    )
    assert parse_job(body, "job") == parse_job(job_body(), "job")


def test_a_time_format_without_a_year_is_accepted() -> None:
    body = job_body(data_description={"time_format": "MMM dd HH:mm:ss"})
    assert parse_job(body, "job").data_description.time_format == "MMM dd HH:mm:ss"


def test_an_empty_body_is_refused() -> None:
    with pytest.raises(ParseError, match=r"^request body is required$"):
        parse_job(b"", "job")


def test_the_id_may_come_from_the_body_alone() -> None:
    assert parse_job(job_body(job_id="mine"), None).job_id == "mine"
    with pytest.raises(IllegalArgumentError, match="Invalid job_id; 'null'"):
        parse_job(job_body(), None)


def test_the_minimal_job_is_accepted() -> None:
    assert parse_job(json.dumps(MINIMAL).encode(), "job").job_id == "job"
