"""Elements of a Java date pattern: numbers, texts, literals and optional sections.

Each element reads its part of a text as a lenient `java.time.format.DateTimeFormatter` does:
fewer or more digits than letters are fine where no digits of a neighbour are touched, and names
may be written in any of their lengths or as numbers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol
from zoneinfo import ZoneInfo

_DIGITS = "0123456789"
# Most digits that a lenient number of no fixed width may have.
_LENIENT_DIGITS = 9
_LONG_MAX = 2**63 - 1


class Unit(Enum):
    """What an element of a pattern says about a time."""

    ERA = auto()
    YEAR = auto()
    YEAR_OF_ERA = auto()
    MONTH = auto()
    DAY = auto()
    DAY_OF_YEAR = auto()
    DAY_OF_WEEK = auto()
    AM_PM = auto()
    HOUR = auto()
    CLOCK_HOUR = auto()
    HOUR_OF_HALF = auto()
    CLOCK_HOUR_OF_HALF = auto()
    MINUTE = auto()
    SECOND = auto()
    NANO = auto()
    MILLI_OF_DAY = auto()
    NANO_OF_DAY = auto()
    OFFSET = auto()


@dataclass(slots=True)
class Parsed:
    """What has been read of a text so far; a zone is a region or an offset in seconds."""

    units: dict[Unit, int] = field(default_factory=dict)
    zone: ZoneInfo | int | None = None

    def put(self, unit: Unit, value: int) -> bool:
        """Note a value; False if the text said something else about the unit before."""
        return self.units.setdefault(unit, value) == value

    def copy(self) -> Parsed:
        """Copy the content, to try something with."""
        return Parsed(dict(self.units), self.zone)


class Element(Protocol):
    """One element of a compiled pattern.

    `sample` is what it prints for 1970-01-01T00:00:00Z; `parse` returns the position behind
    what it read at `pos`, -1 if the text does not fit.
    """

    @property
    def sample(self) -> str:
        """The text printed for the epoch."""
        ...

    def parse(self, text: str, pos: int, parsed: Parsed) -> int:
        """Read at `pos` into `parsed`."""
        ...


def parse_all(elements: Sequence[Element], text: str, pos: int, parsed: Parsed) -> int:
    """Read one element after another; the position behind the last, -1 if one does not fit."""
    for element in elements:
        pos = element.parse(text, pos, parsed)
        if pos < 0:
            return -1
    return pos


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that must be there as it is."""

    sample: str

    def parse(self, text: str, pos: int, parsed: Parsed) -> int:
        """Read the literal."""
        return pos + len(self.sample) if text.startswith(self.sample, pos) else -1


@dataclass(frozen=True, slots=True)
class Number:
    """A number of `width` to `widest` digits.

    Attributes
    ----------
    behind : int
        Digits of the fixed-width numbers that follow directly; -1: this one stands in such a
        row itself, or right before a number of free width, and takes exactly its width.
    reduced : bool
        Two digits mean a year from 2000 to 2099.
    from_sunday : bool
        A day of the week whose 1 is Sunday (the unit counts from Monday).
    """

    unit: Unit
    width: int
    widest: int
    sample: str
    behind: int = 0
    reduced: bool = False
    from_sunday: bool = False

    @property
    def fixed(self) -> bool:
        """Printed with exactly `width` digits, so that it needs no separator; takes no sign."""
        return self.width == self.widest

    def parse(self, text: str, pos: int, parsed: Parsed) -> int:
        """Read the number."""
        start = pos
        exact = not self.reduced and (self.behind == -1 or (self.behind > 0 and self.fixed))
        negative = text.startswith("-", pos)
        if negative or text.startswith("+", pos):
            if self.fixed:
                return -1
            pos += 1
        least = self.width if exact else 1
        most = (self.widest if exact else _LENIENT_DIGITS) + max(self.behind, 0)
        end = _digits_end(text, pos, pos + most)
        if self.behind > 0:
            end = min(end, pos + max(least, end - pos - self.behind))
        if end - pos < least:
            return -1
        value = int(text[pos:end])
        if value > _LONG_MAX:
            return -1
        if self.reduced and end - start == self.width:
            value += 2000
        if self.from_sunday:
            if not 1 <= value <= 7:
                return -1
            value = (value + 5) % 7 + 1
        return end if parsed.put(self.unit, -value if negative else value) else -1


@dataclass(frozen=True, slots=True)
class Fraction:
    """Digits behind the second: any number of them up to nine."""

    sample: str

    def parse(self, text: str, pos: int, parsed: Parsed) -> int:
        """Read the fraction."""
        end = _digits_end(text, pos, pos + 9)
        nanos = int(text[pos:end].ljust(9, "0"))
        return end if parsed.put(Unit.NANO, nanos) else -1


@dataclass(frozen=True, slots=True)
class Name:
    """A name (of a month, a day, …) or its number; `values` has longer names first."""

    unit: Unit
    values: Mapping[str, int]
    sample: str

    def parse(self, text: str, pos: int, parsed: Parsed) -> int:
        """Read the name."""
        for name, value in self.values.items():
            if text.startswith(name, pos):
                return pos + len(name) if parsed.put(self.unit, value) else -1
        return Number(self.unit, 1, 19, "").parse(text, pos, parsed)


@dataclass(frozen=True, slots=True)
class Optional:
    """A section in square brackets: read if it fits, else as if it were not there."""

    elements: tuple[Element, ...]

    @property
    def sample(self) -> str:
        """All of the section, as Java prints it."""
        return "".join(element.sample for element in self.elements)

    def parse(self, text: str, pos: int, parsed: Parsed) -> int:
        """Read the section, or nothing."""
        attempt = parsed.copy()
        end = parse_all(self.elements, text, pos, attempt)
        if end < 0:
            return pos
        parsed.units, parsed.zone = attempt.units, attempt.zone
        return end


class Row:
    """Elements of a pattern in order, with the widths of numbers that stand side by side."""

    def __init__(self) -> None:
        self.elements: list[Element] = []
        self._leader = -1

    def add(self, element: Element) -> None:
        """Append an element that is no number."""
        self.elements.append(element)
        self._leader = -1

    def add_number(self, number: Number | Fraction) -> None:
        """Append a number; the number before it gives up the digits that belong to this one."""
        leader = self.elements[self._leader] if self._leader >= 0 else None
        width = len(number.sample) if isinstance(number, Fraction) else number.width
        added: Element = number
        if leader is None:
            self._leader = len(self.elements)
        elif isinstance(number, Fraction) or number.fixed:
            if isinstance(leader, Number):
                behind = max(leader.behind, 0) + width
                self.elements[self._leader] = dataclasses.replace(leader, behind=behind)
            if isinstance(number, Number):
                added = dataclasses.replace(number, behind=-1)
        else:
            if isinstance(leader, Number):
                self.elements[self._leader] = dataclasses.replace(leader, behind=-1)
            self._leader = len(self.elements)
        self.elements.append(added)


def _digits_end(text: str, pos: int, limit: int) -> int:
    limit = min(limit, len(text))
    while pos < limit and text[pos] in _DIGITS:
        pos += 1
    return pos
