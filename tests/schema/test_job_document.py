"""Jobs are answered in native order and stored without their datafeed."""

import dataclasses
from typing import Any

import pytest

from sidecar.errors import BadRequestError
from sidecar.schema.categorization_analyzer import default_analyzer
from sidecar.schema.job import Blocked, Job
from sidecar.schema.job_defaults import fill_defaults
from sidecar.schema.job_document import job_from_document, job_to_document, render_job
from sidecar.schema.job_parser import parse_job
from tests.schema.job_bodies import config_body, job_body

NOW = 1_700_000_000_000


def full_job() -> Job:
    body = job_body(
        allow_lazy_open=True,
        results_index_name="mine",
        results_retention_days=9,
        background_persist_interval="90m",
        renormalization_window_days=7,
        model_plot_config={"enabled": True, "terms": "a"},
        description="d",
        groups=["g"],
        custom_settings={"created_by": "wizard", "url": 1},
        data_description={"time_format": "epoch", "format": "XCONTENT"},
        analysis_limits={"model_memory_limit": "1gb"},
        analysis_config={
            "detectors": [
                {
                    "function": "count",
                    "by_field_name": "mlcategory",
                    "over_field_name": "o",
                    "partition_field_name": "p",
                    "exclude_frequent": "BY",
                    "use_null": True,
                    "custom_rules": [
                        {
                            "conditions": [{"value": 1, "operator": "GT", "applies_to": "time"}],
                            "scope": {"o": {"filter_id": "f"}},
                            "actions": ["skip_model_update", "skip_result"],
                        }
                    ],
                }
            ],
            "influencers": ["o"],
            "model_prune_window": "60d",
            "summary_count_field_name": "n",
            "latency": "10s",
            "multivariate_by_fields": False,
            "per_partition_categorization": {"enabled": True, "stop_on_warn": True},
            "categorization_filters": ["x"],
            "categorization_field_name": "msg",
            "bucket_span": "60m",
        },
    )
    return dataclasses.replace(
        fill_defaults(parse_job(body, "job"), now_ms=NOW),
        finished_time=NOW + 1,
        model_snapshot_id="s",
        model_snapshot_min_version="8.0.0",
        deleting=True,
        blocked=Blocked("delete", "t:1"),
        datafeed_config={"indices": ["a"]},
    )


RENDERED: dict[str, Any] = {
    "job_id": "job",
    "job_type": "anomaly_detector",
    "job_version": "12.0.0",
    "create_time": NOW,
    "finished_time": NOW + 1,
    "model_snapshot_id": "s",
    "deleting": True,
    "model_snapshot_min_version": "8.0.0",
    "custom_settings": {"created_by": "wizard", "url": 1},
    "datafeed_config": {"indices": ["a"]},
    "groups": ["g"],
    "description": "d",
    "analysis_config": {
        "bucket_span": "60m",
        "categorization_field_name": "msg",
        "categorization_analyzer": default_analyzer(["x"]),
        "per_partition_categorization": {"enabled": True, "stop_on_warn": True},
        "latency": "10s",
        "summary_count_field_name": "n",
        "detectors": [
            {
                "detector_description": "count by mlcategory over o usenull=true "
                "partitionfield=p excludefrequent=by",
                "function": "count",
                "by_field_name": "mlcategory",
                "over_field_name": "o",
                "partition_field_name": "p",
                "use_null": True,
                "exclude_frequent": "by",
                "custom_rules": [
                    {
                        "actions": ["skip_result", "skip_model_update"],
                        "scope": {"o": {"filter_id": "f", "filter_type": "include"}},
                        "conditions": [{"applies_to": "time", "operator": "gt", "value": 1.0}],
                    }
                ],
                "detector_index": 0,
            }
        ],
        "influencers": ["o"],
        "multivariate_by_fields": False,
        "model_prune_window": "60d",
    },
    "analysis_limits": {"model_memory_limit": "1024mb", "categorization_examples_limit": 4},
    "data_description": {"time_field": "time", "time_format": "epoch"},
    "model_plot_config": {"enabled": True, "terms": "a", "annotations_enabled": True},
    "renormalization_window_days": 7,
    "background_persist_interval": "90m",
    "model_snapshot_retention_days": 10,
    "daily_model_snapshot_retention_after_days": 1,
    "results_retention_days": 9,
    "results_index_name": "custom-mine",
    "allow_lazy_open": True,
    "blocked": {"reason": "delete", "task_id": "t:1"},
}


