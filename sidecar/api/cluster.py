"""What clients ask a cluster before they talk about jobs: the root, and tasks."""

from __future__ import annotations

from sidecar.api.rest import Answer, RestRequest, Route
from sidecar.schema.units import parse_time_value
from sidecar.services.services import Services

_DEFAULT_WAIT = "30s"


def get_root(services: Services, _: RestRequest) -> Answer:
    """`GET /`."""
    return Answer(services.cluster.root())


def head_root(services: Services, _: RestRequest) -> Answer:
    """`HEAD /`: the cluster is asked, so that 200 means that it answers."""
    services.cluster.root()
    return Answer(None)


def get_task(services: Services, request: RestRequest) -> Answer:
    """`GET _tasks/<id>`."""
    wait_ms: int | None = None
    if request.flag("wait_for_completion", default=False):
        wait_ms = parse_time_value(request.query.get("timeout", _DEFAULT_WAIT), "timeout").millis
    return Answer(services.tasks.get(request.path["task_id"], wait_ms=wait_ms))


ROUTES = (
    Route("info", ("GET",), "/", get_root),
    Route("ping", ("HEAD",), "/", head_root),
    Route(
        "tasks.get",
        ("GET",),
        "/_tasks/{task_id}",
        get_task,
        frozenset({"timeout", "wait_for_completion"}),
    ),
)
