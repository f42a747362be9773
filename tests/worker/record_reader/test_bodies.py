"""What a body may look like, and what happens when it is malformed."""

from __future__ import annotations

import itertools

import pytest

from sidecar.engine.record_frame import RecordFrame
from sidecar.errors import ParseError
from sidecar.worker.record_reader import MalformedInput, warm_up
from tests.worker.record_reader.support import Job

GOOD = b'{"time":1359331200,"name":"a"}'
MIB = 2**20


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(GOOD + b"\n" + GOOD + b"\n", id="lines"),
        pytest.param(GOOD + b"\r\n" + GOOD, id="lines with carriage returns"),
        pytest.param(GOOD + GOOD, id="adjacent"),
        pytest.param(b"[" + GOOD + b" , " + GOOD + b"]", id="array"),
        pytest.param(GOOD + b",\n" + GOOD + b",", id="commas without an array"),
        pytest.param(b"\xef\xbb\xbf" + GOOD + GOOD, id="byte order mark"),
        pytest.param(b'{\n  "time" : 1359331200\n}\n\t{ "time":\n1359331200 }', id="pretty"),
    ],
)
def test_two_records(body: bytes) -> None:
    read = Job().read(body)
    assert read.times == [1359331200, 1359331200]
    assert read.counts.input_bytes == len(body)


@pytest.mark.parametrize("body", [b"", b"\n \t", b"[]", b"\xef\xbb\xbf", b"[ , ]"])
def test_a_body_without_records_is_no_error(body: bytes) -> None:
    read = Job().read(body)
    assert (read.times, read.failed, read.counts.input_bytes) == ([], False, len(body))


@pytest.mark.parametrize(
    "body", [b"hello", b"12", b'"text"', b"null", b"}", b"\x00", b"\xff\xfe{"[:2]]
)
def test_a_body_without_any_object_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedInput) as caught:
        Job().reader.read([body], len)
    assert isinstance(caught.value, ParseError)
    assert caught.value.reason == (
        "The input JSON data is malformed. The first error is at byte 0, the last at byte 0."
    )


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(b'{"time":1359331200,"name":"a', id="line ends in a string"),
        pytest.param(b'{"time":1359331200,"name":[1,[2', id="line ends in an array"),
        pytest.param(b'{"time":1359331200,}', id="comma before the end"),
        pytest.param(b'{"time":1359331200 "name":1}', id="no comma"),
        pytest.param(b'{"time":01}', id="leading zero"),
        pytest.param(b'{"time":+1}', id="plus"),
        pytest.param(b"{'time':1}", id="apostrophes"),
        pytest.param(b"{time:1}", id="no quotes"),
        pytest.param(b'{"time":tru}', id="cut word"),
        pytest.param(b'{"time":"\\x"}', id="unknown escape"),
        pytest.param(b'{"time":"\\u12g4"}', id="bad digits in an escape"),
        pytest.param(b'{"time":"a\tb"}', id="control character"),
        pytest.param(b'{"time":"\xff"}', id="not UTF-8"),
        pytest.param(b'{"time":"\xed\xa0\x80"}', id="encoded surrogate"),
        pytest.param(b'{"time":"\xc0\xaf"}', id="overlong form"),
        pytest.param(b'{"time":[1}', id="wrong bracket"),
        pytest.param(b'{"time":{"a":[{"b":1]}]}}', id="wrong brace in an array"),
        pytest.param(b"hello", id="text"),
        pytest.param(b'{"time":1359331200}}', id="one brace too many"),
        pytest.param(b'{"a":"}{\\"', id="braces in a string that does not end"),
    ],
)
def test_a_malformed_line_costs_no_other_record(bad: bytes) -> None:
    body = b"\n".join([GOOD, bad, GOOD, GOOD])
    read = Job().read(body)
    assert not read.failed
    assert len(read.times) == 3 + bad.endswith(b"0}}")
    assert read.counts.input_bytes == len(body)


def test_a_line_that_ends_before_a_value_takes_the_next_record_as_its_value() -> None:
    read = Job().read(b"\n".join([GOOD, b'{"time":1359331200,"name":', GOOD, GOOD]))
    assert (len(read.times), read.failed) == (2, False)


def test_adjacent_records_behind_a_malformed_one_are_read() -> None:
    assert len(Job().read(GOOD + b'{"time":{"a":x},"b":"}"}' + GOOD).times) == 2


def test_a_truncated_last_record_is_one_error() -> None:
    read = Job().read(GOOD + b'{"time":1359331200,"na')
    assert (len(read.times), read.failed, read.counts.input_record_count) == (1, False, 1)


