"""Scheduled events of calendars."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.schema.dates import parse_date


@dataclass(frozen=True, slots=True)
class ScheduledEvent:
    """A time in which a job's detectors take actions on every series.

    `start_time` (inclusive) and `end_time` (exclusive) are epoch milliseconds; `force_time_shift`
    is a number of seconds.
    """

    description: str
    start_time: int
    end_time: int
    calendar_id: str = ""
    event_id: str = ""
    skip_result: bool = True
    skip_model_update: bool = True
    force_time_shift: int | None = None

    @classmethod
    def from_document(cls, document: Mapping[str, Any], event_id: str = "") -> ScheduledEvent:
        """The event of a stored document; `event_id` is the document's id.

        Raises ValueError when its times cannot be read.
        """
        shift = document.get("force_time_shift")
        return cls(
            description=str(document.get("description", "")),
            start_time=_millis(document.get("start_time")),
            end_time=_millis(document.get("end_time")),
            calendar_id=str(document.get("calendar_id", "")),
            event_id=event_id or str(document.get("event_id", "")),
            skip_result=_flag(document.get("skip_result")),
            skip_model_update=_flag(document.get("skip_model_update")),
            force_time_shift=None if shift is None else int(shift),
        )

    def to_document(self) -> dict[str, Any]:
        """All members as plain values; `from_document` takes them back."""
        document: dict[str, Any] = {
            "calendar_id": self.calendar_id,
            "event_id": self.event_id,
            "description": self.description,
            "start_time": self.start_time,
            "end_time": self.end_time,
            "skip_result": self.skip_result,
            "skip_model_update": self.skip_model_update,
        }
        if self.force_time_shift is not None:
            document["force_time_shift"] = self.force_time_shift
        return document


def _millis(value: object) -> int:
    """A date as Elasticsearch stores it: epoch milliseconds, or text."""
    if isinstance(value, str):
        parsed = parse_date(value)
        if parsed is not None:
            return parsed
    elif isinstance(value, int | float):
        return int(value)
    raise ValueError(f"{json.dumps(value)} is not a date")


def _flag(value: object) -> bool:
    """A boolean that is true when it is absent; dynamic mappings keep text too."""
    return value not in (False, "false")
