"""Durations and byte sizes are read and shown as Elasticsearch does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import IllegalArgumentError, ParseError
from sidecar.schema.units import (
    TimeValue,
    format_byte_size,
    parse_byte_size,
    parse_time_value,
    seconds_value,
)

_TIME_VALUE = "failed to parse setting [x] with value [{}] as a time value: {}"
_NO_UNIT = "unit is missing or unrecognized"


@pytest.mark.parametrize(
    ("text", "millis", "rendered"),
    [
        ("5m", 300_000, "5m"),
        ("60m", 3_600_000, "60m"),
        (" 10 S ", 10_000, "10s"),
        ("007h", 25_200_000, "7h"),
        ("1d", 86_400_000, "1d"),
        ("1500ms", 1_500, "1500ms"),
        ("2000000micros", 2_000, "2000000micros"),
        ("1000000000nanos", 1_000, "1000000000nanos"),
        ("5nanos", 0, "5nanos"),
        ("0", 0, "0ms"),
        ("-1", -1, "-1"),
        ("-1s", -1, "-1"),
        ("+3h", 10_800_000, "3h"),
        ("9223372036854775807d", 2**63 - 1, "9223372036854775807d"),
    ],
)
def test_durations_are_read(text: str, millis: int, rendered: str) -> None:
    assert parse_time_value(text, "x") == TimeValue(millis, rendered)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5", _TIME_VALUE.format("5", _NO_UNIT)),
        ("", _TIME_VALUE.format("", _NO_UNIT)),
        ("5M", _TIME_VALUE.format("5M", _NO_UNIT)),
        ("5y", _TIME_VALUE.format("5y", _NO_UNIT)),
        ("-2s", _TIME_VALUE.format("-2s", "negative durations are not supported")),
        ("1.5h", "failed to parse [1.5h], fractional time values are not supported"),
        ("1e3s", "failed to parse [1e3s], fractional time values are not supported"),
        ("xs", "failed to parse [xs]"),
        ("1_0s", "failed to parse [1_0s]"),
        ("s", "failed to parse [s]"),
        ("9" * 5000 + "s", f"failed to parse [{'9' * 5000}s], fractional time values are "
         "not supported"),
    ],
)  # fmt: skip
def test_what_is_no_duration_is_refused(text: str, reason: str) -> None:
    with pytest.raises(IllegalArgumentError) as caught:
        parse_time_value(text, "x")
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("text", "shown"),
    [("90m", "1.5h"), ("300s", "5m"), ("500ms", "500ms"), ("36h", "1.5d"), ("0", "0s"),
     ("-1", "-1"), ("5nanos", "5nanos"), ("1999ms", "1.9s")],
)  # fmt: skip
def test_errors_show_durations_in_their_largest_unit(text: str, shown: str) -> None:
    assert str(parse_time_value(text, "x")) == shown


@given(st.integers(1, 10**9))
def test_a_number_of_seconds_is_read_back(seconds: int) -> None:
    value = seconds_value(seconds)
    assert value.seconds == seconds
    assert parse_time_value(value.text, "x") == value


def test_seconds_are_written_in_the_largest_unit() -> None:
    assert [seconds_value(s).text for s in (30 * 86_400, 7_200, 300, 90)] == [
        "30d",
        "2h",
        "5m",
        "90s",
    ]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1gb", 1024**3),
        ("1g", 1024**3),
        ("1024MB", 1024**3),
        ("1.5kb", 1536),
        ("1.01kb", 1035),
        ("12b", 12),
        ("0", 0),
        ("0b", 0),
        ("-1", -1),
        ("-1b", -1),
        (" 2 tb ", 2 * 1024**4),
        ("3p", 3 * 1024**5),
    ],
)
def test_byte_sizes_are_read(text: str, size: int) -> None:
    assert parse_byte_size(text, "x") == size


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1", "failed to parse setting [x] with value [1] as a size in bytes: "
         "unit is missing or unrecognized"),
        ("", "failed to parse setting [x] with value [] as a size in bytes: "
         "unit is missing or unrecognized"),
        ("5zz", "failed to parse setting [x] with value [5zz] as a size in bytes: "
         "unit is missing or unrecognized"),
        ("mb", "failed to parse setting [x] with value [mb]"),
        ("-5mb", "failed to parse setting [x] with value [-5mb]"),
        ("1.5b", "failed to parse setting [x] with value [1.5b]"),
        ("nanmb", "failed to parse setting [x] with value [nanmb]"),
        ("1.234gb", "failed to parse setting [x] with more than two decimals in value [1.234gb]"),
        ("1e99gb", f"failed to parse setting [x] with value beyond {2**63 - 1}: [1e99gb]"),
        ("1e999999gb", f"failed to parse setting [x] with value beyond {2**63 - 1}: [1e999999gb]"),
    ],
)  # fmt: skip
def test_what_is_no_byte_size_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_byte_size(text, "x")
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0b"), (1023, "1023b"), (1536, "1.5kb"), (1024**2, "1mb"), (1536 * 1024**2, "1.5gb")],
)
def test_byte_sizes_are_shown_in_their_largest_unit(size: int, shown: str) -> None:
    assert format_byte_size(size) == shown
