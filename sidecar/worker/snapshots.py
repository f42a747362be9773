"""Saving a job's model and finding it again."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sidecar.clock import Clock
from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.errors import ResourceNotFoundError, VersionConflictError
from sidecar.interfaces import AnnotationStore, AuditLog, JobStore, Journal, ModelStateStore
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.document_ids import snapshot_annotation_id
from sidecar.schema.job import Job
from sidecar.schema.model_size_stats import ModelSizeStats
from sidecar.schema.model_snapshot import ModelSnapshot

logger = logging.getLogger(__name__)

# Who writes the system's annotations; clean-up tells them from the users' by this name.
SYSTEM_USER = "_xpack"
# Attempts of the compare-and-set that makes a snapshot the job's current one.
_CAS_ATTEMPTS = 10


class Snapshots:
    """Stores whole snapshots of one job and restores the one it should continue from."""

    def __init__(
        self,
        job_id: str,
        *,
        jobs: JobStore,
        model_state: ModelStateStore,
        annotations: AnnotationStore,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._job_id = job_id
        self._jobs = jobs
        self._model_state = model_state
        self._annotations = annotations
        self._audit = audit
        self._clock = clock

    def store(self, snapshot: ModelSnapshot, chunks: Iterator[bytes]) -> ModelSnapshot:
        """State first, snapshot document next, then the job points at it; annotated."""
        stored = self._model_state.save(snapshot, chunks)
        self._point_job_at(stored.snapshot_id)
        self._annotate(stored)
        return stored

    def new_id(self) -> str:
        """Epoch seconds as native has it, moved on until no snapshot has that id."""
        seconds = self._clock() // 1000
        while self._model_state.get(self._job_id, str(seconds)) is not None:
            seconds += 1
        return str(seconds)

    def candidates(self, job: Job) -> Iterator[tuple[ModelSnapshot, list[bytes]]]:
        """Whole snapshots to restore from: the job's own first, then older ones.

        Raises UnavailableError when Elasticsearch does not answer: an older snapshot instead of
        the newest would lose what the journal no longer holds.
        """
        current = job.model_snapshot_id
        if current is None or current == "empty":
            return
        found = self._model_state.list(self._job_id)
        current_time = next((s.timestamp for s in found if s.snapshot_id == current), None)
        if current_time is None:
            self._audit.warning(
                self._job_id, "No model snapshot could be found for a job with processed records"
            )
            return
        older = [s for s in found if s.snapshot_id != current and s.timestamp <= current_time]
        for snapshot in [*(s for s in found if s.snapshot_id == current), *older]:
            try:
                yield snapshot, list(self._model_state.load(snapshot))
            except ResourceNotFoundError:
                logger.exception(
                    "model snapshot %s is not whole",
                    snapshot.snapshot_id,
                    extra={"ml.job_id": self._job_id},
                )
                self._audit.warning(
                    self._job_id,
                    f"Model snapshot [{snapshot.snapshot_id}] is incomplete and was not used",
                )

    def _point_job_at(self, snapshot_id: str) -> None:
        for _ in range(_CAS_ATTEMPTS):
            try:
                job, version = self._jobs.get(self._job_id)
                changed = dataclasses.replace(job, model_snapshot_id=snapshot_id)
                self._jobs.replace(changed, version)
            except VersionConflictError:
                continue
            except ResourceNotFoundError:
                return  # deleted by force meanwhile: nothing to point at
            return
        raise VersionConflictError(
            f"could not make model snapshot [{snapshot_id}] current for job [{self._job_id}]: "
            "the job kept changing; try again"
        )

    def _annotate(self, snapshot: ModelSnapshot) -> None:
        now = self._clock()
        shown = snapshot.latest_result_time_stamp or snapshot.latest_record_time_stamp or now
        self._annotations.put(
            {
                "annotation": f"Job model snapshot with id [{snapshot.snapshot_id}] stored",
                "create_time": now,
                "create_username": SYSTEM_USER,
                "timestamp": shown,
                "end_timestamp": shown,
                "job_id": self._job_id,
                "modified_time": now,
                "modified_username": SYSTEM_USER,
                "type": "annotation",
                "event": "model_snapshot_stored",
            },
            snapshot_annotation_id(self._job_id, snapshot.snapshot_id),
        )


def describe_snapshot(
    job: Job,
    engine: AnomalyJob,
    totals: DataCounts,
    size: ModelSizeStats,
    *,
    snapshot_id: str,
    reader_state: Mapping[str, Any],
    journal: Journal,
    now_ms: int,
    is_closing: bool,
) -> ModelSnapshot:
    """Describe the state as of now: what the snapshot document says of it."""
    time = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="seconds")
    why = "State persisted due to job close" if is_closing else "Periodic background persist"
    return ModelSnapshot(
        job_id=job.job_id,
        snapshot_id=snapshot_id,
        timestamp=now_ms,
        snapshot_doc_count=0,
        description=f"{why} at {time}",
        model_size_stats=size,
        latest_record_time_stamp=totals.latest_record_timestamp,
        latest_result_time_stamp=latest_bucket_ms(job, engine),
        quantiles={"job_id": job.job_id, "timestamp": now_ms, "quantile_state": engine.quantiles()},
        journal_position=journal.position(),
        journal_id=journal.journal_id,
        data_counts={**totals.to_document(), "reader": reader_state},
    )


def latest_bucket_ms(job: Job, engine: AnomalyJob) -> int | None:
    """Start of the last finalised bucket in epoch milliseconds; None when there is none."""
    end_s = engine.last_finalized_bucket_end
    return None if end_s is None else (end_s - job.analysis_config.bucket_span.seconds) * 1000
