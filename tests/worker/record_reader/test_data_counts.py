"""Data counts: what each counter counts."""

from __future__ import annotations

import pytest

from sidecar.schema.data_counts import DataCounts
from tests.worker.record_reader.support import Job


@pytest.mark.parametrize(
    ("record", "fields", "missing"),
    [
        pytest.param(
            '{"time":60,"name":"a","value":1,"tags":{"host":"h","env":{"zone":"z"}}}',
            4,
            0,
            id="whole",
        ),
        pytest.param('{"time":60}', 0, 4, id="time alone"),
        pytest.param("{}", 0, 5, id="nothing"),
        pytest.param('{"a":1}', 0, 5, id="one other field"),
        pytest.param('{"time":60,"name":null,"value":""}', 2, 2, id="null and empty are present"),
        pytest.param('{"time":60,"name":[1,2,{"a":1}],"x":[]}', 2, 3, id="arrays count one"),
        pytest.param(
            '{"time":60,"x":{"a":1,"b":{"c":2,"d":3}},"y":{}}', 3, 4, id="leaves of objects"
        ),
        pytest.param('{"time":60,"tags":{"host":{}}}', 0, 4, id="an object is no value"),
        pytest.param('{"time":60,"name":1,"name":2}', 2, 3, id="twice"),
        pytest.param('{"name":1,"value":2}', 1, 3, id="dropped records count too"),
    ],
)
def test_field_counts(record: str, fields: int, missing: int) -> None:
    counts = Job().read(record.encode()).counts
    assert (counts.input_field_count, counts.missing_field_count) == (fields, missing)


def test_processed_fields_leave_out_time_and_missing_ones() -> None:
    counts = Job().read(b'{"time":60,"name":"a"}{"time":61,"value":1}').counts
    assert counts.processed_field_count == 2 * 4 - 6


def test_an_upload_is_answered_with_its_own_counts_and_added_to_the_totals() -> None:
    job = Job()
    first = job.read(b'{"time":130}{"time":"x"}').counts
    second = job.read(b'{"time":70}{"time":140}').counts
    assert (first.processed_record_count, first.invalid_date_count) == (1, 1)
    assert (second.processed_record_count, second.out_of_order_timestamp_count) == (1, 1)
    totals = job.reader.totals
    assert totals.input_record_count == 4
    assert totals.input_bytes == first.input_bytes + second.input_bytes


def test_earliest_is_the_first_accepted_record_ever() -> None:
    job = Job(latency_s=600)
    assert job.read(b'{"time":1000}{"time":900}').counts.earliest_record_timestamp == 1_000_000
    assert job.read(b'{"time":800}').counts.earliest_record_timestamp is None
    assert job.reader.totals.earliest_record_timestamp == 1_000_000


@pytest.mark.parametrize(
    ("times", "latest"),
    [
        pytest.param([1000, 1010, 1005], 1_010_000, id="maximum"),
        pytest.param([930, 920], 930_000, id="only dropped ones"),
        pytest.param([920, 1001, 930], 1_001_000, id="accepted wins"),
    ],
)
def test_latest_time_of_an_upload(times: list[int], latest: int) -> None:
    job = Job()
    job.read(b'{"time":1000}')
    body = b"".join(b'{"time":%d}' % time for time in times)
    assert job.read(body).counts.latest_record_timestamp == latest
    assert job.reader.totals.latest_record_timestamp == max(latest, 1_000_000)


def test_a_record_dropped_by_the_floor_is_never_the_latest() -> None:
    job = Job()
    job.read(b'{"time":1000}')
    job.reader.set_floor(5000)
    assert job.read(b'{"time":2000}').counts.latest_record_timestamp is None
    assert job.reader.totals.latest_record_timestamp == 1_000_000


def _buckets(*sizes: int) -> bytes:
    return b"".join(b'{"time":%d}' % (60 * i) * size for i, size in enumerate(sizes))


def _bucket_counts(counts: DataCounts) -> tuple[int, int, int]:
    return counts.bucket_count, counts.empty_bucket_count, counts.sparse_bucket_count


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        pytest.param([3], (0, 0, 0), id="the newest bucket is not counted"),
        pytest.param([3, 3], (1, 0, 0), id="the one before is"),
        pytest.param([3, 0, 0, 1], (3, 2, 0), id="gaps are empty buckets"),
        pytest.param([100, 100, 1, 100], (3, 0, 1), id="sparse"),
        pytest.param([100, 100, 11, 100], (3, 0, 0), id="ln(average) - ln(count) is not over 2"),
        pytest.param([10] * 40, (39, 0, 0), id="more than the window"),
        pytest.param([100, 0, 0, 1, 0, 100], (5, 3, 1), id="average is of buckets with records"),
    ],
)
def test_bucket_counts(sizes: list[int], expected: tuple[int, int, int]) -> None:
    assert _bucket_counts(Job().read(_buckets(*sizes)).counts) == expected


def test_buckets_are_counted_once_over_uploads() -> None:
    job = Job()
    job.read(_buckets(3, 3))
    counts = job.read(b'{"time":61}{"time":300}').counts
    assert _bucket_counts(counts) == (4, 3, 0)
    assert counts.latest_empty_bucket_timestamp == 240_000


def test_times_of_empty_and_sparse_buckets() -> None:
    counts = Job().read(_buckets(100, 100, 1, 0, 100)).counts
    assert counts.latest_sparse_bucket_timestamp == 120_000
    assert counts.latest_empty_bucket_timestamp == 180_000


def test_a_gap_of_ages_is_counted_at_once() -> None:
    counts = Job().read(b'{"time":0}{"time":6000000000000}').counts
    assert _bucket_counts(counts) == (10**11, 10**11 - 1, 0)
    assert counts.latest_empty_bucket_timestamp == (10**11 - 1) * 60_000


def test_the_window_is_as_long_as_the_latency() -> None:
    late = b'{"time":0}{"time":6000}' + b'{"time":60}' * 5
    assert Job(latency_s=6000).read(late).counts.empty_bucket_count == 98
    assert Job(latency_s=0).read(late).counts.empty_bucket_count == 99
