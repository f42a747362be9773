"""How filters and events are asked for."""

from __future__ import annotations

from typing import Any

from sidecar import codec
from sidecar.storage.calendars import ElasticsearchCalendarStore
from sidecar.storage.filters import ElasticsearchFilterStore
from sidecar.storage.names import Names
from tests.services.conftest import make_job
from tests.storage.scripted_cluster import Answer, Request, ScriptedCluster

TIMES = {"start_time": 2_000, "end_time": 3_000}


def test_filters_are_read_by_id_in_one_request() -> None:
    found = {"_source": {"filter_id": "a", "items": ["x", "y"], "type": "filter"}, "found": True}
    missing = {"_id": "filter_b", "found": False}
    cluster = ScriptedCluster(Answer(body={"docs": [found, missing]}))
    store = ElasticsearchFilterStore(cluster.connection(), Names())
    assert store.get({"b", "a"}) == {"a": ("x", "y")}
    (request,) = cluster.requests
    assert request.target == "/.ml-meta/_mget"
    assert codec.loads(request.body) == {"ids": ["filter_a", "filter_b"]}


def test_filters_of_an_index_that_is_not_there_do_not_exist() -> None:
    error = {
        "_index": ".ml-meta",
        "_id": "filter_a",
        "error": {"type": "index_not_found_exception"},
    }
    store = ElasticsearchFilterStore(
        ScriptedCluster(Answer(body={"docs": [error]})).connection(), Names()
    )
    assert store.get(["a"]) == {}


def hits_for(query: dict[str, Any]) -> list[dict[str, Any]]:
    kind = query["bool"]["filter"][0]["term"]["type"]
    values = query["bool"]["filter"][1]["terms"]
    if kind == "calendar":
        assert values == {"job_ids": ["web", "front", "_all"]}
        return [{"_id": "calendar_c", "_source": {"calendar_id": "c"}}]
    assert values == {"calendar_id": ["c"]}
    return [
        {"_id": "later", "_source": {"description": "b", "calendar_id": "c", **TIMES}},
        {"_id": "broken", "_source": {"description": "x", "start_time": "never", "end_time": 1}},
        {
            "_id": "sooner",
            "_source": {"description": "a", "calendar_id": "c", **TIMES, "start_time": 1_000},
        },
    ]


def test_events_are_found_by_calendar_and_one_that_is_broken_is_left_out() -> None:
    def script(request: Request) -> Answer:
        if request.target.startswith("/.ml-meta/_pit"):
            return Answer(body={"id": "pit"})
        if request.target.startswith("/_search"):
            return Answer(body={"hits": {"hits": hits_for(codec.loads(request.body)["query"])}})
        return Answer(body={"succeeded": True, "num_freed": 1})

    store = ElasticsearchCalendarStore(ScriptedCluster(script=script).connection(), Names())
    events = store.events(make_job(groups=("front",)))
    assert [(event.event_id, event.description) for event in events] == [
        ("sooner", "a"),
        ("later", "b"),
    ]


def test_without_calendars_nobody_looks_for_events() -> None:
    def script(request: Request) -> Answer:
        if request.target.startswith("/_search"):
            query = codec.loads(request.body)["query"]
            assert query["bool"]["filter"][0] == {"term": {"type": "calendar"}}
            return Answer(body={"hits": {"hits": []}})
        return Answer(body={"id": "pit", "succeeded": True, "num_freed": 1})

    store = ElasticsearchCalendarStore(ScriptedCluster(script=script).connection(), Names())
    assert store.events(make_job()) == []
