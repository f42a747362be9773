"""Texts of the commonest time patterns without Python: fixed digits, literals and an offset.

A pattern made of such parts becomes a layout, and texts are read along it. Whatever is not
exactly of the usual form (fewer digits, the 31st of April, hour 24, …) is left to `TimeFormat`,
so that the layout never has to know a rule of Java's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from sidecar.engine.arrays import IntArray
from sidecar.schema.java_time import TimeFormat
from sidecar.schema.java_time_elements import Element, Fraction, Literal, Number, Optional, Unit
from sidecar.schema.java_time_zones import Offset
from sidecar.worker.record_reader.bytes_classes import COLON, MINUS, PLUS, ByteArray
from sidecar.worker.record_reader.kernel import kernel

# Operations; each has one argument.
_LITERAL: Final = 0  # the byte
_NUMBER: Final = 1  # which part of the time
_FRACTION: Final = 2  # digits it has right behind another number, else 0 (any)
_OFFSET: Final = 3  # 1 if with colons
_OPTION: Final = 4  # operations in the section that follows

_YEAR: Final = 0
_MONTH: Final = 1
_DAY: Final = 2
_HOUR: Final = 3
_MINUTE: Final = 4
_SECOND: Final = 5

_PARTS: Final = {
    Unit.YEAR: _YEAR,
    Unit.YEAR_OF_ERA: _YEAR,
    Unit.MONTH: _MONTH,
    Unit.DAY: _DAY,
    Unit.HOUR: _HOUR,
    Unit.MINUTE: _MINUTE,
    Unit.SECOND: _SECOND,
}

_ZERO: Final = ord("0")
_NINE: Final = ord("9")
_UPPER_Z: Final = ord("Z")
_MONTH_LENGTHS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_FRACTION_DIGITS: Final = 9


def time_layout(time_format: TimeFormat) -> IntArray | None:
    """The layout of a pattern as (n, 2) int64 operations, None if it has other parts."""
    operations: list[tuple[int, int]] = []
    if not _append(time_format.elements, operations):
        return None
    parts = [argument for operation, argument in operations if operation == _NUMBER]
    if len(parts) != len(set(parts)) or not {_YEAR, _MONTH, _DAY, _HOUR} <= set(parts):
        return None
    names = [operation for operation, _ in operations]
    if names.count(_FRACTION) > 1 or names.count(_OFFSET) > 1:
        return None
    return np.array(operations, dtype=np.int64)


def _append(elements: Sequence[Element], operations: list[tuple[int, int]]) -> bool:
    for element in elements:
        match element:
            case Literal(sample=text) if text.isascii():
                operations.extend((_LITERAL, byte) for byte in text.encode())
            case Number(unit=unit) if unit in _PARTS and not element.reduced:
                wide = 4 if _PARTS[unit] == _YEAR else 2
                if element.width != wide:
                    return False
                operations.append((_NUMBER, _PARTS[unit]))
            case Fraction(sample=digits):
                adjacent = bool(operations) and operations[-1][0] == _NUMBER
                operations.append((_FRACTION, len(digits) if adjacent else 0))
            case Offset(zero="Z"):
                operations.append((_OFFSET, int(element.colons)))
            case Optional():
                place = len(operations)
                operations.append((_OPTION, 0))
                begins_alike = isinstance(element.elements[0], Optional)
                if begins_alike or not _append(element.elements, operations):
                    return False
                operations[place] = (_OPTION, len(operations) - place - 1)
            case _:
                return False
    return True


@kernel
def read_time(buf: ByteArray, pos: int, end: int, layout: IntArray) -> tuple[bool, int]:
    """Read `buf[pos:end]` along a layout: whether that worked, and epoch milliseconds."""
    year, month, day, hour, minute, second = 0, 0, 0, -1, -1, -1
    nanos = -1
    offset_s = 0
    i = 0
    while i < len(layout):
        operation, argument = layout[i, 0], layout[i, 1]
        i += 1
        if operation == _OPTION:
            if not _could_begin(buf, pos, end, layout, i):
                i += argument
        elif operation == _LITERAL:
            if pos >= end or buf[pos] != argument:
                return False, 0
            pos += 1
        elif operation == _NUMBER:
            width = 4 if argument == _YEAR else 2
            value = _digits(buf, pos, end, width)
            pos += width
            # A further digit would belong to this number.
            row = i < len(layout) and (layout[i, 0] == _NUMBER or layout[i, 0] == _FRACTION)
            if value < 0 or (not row and pos < end and _ZERO <= buf[pos] <= _NINE):
                return False, 0
            if argument == _YEAR:
                year = value
            elif argument == _MONTH:
                month = value
            elif argument == _DAY:
                day = value
            elif argument == _HOUR:
                hour = value
            elif argument == _MINUTE:
                minute = value
            else:
                second = value
        elif operation == _FRACTION:
            start = pos
            nanos = 0
            while pos < end and _ZERO <= buf[pos] <= _NINE and pos - start < _FRACTION_DIGITS:
                nanos = nanos * 10 + (buf[pos] - _ZERO)
                pos += 1
            if pos == start or (argument > 0 and pos - start != argument):
                return False, 0
            for _ in range(_FRACTION_DIGITS - (pos - start)):
                nanos *= 10
        else:
            pos, offset_s = _offset(buf, pos, end, argument == 1)
            if pos < 0:
                return False, 0
    if pos != end or not _is_usual(year, month, day, hour):
        return False, 0
    # What is not in the text is 0, but nothing may be left out between two parts.
    if nanos < 0:
        nanos = 0
        if second < 0:
            second = 0
            minute = max(minute, 0)
    if not (0 <= minute <= 59 and 0 <= second <= 59):
        return False, 0
    seconds = ((_days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second - offset_s
    return True, seconds * 1000 + nanos // 1_000_000


@kernel
def _could_begin(buf: ByteArray, pos: int, end: int, layout: IntArray, i: int) -> bool:
    """Whether a section is there, by its first byte; if it then does not fit, nothing does."""
    if pos >= end or i >= len(layout):
        return False
    byte = buf[pos]
    operation = layout[i, 0]
    if operation == _LITERAL:
        return bool(byte == layout[i, 1])
    if operation == _OFFSET:
        return bool(byte == _UPPER_Z or byte == PLUS or byte == MINUS)
    return bool(_ZERO <= byte <= _NINE)


@kernel
def _digits(buf: ByteArray, pos: int, end: int, width: int) -> int:
    """A number of exactly `width` digits, -1 if it is none."""
    if pos + width > end:
        return -1
    value = 0
    for k in range(pos, pos + width):
        if not _ZERO <= buf[k] <= _NINE:
            return -1
        value = value * 10 + (buf[k] - _ZERO)
    return value


@kernel
def _offset(buf: ByteArray, pos: int, end: int, colons: bool) -> tuple[int, int]:
    """Position behind an offset (-1: not of the usual form) and its seconds."""
    if pos >= end:
        return -1, 0
    if buf[pos] == _UPPER_Z:
        return pos + 1, 0
    if buf[pos] != PLUS and buf[pos] != MINUS:
        return -1, 0
    sign = -1 if buf[pos] == MINUS else 1
    hours = _digits(buf, pos + 1, end, 2)
    pos += 3
    minutes = 0
    if colons:
        if pos >= end or buf[pos] != COLON:
            return -1, 0
        pos += 1
    if colons or pos < end:
        minutes = _digits(buf, pos, end, 2)
        pos += 2
    if pos != end or not (0 <= hours <= 17 and 0 <= minutes <= 59):
        return -1, 0
    return pos, sign * (hours * 60 + minutes) * 60


@kernel
def _is_usual(year: int, month: int, day: int, hour: int) -> bool:
    """Whether it is a day of the calendar, and an hour of the day."""
    if year < 1 or not 1 <= month <= 12 or not 0 <= hour <= 23:
        return False
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return bool(1 <= day <= _MONTH_LENGTHS[month] + leap)


@kernel
def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01, counted from 0000-03-01 so that the leap day ends a year."""
    if month <= 2:
        year -= 1
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + of_year - 719_468
