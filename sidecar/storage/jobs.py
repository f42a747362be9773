"""Job configurations in `.ml-config`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sidecar import messages
from sidecar.errors import (
    ResourceAlreadyExistsError,
    ResourceNotFoundError,
    VersionConflictError,
)
from sidecar.interfaces import Versioned
from sidecar.schema.document_ids import job_config_id
from sidecar.schema.job import Job
from sidecar.schema.job_document import job_from_document, job_to_document
from sidecar.storage.client import Connection, translated_errors
from sidecar.storage.documents import BRIEF_PATIENCE_S, Documents
from sidecar.storage.names import Names
from sidecar.storage.retries import Retries

JOB_TYPE = "anomaly_detector"
MAX_JOBS = 10_000


class ElasticsearchJobStore:
    """Implements `interfaces.JobStore`; every change can be searched when it is answered."""

    def __init__(
        self,
        connection: Connection,
        names: Names,
        *,
        to_document: Callable[[Job], Mapping[str, Any]] = job_to_document,
        from_document: Callable[[Mapping[str, Any]], Job] = job_from_document,
    ) -> None:
        self._connection = connection
        self._index = names.config
        self._documents = Documents(connection, names.config)
        self._to_document = to_document
        self._from_document = from_document

    def get(self, job_id: str) -> tuple[Job, Versioned]:
        """See `interfaces.JobStore.get`."""
        stored = self._documents.get(job_config_id(job_id))
        if stored is None:
            raise ResourceNotFoundError(messages.unknown_job(job_id))
        return self._from_document(stored.source), stored.version

    def get_all(self) -> list[Job]:
        """See `interfaces.JobStore.get_all`."""

        def action() -> list[dict[str, Any]]:
            with translated_errors():
                answer = self._connection.client.search(
                    index=self._index,
                    query={"bool": {"filter": {"term": {"job_type": JOB_TYPE}}}},
                    sort=[{"job_id": {"order": "asc", "unmapped_type": "keyword"}}],
                    size=MAX_JOBS,
                    ignore_unavailable=True,
                    allow_partial_search_results=False,
                )
            return [hit["_source"] for hit in answer["hits"]["hits"]]

        found = Retries(patience_s=BRIEF_PATIENCE_S).call("list of jobs", action)
        return [self._from_document(source) for source in found]

    def create(self, job: Job) -> None:
        """See `interfaces.JobStore.create`."""
        try:
            self._documents.create(job_config_id(job.job_id), self._source(job), refresh=True)
        except VersionConflictError as error:
            raise ResourceAlreadyExistsError(messages.job_id_taken(job.job_id)) from error

    def replace(self, job: Job, version: Versioned) -> None:
        """See `interfaces.JobStore.replace`."""
        name = job_config_id(job.job_id)
        self._documents.replace(name, self._source(job), version, refresh=True)

    def delete(self, job_id: str) -> bool:
        """See `interfaces.JobStore.delete`."""
        return self._documents.delete(job_config_id(job_id), refresh=True)

    def _source(self, job: Job) -> dict[str, Any]:
        # `job_type` tells job documents from the other configurations in the index.
        return {**self._to_document(job), "job_type": JOB_TYPE}
