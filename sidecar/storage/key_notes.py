"""Names of the API keys made for owners, in the sidecar's own index."""

from __future__ import annotations

from typing import Any

from sidecar.interfaces import Holder, HolderKind, NotedKey
from sidecar.storage.client import Connection, translated_errors
from sidecar.storage.documents import BRIEF_PATIENCE_S, Documents
from sidecar.storage.names import Names
from sidecar.storage.retries import Retries
from sidecar.storage.scan import scan

_NOTED_KEY = "noted_key"


class ElasticsearchKeyNotes:
    """Implements `interfaces.KeyNotes`."""

    def __init__(self, connection: Connection, names: Names) -> None:
        self._connection = connection
        self._index = names.sidecar
        self._documents = Documents(connection, names.sidecar)

    def add(self, note: NotedKey) -> None:
        """See `interfaces.KeyNotes.add`."""
        source = {
            "type": _NOTED_KEY,
            "name": note.name,
            "kind": note.holder.kind.value,
            "holder_id": note.holder.holder_id,
            "created": note.created,
        }
        self._documents.put(_document_id(note.name), source, refresh=False)

    def remove(self, name: str) -> None:
        """See `interfaces.KeyNotes.remove`."""
        self._documents.delete(_document_id(name), refresh=False)

    def get_all(self) -> list[NotedKey]:
        """See `interfaces.KeyNotes.get_all`."""
        sources = list_documents(self._connection, self._index, _NOTED_KEY)
        return sorted((_note(source) for source in sources), key=lambda note: note.name)


def list_documents(connection: Connection, index: str, kind: str) -> list[dict[str, Any]]:
    """Give all documents of one `type` of the sidecar's index, as last written."""

    def action() -> list[dict[str, Any]]:
        with translated_errors():
            connection.client.indices.refresh(index=index, ignore_unavailable=True)
        query = {"bool": {"filter": {"term": {"type": kind}}}}
        return [dict(hit["_source"]) for hit in scan(connection, index, query, source=True)]

    return Retries(patience_s=BRIEF_PATIENCE_S).call(f"list of {kind}", action)


def _note(source: dict[str, Any]) -> NotedKey:
    holder = Holder(HolderKind(source["kind"]), source["holder_id"])
    return NotedKey(source["name"], holder, source["created"])


def _document_id(name: str) -> str:
    return f"{_NOTED_KEY}_{name}"
