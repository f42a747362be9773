"""Calendars and their scheduled events in `.ml-meta`."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from sidecar.schema.job import Job
from sidecar.schema.scheduled_event import ScheduledEvent
from sidecar.storage.client import Connection
from sidecar.storage.documents import BRIEF_PATIENCE_S
from sidecar.storage.names import Names
from sidecar.storage.retries import Retries
from sidecar.storage.scan import Hit, scan

logger = logging.getLogger(__name__)

_CALENDAR = "calendar"
_EVENT = "scheduled_event"
# Member of a calendar's `job_ids` that stands for every job.
_ALL_JOBS = "_all"


class ElasticsearchCalendarStore:
    """Implements `interfaces.CalendarStore`."""

    def __init__(self, connection: Connection, names: Names) -> None:
        self._connection = connection
        self._index = names.meta

    def events(self, job: Job) -> list[ScheduledEvent]:
        """See `interfaces.CalendarStore.events`."""

        def action() -> list[ScheduledEvent]:
            members = [job.job_id, *job.groups, _ALL_JOBS]
            calendars = self._find(_CALENDAR, "job_ids", members)
            names = sorted({hit["_source"]["calendar_id"] for hit in calendars})
            return [*_readable(self._find(_EVENT, "calendar_id", names))] if names else []

        found = Retries(patience_s=BRIEF_PATIENCE_S).call("scheduled events", action)
        return sorted(found, key=lambda event: (event.start_time, event.end_time, event.event_id))

    def _find(self, kind: str, field: str, values: list[str]) -> list[Hit]:
        filters: list[Mapping[str, Any]] = [{"term": {"type": kind}}, {"terms": {field: values}}]
        query = {"bool": {"filter": filters}}
        return list(scan(self._connection, self._index, query, source=True))


def _readable(hits: list[Hit]) -> Iterator[ScheduledEvent]:
    """The events; one that cannot be read does not keep a job from being opened."""
    for hit in hits:
        try:
            yield ScheduledEvent.from_document(hit["_source"], hit["_id"])
        except ValueError as error:
            logger.warning("scheduled event [%s] is left out: %s", hit["_id"], error)
