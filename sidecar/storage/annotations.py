"""Annotations in `.ml-annotations-*`."""

from __future__ import annotations

from typing import Any

from sidecar.interfaces import Document
from sidecar.storage.bulk import Bulk
from sidecar.storage.client import Connection, translated_errors
from sidecar.storage.documents import BRIEF_PATIENCE_S, Documents
from sidecar.storage.names import ANNOTATIONS_READ, ANNOTATIONS_WRITE
from sidecar.storage.retries import Retries
from sidecar.storage.scan import scan

# Who writes the system's annotations; users' have any other name.
SYSTEM_USER = "_xpack"


class ElasticsearchAnnotationStore:
    """Implements `interfaces.AnnotationStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._documents = Documents(connection, ANNOTATIONS_WRITE, require_alias=True)
        self._brief = Retries(patience_s=BRIEF_PATIENCE_S)
        self._bulk = Bulk(connection, self._brief)

    def put(self, annotation: Document, annotation_id: str | None = None) -> None:
        """See `interfaces.AnnotationStore.put`."""
        self._documents.put(annotation_id, annotation, refresh=False)

    def delete(self, job_id: str, *, user_annotations: bool) -> None:
        """See `interfaces.AnnotationStore.delete`."""
        filters: list[dict[str, Any]] = [{"term": {"job_id": job_id}}]
        if not user_annotations:
            filters.append({"term": {"create_username": SYSTEM_USER}})

        def action() -> None:
            self._refresh()
            query = {"bool": {"filter": filters}}
            hits = scan(self._connection, ANNOTATIONS_READ, query, source=False)
            self._bulk.delete((hit["_index"], hit["_id"]) for hit in hits)
            self._refresh()

        self._brief.call(f"deletion of annotations of [{job_id}]", action)

    def _refresh(self) -> None:
        with translated_errors():
            self._connection.client.indices.refresh(index=ANNOTATIONS_READ, ignore_unavailable=True)
