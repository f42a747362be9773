"""What is kept of a job beside its results: models, statistics, words for users."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from sidecar.interfaces.documents import Document
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.model_size_stats import ModelSizeStats
from sidecar.schema.model_snapshot import ModelSnapshot
from sidecar.schema.timing_stats import TimingStats


class ModelStateStore(Protocol):
    """Model snapshots (results index) and their state chunks (`.ml-state`)."""

    def save(self, snapshot: ModelSnapshot, chunks: Iterable[bytes]) -> ModelSnapshot:
        """State chunks first, then quantiles, the snapshot document last, refreshed.

        Returns the snapshot with its `snapshot_doc_count`. Document ids carry the snapshot id,
        so an attempt that broke off leaves nothing that looks whole.
        """

    def load(self, snapshot: ModelSnapshot) -> Iterator[bytes]:
        """The chunks in order; raises ResourceNotFoundError when one is missing."""

    def get(self, job_id: str, snapshot_id: str) -> ModelSnapshot | None:
        """One snapshot; None when it does not exist."""

    def list(self, job_id: str) -> list[ModelSnapshot]:
        """All snapshots, newest first."""

    def delete(self, snapshot: ModelSnapshot) -> None:
        """Snapshot document and chunks."""

    def delete_all(self, job_id: str) -> None:
        """Every snapshot, chunk, quantiles and categorizer state of a job."""


class StatsStore(Protocol):
    """Data counts, model size stats and timing stats in the results index."""

    def put(
        self,
        counts: DataCounts | None = None,
        size: ModelSizeStats | None = None,
        timing: TimingStats | None = None,
    ) -> None:
        """Store what is given (data counts and timing overwrite, sizes are a new document)."""

    def data_counts(self, job_ids: Sequence[str]) -> Mapping[str, Document]:
        """Newest data counts by job id; jobs without any are absent."""

    def model_size_stats(self, job_ids: Sequence[str]) -> Mapping[str, Document]:
        """Newest model size stats by job id."""

    def timing_stats(self, job_ids: Sequence[str]) -> Mapping[str, Document]:
        """Timing stats by job id."""


class AnnotationStore(Protocol):
    """Annotations in `.ml-annotations-*`."""

    def put(self, annotation: Document, annotation_id: str | None = None) -> None:
        """Store one annotation."""

    def delete(self, job_id: str, *, user_annotations: bool) -> None:
        """Delete the system's annotations of a job, and the users' if asked."""


class AuditLog(Protocol):
    """Messages for users in `.ml-notifications-*`; never raises."""

    def info(self, job_id: str | None, message: str) -> None:
        """Something a user may want to know."""

    def warning(self, job_id: str | None, message: str) -> None:
        """Something a user should look at."""

    def error(self, job_id: str | None, message: str) -> None:
        """Something that failed."""
