"""Reading results of a job, through its read alias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidecar import messages
from sidecar.errors import IllegalArgumentError, SearchPhaseError
from sidecar.interfaces import Document, Page, ResultsQuery
from sidecar.storage.client import Connection, translated_errors
from sidecar.storage.documents import BRIEF_PATIENCE_S
from sidecar.storage.names import read_alias
from sidecar.storage.retries import Retries
from sidecar.storage.scan import scan

MAX_WINDOW = 10_000
# Ties between records are broken by these, each in the direction of the sort.
_RECORD_ORDER = (
    "record_score",
    "over_field_value",
    "partition_field_value",
    "by_field_value",
    "field_name",
    "function",
)
# Times in one `terms` query; Elasticsearch allows 65,536.
_MAX_TERMS = 10_000


class ElasticsearchResultsReader:
    """Implements `interfaces.ResultsReader`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._retries = Retries(patience_s=BRIEF_PATIENCE_S)

    def buckets(self, job_id: str, query: ResultsQuery) -> Page:
        """See `interfaces.ResultsReader.buckets`."""
        return self._page(job_id, "bucket", "anomaly_score", query, ())

    def records(self, job_id: str, query: ResultsQuery) -> Page:
        """See `interfaces.ResultsReader.records`."""
        return self._page(job_id, "record", "record_score", query, _RECORD_ORDER)

    def influencers(self, job_id: str, query: ResultsQuery) -> Page:
        """See `interfaces.ResultsReader.influencers`."""
        return self._page(job_id, "influencer", "influencer_score", query, ())

    def records_of_buckets(
        self, job_id: str, timestamps: Sequence[int], *, exclude_interim: bool
    ) -> Mapping[int, Sequence[Document]]:
        """See `interfaces.ResultsReader.records_of_buckets`."""
        query = ResultsQuery(exclude_interim=exclude_interim)
        found: dict[int, list[Document]] = {}
        for first in range(0, len(timestamps), _MAX_TERMS):
            filters = _filters(job_id, "record", "record_score", query)
            times = {"terms": {"timestamp": list(timestamps[first : first + _MAX_TERMS])}}
            filters["bool"]["filter"].append(times)
            sort = _sort(["record_score"], descending=True)
            hits = self._retries.call(
                f"records of [{job_id}]",
                lambda query=filters, sort=sort: list(  # type: ignore[misc]
                    scan(self._connection, read_alias(job_id), query, source=True, sort=sort)
                ),
            )
            for hit in hits:
                found.setdefault(hit["_source"]["timestamp"], []).append(hit["_source"])
        return found

    def _page(
        self,
        job_id: str,
        result_type: str,
        score: str,
        query: ResultsQuery,
        order: Sequence[str],
    ) -> Page:
        _check_window(query)

        def action() -> Page:
            with translated_errors():
                answer = self._connection.client.search(
                    index=read_alias(job_id),
                    query=_filters(job_id, result_type, score, query),
                    sort=_sort([query.sort, *order, "timestamp"], descending=query.descending),
                    from_=query.from_,
                    size=query.size,
                    track_total_hits=True,
                    ignore_unavailable=True,
                    allow_partial_search_results=False,
                    # One copy of each shard answers a job, so that ties keep their order
                    # from page to page.
                    preference=job_id,
                )
            hits = answer["hits"]
            return Page(hits["total"]["value"], [hit["_source"] for hit in hits["hits"]])

        return self._retries.call(f"{result_type}s of [{job_id}]", action)


def _check_window(query: ResultsQuery) -> None:
    window = query.from_ + query.size
    if window > MAX_WINDOW:
        cause = IllegalArgumentError(messages.result_window_too_large(window, MAX_WINDOW))
        raise SearchPhaseError(messages.all_shards_failed(), cause=cause)


def _filters(
    job_id: str, result_type: str, score: str, query: ResultsQuery
) -> dict[str, dict[str, Any]]:
    filters: list[dict[str, Any]] = [
        {"term": {"job_id": job_id}},
        {"term": {"result_type": result_type}},
    ]
    times = {"gte": query.start, "lt": query.end}
    times = {name: value for name, value in times.items() if value is not None}
    if times:
        filters.append({"range": {"timestamp": {**times, "format": "epoch_millis"}}})
    if query.timestamp is not None:
        filters.append({"term": {"timestamp": query.timestamp}})
    if query.threshold > 0.0:
        filters.append({"range": {score: {"gte": query.threshold}}})
    body: dict[str, Any] = {"filter": filters}
    if query.exclude_interim:
        body["must_not"] = [{"term": {"is_interim": True}}]
    return {"bool": body}


def _sort(names: Sequence[str], *, descending: bool) -> list[dict[str, Any]]:
    """Sort keys, each name once, documents without the field last."""
    order = "desc" if descending else "asc"
    return [{name: {"order": order, "missing": "_last"}} for name in dict.fromkeys(names)]
