"""Data are passed on as they come in, and what is wrong with them is said in time."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable

import pytest

from sidecar.api.body import PIECE_BYTES
from sidecar.interfaces import TimeRange
from tests.api.conftest import Sidecar

DATA = "/_ml/anomaly_detectors/web/_data"
RECORDS = b'{"time":1}{"time":2}\n{"time":3}'
WARNING = (
    '299 Elasticsearch-8.19.0 "Posting data directly to anomaly detection jobs is deprecated, '
    'since version 7.11.0, in a future major version it will be compulsory to use a datafeed"'
)


@pytest.fixture
def open_sidecar(sidecar: Sidecar) -> Sidecar:
    sidecar.put_job()
    sidecar.open_job()
    return sidecar


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/x-ndjson",
        "application/vnd.elasticsearch+json;compatible-with=8",
        "application/vnd.elasticsearch+x-ndjson; compatible-with=9",
    ],
)
def test_json_of_every_spelling_is_taken(open_sidecar: Sidecar, content_type: str) -> None:
    response = open_sidecar.call("POST", DATA, RECORDS, content_type=content_type)

    assert response.status_code == 202
    assert open_sidecar.runtime.uploads["web"] == [RECORDS]


@pytest.mark.parametrize("content_type", ["text/csv", "multipart/form-data", "", "json"])
def test_other_types_are_refused_unread(open_sidecar: Sidecar, content_type: str) -> None:
    response = open_sidecar.call("POST", DATA, RECORDS, content_type=content_type)

    assert response.status_code == 406
    expected = f"header [{content_type}] is not supported" if content_type else "header is missing"
    assert response.json == {"error": f"Content-Type {expected}", "status": 406}
    assert open_sidecar.runtime.uploads == {}


def test_every_answer_warns_of_the_deprecation(sidecar: Sidecar) -> None:
    assert sidecar.call("POST", DATA, RECORDS).headers["Warning"] == WARNING
    assert "Warning" not in sidecar.call("GET", "/").headers


def test_empty_upload_is_taken(open_sidecar: Sidecar) -> None:
    response = open_sidecar.call("POST", DATA)

    assert response.status_code == 202
    assert response.json["processed_record_count"] == 0


def test_chunked_upload_is_taken(open_sidecar: Sidecar) -> None:
    response = open_sidecar.call_chunked("POST", DATA, io.BytesIO(RECORDS))

    assert response.status_code == 202
    assert open_sidecar.runtime.uploads["web"] == [RECORDS]


def test_compressed_upload_is_inflated(open_sidecar: Sidecar) -> None:
    response = open_sidecar.call(
        "POST", DATA, gzip.compress(RECORDS), headers={"Content-Encoding": "gzip"}
    )

    assert response.status_code == 202
    assert open_sidecar.runtime.uploads["web"] == [RECORDS]


@pytest.mark.parametrize(
    "body",
    [pytest.param(gzip.compress(RECORDS)[:-3], id="truncated"), pytest.param(RECORDS, id="plain")],
)
def test_broken_compression_keeps_nothing(open_sidecar: Sidecar, body: bytes) -> None:
    response = open_sidecar.call("POST", DATA, body, headers={"Content-Encoding": "gzip"})

    assert response.status_code == 400
    assert open_sidecar.runtime.uploads == {}


class CountingStream(io.BytesIO):
    """Remembers the largest piece that was asked for."""

    largest = 0

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert size >= 0
        self.largest = max(self.largest, size)
        return super().read(size)


def test_upload_is_never_whole_in_memory(open_sidecar: Sidecar) -> None:
    stream = CountingStream(b'{"time":1}\n' * 300_000)

    response = open_sidecar.call_chunked("POST", DATA, stream)

    assert response.status_code == 202
    assert stream.largest <= PIECE_BYTES


@pytest.fixture
def small_sidecar(make_sidecar: Callable[..., Sidecar]) -> Sidecar:
    sidecar = make_sidecar(request_max_bytes=100)
    sidecar.put_job()
    sidecar.open_job()
    return sidecar


def test_announced_length_over_the_limit_is_refused_before_the_job_hears_of_it(
    small_sidecar: Sidecar,
) -> None:
    response = small_sidecar.call("POST", DATA, b" " * 101)

    assert response.status_code == 413
    assert response.json["error"]["reason"] == (
        "request body is larger than the limit of [100] bytes"
    )
    assert response.headers["Connection"] == "close"
    assert "post" not in small_sidecar.runtime.calls


@pytest.mark.parametrize("compressed", [False, True], ids=["identity", "gzip"])
def test_upload_that_grows_over_the_limit_keeps_nothing(
    small_sidecar: Sidecar, compressed: bool
) -> None:
    body = b" " * 101
    response = small_sidecar.call_chunked(
        "POST",
        DATA,
        io.BytesIO(gzip.compress(body) if compressed else body),
        headers={"Content-Encoding": "gzip"} if compressed else {},
    )

    assert response.status_code == 413
    assert small_sidecar.runtime.uploads == {}


def test_upload_of_exactly_the_limit_is_taken(small_sidecar: Sidecar) -> None:
    assert small_sidecar.call("POST", DATA, b" " * 100).status_code == 202


class LostStream(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise ConnectionResetError
        return super().read(3)


def test_caller_that_goes_away_leaves_nothing(open_sidecar: Sidecar) -> None:
    response = open_sidecar.call_chunked("POST", DATA, LostStream(RECORDS))

    assert response.status_code == 400
    assert open_sidecar.runtime.uploads == {}


def test_unread_body_is_taken_off_the_caller_after_the_answer(sidecar: Sidecar) -> None:
    stream = io.BytesIO(b" " * 1000)

    response = sidecar.call_chunked("POST", DATA, stream)
    assert response.status_code == 409
    assert response.headers["Connection"] == "close"
    response.close()

    assert stream.read() == b""


def test_buckets_to_reset_are_named(open_sidecar: Sidecar) -> None:
    open_sidecar.call("POST", f"{DATA}?reset_start=1000&reset_end=2000", RECORDS)

    assert open_sidecar.runtime.resets == [TimeRange(1_000_000, 2_000_000)]


def test_impossible_range_is_refused(open_sidecar: Sidecar) -> None:
    response = open_sidecar.call("POST", f"{DATA}?reset_start=2000&reset_end=1000", RECORDS)

    assert response.status_code == 400
    assert response.json["error"]["reason"] == (
        "Invalid time range: end time '1000' is earlier than start time '2000'."
    )
    assert open_sidecar.runtime.uploads == {}


@pytest.mark.parametrize("job_id", ["w*", "_all", "a,b"])
def test_data_for_several_jobs_are_refused(sidecar: Sidecar, job_id: str) -> None:
    response = sidecar.call("POST", f"/_ml/anomaly_detectors/{job_id}/_data", RECORDS)

    assert response.status_code == 400