def in_order(value: Any) -> Any:
    """Mappings as lists of pairs, so that their order counts."""
    if isinstance(value, dict):
        return [(name, in_order(member)) for name, member in value.items()]
    return [in_order(item) for item in value] if isinstance(value, list) else value


def test_all_members_are_rendered_in_native_order() -> None:
    assert in_order(render_job(full_job())) == in_order(RENDERED)


def test_unset_members_are_left_out() -> None:
    job = fill_defaults(parse_job(job_body(), "job"), now_ms=NOW)
    assert list(render_job(job)) == [
        "job_id",
        "job_type",
        "job_version",
        "create_time",
        "analysis_config",
        "analysis_limits",
        "data_description",
        "model_snapshot_retention_days",
        "daily_model_snapshot_retention_after_days",
        "results_index_name",
        "allow_lazy_open",
    ]


def test_generated_members_can_be_left_out() -> None:
    rendered = render_job(full_job(), exclude_generated=True)
    assert list(rendered)[:2] == ["job_id", "custom_settings"]
    assert rendered["custom_settings"] == {"url": 1}
    assert "blocked" not in rendered


def test_the_datafeed_is_not_stored_with_the_job() -> None:
    job = full_job()
    stored = job_to_document(job)
    assert "datafeed_config" not in stored
    assert job_from_document(stored) == dataclasses.replace(job, datafeed_config=None)


def test_a_document_of_another_version_is_read() -> None:
    document = {
        "job_id": "old",
        "newer": {"things": []},
        "analysis_config": {"detectors": [{"function": "count", "newer": 1}], "newer": []},
        "data_description": {"newer": 1},
        "create_time": "2024-01-01T00:00:00Z",
    }
    job = job_from_document(document)
    assert (job.job_id, job.create_time) == ("old", 1_704_067_200_000)


# --- defaults ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "window"),
    [("1h", "30d"), ("5m", "30d"), ("2d", "40d"), ("7s", "2592002s"), ("7d", "140d")],
)
def test_the_prune_window_is_thirty_days_or_twenty_buckets(span: str, window: str) -> None:
    job = fill_defaults(parse_job(config_body(bucket_span=span), "job"), now_ms=NOW)
    assert render_job(job)["analysis_config"]["model_prune_window"] == window


@pytest.mark.parametrize(
    ("keep", "daily", "filled"),
    [
        (None, None, (10, 1)),
        (5, None, (5, 1)),
        (1, None, (1, None)),
        (0, None, (0, None)),
        (5, 3, (5, 3)),
    ],
)
def test_snapshot_retention_gets_defaults(
    keep: int | None, daily: int | None, filled: tuple[int, int | None]
) -> None:
    body = job_body(
        model_snapshot_retention_days=keep, daily_model_snapshot_retention_after_days=daily
    )
    job = fill_defaults(parse_job(body, "job"), now_ms=NOW)
    assert (job.model_snapshot_retention_days, job.daily_model_snapshot_retention_after_days) == (
        filled
    )


@pytest.mark.parametrize(
    ("given", "maximum", "limit"),
    [
        (None, "", 1024),
        (None, "512mb", 512),
        (None, "4gb", 1024),
        (None, "0", 1024),
        ("100mb", "512mb", 100),
        (17, "", 17),
    ],
)
def test_the_memory_limit_gets_a_default_below_the_ceiling(
    given: str | int | None, maximum: str, limit: int
) -> None:
    limits = {} if given is None else {"model_memory_limit": given}
    job = parse_job(job_body(analysis_limits=limits), "job")
    filled = fill_defaults(job, now_ms=NOW, max_model_memory_limit=maximum)
    assert filled.analysis_limits.model_memory_limit_mb == limit


def test_a_memory_limit_over_the_ceiling_is_refused() -> None:
    job = parse_job(job_body(analysis_limits={"model_memory_limit": "1536mb"}), "job")
    with pytest.raises(BadRequestError) as caught:
        fill_defaults(job, now_ms=NOW, max_model_memory_limit="1gb")
    assert caught.value.reason == (
        "model_memory_limit [1.5gb] must be less than the value of the "
        "xpack.ml.max_model_memory_limit setting [1gb]"
    )


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (None, "shared"),
        ("shared", "shared"),
        ("", "shared"),
        ("mine", "custom-mine"),
        ("custom-mine", "custom-mine"),
    ],
)
def test_results_indices_of_users_get_a_prefix(given: str | None, stored: str) -> None:
    job = parse_job(job_body(results_index_name=given), "job")
    assert fill_defaults(job, now_ms=NOW).results_index_name == stored
