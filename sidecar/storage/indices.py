"""Results indices and aliases of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from elasticsearch import ApiError, NotFoundError

from sidecar import messages
from sidecar.errors import BadRequestError
from sidecar.schema.document_ids import categorizer_state_id, quantiles_id
from sidecar.schema.job import Job
from sidecar.storage.bulk import Bulk
from sidecar.storage.client import Connection, error_type, translated_errors
from sidecar.storage.documents import BRIEF_PATIENCE_S
from sidecar.storage.installation import Installation
from sidecar.storage.names import (
    RESULTS_PATTERN,
    RESULTS_PREFIX,
    SHARED_RESULTS,
    Names,
    generation,
    is_shared,
    read_alias,
    results_index,
    write_alias,
)
from sidecar.storage.retries import Retries
from sidecar.storage.scan import scan
from sidecar.storage.term_fields import map_term_fields

_HIDDEN_TOO = ["open", "hidden"]


class ElasticsearchResultsIndices:
    """Implements `interfaces.ResultsIndices`."""

    def __init__(self, connection: Connection, names: Names) -> None:
        self._connection = connection
        self._names = names
        self._installation = Installation(connection, names)
        self._bulk = Bulk(connection, Retries(patience_s=BRIEF_PATIENCE_S))

    def install(self) -> None:
        """See `interfaces.ResultsIndices.install`."""
        self._installation.install()

    def leftovers(self, job: Job) -> tuple[int, int]:
        """See `interfaces.ResultsIndices.leftovers`."""
        state_ids = [quantiles_id(job.job_id), categorizer_state_id(job.job_id, 1)]
        self._refresh(self._names.state_pattern)
        results = self._count(RESULTS_PATTERN, {"term": {"job_id": job.job_id}})
        return results, self._count(self._names.state_pattern, {"ids": {"values": state_ids}})

    def prepare(self, job: Job) -> None:
        """See `interfaces.ResultsIndices.prepare`.

        Raises
        ------
        BadRequestError
            Also when the results index is closed, or the job is called like the index that all
            jobs share.
        """
        if is_shared(read_alias(job.job_id)):
            # Without that index yet, this job's alias would be in its place.
            raise BadRequestError(messages.alias_is_taken(read_alias(job.job_id)))
        if not self._installation.is_complete():
            # Somebody removed an index while we ran.
            self._installation.install()
        index = self._find_or_create(job)
        map_term_fields(self._connection, index, job.analysis_config.term_fields())
        own_results = {"term": {"job_id": job.job_id}}
        aliases: list[Mapping[str, Any]] = [
            {"alias": read_alias(job.job_id), "filter": own_results},
            {"alias": write_alias(job.job_id)},
        ]
        with translated_errors():
            self._connection.client.indices.update_aliases(
                actions=[{"add": {"index": index, "is_hidden": True, **alias}} for alias in aliases]
            )

    def remove(self, job: Job) -> None:
        """See `interfaces.ResultsIndices.remove`."""
        for index in self._indices_of(job):
            if self._is_of_others_too(index, job.job_id):
                self._delete_documents(index, job.job_id)
                self._remove_aliases(index, job.job_id)
            else:
                self._delete_index(index)

    def _find_or_create(self, job: Job) -> str:
        name = results_index(job)
        client = self._connection.client
        wanted = [name, f"{name}-*"] if name == SHARED_RESULTS else [name]
        with translated_errors():
            found = client.indices.resolve_index(
                name=wanted, expand_wildcards="all", ignore_unavailable=True
            )["indices"]
            # Only the shared index is rolled over; other names may end in digits by themselves.
            known = [entry for entry in found if entry["name"] == name or is_shared(entry["name"])]
            if not known:
                self._create(name)
                return name
        newest = max(known, key=lambda entry: generation(entry["name"]))
        if "closed" in newest["attributes"]:
            raise BadRequestError(messages.closed_results_index(job.job_id, newest["name"]))
        return str(newest["name"])

    def _create(self, name: str) -> None:
        """Create an index by its template; another process may do so at the same time."""
        try:
            self._connection.client.indices.create(index=name)
        except ApiError as error:
            if error_type(error) != "resource_already_exists_exception":
                raise

    def _indices_of(self, job: Job) -> list[str]:
        """Give the indices behind the read alias, and the configured one if the alias is gone."""
        client = self._connection.client
        found: set[str] = set()
        with translated_errors():
            with suppress(NotFoundError):
                found.update(client.indices.get_alias(name=read_alias(job.job_id)))
            if client.indices.exists(index=results_index(job)):
                found.update(client.indices.get_alias(index=results_index(job)))
        return sorted(found)

    def _is_of_others_too(self, index: str, job_id: str) -> bool:
        if is_shared(index):
            return True
        with translated_errors():
            aliases = self._connection.client.indices.get_alias(index=index)[index]["aliases"]
        # A job without any document yet owns its results index no less than others.
        own = {read_alias(job_id), write_alias(job_id)}
        if any(name.startswith(RESULTS_PREFIX) and name not in own for name in aliases):
            return True
        self._refresh(index)
        others = {"bool": {"must_not": {"term": {"job_id": job_id}}}}
        return self._count(index, others) > 0

    def _delete_documents(self, index: str, job_id: str) -> None:
        self._refresh(index)
        query = {"bool": {"filter": {"term": {"job_id": job_id}}}}
        hits = scan(self._connection, index, query, source=False)
        self._bulk.delete((hit["_index"], hit["_id"]) for hit in hits)
        self._refresh(index)

    def _remove_aliases(self, index: str, job_id: str) -> None:
        remove = {"index": index, "aliases": [read_alias(job_id), write_alias(job_id)]}
        with translated_errors():
            try:
                self._connection.client.indices.update_aliases(
                    actions=[{"remove": {**remove, "must_exist": False}}]
                )
            except NotFoundError:
                return  # gone already

    def _delete_index(self, index: str) -> None:
        with translated_errors():
            self._connection.client.indices.delete(index=index, ignore_unavailable=True)

    def _refresh(self, index: str) -> None:
        with translated_errors():
            self._connection.client.indices.refresh(
                index=index, ignore_unavailable=True, expand_wildcards=_HIDDEN_TOO
            )

    def _count(self, index: str, query: Mapping[str, Any]) -> int:
        with translated_errors():
            answer = self._connection.client.search(
                index=index,
                query=query,
                size=0,
                track_total_hits=True,
                ignore_unavailable=True,
                expand_wildcards=_HIDDEN_TOO,
                allow_partial_search_results=False,
            )
        return int(answer["hits"]["total"]["value"])
