"""Bulk requests are bounded, and nothing is lost or doubled."""

from typing import Any

import pytest

from sidecar.errors import IllegalArgumentError, UnavailableError
from sidecar.storage.bulk import Bulk
from sidecar.storage.retries import Retries
from tests.storage.scripted_cluster import Answer, Request, ScriptedCluster, failure

NEVER_WAIT = Retries(sleep=lambda seconds: None, monotonic=iter(range(10**9)).__next__)
OK = {"index": {"status": 201}}


def refused(status: int, kind: str, reason: str = "no") -> dict[str, Any]:
    return {"index": {"status": status, "error": {"type": kind, "reason": reason}}}


def documents(count: int, size: int = 0) -> list[tuple[str, dict[str, Any]]]:
    return [(f"id-{number}", {"n": number, "pad": "x" * size}) for number in range(count)]


def accept_all(request: Request) -> Answer:
    actions = [line for line in request.lines if set(line) <= {"index", "update", "delete"}]
    return Answer(200, {"items": [{next(iter(a)): {"status": 200}} for a in actions]})


def ids(request: Request) -> list[str]:
    return [line["index"]["_id"] for line in request.lines if "index" in line]


def test_batches_are_bounded_in_documents() -> None:
    cluster = ScriptedCluster(script=accept_all)
    bulk = Bulk(cluster.connection(), NEVER_WAIT, max_docs=4)
    assert bulk.index("alias", documents(10)) == 10
    assert [len(ids(request)) for request in cluster.requests] == [4, 4, 2]


def test_batches_are_bounded_in_bytes() -> None:
    cluster = ScriptedCluster(script=accept_all)
    bulk = Bulk(cluster.connection(), NEVER_WAIT, max_bytes=1_000)
    assert bulk.index("alias", documents(10, size=400)) == 10
    assert all(len(request.body) <= 1_000 for request in cluster.requests)
    assert [name for request in cluster.requests for name in ids(request)] == [
        name for name, _ in documents(10)
    ]


def test_document_larger_than_a_batch_is_sent_alone() -> None:
    cluster = ScriptedCluster(script=accept_all)
    bulk = Bulk(cluster.connection(), NEVER_WAIT, max_bytes=100)
    assert bulk.index("alias", documents(2, size=400)) == 2
    assert len(cluster.requests) == 2


def test_nothing_to_write_sends_nothing() -> None:
    cluster = ScriptedCluster()
    assert Bulk(cluster.connection(), NEVER_WAIT).index("alias", []) == 0
    assert cluster.requests == []


def test_only_what_was_turned_away_is_sent_again() -> None:
    busy = refused(429, "es_rejected_execution_exception")
    cluster = ScriptedCluster(
        Answer(200, {"items": [OK, busy, OK, busy]}),
        Answer(200, {"items": [busy, OK]}),
        Answer(200, {"items": [OK]}),
    )
    assert Bulk(cluster.connection(), NEVER_WAIT).index("alias", documents(4)) == 4
    sent = [ids(request) for request in cluster.requests]
    assert sent == [["id-0", "id-1", "id-2", "id-3"], ["id-1", "id-3"], ["id-1"]]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, "cluster_block_exception"),
        (503, "unavailable_shards_exception"),
        (403, "cluster_block_exception"),
        (400, "index_closed_exception"),
        (404, "index_not_found_exception"),
    ],
)
def test_fault_of_the_index_is_waited_out(status: int, kind: str) -> None:
    cluster = ScriptedCluster(
        Answer(200, {"items": [refused(status, kind)]}), Answer(200, {"items": [OK]})
    )
    assert Bulk(cluster.connection(), NEVER_WAIT).index("alias", documents(1)) == 1


def test_request_that_failed_as_a_whole_is_sent_again() -> None:
    cluster = ScriptedCluster(
        None,
        failure(503, "cluster_block_exception", "no master"),
        failure(429, "circuit_breaking_exception", "memory"),
        Answer(200, {"items": [OK, OK]}),
    )
    assert Bulk(cluster.connection(), NEVER_WAIT).index("alias", documents(2)) == 2
    assert len(cluster.requests) == 4


