"""From what a text says about a time to epoch milliseconds, with Java's smart rules.

A day that the month does not have becomes its last day (but no day is over 31), 24:00 is the
next midnight, and what is said twice must agree.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sidecar.schema.java_time_elements import Parsed, Unit

_MAX_YEAR: Final = 999_999_999
_MAX_OFFSET_S: Final = 18 * 3600
_NANOS_PER_DAY: Final = 86_400_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Days since 1970-01-01 that a `datetime` with a zone can hold, one year spared at both ends.
_ZONED_DAYS: Final = range(-718_797, 2_932_167)

_RANGES: Final = {
    Unit.ERA: (0, 1),
    Unit.YEAR: (-_MAX_YEAR, _MAX_YEAR),
    Unit.YEAR_OF_ERA: (1, _MAX_YEAR),
    Unit.MONTH: (1, 12),
    Unit.DAY: (1, 31),
    Unit.DAY_OF_YEAR: (1, 366),
    Unit.DAY_OF_WEEK: (1, 7),
    Unit.AM_PM: (0, 1),
    Unit.HOUR: (0, 24),
    Unit.CLOCK_HOUR: (0, 24),
    Unit.HOUR_OF_HALF: (0, 11),
    Unit.CLOCK_HOUR_OF_HALF: (0, 12),
    Unit.MINUTE: (0, 59),
    Unit.SECOND: (0, 59),
    Unit.NANO: (0, 999_999_999),
    Unit.MILLI_OF_DAY: (0, 86_399_999),
    Unit.NANO_OF_DAY: (0, _NANOS_PER_DAY - 1),
    Unit.OFFSET: (-_MAX_OFFSET_S, _MAX_OFFSET_S),
}


def resolve(parsed: Parsed, default_year: int | None = None) -> int | None:
    """Epoch milliseconds (rounded down), None if the parts are no full, consistent time.

    Without an offset or zone the time is in UTC. `default_year` is the year of texts without one.
    """
    units = dict(parsed.units)
    for unit, value in units.items():
        low, high = _RANGES[unit]
        if not low <= value <= high:
            return None
    days = _days(units, default_year)
    nanos = _nanos_of_day(units)
    if days is None or nanos is None:
        return None
    if Unit.DAY_OF_WEEK in units and (days + 3) % 7 + 1 != units[Unit.DAY_OF_WEEK]:
        return None
    days, nanos = days + nanos // _NANOS_PER_DAY, nanos % _NANOS_PER_DAY
    millis = days * 86_400_000 + nanos // 1_000_000
    # An offset wins over a zone.
    zone = units.get(Unit.OFFSET, parsed.zone)
    if isinstance(zone, ZoneInfo):
        return _in_zone(millis, days, zone)
    millis -= (zone or 0) * 1000
    return millis if -(2**63) <= millis < 2**63 else None


def _in_zone(millis: int, days: int, zone: ZoneInfo) -> int | None:
    """Epoch milliseconds of a local time; one that a clock change skips moves on by the gap."""
    if days not in _ZONED_DAYS:
        return None
    seconds, rest = divmod(millis, 1000)
    local = (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=zone)
    return (local - _EPOCH) // timedelta(seconds=1) * 1000 + rest


def _days(units: dict[Unit, int], default_year: int | None) -> int | None:
    """Days since 1970-01-01."""
    year = units.get(Unit.YEAR)
    if (of_era := units.get(Unit.YEAR_OF_ERA)) is not None:
        common = units[Unit.ERA] == 1 if Unit.ERA in units else year is None or year > 0
        if year not in (None, (year := of_era if common else 1 - of_era)):
            return None
    if year is None:
        year = default_year
    if year is None or (Unit.ERA in units and (units[Unit.ERA] == 1) != (year > 0)):
        return None
    day_of_year = units.get(Unit.DAY_OF_YEAR)
    if Unit.MONTH in units and Unit.DAY in units:
        month = units[Unit.MONTH]
        days = _days_of_date(year, month, min(units[Unit.DAY], _month_length(year, month)))
        if day_of_year not in (None, days - _days_of_date(year, 1, 1) + 1):
            return None
        return days
    if day_of_year is None or day_of_year > 365 + _is_leap(year):
        return None
    days = _days_of_date(year, 1, 1) + day_of_year - 1
    month = units.get(Unit.MONTH, 0)
    if month:
        first = _days_of_date(year, month, 1)
        return days if first <= days < first + _month_length(year, month) else None
    if day := units.get(Unit.DAY):
        firsts = [_days_of_date(year, m, 1) for m in range(1, 13)]
        return days if days - max(f for f in firsts if f <= days) + 1 == day else None
    return days


def _nanos_of_day(units: dict[Unit, int]) -> int | None:
    """Nanoseconds since midnight; a whole day for 24:00."""
    said = dict(units)
    if (clock := said.pop(Unit.CLOCK_HOUR, None)) is not None and not _agree(
        said, Unit.HOUR, clock % 24
    ):
        return None
    if (clock := said.pop(Unit.CLOCK_HOUR_OF_HALF, None)) is not None and not _agree(
        said, Unit.HOUR_OF_HALF, clock % 12
    ):
        return None
    half, of_half = said.get(Unit.AM_PM), said.get(Unit.HOUR_OF_HALF)
    if (
        half is not None
        and of_half is not None
        and not _agree(said, Unit.HOUR, half * 12 + of_half)
    ):
        return None
    if (millis := said.get(Unit.MILLI_OF_DAY)) is not None and not _split(
        said, millis * 1_000_000, whole_nanos=False
    ):
        return None
    if (nanos := said.get(Unit.NANO_OF_DAY)) is not None and not _split(
        said, nanos, whole_nanos=True
    ):
        return None
    return _time_of_day(said)


def _time_of_day(said: dict[Unit, int]) -> int | None:
    hour, minute, second, nano = (
        said.get(u) for u in (Unit.HOUR, Unit.MINUTE, Unit.SECOND, Unit.NANO)
    )
    if hour is None:
        return None
    if minute is None and (second is not None or nano is not None):
        return None
    if minute is not None and second is None and nano is not None:
        return None
    if hour == 24 and (minute or second or nano):
        return None
    half, of_half = said.get(Unit.AM_PM), said.get(Unit.HOUR_OF_HALF)
    if half not in (None, hour % 24 // 12) or of_half not in (None, hour % 12):
        return None
    return ((hour * 60 + (minute or 0)) * 60 + (second or 0)) * 1_000_000_000 + (nano or 0)


def _agree(said: dict[Unit, int], unit: Unit, value: int) -> bool:
    return said.setdefault(unit, value) == value


def _split(said: dict[Unit, int], nanos: int, *, whole_nanos: bool) -> bool:
    seconds, rest = divmod(nanos, 1_000_000_000)
    if not whole_nanos and Unit.NANO in said:
        # Milliseconds of the day leave the digits behind them to the fraction.
        rest += said[Unit.NANO] % 1_000_000
    parts = (
        (Unit.HOUR, seconds // 3600),
        (Unit.MINUTE, seconds // 60 % 60),
        (Unit.SECOND, seconds % 60),
        (Unit.NANO, rest),
    )
    return all(_agree(said, unit, value) for unit, value in parts)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _month_length(year: int, month: int) -> int:
    if month == 2:
        return 28 + _is_leap(year)
    return 30 if month in (4, 6, 9, 11) else 31


def _days_of_date(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the proleptic Gregorian calendar, for any year.

    Counts from 0000-03-01, so that the leap day ends a year.
    """
    if month <= 2:
        year -= 1
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468
