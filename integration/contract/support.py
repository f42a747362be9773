"""What the contract tests are given, and what they make."""

# ruff: noqa: D102 - the protocols of `sidecar.interfaces` say what each store is
from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sidecar.errors import MlError, UpstreamError
from sidecar.interfaces import (
    AnnotationStore,
    AsyncTaskStore,
    AuditLog,
    CalendarStore,
    Caller,
    ClusterInfo,
    CredentialStore,
    Document,
    FilterStore,
    JobStore,
    JobTaskStore,
    KeyNotes,
    ModelStateStore,
    Privileges,
    ResultsIndices,
    ResultsReader,
    ResultsWriter,
    StatsStore,
)
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from sidecar.schema.document_ids import bucket_id, record_id
from sidecar.schema.job import DataDescription, Job
from sidecar.schema.units import TimeValue

SPAN_S = 300
SPAN_MS = SPAN_S * 1000
# Start of the results the tests write; any time on a bucket boundary does.
START_MS = 1_700_000_100_000


class Stores(Protocol):
    """All stores of one implementation."""

    @property
    def jobs(self) -> JobStore: ...
    @property
    def filters(self) -> FilterStore: ...
    @property
    def calendars(self) -> CalendarStore: ...
    @property
    def job_tasks(self) -> JobTaskStore: ...
    @property
    def async_tasks(self) -> AsyncTaskStore: ...
    @property
    def results_indices(self) -> ResultsIndices: ...
    @property
    def results_reader(self) -> ResultsReader: ...
    @property
    def results_writer(self) -> ResultsWriter: ...
    @property
    def model_state(self) -> ModelStateStore: ...
    @property
    def stats(self) -> StatsStore: ...
    @property
    def annotations(self) -> AnnotationStore: ...
    @property
    def audit(self) -> AuditLog: ...
    @property
    def cluster(self) -> ClusterInfo: ...
    @property
    def privileges(self) -> Privileges: ...
    @property
    def credentials(self) -> CredentialStore: ...
    @property
    def key_notes(self) -> KeyNotes: ...


class Probe(Protocol):
    """Looks at what the stores only write, and writes what they only read."""

    def put_meta(self, document_id: str, document: Document | None) -> None:
        """Store a document beside calendars and filters, searchable at once; None: delete it."""

    def add_user(self, name: str, indices: Mapping[str, Sequence[str]]) -> Caller:
        """Make a user who has these privileges on indices and monitor_ml."""

    def remove_user(self, name: str) -> None:
        """Take a user away."""

    def annotations(self, job_id: str) -> Sequence[Document]:
        """All annotations of a job."""

    def audit_messages(self, job_id: str) -> Sequence[Document]:
        """`level` and `message` of all messages of a job, in order."""


@dataclass(slots=True)
class Bench:
    """Stores under test, with jobs that are cleaned up afterwards."""

    stores: Stores
    probe: Probe
    _jobs: list[Job] = field(default_factory=list)
    _meta_ids: list[str] = field(default_factory=list)
    _users: list[str] = field(default_factory=list)

    def job(self, *, results_index: str = "shared", prepared: bool = True) -> Job:
        """Make a job with an id nobody else has; `results_index` is as stored."""
        job = make_job(f"contract-{uuid.uuid4().hex[:12]}", results_index=results_index)
        self._jobs.append(job)
        if prepared:
            self.stores.results_indices.prepare(job)
        return job

    def put_meta(self, document_id: str, document: Document) -> None:
        """Store a filter, calendar or event."""
        self._meta_ids.append(document_id)
        self.probe.put_meta(document_id, document)

    def user(self, indices: Mapping[str, Sequence[str]]) -> tuple[Caller, str]:
        """Make a user with these privileges on indices; returns also his name."""
        name = f"contract-{uuid.uuid4().hex[:12]}"
        self._users.append(name)
        return self.probe.add_user(name, indices), name

    def clean(self) -> None:
        """Remove everything of the jobs, and the users."""
        for name in self._users:
            self.probe.remove_user(name)
        for document_id in self._meta_ids:
            self.probe.put_meta(document_id, None)
        for job in self._jobs:
            self.stores.model_state.delete_all(job.job_id)
            self.stores.results_indices.remove(job)
            self.stores.annotations.delete(job.job_id, user_annotations=True)
            self.stores.job_tasks.delete(job.job_id)
            self.stores.jobs.delete(job.job_id)


def make_job(job_id: str, *, results_index: str = "shared", field_name: str = "airline") -> Job:
    """Make a small valid job that splits by `field_name`."""
    detector = Detector(
        function="mean",
        field_name="responsetime",
        by_field_name=field_name,
        detector_description=f"mean(responsetime) by {field_name}",
    )
    return Job(
        job_id=job_id,
        analysis_config=AnalysisConfig(
            bucket_span=TimeValue(SPAN_MS, "5m"), detectors=(detector,), influencers=(field_name,)
        ),
        data_description=DataDescription(time_field="time", time_format="epoch_ms"),
        create_time=START_MS,
        results_index_name=results_index,
    )


def bucket(
    job_id: str, number: int, *, score: float = 0.0, interim: bool = False
) -> tuple[str, dict[str, Any]]:
    """Make the bucket `number` spans after the start."""
    time = START_MS + number * SPAN_MS
    return bucket_id(job_id, time, SPAN_S), {
        "job_id": job_id,
        "timestamp": time,
        "bucket_span": SPAN_S,
        "anomaly_score": score,
        "initial_anomaly_score": score,
        "event_count": 1,
        "is_interim": interim,
        "bucket_influencers": [],
        "processing_time_ms": 1,
        "result_type": "bucket",
    }


def record(
    job_id: str, number: int, airline: str, *, score: float, interim: bool = False
) -> tuple[str, dict[str, Any]]:
    """Make a record of a series in the bucket `number` spans after the start."""
    time = START_MS + number * SPAN_MS
    return record_id(job_id, time, SPAN_S, 0, airline, None, None), {
        "job_id": job_id,
        "timestamp": time,
        "bucket_span": SPAN_S,
        "detector_index": 0,
        "probability": 0.01,
        "record_score": score,
        "initial_record_score": score,
        "is_interim": interim,
        "by_field_name": "airline",
        "by_field_value": airline,
        "function": "mean",
        "function_description": "mean",
        "field_name": "responsetime",
        "typical": [1.0],
        "actual": [2.0],
        "airline": [airline],
        "result_type": "record",
    }


def numbers(documents: Sequence[Document]) -> list[int]:
    """Give the bucket numbers of results."""
    return [(document["timestamp"] - START_MS) // SPAN_MS for document in documents]


def status_of(error: MlError) -> int:
    """Give the HTTP status a caller would see."""
    return error.upstream_status if isinstance(error, UpstreamError) else error.status


def bench(stores: Stores, probe: Probe) -> Iterator[Bench]:
    """Run as the body of a fixture: cleans up after the test."""
    made = Bench(stores, probe)
    yield made
    made.clean()