def test_refused_document_is_told_of_after_all_others_are_written() -> None:
    bad = refused(400, "document_parsing_exception", "failed to parse field [timestamp]")
    busy = refused(429, "es_rejected_execution_exception")
    cluster = ScriptedCluster(
        Answer(200, {"items": [bad, busy]}),
        Answer(200, {"items": [OK]}),
        Answer(200, {"items": [OK]}),
    )
    with pytest.raises(IllegalArgumentError) as caught:
        Bulk(cluster.connection(), NEVER_WAIT, max_docs=2).index("alias", documents(3))
    assert caught.value.reason == (
        "[1] documents refused by [alias]: [id-0]: failed to parse field [timestamp]"
    )
    assert [ids(request) for request in cluster.requests] == [["id-0", "id-1"], ["id-1"], ["id-2"]]


def test_text_that_is_not_unicode_is_refused_alone() -> None:
    cluster = ScriptedCluster(script=accept_all)
    pairs = [("bad", {"text": "\ud800"}), ("good", {"text": "a"})]
    with pytest.raises(IllegalArgumentError, match=r"\[bad\]"):
        Bulk(cluster.connection(), NEVER_WAIT).index("alias", pairs)
    assert ids(cluster.requests[0]) == ["good"]


def test_request_too_large_for_elasticsearch_is_halved() -> None:
    def script(request: Request) -> Answer:
        if len(ids(request)) > 2 or "id-3" in ids(request):
            return Answer(413, b"", {"content-type": "text/plain"})
        return accept_all(request)

    cluster = ScriptedCluster(script=script)
    with pytest.raises(IllegalArgumentError, match=r"\[id-3\]: the document is too large"):
        Bulk(cluster.connection(), NEVER_WAIT).index("alias", documents(4))
    written = [name for r in cluster.requests for name in ids(r) if len(ids(r)) <= 2]
    assert {"id-0", "id-1", "id-2"} <= set(written)


def test_stop_gives_up_and_says_why() -> None:
    cluster = ScriptedCluster(script=lambda request: failure(503, "x", "no master"))
    stopped = Retries(should_stop=lambda: True)
    with pytest.raises(UnavailableError, match="no master"):
        Bulk(cluster.connection(), stopped).index("alias", documents(1))


def test_documents_go_to_an_alias_and_never_make_an_index() -> None:
    cluster = ScriptedCluster(script=accept_all)
    Bulk(cluster.connection(), NEVER_WAIT).index("alias", documents(1))
    target = cluster.requests[0].target
    assert target.startswith("/alias/_bulk?")
    assert "require_alias=true" in target


def test_deleting_what_is_gone_is_not_counted() -> None:
    cluster = ScriptedCluster(
        Answer(
            200,
            {
                "items": [
                    {"delete": {"status": 200}},
                    {"delete": {"status": 404}},
                    {
                        "delete": {
                            "status": 404,
                            "error": {"type": "index_not_found_exception", "reason": "gone"},
                        }
                    },
                ]
            },
        )
    )
    places = [("i", "1"), ("i", "2"), ("j", "3")]
    assert Bulk(cluster.connection(), NEVER_WAIT).delete(places) == 1


def test_updates_change_members_and_pass_over_what_is_gone() -> None:
    gone = {"type": "document_missing_exception", "reason": "gone"}
    busy = {"type": "es_rejected_execution_exception", "reason": "busy"}
    cluster = ScriptedCluster(
        Answer(
            200,
            {
                "items": [
                    {"update": {"status": 200}},
                    {"update": {"status": 404, "error": gone}},
                    {"update": {"status": 429, "error": busy}},
                ]
            },
        ),
        Answer(200, {"items": [{"update": {"status": 200}}]}),
    )
    assert Bulk(cluster.connection(), NEVER_WAIT).update("alias", documents(3)) == 2
    first, second = cluster.requests
    assert first.lines[:2] == [{"update": {"_id": "id-0"}}, {"doc": {"n": 0, "pad": ""}}]
    assert [line["update"]["_id"] for line in second.lines if "update" in line] == ["id-2"]
