"""Results through HTTP: parameters from query or body, pages, readable dates."""

from __future__ import annotations

import pytest

from tests.api.conftest import Sidecar

RESULTS = "/_ml/anomaly_detectors/web/results"


@pytest.fixture
def filled(sidecar: Sidecar) -> Sidecar:
    sidecar.put_job()
    buckets = [
        {"result_type": "bucket", "timestamp": t, "anomaly_score": float(t // 100_000)}
        for t in range(0, 1_500_000, 300_000)
    ]
    records = [
        {"result_type": "record", "timestamp": 300_000, "record_score": score, "host": ["a"]}
        for score in (5.0, 90.0, 40.0)
    ]
    influencer = {"result_type": "influencer", "timestamp": 300_000, "influencer_score": 7.0}
    interim = {**buckets[0], "timestamp": 1_500_000, "is_interim": True}
    sidecar.write_results("web", [*buckets, interim, *records, influencer])
    return sidecar


@pytest.mark.parametrize(
    ("query", "count", "times"),
    [
        pytest.param("", 6, [0, 300, 600, 900, 1200, 1500], id="all"),
        pytest.param("size=2", 6, [0, 300], id="size"),
        pytest.param("from=4&size=1", 6, [1200], id="from"),
        pytest.param("desc=true&size=2", 6, [1500, 1200], id="descending"),
        pytest.param("start=300&end=900", 2, [300, 600], id="time range"),
        pytest.param("anomaly_score=6", 3, [600, 900, 1200], id="score"),
        pytest.param("exclude_interim=true", 5, [0, 300, 600, 900, 1200], id="no interim"),
        pytest.param("sort=anomaly_score&desc=true&size=1", 6, [1200], id="sort"),
    ],
)
def test_buckets_are_chosen(filled: Sidecar, query: str, count: int, times: list[int]) -> None:
    body = filled.call("GET", f"{RESULTS}/buckets?{query}").json

    assert body["count"] == count
    assert [bucket["timestamp"] // 1000 for bucket in body["buckets"]] == times


def test_body_says_the_same_as_the_query(filled: Sidecar) -> None:
    body = filled.call(
        "POST",
        f"{RESULTS}/buckets",
        {"page": {"from": 1, "size": 1}, "desc": True, "sort": "timestamp"},
    ).json

    assert [bucket["timestamp"] for bucket in body["buckets"]] == [1_200_000]


def test_bucket_at_a_time_with_its_records(filled: Sidecar) -> None:
    body = filled.call("GET", f"{RESULTS}/buckets/300?expand=true").json

    assert body["count"] == 1
    assert [r["record_score"] for r in body["buckets"][0]["records"]] == [90.0, 40.0, 5.0]


def test_bucket_that_is_not_there_is_not_found(filled: Sidecar) -> None:
    assert filled.call("GET", f"{RESULTS}/buckets/301").status_code == 404


def test_records_come_with_the_worst_first(filled: Sidecar) -> None:
    body = filled.call("GET", f"{RESULTS}/records?record_score=10&human=true").json

    assert body["count"] == 2
    assert [record["record_score"] for record in body["records"]] == [90.0, 40.0]
    assert body["records"][0]["timestamp_string"] == "1970-01-01T00:05:00.000Z"


def test_influencers_are_listed(filled: Sidecar) -> None:
    body = filled.call("POST", f"{RESULTS}/influencers").json

    assert body["count"] == 1
    assert body["influencers"][0]["influencer_score"] == 7.0


@pytest.mark.parametrize("kind", ["buckets", "records", "influencers"])
def test_unknown_job_has_no_results(sidecar: Sidecar, kind: str) -> None:
    response = sidecar.call("GET", f"{RESULTS}/{kind}")

    assert response.status_code == 404
    assert response.json["error"]["reason"] == "No known job with id 'web'"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        pytest.param("buckets?from=-1", "Parameter [from] cannot be < 0", id="negative"),
        pytest.param(
            "buckets/300?start=1", "Param [start] is incompatible with [timestamp].", id="both"
        ),
        pytest.param(
            "records?start=soon",
            "Query param [start] with value [soon] cannot be parsed as a date or "
            "converted to a number (epoch).",
            id="no date",
        ),
    ],
)
def test_wrong_parameter_is_explained(filled: Sidecar, query: str, reason: str) -> None:
    response = filled.call("GET", f"{RESULTS}/{query}")

    assert response.status_code == 400
    assert response.json["error"]["reason"] == reason
