"""Every route has a privilege, belongs to the specification and answers what it does not serve."""

from __future__ import annotations

import pytest

from sidecar.api.rest import BodyKind, Route
from sidecar.api.routes import ROUTES
from sidecar.services.actions import ACTIONS, changes
from tests.api.conftest import Sidecar

# (verb, path) -> API and privilege, as the public specification has them.
SPECIFIED = {
    ("GET", "/"): ("info", "monitor"),
    ("HEAD", "/"): ("ping", "monitor"),
    ("GET", "/_tasks/{task_id}"): ("tasks.get", "monitor"),
    ("PUT", "/_ml/anomaly_detectors/{job_id}"): ("ml.put_job", "manage_ml"),
    ("GET", "/_ml/anomaly_detectors/{job_id}"): ("ml.get_jobs", "monitor_ml"),
    ("GET", "/_ml/anomaly_detectors"): ("ml.get_jobs", "monitor_ml"),
    ("DELETE", "/_ml/anomaly_detectors/{job_id}"): ("ml.delete_job", "manage_ml"),
    ("GET", "/_ml/anomaly_detectors/_stats"): ("ml.get_job_stats", "monitor_ml"),
    ("GET", "/_ml/anomaly_detectors/{job_id}/_stats"): ("ml.get_job_stats", "monitor_ml"),
    ("POST", "/_ml/anomaly_detectors/{job_id}/_update"): ("ml.update_job", "manage_ml"),
    ("POST", "/_ml/anomaly_detectors/{job_id}/_open"): ("ml.open_job", "manage_ml"),
    ("POST", "/_ml/anomaly_detectors/{job_id}/_close"): ("ml.close_job", "manage_ml"),
    ("POST", "/_ml/anomaly_detectors/{job_id}/_data"): ("ml.post_data", "manage_ml"),
    ("POST", "/_ml/anomaly_detectors/{job_id}/_flush"): ("ml.flush_job", "manage_ml"),
    ("POST", "/_ml/anomaly_detectors/_estimate_model_memory"): (
        "ml.estimate_model_memory",
        "manage_ml",
    ),
    **{
        (verb, f"/_ml/anomaly_detectors/{{job_id}}/results/{path}"): (api, "monitor_ml")
        for verb in ("GET", "POST")
        for path, api in (
            ("buckets", "ml.get_buckets"),
            ("buckets/{timestamp}", "ml.get_buckets"),
            ("records", "ml.get_records"),
            ("influencers", "ml.get_influencers"),
        )
    },
}
PREFIXES = {
    "manage_ml": "cluster:admin/xpack/ml/",
    "monitor_ml": "cluster:monitor/xpack/ml/",
    "monitor": "cluster:monitor/",
}
OPERATIONS = [(verb, route) for route in ROUTES for verb in route.methods]
IDS = [f"{verb} {route.path}" for verb, route in OPERATIONS]


def address(route: Route) -> str:
    return route.path.format(job_id="web", task_id="node:1", timestamp="1000")


def test_served_operations_are_those_of_the_table() -> None:
    assert {(verb, route.path): route.api for verb, route in OPERATIONS} == {
        operation: api for operation, (api, _) in SPECIFIED.items()
    }


@pytest.mark.parametrize(("verb", "route"), OPERATIONS, ids=IDS)
def test_action_is_granted_by_the_specified_privilege(verb: str, route: Route) -> None:
    _, privilege = SPECIFIED[verb, route.path]

    assert ACTIONS[route.api].startswith(PREFIXES[privilege])


def test_every_route_has_a_row_in_the_table_of_privileges() -> None:
    assert {route.api for route in ROUTES} <= set(ACTIONS)


@pytest.mark.parametrize(("verb", "route"), OPERATIONS, ids=IDS)
def test_nothing_happens_without_the_privilege(sidecar: Sidecar, verb: str, route: Route) -> None:
    sidecar.stores.privileges.deny(ACTIONS[route.api])
    body = None if route.body is BodyKind.NONE else b"{}"

    response = sidecar.call(verb, address(route), body, headers={"Authorization": "Basic eA=="})

    assert response.status_code == 403
    if verb != "HEAD":
        assert response.json["error"]["type"] == "security_exception"
    ((caller, action),) = sidecar.stores.privileges.asked
    changing = changes(route.api) and route.api not in ("ml.flush_job", "ml.post_data")
    assert sidecar.stores.privileges.asked_anew == ([action] if changing else [])
    assert caller.authorization == "Basic eA=="
    assert action == ACTIONS[route.api]
    assert sidecar.runtime.calls == []
    assert sidecar.stores.jobs.calls == []


@pytest.mark.parametrize(("verb", "route"), OPERATIONS, ids=IDS)
def test_nameless_caller_is_challenged(sidecar: Sidecar, verb: str, route: Route) -> None:
    sidecar.stores.privileges.require_authorization = True

    response = sidecar.call(verb, address(route))

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic realm=")
