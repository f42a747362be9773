"""Filters in `.ml-meta`."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sidecar.schema.document_ids import filter_document_id
from sidecar.storage.client import Connection, translated_errors
from sidecar.storage.documents import BRIEF_PATIENCE_S
from sidecar.storage.names import Names
from sidecar.storage.retries import Retries


class ElasticsearchFilterStore:
    """Implements `interfaces.FilterStore`."""

    def __init__(self, connection: Connection, names: Names) -> None:
        self._connection = connection
        self._index = names.meta

    def get(self, filter_ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """See `interfaces.FilterStore.get`."""
        if not filter_ids:
            return {}

        def action() -> dict[str, tuple[str, ...]]:
            ids = [filter_document_id(name) for name in sorted(filter_ids)]
            with translated_errors():
                answer = self._connection.client.mget(index=self._index, ids=ids)
            return {
                document["_source"]["filter_id"]: tuple(document["_source"].get("items", ()))
                for document in answer["docs"]
                if document.get("found")
            }

        return Retries(patience_s=BRIEF_PATIENCE_S).call("filters", action)
