"""Filters and calendars in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sidecar.schema.document_ids import filter_document_id
from sidecar.schema.job import Job
from sidecar.schema.scheduled_event import ScheduledEvent
from tests.fakes.failing import Failing
from tests.fakes.fake_index import FakeIndex


class FakeFilterStore(Failing):
    """Implements `interfaces.FilterStore`."""

    def __init__(self, meta: FakeIndex) -> None:
        super().__init__()
        self._meta = meta

    def get(self, filter_ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        self._called("get")
        found = {name: self._meta.get(filter_document_id(name)) for name in filter_ids}
        return {name: tuple(document["items"]) for name, document in found.items() if document}


class FakeCalendarStore(Failing):
    """Implements `interfaces.CalendarStore`."""

    def __init__(self, meta: FakeIndex) -> None:
        super().__init__()
        self._meta = meta

    def events(self, job: Job) -> list[ScheduledEvent]:
        self._called("events")
        documents = self._meta.all()
        members = {job.job_id, *job.groups, "_all"}
        calendars = {
            document["calendar_id"]
            for document in documents.values()
            if document["type"] == "calendar" and members & set(document["job_ids"])
        }
        events = [
            ScheduledEvent.from_document(document, name)
            for name, document in documents.items()
            if document["type"] == "scheduled_event" and document["calendar_id"] in calendars
        ]
        return sorted(events, key=lambda e: (e.start_time, e.end_time, e.event_id))
