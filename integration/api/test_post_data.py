"""Uploads: spellings, encodings, limits, times; every count exact."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch, ElasticsearchWarning

from integration.api.conftest import BASE, SPAN_S, START_S, Jobs, ndjson, steady
from integration.conftest import REQUEST_MAX_BYTES

pytestmark = pytest.mark.integration

RECORDS = [{"time": START_S + i, "host": f"h{i}"} for i in range(4)]
TEXTS = [json.dumps(record) for record in RECORDS]
SPELLINGS = {
    "lines": "\n".join(TEXTS) + "\n",
    "lines, no last end": "\n".join(TEXTS),
    "windows lines": "\r\n".join(TEXTS) + "\r\n",
    "adjacent": "".join(TEXTS),
    "white space": " \t\n".join(TEXTS),
    "array": "[" + ",".join(TEXTS) + "]",
    "pretty array": json.dumps(RECORDS, indent=2),
    "commas": ",".join(TEXTS),
    "two arrays": f"[{TEXTS[0]},{TEXTS[1]}]\n[{TEXTS[2]},{TEXTS[3]}]",
    "byte order mark": "\ufeff" + "\n".join(TEXTS),
    "numbers as strings": "\n".join(json.dumps({**r, "time": str(r["time"])}) for r in RECORDS),
    "pretty objects": "\n".join(json.dumps(record, indent=2) for record in RECORDS),
}


@pytest.fixture
def job_id(jobs: Jobs) -> str:
    return jobs.create(opened=True, analysis_config={"influencers": ["host"]})


def without(found: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in names}


def test_every_spelling_of_json_is_read_alike(jobs: Jobs, job_id: str) -> None:
    for name, text in SPELLINGS.items():
        body = text.encode()
        reply = jobs.post(job_id, body)
        assert reply.status == 202, (name, reply.content)
        assert without(reply.json, "last_data_time", "log_time", "earliest_record_timestamp") == {
            "job_id": job_id,
            "processed_record_count": 4,
            "processed_field_count": 4,
            "input_bytes": len(body),
            "input_field_count": 4,
            "invalid_date_count": 0,
            "missing_field_count": 0,
            "out_of_order_timestamp_count": 0,
            "empty_bucket_count": 0,
            "sparse_bucket_count": 0,
            "bucket_count": 0,
            "latest_record_timestamp": (START_S + 3) * 1000,
            "input_record_count": 4,
        }, name
    total = jobs.counts(job_id)
    assert total["earliest_record_timestamp"] == START_S * 1000
    assert total["processed_record_count"] == 4 * len(SPELLINGS)
    assert total["input_bytes"] == sum(len(text.encode()) for text in SPELLINGS.values())


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        pytest.param("gzip", gzip.compress, id="gzip"),
        pytest.param("x-gzip", gzip.compress, id="x-gzip"),
        pytest.param("deflate", zlib.compress, id="deflate"),
        pytest.param("identity", bytes, id="identity"),
    ],
)
def test_compressed_uploads(jobs: Jobs, job_id: str, encoding: str, compress: Any) -> None:
    body = ndjson(RECORDS)
    packed = compress(body)

    def pieces() -> Iterator[bytes]:
        for first in range(0, len(packed), 7):
            yield packed[first : first + 7]

    for sent in (packed, pieces()):
        reply = jobs.post(job_id, sent, content_encoding=encoding)
        assert reply.status == 202, reply.content
        assert reply.json["processed_record_count"] == len(RECORDS)
        assert reply.json["input_bytes"] == len(body)


def test_the_client_sends_lines(jobs: Jobs, client: Elasticsearch, job_id: str) -> None:
    with pytest.warns(ElasticsearchWarning, match="Posting data directly"):
        counts = client.options(headers={"x-opaque-id": "me"}).ml.post_data(
            job_id=job_id, data=RECORDS, reset_start="", reset_end=""
        )
    assert counts["processed_record_count"] == 4
    assert counts.meta.status == 202


def big(size: int) -> bytes:
    line = b'{"time":%d}\n' % START_S
    return line * (size // len(line) + 1)


@pytest.mark.parametrize(
    ("how", "body", "headers"),
    [
        ("by its length", big(REQUEST_MAX_BYTES), {}),
        ("while it comes in", iter([big(1 << 20)] * 3), {}),
        (
            "after decompression",
            gzip.compress(big(3 * REQUEST_MAX_BYTES)),
            {"content_encoding": "gzip"},
        ),
    ],
)  # fmt: skip
def test_an_upload_over_the_limit_is_refused_whole(
    jobs: Jobs, job_id: str, how: str, body: Any, headers: dict[str, str]
) -> None:
    reply = jobs.post(job_id, body, **headers)
    assert reply.status == 413, how
    assert reply.error_type == "content_too_long_exception"
    assert str(REQUEST_MAX_BYTES) in reply.reason
    assert jobs.counts(job_id)["input_record_count"] == 0
    assert jobs.post(job_id, RECORDS).status == 202


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(b"not gzip", {"content_encoding": "gzip"}, 400, id="not gzip"),
        pytest.param(
            gzip.compress(ndjson(RECORDS))[:-5], {"content_encoding": "gzip"}, 400, id="cut gzip"
        ),
        pytest.param(b"{}", {"content_encoding": "zstd"}, 400, id="encoding"),
        pytest.param(b"{}", {"content_type": "text/csv"}, 406, id="type"),
        pytest.param(b"{}", {"content_type": "application/smile"}, 406, id="smile"),
    ],
)
def test_an_upload_that_cannot_be_read_leaves_nothing(
    jobs: Jobs, job_id: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert jobs.post(job_id, body, **headers).status == status
    assert jobs.counts(job_id)["input_record_count"] == 0


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=UTF-8",
        "application/x-ndjson",
        "application/vnd.elasticsearch+x-ndjson;compatible-with=8",
        "application/vnd.elasticsearch+json; compatible-with=8",
    ],
)
def test_types_that_are_json(jobs: Jobs, job_id: str, content_type: str) -> None:
    assert jobs.post(job_id, RECORDS, content_type=content_type).status == 202


@pytest.mark.parametrize("empty", [b"", b"\n", b"[]", b"[ ]\n"])
def test_nothing_is_an_upload_too(jobs: Jobs, job_id: str, empty: bytes) -> None:
    reply = jobs.post(job_id, empty)
    assert reply.status == 202, reply.content
    assert reply.json["input_record_count"] == 0


def test_nested_members_have_dotted_names(jobs: Jobs) -> None:
    analysis = {
        "detectors": [{"function": "sum", "field_name": "net.bytes", "by_field_name": "a.b.c"}],
        "influencers": ["tags"],
    }
    job_id = jobs.create(
        opened=True, analysis_config=analysis, data_description={"time_field": "event.time"}
    )
    records: list[dict[str, Any]] = [
        {"event": {"time": START_S}, "net": {"bytes": 1}, "a": {"b": {"c": "x"}}, "tags": ["p"]},
        {"event.time": START_S, "net.bytes": 1, "a.b.c": "x", "tags": ["p", "q"]},
        {"event": {"time": START_S}, "net": {"bytes": "1"}, "a": {"b": {}}, "other": [{"z": 1}]},
        {"event": {"time": START_S}, "net": {"bytes": None}, "a.b": {"c": "x"}, "tags": None},
    ]
    counts = jobs.post(job_id, records).json
    assert counts["processed_record_count"] == 4
    # The third record has neither a.b.c nor tags.
    assert counts["missing_field_count"] == 2
    assert counts["processed_field_count"] == 4 * 3 - 2


# Pattern: times of the first bucket, and what are no times.
TIMES: dict[str, tuple[list[Any], list[Any]]] = {
    "epoch": (
        [START_S, str(START_S), START_S + 0.9, f"{START_S}.5"],
        ["x", "", None, "2023-01-01"],
    ),
    "epoch_ms": ([START_S * 1000, str(START_S * 1000), START_S * 1e3 + 999], ["now", ""]),
    "yyyy-MM-dd'T'HH:mm:ssX": (
        ["2023-11-14T23:00:00Z", "2023-11-15T00:00:00+01"],
        ["2023-11-14 23:00:00", "2023-13-01T00:00:00Z", START_S],
    ),
    "yyyy-MM-dd HH:mm:ss.SSS": (
        ["2023-11-14 23:00:00.000"],
        ["2023-11-14 23:00:00", "14.11."],
    ),
}


@pytest.mark.parametrize("pattern", TIMES)
def test_times_are_read_by_the_pattern(jobs: Jobs, pattern: str) -> None:
    good, bad = TIMES[pattern]
    job_id = jobs.create(opened=True, data_description={"time_format": pattern})
    counts = jobs.post(job_id, [{"time": time} for time in [*good, *bad]] + [{"other": 1}]).json
    assert counts["processed_record_count"] == len(good)
    assert counts["invalid_date_count"] == len(bad) + 1
    assert counts["input_record_count"] == len(good) + len(bad) + 1
    assert counts["latest_record_timestamp"] // 1000 == START_S


@pytest.mark.parametrize(
    ("latency", "late_s", "taken"),
    [
        pytest.param(None, 0, True, id="begin of the bucket"),
        pytest.param(None, -1, False, id="bucket before"),
        pytest.param("10m", -2 * SPAN_S, True, id="within latency"),
        pytest.param("10m", -2 * SPAN_S - 1, False, id="beyond latency"),
    ],
)
def test_order_of_records(jobs: Jobs, latency: str | None, late_s: int, taken: bool) -> None:
    analysis = {} if latency is None else {"latency": latency}
    job_id = jobs.create(opened=True, analysis_config=analysis)
    newest = START_S + 10 * SPAN_S
    jobs.post(job_id, [{"time": newest + SPAN_S - 1}])
    counts = jobs.post(job_id, [{"time": newest + late_s}]).json
    assert counts["processed_record_count"] == int(taken)
    assert counts["out_of_order_timestamp_count"] == int(not taken)


def test_gaps_are_counted(jobs: Jobs, job_id: str) -> None:
    reply = jobs.post(job_id, [*steady(3), *steady(2, first=10)]).json
    assert reply["bucket_count"] == 11
    assert reply["empty_bucket_count"] == 7
    assert reply["latest_empty_bucket_timestamp"] == (START_S + 9 * SPAN_S) * 1000
    assert reply["missing_field_count"] == 25
    assert reply["processed_field_count"] == 0


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param('{"time":%d,"host":tru}', id="literal"),
        pytest.param('{"time":%d,"host":}', id="no value"),
        pytest.param('{"time":%d "host":1}', id="no comma"),
        pytest.param('{"time":%d,"host":01}', id="number"),
    ],
)
def test_broken_records_are_skipped_up_to_a_limit(jobs: Jobs, job_id: str, broken: str) -> None:
    good = TEXTS[0] + "\n"
    bad = broken % START_S + "\n"
    below = jobs.post(job_id, ((good + bad) * 99 + good).encode())
    assert below.status == 202, below.content
    assert below.json["processed_record_count"] >= 100
    before = jobs.counts(job_id)["processed_record_count"]
    at_limit = jobs.post(job_id, ((good + bad) * 100 + good).encode())
    assert at_limit.status == 400
    assert at_limit.error_type == "parse_exception"
    assert at_limit.reason.startswith("The input JSON data is malformed.")
    assert jobs.post(job_id, good.encode()).status == 202
    assert jobs.counts(job_id)["processed_record_count"] >= before + 1


@pytest.mark.parametrize(
    ("query", "status", "reason"),
    [
        ("reset_start=abc", 400, "Query param [start] with value [abc] cannot be parsed"),
        ("reset_start=200&reset_end=100", 400, "Invalid time range: end time '100'"),
        ("reset_end=100", 202, None),
        (f"reset_start={START_S}&reset_end={START_S + SPAN_S}", 202, None),
        ("reset_begin=1", 400, "contains unrecognized parameter: [reset_begin]"),
    ],
)
def test_buckets_can_be_reset(jobs: Jobs, query: str, status: int, reason: str | None) -> None:
    job_id = jobs.create(opened=True, analysis_config={"latency": "1h"})
    jobs.post(job_id, steady(3))
    reply = jobs.rest("POST", f"{BASE}/{job_id}/_data?{query}", ndjson(steady(1)))
    assert reply.status == status, reply.content
    if reason is not None:
        assert reason in reply.reason
