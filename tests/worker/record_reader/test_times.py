"""Time formats and the order rule."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.schema.java_time import compile_time_format
from tests.worker.record_reader.naive import MAX_MS
from tests.worker.record_reader.support import Job


@pytest.mark.parametrize(
    ("time_format", "value", "expected"),
    [
        pytest.param("epoch", "1359331200", 1359331200, id="seconds"),
        pytest.param("epoch", '"1359331200"', 1359331200, id="seconds in a string"),
        pytest.param("epoch", "1359331200.999", 1359331200, id="fraction is cut off"),
        pytest.param("epoch", "1.3593312e9", 1359331200, id="exponent"),
        pytest.param("epoch", '" 1359331200 "', 1359331200, id="spaces"),
        pytest.param("epoch", "-1.5", -1, id="negative is cut towards zero"),
        pytest.param("epoch", "[1359331200]", 1359331200, id="array of one"),
        pytest.param("epoch", "8640000000000", 8640000000000, id="greatest"),
        pytest.param("epoch", "8640000000001", None, id="greater than a date can be"),
        pytest.param("epoch", "1e300", None, id="huge"),
        pytest.param("epoch", '"NaN"', None, id="NaN"),
        pytest.param("epoch", '"yesterday"', None, id="text"),
        pytest.param("epoch", '""', None, id="empty"),
        pytest.param("epoch", "null", None, id="null"),
        pytest.param("epoch", "true", None, id="boolean"),
        pytest.param("epoch", "{}", None, id="object"),
        pytest.param("epoch_ms", "1359331200999", 1359331200, id="milliseconds"),
        pytest.param("epoch_ms", "1359331200999.9", 1359331200, id="milliseconds with a fraction"),
        pytest.param("epoch_ms", "-1", -1, id="a millisecond before the epoch"),
        pytest.param("yyyy-MM-dd HH:mm:ss", '"2013-01-28 00:00:00"', 1359331200, id="pattern"),
        pytest.param("yyyy-MM-dd HH:mm:ss", '"2013-1-28 0:0:0"', 1359331200, id="few digits"),
        pytest.param("yyyy-MM-dd HH:mm:ss", '"2013-01-28"', None, id="no time of day"),
        pytest.param("yyyyMMddHHmmss", "20130128000000", 1359331200, id="pattern and number"),
        pytest.param(
            "yyyy-MM-dd'T'HH:mm:ssXXX", '"2013-01-28T01:00:00+01:00"', 1359331200, id="offset"
        ),
        pytest.param(
            "dd MMM yyyy HH:mm VV", '"28 Jan 2013 01:00 Europe/Berlin"', 1359331200, id="zone"
        ),
        pytest.param("dd MMM yyyy HH:mm", "true", None, id="boolean under a pattern"),
    ],
)
def test_time_values(time_format: str, value: str, expected: int | None) -> None:
    read = Job(time_format=time_format).read(f'{{"time":{value}}}'.encode())
    assert read.times == ([] if expected is None else [expected])
    assert read.counts.invalid_date_count == (expected is None)


def test_an_unusable_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="Invalid Time format string 'yyyy-MM-dd'"):
        Job(time_format="yyyy-MM-dd")


_PATTERNS = [
    "yyyy-MM-dd HH:mm:ss",
    "yyyy-MM-dd HH:mm:ss.SSS",
    "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]",
    "yyyy-MM-dd'T'HH:mm[:ss[.SSSSSS]]XX",
    "yyyyMMddHHmmssSSS",
    "yyyy-MM-dd HH[:mm]",
    "dd/MM/uuuu HH:mm:ssX",
]
_PIECES = st.sampled_from(
    [
        *("2014", "0000", "1969", "2012", "02", "03", "13", "28", "29", "31", "00", "23", "24"),
        *("59", "60", "-", ":", "T", " ", ".", "/", "5", "123", "Z", "+", "+02:00", "-0130", "é"),
    ]
)


@st.composite
def _near_texts(draw: st.DrawFn) -> tuple[str, str]:
    """A pattern, and a text that follows it closely."""
    pattern = draw(st.sampled_from(_PATTERNS))
    when = draw(st.datetimes())
    offset = draw(st.sampled_from(["", "Z", "+02:00", "-0130", "+05"]))
    digits = draw(st.integers(0, 7))
    fraction = f"{when:%f}0"[:digits]
    date, time = f"{when.year:04}-{when:%m-%d}", f"{when:%H:%M:%S}"
    texts = {
        0: f"{date} {time}",
        1: f"{date} {time}.{fraction}",
        2: f"{date}T{time}.{fraction}{offset}",
        3: f"{date}T{time[: draw(st.sampled_from([5, 8]))]}{offset}",
        4: f"{date}{time}{fraction}".replace("-", "").replace(":", ""),
        5: f"{date} {time[: draw(st.sampled_from([2, 5, 8]))]}",
        6: f"{when:%d/%m}/{when.year:04} {time}{offset}",
    }
    text = texts[_PATTERNS.index(pattern)]
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(_PIECES) + text[at + draw(st.integers(0, 3)) :]
    return pattern, text


@settings(max_examples=300, deadline=None)
@given(_near_texts())
def test_fixed_width_texts_are_read_as_the_pattern_reads_them(case: tuple[str, str]) -> None:
    pattern, text = case
    expected = compile_time_format(pattern).parse(text)
    if expected is not None and abs(expected) > MAX_MS:
        expected = None
    got = Job(time_format=pattern).read(f'{{"time":"{text}"}}'.encode()).times
    assert got == ([] if expected is None else [expected // 1000])


def _times(*times: int) -> bytes:
    return b"".join(b'{"time":%d}' % time for time in times)


@pytest.mark.parametrize(
    ("latency", "times", "accepted"),
    [
        pytest.param(0, [100, 60, 119, 61], [100, 60, 119, 61], id="any order inside the bucket"),
        pytest.param(0, [120, 119], [120], id="before the bucket of the latest"),
        pytest.param(0, [59, 120, 119, 121, 60], [59, 120, 121], id="the latest decides"),
        pytest.param(30, [120, 90, 89], [120, 90], id="inside the latency"),
        pytest.param(30, [179, 90, 89], [179, 90], id="latency counts from the bucket's begin"),
    ],
)
def test_order_rule(latency: int, times: list[int], accepted: list[int]) -> None:
    read = Job(latency_s=latency).read(_times(*times))
    assert read.times == accepted
    assert read.counts.out_of_order_timestamp_count == len(times) - len(accepted)


def test_the_latest_time_survives_uploads_and_reopening() -> None:
    first = Job()
    first.read(_times(120))
    assert first.read(_times(119, 125)).times == [125]
    assert Job(totals=first.reader.totals).read(_times(119, 121)).times == [121]


def test_records_before_the_floor_are_out_of_order() -> None:
    job = Job()
    job.read(_times(120))
    job.reader.set_floor(600)
    read = job.read(_times(599, 600))
    assert (read.times, read.counts.out_of_order_timestamp_count) == ([600], 1)
    job.reader.set_floor(None)
    assert job.read(_times(601)).times == [601]


def test_the_floor_is_saved() -> None:
    job, other = Job(), Job()
    job.reader.set_floor(600)
    other.reader.load(job.reader.save())
    assert other.read(_times(599)).times == []


def test_a_state_of_another_job_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit the job"):
        Job(latency_s=3600).reader.load(Job().reader.save())
