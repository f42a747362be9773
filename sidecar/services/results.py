"""Reading the results of a job."""

from __future__ import annotations

from sidecar import messages
from sidecar.errors import ResourceNotFoundError
from sidecar.interfaces import JobStore, Page, ResultsQuery, ResultsReader


class ResultsService:
    """Results of one job; each method raises ResourceNotFoundError for an unknown job."""

    def __init__(self, jobs: JobStore, reader: ResultsReader) -> None:
        self._jobs = jobs
        self._reader = reader

    def buckets(self, job_id: str, query: ResultsQuery, *, expand: bool = False) -> Page:
        """Buckets; with `expand` each carries its records.

        Raises ResourceNotFoundError when a bucket is asked for by time and is not there.
        """
        self._jobs.get(job_id)
        page = self._reader.buckets(job_id, query)
        if query.timestamp is not None and not page.count:
            raise ResourceNotFoundError(messages.bucket_not_found())
        if not expand or not page.documents:
            return page
        times = [bucket["timestamp"] for bucket in page.documents]
        records = self._reader.records_of_buckets(
            job_id, times, exclude_interim=query.exclude_interim
        )
        expanded = [
            {**bucket, "records": list(records[bucket["timestamp"]])}
            if records.get(bucket["timestamp"])
            else bucket
            for bucket in page.documents
        ]
        return Page(page.count, expanded)

    def records(self, job_id: str, query: ResultsQuery) -> Page:
        """Anomaly records."""
        self._jobs.get(job_id)
        return self._reader.records(job_id, query)

    def influencers(self, job_id: str, query: ResultsQuery) -> Page:
        """Influencers."""
        self._jobs.get(job_id)
        return self._reader.influencers(job_id, query)
