"""Scheduled events as they are stored."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from sidecar.schema.scheduled_event import ScheduledEvent

STORED = {
    "type": "scheduled_event",
    "calendar_id": "outages",
    "description": "deploy",
    "start_time": 1_700_000_000_000,
    "end_time": 1_700_003_600_000,
}
EVENT = ScheduledEvent("deploy", 1_700_000_000_000, 1_700_003_600_000, "outages", "x1")


@pytest.mark.parametrize(
    ("changes", "event"),
    [
        ({}, EVENT),
        ({"start_time": "1700000000000"}, EVENT),
        ({"end_time": "2023-11-14T23:13:20Z"}, EVENT),
        (
            {"skip_result": "false", "skip_model_update": False, "force_time_shift": "3600"},
            dataclasses.replace(
                EVENT, skip_result=False, skip_model_update=False, force_time_shift=3600
            ),
        ),
        ({"skip_result": True, "skip_model_update": "true", "force_time_shift": None}, EVENT),
    ],
)
def test_a_stored_event_is_read(changes: dict[str, Any], event: ScheduledEvent) -> None:
    read = ScheduledEvent.from_document({**STORED, **changes}, "x1")
    assert read == event
    assert ScheduledEvent.from_document(read.to_document()) == read


@pytest.mark.parametrize("time", [None, "tomorrow", [], {}])
def test_an_event_without_times_is_refused(time: Any) -> None:
    with pytest.raises(ValueError, match="is not a date"):
        ScheduledEvent.from_document({**STORED, "end_time": time})
