"""Java date patterns: the `time_format` of a job.

`compile_time_format` understands the letters of `java.time.format.DateTimeFormatter` that say
something about an instant, and reads texts as its lenient, smart mode does in English. Letters
of week-based years (Y, w, W) and the like are refused: with them no full time can be told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sidecar.schema.java_time_elements import (
    Element,
    Fraction,
    Literal,
    Name,
    Number,
    Optional,
    Parsed,
    Row,
    Unit,
    parse_all,
)
from sidecar.schema.java_time_resolver import resolve
from sidecar.schema.java_time_zones import LocalizedOffset, Offset, Zone

_MONTHS = [
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

# The value printed for 1970-01-01T00:00:00Z stands behind each unit.
_NUMBERS = {
    "d": (Unit.DAY, "1"),
    "H": (Unit.HOUR, "0"),
    "h": (Unit.CLOCK_HOUR_OF_HALF, "12"),
    "k": (Unit.CLOCK_HOUR, "24"),
    "K": (Unit.HOUR_OF_HALF, "0"),
    "m": (Unit.MINUTE, "0"),
    "s": (Unit.SECOND, "0"),
}
_WIDE_NUMBERS = {"n": Unit.NANO, "N": Unit.NANO_OF_DAY, "A": Unit.MILLI_OF_DAY}
_YEARS = {"y": Unit.YEAR_OF_ERA, "u": Unit.YEAR}
_MAX_DIGITS = 19


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """A compiled pattern.

    Attributes
    ----------
    pattern : str
        As configured.
    elements : tuple of Element
        What a text must consist of.
    default_year : int or None
        Year of texts that name none.
    """

    pattern: str
    elements: tuple[Element, ...]
    default_year: int | None = None

    def parse(self, text: str) -> int | None:
        """Epoch milliseconds of a text, None if it does not follow the pattern or is no time."""
        parsed = Parsed()
        if parse_all(self.elements, text, 0, parsed) != len(text):
            return None
        return resolve(parsed, self.default_year)


def compile_time_format(pattern: str, default_year: int | None = None) -> TimeFormat:
    """Compile a pattern.

    Parameters
    ----------
    pattern : str
        Letters, quoted text and sections in square brackets, as Java writes them.
    default_year : int, optional
        The year of texts without one; if it is not given the pattern must contain the year.

    Raises
    ------
    ValueError
        `Invalid Time format string '<pattern>'`: the pattern is malformed (the cause says how),
        or what it can express is not a full timestamp: the text it would print for
        1970-01-01T00:00:00Z cannot be read back.
    """
    refusal = f"Invalid Time format string '{pattern}'"
    try:
        compiled = TimeFormat(pattern, _compile(pattern), default_year)
    except ValueError as error:
        raise ValueError(refusal) from error
    sample = "".join(element.sample for element in compiled.elements)
    if compiled.parse(sample) is None:
        raise ValueError(refusal)
    return compiled


def _compile(pattern: str) -> tuple[Element, ...]:
    rows = [Row()]
    pos = 0
    while pos < len(pattern):
        char = pattern[pos]
        if char.isascii() and char.isalpha():
            end = pos
            while end < len(pattern) and pattern[end] == char:
                end += 1
            _add_letters(rows[-1], char, end - pos)
            pos = end
        elif char == "'":
            literal, pos = _quoted(pattern, pos)
            rows[-1].add(Literal(literal))
        elif char == "[":
            rows.append(Row())
            pos += 1
        elif char == "]":
            if len(rows) == 1:
                raise ValueError("Pattern invalid as it contains ] without previous [")
            section = rows.pop()
            if section.elements:
                rows[-1].add(Optional(tuple(section.elements)))
            pos += 1
        elif char in "{}#":
            raise ValueError(f"Pattern includes reserved character: '{char}'")
        else:
            rows[-1].add(Literal(char))
            pos += 1
    while len(rows) > 1:
        section = rows.pop()
        if section.elements:
            rows[-1].add(Optional(tuple(section.elements)))
    return tuple(rows[0].elements)


def _quoted(pattern: str, pos: int) -> tuple[str, int]:
    """Read the quoted literal that opens at `pos`: its text and the position behind it."""
    end = pos + 1
    while True:
        end = pattern.find("'", end)
        if end < 0:
            raise ValueError(f"Pattern ends with an incomplete string literal: {pattern}")
        if pattern[end + 1 : end + 2] != "'":
            break
        end += 2
    text = pattern[pos + 1 : end].replace("''", "'")
    return text or "'", end + 1


def _add_letters(row: Row, letter: str, count: int) -> None:
    if letter in _YEARS:
        row.add_number(_year(_YEARS[letter], count))
    elif letter in _NUMBERS and count <= 2:
        unit, sample = _NUMBERS[letter]
        row.add_number(_number(unit, sample, count))
    elif letter in _WIDE_NUMBERS and count <= _MAX_DIGITS:
        row.add_number(Number(_WIDE_NUMBERS[letter], count, _MAX_DIGITS, "0" * count))
    elif letter in "ML" and count <= 2:
        row.add_number(_number(Unit.MONTH, "1", count))
    elif letter == "D" and count <= 3:
        row.add_number(_day_of_year(count))
    elif letter == "S" and count <= 9:
        row.add_number(Fraction("0" * count))
    elif (letter == "e" and count <= 2) or (letter == "c" and count == 1):
        row.add_number(Number(Unit.DAY_OF_WEEK, count, count, "5".zfill(count), from_sunday=True))
    elif (name := _name(letter, count)) is not None:
        row.add(name)
    elif (make := _ZONES.get(letter * count)) is not None:
        row.add(make())
    else:
        raise ValueError(f"Unknown pattern letter or too many of them: {letter * count}")


def _number(unit: Unit, sample: str, count: int) -> Number:
    if count == 1:
        return Number(unit, 1, _MAX_DIGITS, sample)
    return Number(unit, count, count, sample.zfill(count))


def _year(unit: Unit, count: int) -> Number:
    if count == 2:
        return Number(unit, 2, 2, "70", reduced=True)
    return Number(unit, count, _MAX_DIGITS, "1970".zfill(count))


def _day_of_year(count: int) -> Number:
    if count == 1:
        return Number(Unit.DAY_OF_YEAR, 1, _MAX_DIGITS, "1")
    return Number(Unit.DAY_OF_YEAR, count, 3, "1".zfill(count))


def _name(letter: str, count: int) -> Name | None:
    """Months, days of the week, halves of the day and eras; None for other letters."""
    length = {4: None, 5: 1}.get(count, 3)
    if letter in "ML" and 3 <= count <= 5:
        return Name(Unit.MONTH, _names(_MONTHS), "January"[:length])
    if (letter == "E" or (letter in "ec" and count >= 3)) and count <= 5:
        return Name(Unit.DAY_OF_WEEK, _names(_DAYS), "Thursday"[:length])
    if letter == "a" and count == 1:
        return Name(Unit.AM_PM, {"AM": 0, "PM": 1, "a": 0, "p": 1}, "AM")
    if letter == "G" and count <= 5:
        eras = {"Before Christ": 0, "Anno Domini": 1, "BC": 0, "AD": 1, "CE": 1, "A": 1, "B": 0}
        return Name(Unit.ERA, eras, "AD")
    return None


def _names(full: list[str]) -> dict[str, int]:
    by_name = {name: i for i, name in enumerate(full, 1)}
    # One letter may begin several names: Java takes the last of them.
    for length in (3, 1):
        by_name.update({name[:length]: i for i, name in enumerate(full, 1)})
    return by_name


_ZONES: dict[str, Callable[[], Element]] = {
    "X": lambda: Offset("Z"),
    "XX": lambda: Offset("Z"),
    "XXX": lambda: Offset("Z", colons=True),
    "XXXX": lambda: Offset("Z"),
    "XXXXX": lambda: Offset("Z", colons=True),
    "x": lambda: Offset("+00"),
    "xx": lambda: Offset("+0000"),
    "xxx": lambda: Offset("+00:00", colons=True),
    "xxxx": lambda: Offset("+0000"),
    "xxxxx": lambda: Offset("+00:00", colons=True),
    "Z": lambda: Offset("+0000"),
    "ZZ": lambda: Offset("+0000"),
    "ZZZ": lambda: Offset("+0000"),
    "ZZZZ": lambda: LocalizedOffset(full=True),
    "ZZZZZ": lambda: Offset("Z", colons=True),
    "O": lambda: LocalizedOffset(full=False),
    "OOOO": lambda: LocalizedOffset(full=True),
    "VV": lambda: Zone(),
    "z": lambda: Zone(names=True),
    "zz": lambda: Zone(names=True),
    "zzz": lambda: Zone(names=True),
    "zzzz": lambda: Zone(names=True),
}
