"""Writing and deleting results of a job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sidecar.interfaces import Document
from sidecar.storage.bulk import Bulk
from sidecar.storage.client import Connection, translated_errors
from sidecar.storage.names import read_alias, write_alias
from sidecar.storage.retries import Retries
from sidecar.storage.scan import scan

# What an analysis makes anew when it is repeated; stats, snapshots and forecasts are not.
ANALYSIS_RESULTS = ("bucket", "bucket_influencer", "record", "influencer", "model_plot")


class ElasticsearchResultsWriter:
    """Implements `interfaces.ResultsWriter`.

    Parameters
    ----------
    retries : Retries
        How long to go on; the default of the composition root is until stopped.
    max_docs : int
        Documents in one bulk request.
    """

    def __init__(self, connection: Connection, retries: Retries, *, max_docs: int) -> None:
        self._connection = connection
        self._retries = retries
        self._bulk = Bulk(connection, retries, max_docs=max_docs)

    def write(self, job_id: str, documents: Iterable[tuple[str, Document]]) -> int:
        """See `interfaces.ResultsWriter.write`."""
        return self._bulk.index(write_alias(job_id), documents)

    def update(self, job_id: str, documents: Iterable[tuple[str, Document]]) -> int:
        """See `interfaces.ResultsWriter.update`."""
        return self._bulk.update(write_alias(job_id), documents)

    def delete_interim(self, job_id: str) -> None:
        """See `interfaces.ResultsWriter.delete_interim`."""
        self._delete(job_id, [{"term": {"is_interim": True}}])

    def delete_after(self, job_id: str, timestamp: int) -> None:
        """See `interfaces.ResultsWriter.delete_after`."""
        self._delete(
            job_id,
            [
                {"terms": {"result_type": ANALYSIS_RESULTS}},
                {"range": {"timestamp": {"gt": timestamp, "format": "epoch_millis"}}},
            ],
        )

    def refresh(self, job_id: str) -> None:
        """See `interfaces.ResultsWriter.refresh`."""

        def action() -> None:
            with translated_errors():
                self._connection.client.indices.refresh(
                    index=read_alias(job_id), ignore_unavailable=True
                )

        self._retries.call(f"refresh of the results of [{job_id}]", action)

    def _delete(self, job_id: str, filters: Sequence[Mapping[str, Any]]) -> None:
        """Delete what matches, also what was not searchable yet."""
        self.refresh(job_id)
        query = {"bool": {"filter": [{"term": {"job_id": job_id}}, *filters]}}

        def action() -> None:
            hits = scan(self._connection, read_alias(job_id), query, source=False)
            self._bulk.delete((hit["_index"], hit["_id"]) for hit in hits)

        self._retries.call(f"deletion of results of [{job_id}]", action)
        self.refresh(job_id)
