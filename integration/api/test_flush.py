"""Flushing: what is final afterwards, what is interim, and which parameters go together."""

from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch

from integration.api.conftest import BASE, SPAN_S, START_S, Jobs, steady
from integration.api.rest import Rest

pytestmark = pytest.mark.integration


def at(bucket: int) -> int:
    """Epoch milliseconds of a bucket."""
    return (START_S + bucket * SPAN_S) * 1000


@pytest.fixture
def job_id(jobs: Jobs) -> str:
    return jobs.create(opened=True)


def buckets(client: Elasticsearch, job_id: str) -> list[tuple[int, bool, int]]:
    """Number, whether interim, and events of each bucket."""
    found = client.ml.get_buckets(job_id=job_id, size=1000)["buckets"]
    return [
        ((b["timestamp"] // 1000 - START_S) // SPAN_S, b["is_interim"], b["event_count"])
        for b in found
    ]


def test_nothing_is_final_before_the_first_bucket_ends(client: Elasticsearch, job_id: str) -> None:
    assert client.ml.flush_job(job_id=job_id)["flushed"] is True
    assert buckets(client, job_id) == []


def test_interim_results_give_way_to_final_ones(
    jobs: Jobs, client: Elasticsearch, job_id: str
) -> None:
    jobs.post(job_id, steady(2) + steady(1, first=2, per_bucket=2))
    flushed = client.ml.flush_job(job_id=job_id)
    assert flushed.body == {"flushed": True, "last_finalized_bucket_end": at(2)}
    assert buckets(client, job_id) == [(0, False, 5), (1, False, 5)]

    client.ml.flush_job(job_id=job_id, calc_interim=True)
    assert buckets(client, job_id) == [(0, False, 5), (1, False, 5), (2, True, 2)]

    jobs.post(job_id, [{"time": START_S + 3 * SPAN_S - 1}, {"time": START_S + 3 * SPAN_S}])
    client.ml.flush_job(job_id=job_id)
    assert buckets(client, job_id) == [(0, False, 5), (1, False, 5), (2, False, 3)]


def test_time_can_be_advanced_without_data(jobs: Jobs, client: Elasticsearch, job_id: str) -> None:
    jobs.post(job_id, steady(1))
    flushed = client.ml.flush_job(job_id=job_id, advance_time=str(at(4)))
    assert flushed["last_finalized_bucket_end"] == at(4)
    assert buckets(client, job_id) == [
        (0, False, 5), (1, False, 0), (2, False, 0), (3, False, 0),
    ]  # fmt: skip
    late = jobs.post(job_id, steady(1)).json
    assert late["processed_record_count"] + late["out_of_order_timestamp_count"] == 5


def test_time_can_be_skipped(jobs: Jobs, client: Elasticsearch, job_id: str) -> None:
    jobs.post(job_id, steady(2))
    client.ml.flush_job(job_id=job_id, skip_time=str(at(50)))
    jobs.post(job_id, steady(2, first=50))
    client.ml.flush_job(job_id=job_id)
    numbers = [number for number, _, _ in buckets(client, job_id)]
    assert 50 in numbers
    assert not {*range(3, 50)} & {*numbers}


def test_interim_results_of_the_latency_window(jobs: Jobs, client: Elasticsearch) -> None:
    job_id = jobs.create(opened=True, analysis_config={"latency": "10m"})
    jobs.post(job_id, steady(6))
    client.ml.flush_job(job_id=job_id, calc_interim=True, start=str(at(0)), end=str(at(6)))
    found = buckets(client, job_id)
    assert [number for number, _, _ in found] == list(range(6))
    assert [interim for _, interim, _ in found] == [False] * 3 + [True] * 3


@pytest.mark.parametrize(
    ("query", "body", "reason"),
    [
        ("start=1", None, "Invalid flush parameters: unexpected 'start'."),
        ("", {"start": "1"}, "Invalid flush parameters: unexpected 'start'."),
        ("calc_interim&end=1", None,
         "Invalid flush parameters: 'start' has not been specified."),
        ("advance_time=100&skip_time=200", None,
         "advance_time [100] must be later than skip_time [200]"),
        ("advance_time=soon", None,
         "Query param [advance_time] with value [soon] cannot be parsed as a date or "
         "converted to a number (epoch)."),
        ("calc_interim=maybe", None,
         "Failed to parse value [maybe] as only [true] or [false] are allowed."),
    ],
)  # fmt: skip
def test_parameters_that_contradict(
    rest: Rest, jobs: Jobs, query: str, body: Any, reason: str
) -> None:
    reply = rest("POST", f"{BASE}/{jobs.prefix}-none/_flush?{query}", body)
    assert (reply.status, reply.reason) == (400, reason)


@pytest.mark.parametrize(
    "body",
    [
        {"calc_interim": True, "start": str(at(0)), "end": str(at(3))},
        {"advance_time": "2023-11-14T23:10:00Z"},
        {"calc_interim": "true", "advance_time": at(3) // 1000},
        {},
    ],
)
def test_parameters_in_the_body(jobs: Jobs, rest: Rest, job_id: str, body: dict[str, Any]) -> None:
    jobs.post(job_id, steady(1))
    reply = rest("POST", f"{BASE}/{job_id}/_flush?human", body)
    assert reply.status == 200, reply.content
    assert reply.json["flushed"] is True
    if "advance_time" in body:
        assert reply.json["last_finalized_bucket_end_string"].startswith("2023-11-14T23:1")
