"""Bulk requests, bounded in documents and bytes, retried until all is in or refused."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from elasticsearch import ApiError, TransportError

from sidecar import codec
from sidecar.errors import (
    IllegalArgumentError,
    MlError,
    TooManyRequestsError,
    UnavailableError,
)
from sidecar.interfaces import Document
from sidecar.storage.client import RETRY_AFTER, Connection, connection_error, to_ml_error
from sidecar.storage.retries import Pause, Retries

logger = logging.getLogger(__name__)

MAX_BYTES = 10 * 1024 * 1024
_MAX_DOCS = 5_000
_HEADERS = {"content-type": "application/x-ndjson", "accept": "application/json"}
_BAD_REQUEST, _TOO_LARGE, _NOT_FOUND = 400, 413, 404
# A 400 that the document is not to blame for.
_CLOSED = "index_closed_exception"
# By operation: errors that say that the document, or its whole index, went meanwhile.
_GONE = {
    "delete": ("index_not_found_exception",),
    "update": ("document_missing_exception", "index_not_found_exception"),
}
# Refusals that are told one by one; a mapping that refuses one document often refuses thousands.
_TOLD = 3


class _Item(NamedTuple):
    """One operation: its id and its line or lines, newline included."""

    document_id: str
    data: bytes


@dataclass(slots=True)
class _Outcome:
    done: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


class Bulk:
    """Writes and deletes many documents.

    429, 5xx, closed indices and connection faults are retried as `retries` says; a document
    that Elasticsearch will never take is set aside and told of after the others are written.
    """

    def __init__(
        self,
        connection: Connection,
        retries: Retries,
        *,
        max_docs: int = _MAX_DOCS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._connection = connection
        self._retries = retries
        self._max_docs = max_docs
        self._max_bytes = max_bytes

    def index(
        self,
        alias: str,
        documents: Iterable[tuple[str, Document]],
        *,
        require_alias: bool = True,
        refresh: bool = False,
    ) -> int:
        """Store or overwrite (id, document) pairs; returns how many.

        Raises
        ------
        IllegalArgumentError
            Some were refused for good; all others are written.
        UnavailableError, TooManyRequestsError
            `retries` gave up; what was sent before is written.
        """
        outcome = _Outcome()
        params = {"require_alias": "true"} if require_alias else {}
        items = _items(documents, outcome, "index")
        self._send_all(f"/{alias}/_bulk", params, items, outcome, refresh=refresh)
        if outcome.refused:
            raise _refusal(alias, outcome.refused)
        return outcome.done

    def update(self, alias: str, documents: Iterable[tuple[str, Document]]) -> int:
        """Change members of stored documents, (id, members) pairs; returns how many there were.

        Raises as `index` does.
        """
        outcome = _Outcome()
        items = _items(documents, outcome, "update")
        self._send_all(f"/{alias}/_bulk", {"require_alias": "true"}, items, outcome, refresh=False)
        if outcome.refused:
            raise _refusal(alias, outcome.refused)
        return outcome.done

    def delete(self, places: Iterable[tuple[str, str]]) -> int:
        """Delete documents by (index, id); returns how many were there."""
        outcome = _Outcome()
        items = (
            _Item(name, codec.dumps({"delete": {"_index": index, "_id": name}}) + b"\n")
            for index, name in places
        )
        self._send_all("/_bulk", {}, items, outcome, refresh=False)
        if outcome.refused:
            raise _refusal("_bulk", outcome.refused)
        return outcome.done

    def _batches(self, items: Iterable[_Item]) -> Iterator[list[_Item]]:
        batch: list[_Item] = []
        size = 0
        for item in items:
            if batch and (len(batch) >= self._max_docs or size + len(item.data) > self._max_bytes):
                yield batch
                batch, size = [], 0
            batch.append(item)
            size += len(item.data)
        if batch:
            yield batch

    def _send_all(
        self,
        path: str,
        params: dict[str, str],
        items: Iterable[_Item],
        outcome: _Outcome,
        *,
        refresh: bool,
    ) -> None:
        """Encode a batch while the one before it is on its way; they arrive in order."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="bulk") as sender:
            sending: Future[None] | None = None
            for batch in self._batches(items):
                if sending is not None:
                    sending.result()
                sending = sender.submit(self._send, path, params, batch, outcome, refresh=refresh)
            if sending is not None:
                sending.result()

    def _send(
        self,
        path: str,
        params: dict[str, str],
        items: Sequence[_Item],
        outcome: _Outcome,
        *,
        refresh: bool,
    ) -> None:
        """Send one batch until every item is done or refused."""
        query = {**params, "filter_path": "items.*.status,items.*.error"}
        if refresh:
            query["refresh"] = "true"
        pause = Pause(self._retries, f"bulk request to {path}")
        waiting = list(items)
        problem: MlError | None
        while waiting:
            try:
                answer = self._connection.client.perform_request(
                    "POST",
                    path,
                    params=query,
                    headers=_HEADERS,
                    body=b"".join(item.data for item in waiting),
                )
            except ApiError as error:
                if error.status_code == _TOO_LARGE:
                    self._send_smaller(path, params, waiting, outcome, refresh=refresh)
                    return
                problem = to_ml_error(error)
            except TransportError as error:
                problem = connection_error(error)
            else:
                waiting, problem = _sort_out(waiting, answer.body["items"], outcome)
                if problem is None:
                    return
            if not _is_passing(problem) or not pause.wait(problem.reason):
                raise problem

    def _send_smaller(
        self,
        path: str,
        params: dict[str, str],
        items: Sequence[_Item],
        outcome: _Outcome,
        *,
        refresh: bool,
    ) -> None:
        """Elasticsearch takes less at once than we thought: halve, down to one document."""
        if len(items) == 1:
            outcome.refused.append((items[0].document_id, "the document is too large"))
            return
        half = len(items) // 2
        self._send(path, params, items[:half], outcome, refresh=refresh)
        self._send(path, params, items[half:], outcome, refresh=refresh)


