"""Dates as Elasticsearch's parameters take them: ISO 8601, epoch numbers, date maths."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta, timezone

_ISO = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:T(?:(?P<hour>[0-9]{2})(?::(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?)?"
    r"(?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?)?)?)?"
)
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_MATHS = re.compile(r"(?:[+-][0-9]{0,9}[yMwdhHms]|/[yMwdhHms])+")
_STEP = re.compile(r"([+\-/])([0-9]*)([yMwdhHms])")
# Numbers with at most this many characters are seconds, longer ones milliseconds.
_SECONDS_LENGTH = 10
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "H": 3_600, "m": 60, "s": 1}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_date(text: str) -> int | None:
    """Epoch milliseconds of an ISO 8601 date or an epoch number; None when it is neither.

    A date may end after year, month, day, hour, minute or second; without zone it is UTC.
    Numbers of at most 10 characters are seconds, longer ones milliseconds.
    """
    if _WHOLE.fullmatch(text):
        return int(text) * 1000 if len(text) <= _SECONDS_LENGTH else int(text)
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    part = match.groupdict()
    try:
        moment = datetime(
            int(part["year"]),
            int(part["month"] or 1),
            int(part["day"] or 1),
            int(part["hour"] or 0),
            int(part["minute"] or 0),
            int(part["second"] or 0),
            tzinfo=_zone(part["zone"]),
        )
        millis = _epoch_ms(moment)
    except (ValueError, OverflowError):
        return None
    return millis + int((part["fraction"] or "0").ljust(9, "0")) // 1_000_000


def parse_date_maths(text: str, now_ms: int) -> int | None:
    """As `parse_date`, and `now-1d/d` or `2024-01-01||+1M/d` too; None when it is none of them.

    Rounding goes down, in UTC; weeks begin on Monday.
    """
    if text.startswith("now"):
        start, steps = now_ms, text.removeprefix("now")
    elif "||" in text:
        date, _, steps = text.partition("||")
        parsed = parse_date(date)
        if parsed is None:
            return None
        start = parsed
    else:
        return parse_date(text)
    if steps and not _MATHS.fullmatch(steps):
        return None
    try:
        moment = _EPOCH + timedelta(milliseconds=start)
        for sign, amount, unit in _STEP.findall(steps):
            if sign == "/":
                moment = _floor(moment, unit)
            else:
                moment = _add(moment, int(f"{sign}{amount or 1}"), unit)
        return _epoch_ms(moment)
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> timezone:
    if text in (None, "Z"):
        return UTC
    digits = str(text)[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if str(text).startswith("-") else offset)


def _epoch_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _add(moment: datetime, amount: int, unit: str) -> datetime:
    if unit in _SECONDS:
        return moment + timedelta(seconds=amount * _SECONDS[unit])
    months = moment.year * 12 + moment.month - 1 + amount * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def _floor(moment: datetime, unit: str) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "y":
        return day.replace(month=1, day=1)
    if unit == "M":
        return day.replace(day=1)
    if unit == "w":
        return day - timedelta(days=day.weekday())
    since_midnight = (moment - day) // timedelta(seconds=1)
    whole = since_midnight - since_midnight % _SECONDS[unit]
    return day + timedelta(seconds=whole)
