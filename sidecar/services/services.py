"""All use cases, made from the stores and the runtime they work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sidecar.clock import Clock, system_clock
from sidecar.interfaces import (
    AnnotationStore,
    AsyncTaskStore,
    AuditLog,
    ClusterInfo,
    CredentialStore,
    FilterStore,
    JobRuntime,
    JobStore,
    KeyNotes,
    ModelStateStore,
    OwnerKeys,
    Privileges,
    ResultsIndices,
    ResultsReader,
    StatsStore,
)
from sidecar.services.cluster import ClusterService
from sidecar.services.credential_upkeep import CredentialUpkeep
from sidecar.services.credentials import CredentialService
from sidecar.services.data import DataService
from sidecar.services.deletion import JobDeletion, Spawn, spawn_thread
from sidecar.services.job_states import JobStateService
from sidecar.services.job_stats import JobStatsService
from sidecar.services.jobs import JobService
from sidecar.services.privileges import IndexPrivileges, PrivilegeGate
from sidecar.services.results import ResultsService
from sidecar.services.tasks import TaskService
from sidecar.settings import Settings


class Stores(Protocol):
    """The stores that the services need; any object with these members is one."""

    @property
    def jobs(self) -> JobStore:
        """Implements `JobStore`."""

    @property
    def filters(self) -> FilterStore:
        """Implements `FilterStore`."""

    @property
    def async_tasks(self) -> AsyncTaskStore:
        """Implements `AsyncTaskStore`."""

    @property
    def results_indices(self) -> ResultsIndices:
        """Implements `ResultsIndices`."""

    @property
    def results_reader(self) -> ResultsReader:
        """Implements `ResultsReader`."""

    @property
    def model_state(self) -> ModelStateStore:
        """Implements `ModelStateStore`."""

    @property
    def stats(self) -> StatsStore:
        """Implements `StatsStore`."""

    @property
    def annotations(self) -> AnnotationStore:
        """Implements `AnnotationStore`."""

    @property
    def audit(self) -> AuditLog:
        """Implements `AuditLog`."""

    @property
    def cluster(self) -> ClusterInfo:
        """Implements `ClusterInfo`."""

    @property
    def privileges(self) -> Privileges:
        """Implements `Privileges`."""

    @property
    def credentials(self) -> CredentialStore:
        """Implements `CredentialStore`."""

    @property
    def key_notes(self) -> KeyNotes:
        """Implements `KeyNotes`."""

    @property
    def owner_keys(self) -> OwnerKeys:
        """Implements `OwnerKeys`."""


@dataclass(frozen=True, slots=True)
class Services:
    """Every use case, as handlers reach it; `clock` gives `now` in parameters."""

    clock: Clock
    privileges: PrivilegeGate
    index_privileges: IndexPrivileges
    cluster: ClusterService
    jobs: JobService
    job_stats: JobStatsService
    job_states: JobStateService
    data: DataService
    results: ResultsService
    deletion: JobDeletion
    tasks: TaskService
    credentials: CredentialService
    credential_upkeep: CredentialUpkeep


def make_services(
    stores: Stores,
    runtime: JobRuntime,
    settings: Settings,
    *,
    clock: Clock = system_clock,
    spawn: Spawn = spawn_thread,
) -> Services:
    """Plug the services together; `spawn` starts work that outlives its request."""
    tasks = TaskService(stores.async_tasks, runtime, clock, lease_ms=settings.lease_ms)
    return Services(
        clock=clock,
        privileges=PrivilegeGate(stores.privileges),
        index_privileges=IndexPrivileges(stores.privileges),
        cluster=ClusterService(stores.cluster),
        jobs=JobService(
            stores.jobs,
            stores.filters,
            stores.results_indices,
            stores.stats,
            runtime,
            stores.audit,
            clock,
            max_model_memory_limit=settings.max_model_memory_limit,
        ),
        job_stats=JobStatsService(stores.jobs, stores.stats, runtime, clock),
        job_states=JobStateService(stores.jobs, stores.filters, runtime, stores.audit, clock),
        data=DataService(runtime),
        results=ResultsService(stores.jobs, stores.results_reader),
        deletion=JobDeletion(
            stores.jobs,
            stores.results_indices,
            stores.model_state,
            stores.annotations,
            runtime,
            stores.audit,
            tasks,
            spawn=spawn,
        ),
        tasks=tasks,
        credentials=CredentialService(
            stores.credentials,
            stores.key_notes,
            stores.owner_keys,
            stores.cluster,
            clock,
            installation=settings.index_prefix,
        ),
        credential_upkeep=CredentialUpkeep(
            stores.credentials,
            stores.key_notes,
            stores.owner_keys,
            stores.cluster,
            clock,
            installation=settings.index_prefix,
        ),
    )
