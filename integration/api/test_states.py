"""States of jobs: what each operation answers in each of them, and what stats tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from integration.api.conftest import BASE, Jobs, steady
from integration.api.rest import Rest

pytestmark = pytest.mark.integration

DATA_COUNTS = {
    "job_id": str, "processed_record_count": int, "processed_field_count": int,
    "input_bytes": int, "input_field_count": int, "invalid_date_count": int,
    "missing_field_count": int, "out_of_order_timestamp_count": int, "empty_bucket_count": int,
    "sparse_bucket_count": int, "bucket_count": int, "input_record_count": int,
}  # fmt: skip
TIMES = {"earliest_record_timestamp": int, "latest_record_timestamp": int, "last_data_time": int}
MODEL_SIZE = {
    "job_id": str, "result_type": str, "model_bytes": int, "total_by_field_count": int,
    "total_over_field_count": int, "total_partition_field_count": int,
    "bucket_allocation_failures_count": int, "memory_status": str, "categorized_doc_count": int,
    "total_category_count": int, "frequent_category_count": int, "rare_category_count": int,
    "dead_category_count": int, "failed_category_count": int, "categorization_status": str,
    "log_time": int,
}  # fmt: skip
TIMING = {
    "job_id": str, "bucket_count": int, "total_bucket_processing_time_ms": float,
    "exponential_average_bucket_processing_time_per_hour_ms": float,
}  # fmt: skip
BUCKET_TIMES = {
    f"{kind}_bucket_processing_time_ms": float
    for kind in ("minimum", "maximum", "average", "exponential_average")
}
NODE = {
    "id": str, "name": str, "ephemeral_id": str, "transport_address": str, "attributes": dict,
}  # fmt: skip


def assert_members(found: dict[str, Any], expected: Mapping[str, type]) -> None:
    assert {name: type(found.get(name)) for name in expected} == expected


def test_stats_of_a_job_through_its_life(jobs: Jobs, client: Elasticsearch) -> None:
    job_id = jobs.create()

    def stats() -> dict[str, Any]:
        (found,) = client.ml.get_job_stats(job_id=job_id)["jobs"]
        assert_members(found["data_counts"], DATA_COUNTS)
        assert_members(found["model_size_stats"], MODEL_SIZE)
        assert_members(found["timing_stats"], TIMING)
        assert found["forecasts_stats"] == {"total": 0, "forecasted_jobs": 0}
        return dict(found)

    new = stats()
    assert new["state"] == "closed"
    assert not {"node", "open_time", "assignment_explanation", "deleting"} & set(new)
    assert not set(TIMES) & set(new["data_counts"])

    client.ml.open_job(job_id=job_id, timeout="30s")
    assert jobs.post(job_id, steady(4)).status == 202
    client.ml.flush_job(job_id=job_id)
    opened = stats()
    assert opened["state"] == "opened"
    assert opened["open_time"].endswith("s")
    assert_members(opened["node"], NODE)
    assert_members(opened["data_counts"], TIMES | {"log_time": int})
    assert_members(opened["timing_stats"], BUCKET_TIMES)
    assert opened["timing_stats"]["bucket_count"] == 3

    client.ml.close_job(job_id=job_id, allow_no_match=False, force=False, timeout="1m")
    closed = stats()
    assert closed["state"] == "closed"
    assert "node" not in closed
    assert_members(closed["data_counts"], TIMES | {"log_time": int})
    assert closed["data_counts"]["processed_record_count"] == 20
    assert closed["model_size_stats"]["model_bytes"] > 0
    (job,) = client.ml.get_jobs(job_id=job_id)["jobs"]
    assert job["finished_time"] >= job["create_time"]
    assert job["model_snapshot_id"]

    client.ml.open_job(job_id=job_id)
    assert "finished_time" not in client.ml.get_jobs(job_id=job_id)["jobs"][0]


NOT_OPEN = "Cannot perform requested action because job [{0}] is not open"


@pytest.mark.parametrize(
    ("state", "method", "operation", "body", "status", "reason"),
    [
        ("closed", "POST", "/_data", {"time": 1}, 409, NOT_OPEN),
        ("closed", "POST", "/_flush", None, 409, NOT_OPEN),
        ("closed", "POST", "/_close", None, 200, None),
        ("closed", "POST", "/_close?force=true", None, 200, None),
        ("closed", "GET", "/results/buckets", None, 200, None),
        ("closed", "POST", "/_update", {"description": "x"}, 200, None),
        ("closed", "POST", "/_open", {"timeout": "1m", "job_id": "x"}, 200, None),
        (
            "opened", "POST", "/_open", None, 409,
            "Cannot open job [{0}] because it has already been opened",
        ),
        ("opened", "POST", "/_flush", {"calc_interim": True}, 200, None),
        ("opened", "POST", "/_update", {"description": "x"}, 200, None),
        (
            "opened", "POST", "/_update", {"analysis_limits": {"model_memory_limit": "2gb"}}, 400,
            "Cannot update analysis_limits while the job is open",
        ),
        ("opened", "DELETE", "", None, 409, "Cannot delete job [{0}] because the job is opened"),
        ("opened", "POST", "/_close", {"force": True, "timeout": "1m"}, 200, None),
        ("unknown", "POST", "/_data", {"time": 1}, 409, NOT_OPEN),
        ("unknown", "POST", "/_flush", None, 409, NOT_OPEN),
        *[
            ("unknown", method, operation, body, 404, "No known job with id '{0}'")
            for method, operation, body in [
                ("GET", "", None),
                ("GET", "/_stats", None),
                ("POST", "/_open", None),
                ("POST", "/_close", None),
                ("POST", "/_update", {"description": "x"}),
                ("DELETE", "", None),
                ("DELETE", "?force=true", None),
                ("GET", "/results/buckets", None),
                ("GET", "/results/buckets/1", None),
                ("POST", "/results/records", None),
                ("GET", "/results/influencers", None),
            ]
        ],
    ],
)  # fmt: skip
def test_operation_in_state(
    jobs: Jobs,
    rest: Rest,
    state: str,
    method: str,
    operation: str,
    body: object,
    status: int,
    reason: str | None,
) -> None:
    job_id = f"{jobs.prefix}-no"
    if state != "unknown":
        job_id = jobs.create(opened=state == "opened")
    reply = rest(method, f"{BASE}/{job_id}{operation}", body)
    assert reply.status == status, reply.content
    if reason is not None:
        assert reply.reason == reason.format(job_id)


@pytest.mark.parametrize("operation", ["_data", "_flush", "_open"])
@pytest.mark.parametrize("expression", ["_all", "*", "a,b"])
def test_some_operations_take_one_job(rest: Rest, operation: str, expression: str) -> None:
    body = {"time": 1} if operation == "_data" else None
    reply = rest("POST", f"{BASE}/{expression}/{operation}", body)
    assert reply.status in {400, 404}
    assert expression in reply.reason


def test_several_jobs_are_closed_at_once(jobs: Jobs, client: Elasticsearch) -> None:
    group = f"{jobs.prefix}-group"
    for _ in range(3):
        jobs.create(opened=True, groups=[group])
    assert client.ml.close_job(job_id=group, timeout="2m").body == {"closed": True}
    states = {job["state"] for job in client.ml.get_job_stats(job_id=group)["jobs"]}
    assert states == {"closed"}


def test_force_close_forgets_what_was_not_persisted(jobs: Jobs, client: Elasticsearch) -> None:
    job_id = jobs.create(opened=True)
    jobs.post(job_id, steady(3))
    assert client.ml.close_job(job_id=job_id, force=True).body == {"closed": True}
    (job,) = client.ml.get_jobs(job_id=job_id)["jobs"]
    assert "model_snapshot_id" not in job
    client.ml.open_job(job_id=job_id)
    assert jobs.post(job_id, steady(3)).status == 202


@pytest.mark.parametrize(
    ("operation", "timeout", "reason"),
    [
        ("_open", "5", "failed to parse setting [timeout] with value [5] as a time value"),
        ("_close", "soon", "failed to parse setting [timeout] with value [soon] as a time value"),
        ("_open", "1.5h", "failed to parse [1.5h], fractional time values are not supported"),
    ],
)
def test_bad_timeout(jobs: Jobs, rest: Rest, operation: str, timeout: str, reason: str) -> None:
    job_id = jobs.create()
    reply = rest("POST", f"{BASE}/{job_id}/{operation}?timeout={timeout}")
    assert reply.status == 400
    assert reply.reason.startswith(reason)
