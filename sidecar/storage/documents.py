"""Single documents: get, create, put, compare-and-set, delete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from elasticsearch import NotFoundError

from sidecar.interfaces import Document, Versioned
from sidecar.storage.client import Connection, translated_errors
from sidecar.storage.retries import Retries

# A blink of the cluster should not become an answer; a longer absence should.
BRIEF_PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it was found."""

    source: dict[str, Any]
    version: Versioned


class Documents:
    """Documents of one index or alias.

    Writes without `version` overwrite and are tried again after a fault for a short time; `create`
    and compare-and-set are not, because a fault leaves open whether they happened.
    """

    def __init__(self, connection: Connection, index: str, *, require_alias: bool = False) -> None:
        self._connection = connection
        self._index = index
        self._require_alias = require_alias
        self._brief = Retries(patience_s=BRIEF_PATIENCE_S)

    def get(self, document_id: str) -> Stored | None:
        """Give a document as last written, searchable or not; None when there is none."""

        def action() -> Stored | None:
            with translated_errors():
                try:
                    found = self._connection.client.get(index=self._index, id=document_id)
                except NotFoundError:
                    return None
            version = Versioned(found["_seq_no"], found["_primary_term"])
            return Stored(found["_source"], version)

        return self._brief.call(f"get from {self._index}", action)

    def create(self, document_id: str, source: Document, *, refresh: bool) -> Versioned:
        """Store a new document; raises VersionConflictError when the id is taken."""
        return self._index_once(document_id, source, refresh=refresh, op_type="create")

    def replace(
        self, document_id: str, source: Document, version: Versioned, *, refresh: bool
    ) -> Versioned:
        """Compare-and-set; raises VersionConflictError when somebody was faster."""
        return self._index_once(
            document_id,
            source,
            refresh=refresh,
            if_seq_no=version.seq_no,
            if_primary_term=version.primary_term,
        )

    def put(self, document_id: str | None, source: Document, *, refresh: bool) -> None:
        """Store or overwrite; without an id Elasticsearch gives one."""
        self._brief.call(
            f"put into {self._index}",
            lambda: self._index_once(document_id, source, refresh=refresh),
        )

    def delete(self, document_id: str, *, refresh: bool) -> bool:
        """Remove; False when there is none."""

        def action() -> bool:
            with translated_errors():
                try:
                    self._connection.client.delete(
                        index=self._index, id=document_id, refresh=refresh
                    )
                except NotFoundError:
                    return False
            return True

        return self._brief.call(f"deletion in {self._index}", action)

    def _index_once(
        self, document_id: str | None, source: Document, *, refresh: bool, **options: Any
    ) -> Versioned:
        if self._require_alias:
            options["require_alias"] = True
        with translated_errors():
            done = self._connection.client.index(
                index=self._index, id=document_id, document=source, refresh=refresh, **options
            )
        return Versioned(done["_seq_no"], done["_primary_term"])
