"""Outcomes of requests that did not wait, in the sidecar's own index."""

from __future__ import annotations

from sidecar import messages
from sidecar.errors import ResourceNotFoundError
from sidecar.interfaces import Document
from sidecar.storage.client import Connection
from sidecar.storage.documents import Documents
from sidecar.storage.names import Names

_TYPE = "async_task"


class ElasticsearchAsyncTaskStore:
    """Implements `interfaces.AsyncTaskStore`."""

    def __init__(self, connection: Connection, names: Names) -> None:
        self._documents = Documents(connection, names.sidecar)

    def put(self, task_id: str, document: Document) -> None:
        """See `interfaces.AsyncTaskStore.put`."""
        source = {"type": _TYPE, "task_id": task_id, "body": document}
        self._documents.put(_document_id(task_id), source, refresh=False)

    def get(self, task_id: str) -> Document:
        """See `interfaces.AsyncTaskStore.get`."""
        stored = self._documents.get(_document_id(task_id))
        if stored is None:
            raise ResourceNotFoundError(messages.task_not_found(task_id))
        body: Document = stored.source["body"]
        return body


def _document_id(task_id: str) -> str:
    return f"{_TYPE}_{task_id}"
