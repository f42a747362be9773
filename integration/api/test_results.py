"""Reading buckets, records and influencers: every parameter in every spelling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from integration.api.conftest import BASE, SPAN_S, START_S, Jobs
from integration.api.rest import Rest

pytestmark = pytest.mark.integration

BUCKETS = 120
SPIKES = {90: "a", 100: "b", 110: "a"}
HOSTS = ("a", "b", "c")


def traffic() -> list[dict[str, Any]]:
    """Five records of each host in each bucket; in three buckets one host has far more."""
    records = []
    for bucket in range(BUCKETS):
        start = START_S + bucket * SPAN_S
        for host in HOSTS:
            count = 60 * (bucket - 80) // 10 if SPIKES.get(bucket) == host else 5
            records += [{"time": start, "host": host}] * count
    return records


@pytest.fixture(scope="module")
def job_id(shared_jobs: Jobs, client: Elasticsearch) -> str:
    """A job with results: three spikes, and an interim bucket at the end."""
    detector = {"function": "high_count", "partition_field_name": "host"}
    job_id = shared_jobs.create(
        opened=True, analysis_config={"detectors": [detector], "influencers": ["host"]}
    )
    assert shared_jobs.post(job_id, traffic()).status == 202
    client.ml.flush_job(job_id=job_id, calc_interim=True)
    return job_id


def at(bucket: int) -> int:
    """Epoch milliseconds of a bucket."""
    return (START_S + bucket * SPAN_S) * 1000


def times(documents: list[dict[str, Any]]) -> list[int]:
    return [document["timestamp"] for document in documents]


@pytest.mark.parametrize(
    "spell",
    [
        pytest.param(lambda ms: str(ms), id="milliseconds"),
        pytest.param(lambda ms: str(ms // 1000), id="seconds"),
        pytest.param(lambda ms: f"{ms}||+0s", id="maths"),
        pytest.param(lambda ms: "2023-11-14T23:25:00Z" if ms == at(5) else "2023-11-15T00:40+01",
                     id="ISO 8601"),
    ],
)  # fmt: skip
def test_time_range(rest: Rest, job_id: str, spell: Callable[[int], str]) -> None:
    start, end = spell(at(5)), spell(at(8))
    in_query = rest(
        "GET",
        f"{BASE}/{job_id}/results/buckets?start={quote(start)}&end={quote(end)}",
    )
    in_body = rest("POST", f"{BASE}/{job_id}/results/buckets", {"start": start, "end": end})
    for reply in (in_query, in_body):
        assert reply.status == 200, reply.content
        assert reply.json["count"] == 3
        assert times(reply.json["buckets"]) == [at(5), at(6), at(7)]


def test_pages_of_buckets_follow_one_another(client: Elasticsearch, job_id: str) -> None:
    whole = client.ml.get_buckets(job_id=job_id, size=1000)
    assert whole["count"] == BUCKETS
    assert times(whole["buckets"]) == [at(i) for i in range(BUCKETS)]
    assert len(client.ml.get_buckets(job_id=job_id)["buckets"]) == 100
    paged: list[Any] = []
    for first in range(0, BUCKETS, 50):
        page = client.ml.get_buckets(job_id=job_id, from_=first, size=50)
        assert page["count"] == BUCKETS
        paged += page["buckets"]
    assert paged == whole["buckets"]
    body = client.ml.get_buckets(job_id=job_id, page={"from": 50, "size": 2})
    assert times(body["buckets"]) == [at(50), at(51)]
    assert client.ml.get_buckets(job_id=job_id, size=0)["buckets"] == []


def test_buckets_by_score(client: Elasticsearch, job_id: str) -> None:
    best = client.ml.get_buckets(job_id=job_id, sort="anomaly_score", desc=True, size=3)
    assert set(times(best["buckets"])) == {at(bucket) for bucket in SPIKES}
    scores = [bucket["anomaly_score"] for bucket in best["buckets"]]
    assert scores == sorted(scores, reverse=True)
    over = client.ml.get_buckets(job_id=job_id, anomaly_score=scores[1], size=1000)
    assert sorted(times(over["buckets"])) == sorted(times(best["buckets"][:2]))
    worst = client.ml.get_buckets(job_id=job_id, sort="anomaly_score", desc=False, size=1)
    assert worst["buckets"][0]["anomaly_score"] == 0
    newest = client.ml.get_buckets(job_id=job_id, desc=True, size=1)
    assert times(newest["buckets"]) == [at(BUCKETS - 1)]


def test_interim_results_can_be_left_out(client: Elasticsearch, job_id: str) -> None:
    final = client.ml.get_buckets(job_id=job_id, exclude_interim=True, size=1000)
    assert final["count"] == BUCKETS - 1
    assert {bucket["is_interim"] for bucket in final["buckets"]} == {False}
    (last,) = client.ml.get_buckets(job_id=job_id, start=at(BUCKETS - 1))["buckets"]
    assert last["is_interim"] is True


@pytest.mark.parametrize("spelling", [str(at(90)), str(at(90) // 1000), "2023-11-15T06:30:00Z"])
def test_one_bucket(client: Elasticsearch, rest: Rest, job_id: str, spelling: str) -> None:
    (found,) = client.ml.get_buckets(job_id=job_id, timestamp=spelling)["buckets"]
    assert found["timestamp"] == at(90)
    query = rest("GET", f"{BASE}/{job_id}/results/buckets?timestamp={spelling}")
    body = rest("POST", f"{BASE}/{job_id}/results/buckets", {"timestamp": spelling})
    assert query.json == body.json == {"count": 1, "buckets": [found]}


def test_a_bucket_that_is_not_there(client: Elasticsearch, job_id: str) -> None:
    with pytest.raises(NotFoundError):
        client.ml.get_buckets(job_id=job_id, timestamp=str(at(1) + 1))


def test_buckets_carry_their_records(client: Elasticsearch, job_id: str) -> None:
    answer = client.ml.get_buckets(job_id=job_id, expand=True, size=1000)
    records = client.ml.get_records(job_id=job_id, size=1000)["records"]
    carried = [r for bucket in answer["buckets"] for r in bucket.get("records", [])]
    assert sorted(times(carried)) == sorted(times(records))
    (one,) = client.ml.get_buckets(job_id=job_id, timestamp=str(at(100)), expand=True)["buckets"]
    assert one["records"][0]["partition_field_value"] == "b"
    plain = client.ml.get_buckets(job_id=job_id, timestamp=str(at(100)))["buckets"][0]
    assert "records" not in plain


def test_records(client: Elasticsearch, job_id: str) -> None:
    every = client.ml.get_records(job_id=job_id, size=1000)
    scores = [record["record_score"] for record in every["records"]]
    assert every["count"] == len(scores) >= len(SPIKES)
    assert scores == sorted(scores, reverse=True)
    found = {(record["timestamp"], record["host"][0]) for record in every["records"]}
    assert {(at(bucket), host) for bucket, host in SPIKES.items()} <= found
    over = client.ml.get_records(job_id=job_id, record_score=scores[1])
    assert over["count"] == sum(score >= scores[1] for score in scores)
    by_time = client.ml.get_records(job_id=job_id, sort="timestamp", desc=False, size=1000)
    assert times(by_time["records"]) == sorted(times(every["records"]))
    some = client.ml.get_records(job_id=job_id, start=at(100), end=at(101), exclude_interim=True)
    assert set(times(some["records"])) == {at(100)}
    page = client.ml.get_records(job_id=job_id, page={"from": 1, "size": 1})
    assert page["records"] == client.ml.get_records(job_id=job_id, from_=1, size=1)["records"]
    for record in every["records"]:
        assert record["result_type"] == "record"
        assert record["job_id"] == job_id
        assert record["bucket_span"] == SPAN_S
        assert record["function"] == "high_count"
        assert len(record["actual"]) == len(record["typical"]) == 1
        assert 0.0 <= record["probability"] <= 1.0


def test_influencers(client: Elasticsearch, job_id: str) -> None:
    every = client.ml.get_influencers(job_id=job_id, size=1000)
    scores = [influencer["influencer_score"] for influencer in every["influencers"]]
    assert scores == sorted(scores, reverse=True)
    found = {(row["timestamp"], row["influencer_field_value"]) for row in every["influencers"]}
    assert {(at(bucket), host) for bucket, host in SPIKES.items()} <= found
    over = client.ml.get_influencers(job_id=job_id, influencer_score=scores[0])
    assert over["count"] == sum(score >= scores[0] for score in scores)
    by_time = client.ml.get_influencers(job_id=job_id, sort="timestamp", desc=False, start=at(95))
    assert times(by_time["influencers"]) == sorted(
        time for time in times(every["influencers"]) if time >= at(95)
    )
    one = client.ml.get_influencers(
        job_id=job_id, end=at(95), exclude_interim=True, page={"from": 0, "size": 1}
    )
    assert one["influencers"][0]["host"] == "a"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("buckets?from=-1", "Parameter [from] cannot be < 0"),
        ("buckets?size=-1", "Parameter [size] cannot be < 0"),
        ("buckets?size=x", "Failed to parse int parameter [size] with value [x]"),
        ("buckets?start=x", "Query param [start] with value [x] cannot be parsed as a date or "
                            "converted to a number (epoch)."),
        ("buckets?start=200&end=100",
         "Invalid time range: end time '100' is earlier than start time '200'."),
        ("buckets/1700002800000?start=1", "Param [start] is incompatible with [timestamp]."),
        ("buckets/1700002800000?anomaly_score=1",
         "Param [anomaly_score] is incompatible with [timestamp]."),
        ("buckets/yesterday", "Query param [timestamp] with value [yesterday] cannot be parsed "
                              "as a date or converted to a number (epoch)."),
        ("records?record_score=much", 'For input string: "much"'),
        ("records?desc=down", "Failed to parse value [down] as only [true] or [false] are "
                              "allowed."),
    ],
)  # fmt: skip
def test_bad_parameters(rest: Rest, job_id: str, path: str, reason: str) -> None:
    reply = rest("GET", f"{BASE}/{job_id}/results/{path}")
    assert (reply.status, reply.reason) == (400, reason)


@pytest.mark.parametrize("kind", ["buckets", "records", "influencers"])
def test_unknown_sort_field_and_window(client: Elasticsearch, job_id: str, kind: str) -> None:
    get = getattr(client.ml, f"get_{kind}")
    for parameters in ({"sort": "nothing_like_it"}, {"from_": 9_999, "size": 2}):
        with pytest.raises(BadRequestError) as caught:
            get(job_id=job_id, **parameters)
        assert caught.value.body["error"]["type"] == "search_phase_execution_exception"
    assert get(job_id=job_id, from_=9_999, size=1)[kind] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 200),
        (b"{}", 200),
        (b'{"page":{"from":1,"size":2},"sort":"timestamp","desc":true}', 200),
        (b'{"anomaly_score":"75","exclude_interim":"true"}', 200),
        (b'{"page":{"size":-1}}', 400),
        (b'{"no_such_thing":1}', 400),
        (b'{"sort":', 400),
        (b"[]", 400),
        (b"null", 400),
        (b'{"start":{}}', 400),
    ],
)
def test_bodies(rest: Rest, job_id: str, body: bytes, status: int) -> None:
    for method in ("POST", "GET"):
        reply = rest(method, f"{BASE}/{job_id}/results/buckets", body)
        assert reply.status == status, reply.content
        assert ("buckets" if status == 200 else "error") in reply.json
