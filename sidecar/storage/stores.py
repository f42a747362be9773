"""All stores over one connection."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass

from sidecar.clock import Clock
from sidecar.settings import Settings
from sidecar.storage.annotations import ElasticsearchAnnotationStore
from sidecar.storage.async_tasks import ElasticsearchAsyncTaskStore
from sidecar.storage.audit import ElasticsearchAuditLog
from sidecar.storage.calendars import ElasticsearchCalendarStore
from sidecar.storage.client import Connection
from sidecar.storage.cluster import ElasticsearchClusterInfo
from sidecar.storage.credentials import ElasticsearchCredentialStore
from sidecar.storage.filters import ElasticsearchFilterStore
from sidecar.storage.indices import ElasticsearchResultsIndices
from sidecar.storage.job_tasks import ElasticsearchJobTaskStore
from sidecar.storage.jobs import ElasticsearchJobStore
from sidecar.storage.key_cloning import KeyCloning
from sidecar.storage.key_notes import ElasticsearchKeyNotes
from sidecar.storage.model_state import ElasticsearchModelStateStore
from sidecar.storage.names import Names
from sidecar.storage.owner_keys import ElasticsearchOwnerKeys
from sidecar.storage.results_reader import ElasticsearchResultsReader
from sidecar.storage.results_writer import ElasticsearchResultsWriter
from sidecar.storage.retries import Retries
from sidecar.storage.security import ElasticsearchPrivileges
from sidecar.storage.start_check import StartCheck
from sidecar.storage.stats import ElasticsearchStatsStore
from sidecar.storage.vault import Vault

# A snapshot waits this long for Elasticsearch: its data stay in the journal, so it may fail.
_SNAPSHOT_PATIENCE_S = 60.0
# Stats are written again soon, so they wait less.
_STATS_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class ElasticsearchStores:
    """The stores of one process; made before a fork they open their own sockets after it."""

    connection: Connection
    jobs: ElasticsearchJobStore
    filters: ElasticsearchFilterStore
    calendars: ElasticsearchCalendarStore
    job_tasks: ElasticsearchJobTaskStore
    async_tasks: ElasticsearchAsyncTaskStore
    results_indices: ElasticsearchResultsIndices
    results_reader: ElasticsearchResultsReader
    results_writer: ElasticsearchResultsWriter
    model_state: ElasticsearchModelStateStore
    stats: ElasticsearchStatsStore
    annotations: ElasticsearchAnnotationStore
    audit: ElasticsearchAuditLog
    cluster: ElasticsearchClusterInfo
    privileges: ElasticsearchPrivileges
    credentials: ElasticsearchCredentialStore
    key_notes: ElasticsearchKeyNotes
    owner_keys: ElasticsearchOwnerKeys
    start_check: StartCheck

    def close(self) -> None:
        """Write the audit messages that wait, then close the sockets."""
        self.audit.close()
        self.connection.close()


def make_stores(
    settings: Settings, clock: Clock, should_stop: Callable[[], bool]
) -> ElasticsearchStores:
    """Make all stores.

    Parameters
    ----------
    should_stop : callable
        Ends the waiting of the results writer for an Elasticsearch that is away.
    """
    connection = Connection(settings)
    names = Names(settings.index_prefix)
    cluster = ElasticsearchClusterInfo(connection)
    until_stopped = Retries(should_stop=should_stop)
    snapshot = Retries(patience_s=_SNAPSHOT_PATIENCE_S, should_stop=should_stop)
    stats = Retries(patience_s=_STATS_PATIENCE_S, should_stop=should_stop)
    return ElasticsearchStores(
        connection=connection,
        jobs=ElasticsearchJobStore(connection, names),
        filters=ElasticsearchFilterStore(connection, names),
        calendars=ElasticsearchCalendarStore(connection, names),
        job_tasks=ElasticsearchJobTaskStore(connection, names),
        async_tasks=ElasticsearchAsyncTaskStore(connection, names),
        results_indices=ElasticsearchResultsIndices(connection, names),
        results_reader=ElasticsearchResultsReader(connection),
        results_writer=ElasticsearchResultsWriter(
            connection, until_stopped, max_docs=settings.results_batch_max_docs
        ),
        model_state=ElasticsearchModelStateStore(connection, names, snapshot),
        stats=ElasticsearchStatsStore(connection, stats),
        annotations=ElasticsearchAnnotationStore(connection),
        audit=ElasticsearchAuditLog(
            connection, clock, settings.node_name or platform.node() or "ml-sidecar"
        ),
        cluster=cluster,
        privileges=ElasticsearchPrivileges(
            connection,
            cluster,
            cache_ms=settings.privilege_cache_ms,
            insecure_allowed=settings.allow_insecure or settings.listens_on_loopback,
        ),
        credentials=ElasticsearchCredentialStore(
            connection, names, Vault(settings.encryption_key, "credentials")
        ),
        key_notes=ElasticsearchKeyNotes(connection, names),
        owner_keys=ElasticsearchOwnerKeys(connection, KeyCloning(connection, settings, clock)),
        start_check=StartCheck(connection, names, cluster),
    )
