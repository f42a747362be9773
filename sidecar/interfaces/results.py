"""Results: their indices, reading and writing them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sidecar.interfaces.documents import Document
from sidecar.schema.job import Job


class ResultsIndices(Protocol):
    """Indices, mappings and aliases of results and state."""

    def install(self) -> None:
        """Templates and the fixed indices (idempotent; at start)."""

    def leftovers(self, job: Job) -> tuple[int, int]:
        """(result documents, state documents) of an earlier job with this id."""

    def prepare(self, job: Job) -> None:
        """Results index, keyword mappings of the term fields, read and write alias.

        Raises BadRequestError on a mapping clash or too many fields.
        """

    def remove(self, job: Job) -> None:
        """Delete all result documents (or the whole index if it is the job's alone) and aliases."""


@dataclass(frozen=True, slots=True)
class ResultsQuery:
    """What to read of one result type. Times are epoch ms, `start` inclusive, `end` exclusive.

    `sort` is a field name of the stored documents; `threshold` is the least score.
    """

    start: int | None = None
    end: int | None = None
    timestamp: int | None = None
    threshold: float = 0.0
    exclude_interim: bool = False
    from_: int = 0
    size: int = 100
    sort: str = "timestamp"
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page of documents and how many match in all."""

    count: int
    documents: Sequence[Document]


class ResultsReader(Protocol):
    """Reads `.ml-anomalies-<job>`."""

    def buckets(self, job_id: str, query: ResultsQuery) -> Page:
        """Bucket documents."""

    def records(self, job_id: str, query: ResultsQuery) -> Page:
        """Record documents."""

    def records_of_buckets(
        self, job_id: str, timestamps: Sequence[int], *, exclude_interim: bool
    ) -> Mapping[int, Sequence[Document]]:
        """Record documents by bucket time, best first, for `expand`."""

    def influencers(self, job_id: str, query: ResultsQuery) -> Page:
        """Influencer documents."""


class ResultsWriter(Protocol):
    """Bulk writes into a job's results; retried with backoff until done or refused."""

    def write(self, job_id: str, documents: Iterable[tuple[str, Document]]) -> int:
        """Index (id, document) pairs through the write alias; returns how many.

        Retries 429, 5xx and connection faults with backoff for as long as `should_stop` of the
        implementation lets it; raises UnavailableError when stopped, IllegalArgumentError when a
        document is refused for good (mapping), after the others have been written.
        """

    def update(self, job_id: str, documents: Iterable[tuple[str, Document]]) -> int:
        """Change the given members of stored documents by id; returns how many there were.

        A document that is gone is passed over. Retries and raises as `write` does.
        """

    def delete_interim(self, job_id: str) -> None:
        """Delete all interim results of the job."""

    def delete_after(self, job_id: str, timestamp: int) -> None:
        """Delete results with `timestamp` > the given epoch ms (buckets, records, …)."""

    def refresh(self, job_id: str) -> None:
        """Make everything written searchable."""