def _items(
    documents: Iterable[tuple[str, Document]],
    outcome: _Outcome,
    operation: Literal["index", "update"],
) -> Iterator[_Item]:
    for name, document in documents:
        body = document if operation == "index" else {"doc": document}
        try:
            data = codec.dump_lines(({operation: {"_id": name}}, body))
        except ValueError as error:  # text that is not Unicode
            outcome.refused.append((name, str(error)))
            continue
        yield _Item(name, data)


def _sort_out(
    sent: Sequence[_Item], answers: Sequence[dict[str, Any]], outcome: _Outcome
) -> tuple[list[_Item], MlError | None]:
    """Count what is done and refused; what is to be sent again, and why."""
    again: list[_Item] = []
    problem: MlError | None = None
    for item, answer in zip(sent, answers, strict=True):
        ((operation, result),) = answer.items()
        error, status = result.get("error"), result["status"]
        if error is None:
            outcome.done += status != _NOT_FOUND
        elif error["type"] in _GONE.get(operation, ()):
            continue
        elif status in (_BAD_REQUEST, _TOO_LARGE) and error["type"] != _CLOSED:
            cause = error.get("caused_by", {}).get("reason", "")
            reason = f"{error['reason']}: {cause}" if cause else error["reason"]
            outcome.refused.append((item.document_id, reason))
        else:
            again.append(item)
            reason = f"{error['type']}: {error['reason']}"
            problem = UnavailableError(reason, headers=RETRY_AFTER)
    return again, problem


def _is_passing(problem: MlError) -> bool:
    return isinstance(problem, (UnavailableError, TooManyRequestsError))


def _refusal(target: str, refused: Sequence[tuple[str, str]]) -> IllegalArgumentError:
    told = "; ".join(f"[{name}]: {reason}" for name, reason in refused[:_TOLD])
    return IllegalArgumentError(f"[{len(refused)}] documents refused by [{target}]: {told}")
