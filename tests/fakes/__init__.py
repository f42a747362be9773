"""In-memory stores that keep the promises of `sidecar.interfaces`."""

from __future__ import annotations

from dataclasses import dataclass

from tests.fakes.config_stores import FakeAsyncTaskStore, FakeJobStore, FakeJobTaskStore
from tests.fakes.credentials import FakeCredentialStore, FakeKeyNotes, FakeOwnerKeys
from tests.fakes.fake_index import FakeIndex
from tests.fakes.job_data import FakeAnnotationStore, FakeModelStateStore, FakeStatsStore
from tests.fakes.meta_stores import FakeCalendarStore, FakeFilterStore
from tests.fakes.results import FakeResultsIndices, FakeResultsReader, FakeResultsWriter
from tests.fakes.surroundings import FakeAuditLog, FakeClusterInfo, FakePrivileges

__all__ = [
    "FakeAnnotationStore",
    "FakeAsyncTaskStore",
    "FakeAuditLog",
    "FakeCalendarStore",
    "FakeClusterInfo",
    "FakeCredentialStore",
    "FakeFilterStore",
    "FakeIndex",
    "FakeJobStore",
    "FakeJobTaskStore",
    "FakeKeyNotes",
    "FakeModelStateStore",
    "FakeOwnerKeys",
    "FakePrivileges",
    "FakeResultsIndices",
    "FakeResultsReader",
    "FakeResultsWriter",
    "FakeStatsStore",
    "FakeStores",
    "make_stores",
]


@dataclass(frozen=True, slots=True)
class FakeStores:
    """All stores over one imagined cluster; `results`, `state` and `meta` are its raw documents."""

    results: FakeIndex
    state: FakeIndex
    meta: FakeIndex
    jobs: FakeJobStore
    filters: FakeFilterStore
    calendars: FakeCalendarStore
    job_tasks: FakeJobTaskStore
    async_tasks: FakeAsyncTaskStore
    results_indices: FakeResultsIndices
    results_reader: FakeResultsReader
    results_writer: FakeResultsWriter
    model_state: FakeModelStateStore
    stats: FakeStatsStore
    annotations: FakeAnnotationStore
    audit: FakeAuditLog
    cluster: FakeClusterInfo
    privileges: FakePrivileges
    credentials: FakeCredentialStore
    key_notes: FakeKeyNotes
    owner_keys: FakeOwnerKeys


def make_stores() -> FakeStores:
    """Empty stores."""
    results, state, meta = FakeIndex(), FakeIndex(), FakeIndex()
    return FakeStores(
        results=results,
        state=state,
        meta=meta,
        jobs=FakeJobStore(),
        filters=FakeFilterStore(meta),
        calendars=FakeCalendarStore(meta),
        job_tasks=FakeJobTaskStore(),
        async_tasks=FakeAsyncTaskStore(),
        results_indices=FakeResultsIndices(results, state),
        results_reader=FakeResultsReader(results),
        results_writer=FakeResultsWriter(results),
        model_state=FakeModelStateStore(results, state),
        stats=FakeStatsStore(results),
        annotations=FakeAnnotationStore(),
        audit=FakeAuditLog(),
        cluster=FakeClusterInfo(),
        privileges=FakePrivileges(),
        credentials=FakeCredentialStore(),
        key_notes=FakeKeyNotes(),
        owner_keys=FakeOwnerKeys(),
    )
