"""The protocols through which services, runtime, worker and storage meet.

None of these four imports another; `sidecar.bootstrap` plugs implementations in. All errors
that cross these lines are `sidecar.errors.MlError`.
"""

from sidecar.interfaces.callers import Caller, ClusterInfo, Identity, IndexGrants, Privileges
from sidecar.interfaces.configurations import (
    AsyncTaskStore,
    CalendarStore,
    FilterStore,
    JobStore,
    JobTaskStore,
    Versioned,
)
from sidecar.interfaces.credentials import (
    Credential,
    CredentialStore,
    GrantedKey,
    Holder,
    HolderKind,
    KeyNotes,
    NotedKey,
    Owner,
    OwnerHeaders,
    OwnerKeys,
    Sealing,
)
from sidecar.interfaces.documents import Document
from sidecar.interfaces.job_data import AnnotationStore, AuditLog, ModelStateStore, StatsStore
from sidecar.interfaces.journal import Journal, JournalEntry, JournalUpload
from sidecar.interfaces.open_jobs import (
    FlushAnswer,
    FlushRequest,
    JobRuntime,
    JobStatus,
    OpenJob,
    OpenJobFactory,
    OpenJobStats,
    TimeRange,
)
from sidecar.interfaces.results import (
    Page,
    ResultsIndices,
    ResultsQuery,
    ResultsReader,
    ResultsWriter,
)
from sidecar.interfaces.rule_context import filters_of, rule_context

__all__ = [
    "AnnotationStore",
    "AsyncTaskStore",
    "AuditLog",
    "CalendarStore",
    "Caller",
    "ClusterInfo",
    "Credential",
    "CredentialStore",
    "Document",
    "FilterStore",
    "FlushAnswer",
    "FlushRequest",
    "GrantedKey",
    "Holder",
    "HolderKind",
    "Identity",
    "IndexGrants",
    "JobRuntime",
    "JobStatus",
    "JobStore",
    "JobTaskStore",
    "Journal",
    "JournalEntry",
    "JournalUpload",
    "KeyNotes",
    "ModelStateStore",
    "NotedKey",
    "OpenJob",
    "OpenJobFactory",
    "OpenJobStats",
    "Owner",
    "OwnerHeaders",
    "OwnerKeys",
    "Page",
    "Privileges",
    "ResultsIndices",
    "ResultsQuery",
    "ResultsReader",
    "ResultsWriter",
    "Sealing",
    "StatsStore",
    "TimeRange",
    "Versioned",
    "filters_of",
    "rule_context",
]
