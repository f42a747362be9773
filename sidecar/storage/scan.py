"""Reading all that matches, however much it is, and deleting it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from elasticsearch import NotFoundError

from sidecar.errors import MlError
from sidecar.storage.client import Connection, translated_errors

_KEEP_ALIVE = "5m"
_PAGE = 5_000

Hit = Mapping[str, Any]


def scan(
    connection: Connection,
    index: str,
    query: Mapping[str, Any],
    *,
    source: bool,
    sort: Sequence[Mapping[str, Any]] = (),
) -> Iterator[Hit]:
    """Give all hits of a query as of now, page by page.

    `index` may be a name, alias or pattern; nothing behind it means no hits. Hits have `_index`,
    `_id` and, if asked, `_source`.
    """
    client = connection.client
    with translated_errors():
        try:
            opened = client.open_point_in_time(
                index=index,
                keep_alive=_KEEP_ALIVE,
                ignore_unavailable=True,
                expand_wildcards=["open", "hidden"],
            )
        except NotFoundError:
            return
    pit_id = opened["id"]
    try:
        after: list[Any] | None = None
        while True:
            with translated_errors():
                answer = client.search(
                    pit={"id": pit_id, "keep_alive": _KEEP_ALIVE},
                    query=query,
                    sort=[*sort, {"_shard_doc": "asc"}],
                    search_after=after,
                    size=_PAGE,
                    source=source,
                    track_total_hits=False,
                    allow_partial_search_results=False,
                )
            pit_id = answer.get("pit_id", pit_id)
            hits = answer["hits"]["hits"]
            yield from hits
            if len(hits) < _PAGE:
                return
            after = hits[-1]["sort"]
    finally:
        _close(connection, pit_id)


def _close(connection: Connection, pit_id: str) -> None:
    """Free the reader; it would end by itself, so a failure here harms nobody."""
    with suppress(MlError), translated_errors():
        connection.client.close_point_in_time(id=pit_id)
