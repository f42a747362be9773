"""Results in memory: indices, reader, writer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sidecar.errors import IllegalArgumentError, SearchPhaseError, UpstreamError
from sidecar.interfaces import Document, Page, ResultsQuery
from sidecar.schema.document_ids import categorizer_state_id, quantiles_id
from sidecar.schema.job import Job
from sidecar.storage.mappings import load_mapping
from tests.fakes.failing import Failing
from tests.fakes.fake_index import FakeIndex

ANALYSIS_RESULTS = ("bucket", "bucket_influencer", "record", "influencer", "model_plot")
_RECORD_ORDER = (
    "record_score",
    "over_field_value",
    "partition_field_value",
    "by_field_value",
    "field_name",
    "function",
)
_SORTABLE = frozenset(load_mapping("results")["mappings"]["properties"])
_WINDOW = 10_000


class FakeResultsIndices(Failing):
    """Implements `interfaces.ResultsIndices`; `prepared` holds the ids of prepared jobs."""

    def __init__(self, results: FakeIndex, state: FakeIndex) -> None:
        super().__init__()
        self._results = results
        self._state = state
        self.prepared: set[str] = set()

    def install(self) -> None:
        self._called("install")

    def leftovers(self, job: Job) -> tuple[int, int]:
        self._called("leftovers")
        self._results.refresh()
        results = self._results.search(lambda d: d.get("job_id") == job.job_id)
        state_ids = (quantiles_id(job.job_id), categorizer_state_id(job.job_id, 1))
        return len(results), sum(self._state.get(name) is not None for name in state_ids)

    def prepare(self, job: Job) -> None:
        self._called("prepare")
        self.prepared.add(job.job_id)

    def remove(self, job: Job) -> None:
        self._called("remove")
        self._results.delete_matching(lambda d: d.get("job_id") == job.job_id)
        self.prepared.discard(job.job_id)


class FakeResultsWriter(Failing):
    """Implements `interfaces.ResultsWriter`.

    A document whose `timestamp` is not a number is refused, as the mapping does.
    """

    def __init__(self, results: FakeIndex) -> None:
        super().__init__()
        self._results = results

    def write(self, job_id: str, documents: Iterable[tuple[str, Document]]) -> int:
        self._called("write")
        written = 0
        refused: list[str] = []
        for document_id, document in documents:
            if isinstance(document.get("timestamp", 0), int):
                self._results.put(document_id, document)
                written += 1
            else:
                refused.append(document_id)
        if refused:
            raise IllegalArgumentError(f"documents refused: {refused}")
        return written

    def update(self, job_id: str, documents: Iterable[tuple[str, Document]]) -> int:
        self._called("update")
        return sum(self._results.change(name, members) for name, members in documents)

    def delete_interim(self, job_id: str) -> None:
        self._called("delete_interim")
        self._results.delete_matching(
            lambda d: d.get("job_id") == job_id and d.get("is_interim") is True
        )

    def delete_after(self, job_id: str, timestamp: int) -> None:
        self._called("delete_after")
        self._results.delete_matching(
            lambda d: (
                d.get("job_id") == job_id
                and d.get("result_type") in ANALYSIS_RESULTS
                and d["timestamp"] > timestamp
            )
        )

    def refresh(self, job_id: str) -> None:
        self._called("refresh")
        self._results.refresh()


class FakeResultsReader(Failing):
    """Implements `interfaces.ResultsReader`: sees what was refreshed."""

    def __init__(self, results: FakeIndex) -> None:
        super().__init__()
        self._results = results

    def buckets(self, job_id: str, query: ResultsQuery) -> Page:
        self._called("buckets")
        return self._page(job_id, "bucket", "anomaly_score", query)

    def records(self, job_id: str, query: ResultsQuery) -> Page:
        self._called("records")
        return self._page(job_id, "record", "record_score", query, _RECORD_ORDER)

    def influencers(self, job_id: str, query: ResultsQuery) -> Page:
        self._called("influencers")
        return self._page(job_id, "influencer", "influencer_score", query)

    def records_of_buckets(
        self, job_id: str, timestamps: Sequence[int], *, exclude_interim: bool
    ) -> Mapping[int, Sequence[Document]]:
        self._called("records_of_buckets")
        found: dict[int, list[Document]] = {}
        query = ResultsQuery(exclude_interim=exclude_interim)
        documents = self._results.search(_matcher(job_id, "record", "record_score", query))
        for document in sorted(documents, key=lambda d: d["record_score"], reverse=True):
            if document["timestamp"] in timestamps:
                found.setdefault(document["timestamp"], []).append(document)
        return found

    def _page(
        self,
        job_id: str,
        result_type: str,
        score: str,
        query: ResultsQuery,
        order: Sequence[str] = (),
    ) -> Page:
        if query.from_ + query.size > _WINDOW:
            raise SearchPhaseError(
                "all shards failed", cause=IllegalArgumentError("Result window is too large")
            )
        documents = self._results.search(_matcher(job_id, result_type, score, query))
        known = _SORTABLE.union(*documents) if documents else _SORTABLE
        if query.sort not in known:
            reason = f"No mapping found for [{query.sort}] in order to sort on"
            error = {"type": "search_phase_execution_exception", "reason": reason}
            raise UpstreamError(400, {"error": error, "status": 400})
        for name in reversed([query.sort, *order, "timestamp"]):
            documents.sort(key=lambda d, name=name: _rank(d, name), reverse=query.descending)  # type: ignore[misc]
            documents.sort(key=lambda d, name=name: d.get(name) is None)  # type: ignore[misc]
        page = documents[query.from_ : query.from_ + query.size]
        return Page(len(documents), page)


def _matcher(
    job_id: str, result_type: str, score: str, query: ResultsQuery
) -> Callable[[Document], bool]:
    def matches(document: Document) -> bool:
        if document.get("job_id") != job_id or document.get("result_type") != result_type:
            return False
        time = document["timestamp"]
        return (
            (query.start is None or time >= query.start)
            and (query.end is None or time < query.end)
            and (query.timestamp is None or time == query.timestamp)
            and (query.threshold <= 0.0 or document.get(score, 0.0) >= query.threshold)
            and not (query.exclude_interim and document.get("is_interim"))
        )

    return matches


def _rank(document: Document, name: str) -> tuple[int, Any]:
    value = document.get(name)
    if isinstance(value, str):
        return 1, value
    return 0, 0.0 if value is None else value
