"""Durations and byte sizes as Elasticsearch writes them (`5m`, `1024mb`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal, InvalidOperation

from sidecar import messages
from sidecar.errors import IllegalArgumentError, ParseError

_NANOS = {
    "nanos": 1,
    "micros": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
_SIZES = {"b": 1, **{f"{p}b": 1024**n for n, p in enumerate("kmgtp", start=1)}}
_MAX_LONG = 2**63 - 1
_WHOLE = re.compile(r"[+-]?[0-9]+")
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TimeValue:
    """A duration that remembers how it was written.

    Attributes
    ----------
    millis : int
        The duration in milliseconds.
    text : str
        How the user wrote it (`60m` stays `60m`); this is what is rendered.
    """

    millis: int
    text: str

    @property
    def seconds(self) -> int:
        """Whole seconds."""
        return self.millis // 1000

    @property
    def nanos(self) -> int:
        """Nanoseconds, exact also for units below a millisecond."""
        for unit in ("nanos", "micros"):
            if self.text.endswith(unit):
                return int(self.text.removesuffix(unit)) * _NANOS[unit]
        return self.millis * _NANOS["ms"]

    def __str__(self) -> str:
        """As errors show it: in the largest unit, one digit after the point (`90m` is `1.5h`)."""
        if self.millis < 0:
            return str(self.millis)
        if self.nanos == 0:
            return "0s"
        unit, size = [(u, n) for u, n in _NANOS.items() if n <= self.nanos][-1]
        return f"{_one_decimal(self.nanos, size)}{unit}"


def _one_decimal(amount: int, size: int) -> str:
    """Amount over size, cut (not rounded) after one digit, without a trailing `.0`."""
    tenths = amount * 10 // size
    return f"{tenths // 10}.{tenths % 10}" if tenths % 10 else str(tenths // 10)


def seconds_value(seconds: int) -> TimeValue:
    """A duration written in the largest unit that divides it (`2592000` is `30d`)."""
    for unit in ("d", "h", "m"):
        size = _NANOS[unit] // _NANOS["s"]
        if seconds and seconds % size == 0:
            return TimeValue(min(seconds * 1000, _MAX_LONG), f"{seconds // size}{unit}")
    return TimeValue(min(seconds * 1000, _MAX_LONG), f"{seconds}s")


def parse_time_value(text: str, setting: str) -> TimeValue:
    """Read a duration such as `5m`; raises IllegalArgumentError.

    Units are nanos, micros, ms, s, m, h and d in any case, except that `M` is not minutes;
    `-1` and `0` need none. Fractions are refused.
    """
    lower = text.lower().strip()
    for unit in ("nanos", "micros", "ms", "s", "m", "h", "d"):
        if (text if unit == "m" else lower).endswith(unit):
            return _with_unit(text, lower.removesuffix(unit).strip(), unit, setting)
    if re.fullmatch(r"-0*1", lower):
        return TimeValue(-1, "-1")
    if re.fullmatch(r"0+", lower):
        return TimeValue(0, "0ms")
    raise IllegalArgumentError(messages.unit_missing(setting, text))


def _with_unit(text: str, digits: str, unit: str, setting: str) -> TimeValue:
    if not _WHOLE.fullmatch(digits) or abs(_bounded(digits)) > _MAX_LONG:
        if _is_number(digits):
            raise IllegalArgumentError(messages.fractional_duration(text))
        raise IllegalArgumentError(messages.unparseable_duration(text))
    amount = int(digits)
    if amount < -1:
        raise IllegalArgumentError(messages.negative_duration(setting, text))
    if amount < 0:
        return TimeValue(-1, "-1")
    millis = amount * _NANOS[unit] // _NANOS["ms"]
    return TimeValue(min(millis, _MAX_LONG), f"{amount}{unit}")


def _is_number(digits: str) -> bool:
    try:
        float(digits)
    except ValueError:
        return False
    return "_" not in digits


def _bounded(digits: str) -> int:
    """A number of any length; beyond 30 characters just something too large."""
    return int(digits) if len(digits) <= 30 else 2 * _MAX_LONG


def parse_byte_size(text: str, setting: str) -> int:
    """Read a byte size such as `1gb`; returns bytes, -1 for `-1`; raises ParseError.

    Up to two digits after the point are allowed; parts of a byte are rounded up.
    """
    if text in ("0", "-1"):
        return int(text)
    lower = text.lower().strip()
    unit = lower[-2:] if lower[-2:] in _SIZES else lower[-1:]
    full = unit if unit in _SIZES else f"{unit}b"
    if full not in _SIZES or not unit:
        raise ParseError(messages.size_unit_missing(setting, text))
    digits = lower.removesuffix(unit).strip()
    try:
        amount = Decimal(digits if "_" not in digits else "nan")
    except InvalidOperation:
        amount = Decimal("nan")
    if (full == "b" or not amount.is_finite() or amount < 0) and not _WHOLE.fullmatch(digits):
        raise ParseError(messages.unparseable_size(setting, text))
    if full == "b" and amount == -1:
        return -1
    if amount < 0:
        raise ParseError(messages.unparseable_size(setting, text))
    if amount.adjusted() > len(str(_MAX_LONG)) or amount * _SIZES[full] > _MAX_LONG:
        raise ParseError(messages.size_out_of_range(setting, text))
    if isinstance(exponent := amount.as_tuple().exponent, int) and exponent < -2:
        raise ParseError(messages.too_many_decimals(setting, text))
    return int((amount * _SIZES[full]).to_integral_value(rounding=ROUND_UP))


def format_byte_size(size: int) -> str:
    """As errors show it: in the largest unit, cut after one digit (`1536mb` is `1.5gb`)."""
    unit, factor = [(u, n) for u, n in _SIZES.items() if n <= max(size, 1)][-1]
    return f"{_one_decimal(size, factor)}{unit}"
