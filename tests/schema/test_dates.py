"""Times of parameters: ISO 8601, epoch numbers, date maths."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.schema.dates import parse_date, parse_date_maths

NOW = int(datetime(2024, 2, 29, 13, 45, 30, 250_000, tzinfo=UTC).timestamp() * 1000)


def ms(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1000  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "epoch_ms"),
    [
        ("2024-01-02T03:04:05Z", ms(2024, 1, 2, 3, 4, 5)),
        ("2024-01-02T03:04:05.678Z", ms(2024, 1, 2, 3, 4, 5) + 678),
        ("2024-01-02T03:04:05,6Z", ms(2024, 1, 2, 3, 4, 5) + 600),
        ("2024-01-02T03:04:05.123456789Z", ms(2024, 1, 2, 3, 4, 5) + 123),
        ("2024-01-02T03:04:05+02:00", ms(2024, 1, 2, 1, 4, 5)),
        ("2024-01-02T03:04:05-0130", ms(2024, 1, 2, 4, 34, 5)),
        ("2024-01-02T03:04:05+02", ms(2024, 1, 2, 1, 4, 5)),
        ("2024-01-02T03:04", ms(2024, 1, 2, 3, 4)),
        ("2024-01-02T03", ms(2024, 1, 2, 3)),
        ("2024-01-02", ms(2024, 1, 2)),
        ("2024-01-02T", ms(2024, 1, 2)),
        ("2024-01", ms(2024, 1, 1)),
        ("1454803200", 1_454_803_200_000),
        ("1454803200123", 1_454_803_200_123),
        ("10", 10_000),
        ("-1", -1_000),
    ],
)
def test_dates_and_epoch_numbers_are_read(text: str, epoch_ms: int) -> None:
    assert parse_date(text) == epoch_ms
    assert parse_date_maths(text, NOW) == epoch_ms


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "2024-13-01", "2024-02-30", "2024-1-1", "24-01-01", "2024-01-01T25:00",
     "2024-01-01 00:00:00", "1.5", "1e3", "1" * 19, "0000", "0000-01-01"],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str) -> None:
    expected = 0 if text == "0000" else None
    assert parse_date(text) == expected
    assert parse_date_maths(text, NOW) == expected


@pytest.mark.parametrize(
    ("text", "epoch_ms"),
    [
        ("now", NOW),
        ("now-1d", NOW - 86_400_000),
        ("now+90s", NOW + 90_000),
        ("now-1h/h", ms(2024, 2, 29, 12)),
        ("now/d", ms(2024, 2, 29)),
        ("now/w", ms(2024, 2, 26)),
        ("now/M", ms(2024, 2, 1)),
        ("now/y", ms(2024, 1, 1)),
        ("now/m", ms(2024, 2, 29, 13, 45)),
        ("now-1y/d", ms(2023, 2, 28)),
        ("now+M/M", ms(2024, 3, 1)),
        ("2024-01-31||+1M/d", ms(2024, 2, 29)),
        ("2024-01-01||-1w", ms(2023, 12, 25)),
        ("2024-03-10T05:00:00Z||/H", ms(2024, 3, 10, 5)),
        ("2024-01-01||", ms(2024, 1, 1)),
    ],
)
def test_date_maths(text: str, epoch_ms: int) -> None:
    assert parse_date_maths(text, NOW) == epoch_ms


@pytest.mark.parametrize(
    "text", ["now1d", "now-", "now-1q", "now - 1d", "nowhere", "x||+1d", "now+999999999y", "||/d"]
)
def test_bad_date_maths_is_none(text: str) -> None:
    assert parse_date_maths(text, NOW) is None


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)))  # noqa: DTZ001
def test_a_printed_time_is_read_back(moment: datetime) -> None:
    aware = moment.replace(tzinfo=UTC, microsecond=moment.microsecond // 1000 * 1000)
    text = aware.isoformat(timespec="milliseconds")
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert parse_date(text) == round((aware - epoch).total_seconds() * 1000)


@given(st.text(max_size=30) | st.text(alphabet="now+-/|0123456789yMwdhHmsTZ:.", max_size=30))
def test_any_text_is_a_time_or_none(text: str) -> None:
    assert isinstance(parse_date_maths(text, NOW), int | None)
