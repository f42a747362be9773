"""Model snapshots in the results index, their state in `.ml-state*`."""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from elasticsearch import NotFoundError

from sidecar.errors import ResourceNotFoundError
from sidecar.schema.document_ids import (
    categorizer_state_id,
    model_snapshot_id,
    model_state_id,
    quantiles_id,
)
from sidecar.schema.model_snapshot import ModelSnapshot
from sidecar.storage.bulk import Bulk
from sidecar.storage.client import Connection, translated_errors
from sidecar.storage.documents import BRIEF_PATIENCE_S
from sidecar.storage.names import Names, read_alias, write_alias
from sidecar.storage.retries import Retries
from sidecar.storage.scan import scan

_MAX_SNAPSHOTS = 10_000
# The store has a method `list`, which would hide the type inside the class.
_Snapshots = list[ModelSnapshot]
_Sources = list[dict[str, Any]]
# Members of a snapshot that native does not know: kept together in one field that is not indexed.
_OWN_FIELD = "ml_sidecar"
_OWN_MEMBERS = ("journal_position", "journal_id", "data_counts", "epoch")


class ElasticsearchModelStateStore:
    """Implements `interfaces.ModelStateStore`.

    Parameters
    ----------
    retries : Retries
        How long saving may wait for Elasticsearch.
    """

    def __init__(self, connection: Connection, names: Names, retries: Retries) -> None:
        self._connection = connection
        self._names = names
        self._bulk = Bulk(connection, retries)
        self._brief = Retries(patience_s=BRIEF_PATIENCE_S)

    def save(self, snapshot: ModelSnapshot, chunks: Iterable[bytes]) -> ModelSnapshot:
        """See `interfaces.ModelStateStore.save`."""
        count = 0

        def documents() -> Iterator[tuple[str, Mapping[str, Any]]]:
            nonlocal count
            for chunk in chunks:
                count += 1
                name = model_state_id(snapshot.job_id, snapshot.snapshot_id, count)
                yield name, {"compressed": [base64.b64encode(chunk).decode("ascii")]}
            if snapshot.quantiles is not None:
                yield quantiles_id(snapshot.job_id), snapshot.quantiles

        # Bulk requests are bounded in bytes, so a large state is never held twice.
        self._bulk.index(self._names.state_write, documents())
        stored = dataclasses.replace(snapshot, snapshot_doc_count=count)
        name = model_snapshot_id(snapshot.job_id, snapshot.snapshot_id)
        pair = (name, _to_document(stored))
        self._bulk.index(write_alias(snapshot.job_id), [pair], refresh=True)
        return stored

    def load(self, snapshot: ModelSnapshot) -> Iterator[bytes]:
        """See `interfaces.ModelStateStore.load`."""
        for number in range(1, snapshot.snapshot_doc_count + 1):
            name = model_state_id(snapshot.job_id, snapshot.snapshot_id, number)
            source = self._brief.call(f"read of [{name}]", lambda name=name: self._state(name))  # type: ignore[misc]
            if source is None:
                raise ResourceNotFoundError(
                    f"Model state [{name}] of job [{snapshot.job_id}] is missing"
                )
            yield from map(base64.b64decode, source["compressed"])

    def get(self, job_id: str, snapshot_id: str) -> ModelSnapshot | None:
        """See `interfaces.ModelStateStore.get`."""
        name = model_snapshot_id(job_id, snapshot_id)
        found = self._snapshots(job_id, {"ids": {"values": [name]}})
        return found[0] if found else None

    def list(self, job_id: str) -> list[ModelSnapshot]:
        """See `interfaces.ModelStateStore.list`."""
        return self._snapshots(job_id, {"exists": {"field": "snapshot_doc_count"}})

    def delete(self, snapshot: ModelSnapshot) -> None:
        """See `interfaces.ModelStateStore.delete`."""
        job_id = snapshot.job_id
        # Without its document a snapshot is not whole any more; so that goes first.
        name = model_snapshot_id(job_id, snapshot.snapshot_id)
        self._delete(read_alias(job_id), {"ids": {"values": [name]}})
        chunks = [
            model_state_id(job_id, snapshot.snapshot_id, number)
            for number in range(1, snapshot.snapshot_doc_count + 1)
        ]
        self._delete(self._names.state_pattern, {"ids": {"values": chunks}})

    def delete_all(self, job_id: str) -> None:
        """See `interfaces.ModelStateStore.delete_all`.

        State documents have no searchable field but their id, and a save that broke off leaves
        chunks that no snapshot names: so all ids are looked at.
        """
        query = {
            "bool": {
                "filter": [
                    {"term": {"job_id": job_id}},
                    {"exists": {"field": "snapshot_doc_count"}},
                ]
            }
        }
        self._delete(read_alias(job_id), query)
        self._delete(self._names.state_pattern, {"match_all": {}}, _state_ids(job_id))

    def _state(self, name: str) -> dict[str, Any] | None:
        """Give a document of the newest generation at once, of an older one when searchable."""
        client = self._connection.client
        with translated_errors():
            try:
                source: dict[str, Any] = client.get(index=self._names.state_write, id=name)[
                    "_source"
                ]
            except NotFoundError:
                answer = client.search(
                    index=self._names.state_pattern,
                    query={"ids": {"values": [name]}},
                    expand_wildcards=["open", "hidden"],
                    allow_partial_search_results=False,
                )
                hits = answer["hits"]["hits"]
                return hits[0]["_source"] if hits else None
        return source

    def _snapshots(self, job_id: str, condition: Mapping[str, Any]) -> _Snapshots:
        def action() -> _Sources:
            with translated_errors():
                answer = self._connection.client.search(
                    index=read_alias(job_id),
                    query={"bool": {"filter": [{"term": {"job_id": job_id}}, condition]}},
                    sort=[{"timestamp": "desc"}, {"snapshot_id": "desc"}],
                    size=_MAX_SNAPSHOTS,
                    ignore_unavailable=True,
                    allow_partial_search_results=False,
                )
            return [hit["_source"] for hit in answer["hits"]["hits"]]

        found = self._brief.call(f"model snapshots of [{job_id}]", action)
        return [_from_document(source) for source in found]

    def _delete(
        self, index: str, query: Mapping[str, Any], only: re.Pattern[str] | None = None
    ) -> None:
        def action() -> None:
            with translated_errors():
                self._connection.client.indices.refresh(
                    index=index, ignore_unavailable=True, expand_wildcards=["open", "hidden"]
                )
            hits = scan(self._connection, index, query, source=False)
            self._bulk.delete(
                (hit["_index"], hit["_id"])
                for hit in hits
                if only is None or only.fullmatch(hit["_id"])
            )
            with translated_errors():
                self._connection.client.indices.refresh(
                    index=index, ignore_unavailable=True, expand_wildcards=["open", "hidden"]
                )

        self._brief.call(f"deletion in {index}", action)


def _state_ids(job_id: str) -> re.Pattern[str]:
    """Match ids of the state of a job, and of no other whose id merely begins like it."""
    own = re.escape(job_id)
    quantiles = re.escape(quantiles_id(job_id))
    categorizer = re.escape(categorizer_state_id(job_id, 0).removesuffix("0"))
    return re.compile(rf"{own}_model_state_\d+#\d+|{quantiles}|{categorizer}\d+")


def _to_document(snapshot: ModelSnapshot) -> dict[str, Any]:
    document = snapshot.to_document()
    own = {name: document.pop(name) for name in _OWN_MEMBERS if name in document}
    return {**document, _OWN_FIELD: own}


def _from_document(source: Mapping[str, Any]) -> ModelSnapshot:
    return ModelSnapshot.from_document({**source, **source.get(_OWN_FIELD, {})})
