"""Offsets and zones in Java date patterns: the letters X, x, Z, O, V and z."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from sidecar.schema.java_time_elements import Parsed, Unit

_REGION = re.compile(r"[A-Za-z][A-Za-z0-9~/._+-]*")
_MAX_OFFSET_S = 18 * 3600

# Zones meant by abbreviations, with summer time where the zone has it: EST in July is EDT.
ABBREVIATIONS = {
    "ACDT": "Australia/Adelaide",
    "ADT": "America/Halifax",
    "AEDT": "Australia/Sydney",
    "AEST": "Australia/Sydney",
    "AKDT": "America/Juneau",
    "AKST": "America/Juneau",
    "AST": "America/Halifax",
    "AWST": "Australia/Perth",
    "BST": "Europe/London",
    "CDT": "America/Chicago",
    "CEST": "Europe/Paris",
    "CET": "Europe/Paris",
    "CST": "America/Chicago",
    "CT": "America/Chicago",
    "EDT": "America/New_York",
    "EEST": "Europe/Bucharest",
    "EET": "Europe/Bucharest",
    "EST": "America/New_York",
    "ET": "America/New_York",
    "HKT": "Asia/Hong_Kong",
    "HST": "Pacific/Honolulu",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    "KST": "Asia/Seoul",
    "MDT": "America/Denver",
    "MSK": "Europe/Moscow",
    "MST": "America/Denver",
    "MT": "America/Denver",
    "NZDT": "Pacific/Auckland",
    "NZST": "Pacific/Auckland",
    "PDT": "America/Los_Angeles",
    "PST": "America/Los_Angeles",
    "PT": "America/Los_Angeles",
    "SAST": "Africa/Johannesburg",
    "SGT": "Asia/Singapore",
    "WEST": "Atlantic/Canary",
    "WET": "Atlantic/Canary",
}


@dataclass(frozen=True, slots=True)
class Offset:
    """An offset from UTC such as `+01:30`; `zero` is how no offset is written.

    With `colons` the parts of an offset are separated by colons, else by nothing.
    """

    zero: str
    colons: bool = False

    @property
    def sample(self) -> str:
        """What it prints for UTC."""
        return self.zero

    def parse(self, text: str, pos: int, parsed: Parsed) -> int:
        """Read the offset."""
        if text.startswith(self.zero, pos):
            return pos + len(self.zero) if parsed.put(Unit.OFFSET, 0) else -1
        found = read_offset(text, pos, self.colons)
        if found is None:
            return -1
        seconds, end = found
        return end if parsed.put(Unit.OFFSET, seconds) else -1


def read_offset(text: str, pos: int, colons: bool) -> tuple[int, int] | None:
    """Seconds of an offset with two-digit hour at `pos`, and the position behind it."""
    if text[pos : pos + 1] not in ("+", "-"):
        return None
    parts = [0, 0, 0]
    end = pos + 1
    for i in range(3):
        start = end + 1 if colons and i else end
        digits = text[start : start + 2]
        separated = start == end or text[end : end + 1] == ":"
        if not separated or len(digits) < 2 or not (digits.isascii() and digits.isdigit()):
            break
        if int(digits) > 59:
            break
        parts[i] = int(digits)
        end = start + 2
    if end == pos + 1 or parts[0] > 23:
        return None
    seconds = parts[0] * 3600 + parts[1] * 60 + parts[2]
    return (-seconds if text[pos] == "-" else seconds), end


@dataclass(frozen=True, slots=True)
class LocalizedOffset:
    """`GMT`, `GMT+8`, `GMT-08:30`."""

    full: bool
    sample: str = "GMT"

    def parse(self, text: str, pos: int, parsed: Parsed) -> int:
        """Read the offset."""
        if not text.startswith("GMT", pos):
            return -1
        pos += 3
        seconds, end = 0, pos
        if text[pos : pos + 1] in ("+", "-"):
            hour = r"\d\d" if self.full else r"\d\d?"
            minutes = r":(\d\d)(?::(\d\d))?" if self.full else r"(?::(\d\d)(?::(\d\d))?)?"
            match = re.compile(rf"[+-]({hour}){minutes}", re.ASCII).match(text, pos)
            if match is None:
                return -1
            hours, mins, secs = (int(g or 0) for g in match.groups())
            seconds, end = hours * 3600 + mins * 60 + secs, match.end()
            seconds = -seconds if text[pos] == "-" else seconds
        return end if parsed.put(Unit.OFFSET, seconds) else -1


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone id (`Europe/Berlin`, `UTC+02:00`, `+02:00`, `Z`); with `names` also `EST` and such."""

    names: bool = False
    sample: str = "Z"

    def parse(self, text: str, pos: int, parsed: Parsed) -> int:
        """Read the zone."""
        first = text[pos : pos + 1]
        if first in ("+", "-") and first:
            found = read_offset(text, pos, colons=True)
            return _fixed(parsed, *found) if found else -1
        match = _REGION.match(text, pos)
        if match is None:
            return -1
        for prefix in ("UTC", "UT", "GMT"):
            if text.startswith(prefix, pos) and not text.startswith(prefix + "0", pos):
                end = pos + len(prefix)
                found = read_offset(text, end, colons=True)
                return _fixed(parsed, *(found or (0, end)))
        known = _zone_names() if self.names else _zone_ids()
        for end in range(match.end(), pos, -1):
            if (name := text[pos:end]) in known:
                parsed.zone = _zone(ABBREVIATIONS.get(name, name) if self.names else name)
                return end
        return _fixed(parsed, 0, pos + 1) if first == "Z" else -1


def _fixed(parsed: Parsed, seconds: int, end: int) -> int:
    if abs(seconds) > _MAX_OFFSET_S:
        return -1
    parsed.zone = seconds
    return end


@cache
def _zone_ids() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _zone_names() -> frozenset[str]:
    return _zone_ids() | ABBREVIATIONS.keys()


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