def test_malformed_records_count_nowhere_but_in_the_bytes() -> None:
    counts = Job().read(b'{"time":1359331200,"x":}').counts
    assert (counts.input_record_count, counts.input_field_count, counts.missing_field_count) == (
        0,
        0,
        0,
    )


def test_ninety_nine_errors_are_forgiven() -> None:
    read = Job().read((b"{bad}\n" + GOOD + b"\n") * 99)
    assert (len(read.times), read.failed) == (99, False)


def test_the_hundredth_error_ends_the_upload_and_keeps_what_was_good() -> None:
    pair = b"{bad}\n" + GOOD + b"\n"
    job = Job()
    with pytest.raises(MalformedInput) as caught:
        job.reader.read([pair * 200], len)
    last = 99 * len(pair) + 1
    assert caught.value.reason == (
        f"The input JSON data is malformed. The first error is at byte 1, the last at byte {last}."
    )
    assert caught.value.counts.processed_record_count == 99
    assert caught.value.counts.input_bytes == last + 1
    assert job.reader.totals == caught.value.counts


def test_errors_do_not_carry_over_to_the_next_upload() -> None:
    job = Job()
    assert not any(job.read(b"{bad}\n" * 60 + GOOD).failed for _ in range(3))


def test_a_record_of_eight_mib_is_read_and_a_longer_one_is_malformed() -> None:
    fits = b'{"time":1359331200,"name":"' + b"x" * (8 * MIB - 29) + b'"}'
    assert len(fits) == 8 * MIB
    too_long = fits.replace(b"xx", b"xxx", 1)
    assert len(Job().read(fits).times) == 1
    read = Job().read(GOOD, b"\n", too_long, b"\n", GOOD)
    assert (len(read.times), read.counts.missing_field_count, read.failed) == (2, 6, False)


def test_a_body_larger_than_the_window_is_read_the_same_from_any_blocks() -> None:
    lines = [b'{"time":%d,"name":"n%d"}\n' % (1359331200 + i // 7, i % 999) for i in range(200_000)]
    lines[77] = b'{"time":1359331211,"pad":"' + b"p" * (5 * MIB) + b'"}\n'
    body = b"".join(lines)
    reads = [
        Job().read_blocks(body[i : i + size] for i in range(0, len(body), size))
        for size in (len(body), 1_000_003, 8191)
    ]
    assert len(reads[0].times) == 200_000
    assert reads[0] == reads[1] == reads[2]


def test_frames_of_long_texts_are_bounded_by_bytes() -> None:
    record = b'{"time":1359331200,"name":7,"value":"' + b"m" * 50_000 + b'"}\n'
    frames: list[RecordFrame] = []
    Job().reader.read(itertools.repeat(record, 500), frames.append)
    assert sum(len(frame) for frame in frames) == 500
    assert max(frame.nbytes() for frame in frames) < 5 * MIB


@pytest.mark.parametrize(
    ("body", "records"),
    [
        pytest.param(b"[" * 10**6, 0, id="brackets outside records"),
        pytest.param(b'{"a":' * 10**6, None, id="nested objects"),
        pytest.param(b'{"a":' + b"[" * 10**6, None, id="nested arrays"),
        pytest.param(b'{"a":' + b"[" * 998 + b"]" * 998 + b"}", 1, id="deep but allowed"),
        pytest.param(
            b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}" + GOOD, 1, id="too deep, then good"
        ),
        pytest.param(b"{" + b'"a":1,' * 10**5 + b'"b":1}', 1, id="many keys"),
        pytest.param(b'{"time":' + b"1" * 10**6 + b"}", 1, id="huge number"),
        pytest.param(b'{"time":1e' + b"1" * 10**6 + b"}", 1, id="huge exponent"),
        pytest.param(b'{"' + b"k" * 10**6 + b'":1}', 1, id="huge key"),
        pytest.param(b'{"' + b"\\u0061" * 10**5 + b'":{"x":1}}', 1, id="huge escaped key"),
        pytest.param(b'{"a":"' + b"\\" * 10**6, None, id="backslashes"),
        pytest.param(b"{\n" * 10**6, None, id="lines that begin records"),
        pytest.param(b"\x00" * 10**6, None, id="NUL bytes"),
        pytest.param(b"{}" * 10**6, 10**6, id="empty records"),
    ],
)
def test_hostile_bodies_end_in_counts_or_an_error(body: bytes, records: int | None) -> None:
    read = Job().read(body)
    if records is not None:
        assert read.counts.input_record_count == records


def test_warming_up_can_be_repeated() -> None:
    warm_up()
    warm_up()
