"""Data counts, model size stats and timing stats in the results index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sidecar.interfaces import Document
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.document_ids import data_counts_id, model_size_stats_id, timing_stats_id
from sidecar.schema.model_size_stats import ModelSizeStats
from sidecar.schema.timing_stats import TimingStats
from sidecar.storage.bulk import Bulk
from sidecar.storage.client import Connection, translated_errors
from sidecar.storage.documents import BRIEF_PATIENCE_S
from sidecar.storage.names import RESULTS_PATTERN, write_alias
from sidecar.storage.retries import Retries

# Jobs asked about in one request.
_MAX_JOBS = 1_000


class ElasticsearchStatsStore:
    """Implements `interfaces.StatsStore`; what was put is read at once."""

    def __init__(self, connection: Connection, retries: Retries) -> None:
        self._connection = connection
        self._bulk = Bulk(connection, retries)
        self._brief = Retries(patience_s=BRIEF_PATIENCE_S)

    def put(
        self,
        counts: DataCounts | None = None,
        size: ModelSizeStats | None = None,
        timing: TimingStats | None = None,
    ) -> None:
        """See `interfaces.StatsStore.put`."""
        documents: dict[str, list[tuple[str, Document]]] = {}
        if counts is not None:
            pair = (data_counts_id(counts.job_id), counts.to_document())
            documents.setdefault(counts.job_id, []).append(pair)
        if timing is not None:
            document = {**timing.to_document(), "result_type": "timing_stats"}
            pair = (timing_stats_id(timing.job_id), document)
            documents.setdefault(timing.job_id, []).append(pair)
        if size is not None:
            pair = (model_size_stats_id(size.job_id, size.log_time), size.to_document())
            documents.setdefault(size.job_id, []).append(pair)
        for job_id, pairs in documents.items():
            # The newest size is found by searching, so it has to be searchable.
            self._bulk.index(write_alias(job_id), pairs, refresh=size is not None)

    def data_counts(self, job_ids: Sequence[str]) -> Mapping[str, Document]:
        """See `interfaces.StatsStore.data_counts`."""
        return self._by_id(job_ids, data_counts_id)

    def timing_stats(self, job_ids: Sequence[str]) -> Mapping[str, Document]:
        """See `interfaces.StatsStore.timing_stats`."""
        return self._by_id(job_ids, timing_stats_id)

    def model_size_stats(self, job_ids: Sequence[str]) -> Mapping[str, Document]:
        """See `interfaces.StatsStore.model_size_stats`."""
        newest: dict[str, Document] = {}
        for first in range(0, len(job_ids), _MAX_JOBS):
            some = list(job_ids[first : first + _MAX_JOBS])
            filters = [
                {"terms": {"job_id": some}},
                {"term": {"result_type": "model_size_stats"}},
            ]
            found = self._search(
                query={"bool": {"filter": filters}},
                sort=[{"log_time": {"order": "desc", "unmapped_type": "date"}}],
                collapse={"field": "job_id"},
                size=len(some),
            )
            newest.update((source["job_id"], source) for source in found)
        return newest

    def _by_id(self, job_ids: Sequence[str], make_id: Callable[[str], str]) -> dict[str, Document]:
        """Documents of fixed id: as last written, or searched in an older generation."""
        found: dict[str, Document] = {}
        for first in range(0, len(job_ids), _MAX_JOBS):
            some = job_ids[first : first + _MAX_JOBS]
            wanted = [{"_index": write_alias(job_id), "_id": make_id(job_id)} for job_id in some]
            answers = zip(some, self._get_many(wanted), strict=True)
            found |= {job_id: document for job_id, document in answers if document is not None}
            missing = [make_id(job_id) for job_id in some if job_id not in found]
            if missing:
                sources = self._search(query={"ids": {"values": missing}}, size=len(missing))
                found.update((source["job_id"], source) for source in sources)
        return found

    def _get_many(self, wanted: Sequence[Mapping[str, str]]) -> list[Document | None]:
        def action() -> list[Document | None]:
            with translated_errors():
                answer = self._connection.client.mget(docs=wanted)
            return [doc["_source"] if doc.get("found") else None for doc in answer["docs"]]

        return self._brief.call("read of stats", action)

    def _search(self, **request: Any) -> list[dict[str, Any]]:
        def action() -> list[dict[str, Any]]:
            with translated_errors():
                answer = self._connection.client.search(
                    index=RESULTS_PATTERN,
                    expand_wildcards=["open", "hidden"],
                    allow_partial_search_results=False,
                    **request,
                )
            return [hit["_source"] for hit in answer["hits"]["hits"]]

        return self._brief.call("search of stats", action)
