"""Who may do what: every route, tried by callers of every kind that the real cluster knows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from integration.api.callers import (
    EVERYTHING,
    FILE_USER,
    MANAGE_ML,
    MONITOR,
    MONITOR_ML,
    PASSWORD,
    RIGHTS,
    SomeCaller,
    all_callers,
)
from integration.api.conftest import BASE, Jobs
from integration.api.rest import Reply, Rest
from integration.elasticsearch import Cluster, basic
from integration.sidecar_process import SidecarProcess
from sidecar.api.rest import Route
from sidecar.api.routes import ROUTES
from sidecar.services.actions import ACTIONS

pytestmark = pytest.mark.integration

OPERATIONS = [
    pytest.param(verb, route, id=f"{verb} {route.path}")
    for route in ROUTES
    for verb in route.methods
]
GRANTING = {
    MONITOR: "monitor,manage,all",
    MONITOR_ML: "monitor_ml,manage_ml,monitor,manage,all",
    MANAGE_ML: "manage_ml,manage,all",
}
# What no caller here but the superuser may do: Elasticsearch's own words about each of them.
FORBIDDEN_TO_ALL = ("POST", "/_cluster/reroute")
WRONG = {
    "nothing": {},
    "wrong password": {"Authorization": basic("elastic", "wrong")},
    "unknown user": {"Authorization": basic("api-no-such-user", "wrong")},
    "not base64": {"Authorization": "Basic !"},
    "wrong key": {"Authorization": "ApiKey bm86c3VjaGtleQ=="},
    "wrong token": {"Authorization": "Bearer nothing"},
    "wrong service token": {"Authorization": "Bearer AAEAAWVsYXN0aWMvZmxlZXQtc2VydmVyL3g6eA"},
    "unknown scheme": {"Authorization": "Nonsense"},
}


def needed(route: Route) -> str:
    """Return the privilege that a route needs, by the name of its action."""
    action = ACTIONS[route.api]
    if action.startswith("cluster:monitor/xpack/ml/"):
        return MONITOR_ML
    return MANAGE_ML if action.startswith("cluster:admin/xpack/ml/") else MONITOR


def address(route: Route, job_id: str) -> str:
    return route.path.format(job_id=job_id, task_id="node:1", timestamp="1000")


@pytest.fixture(scope="module")
def callers(cluster: Cluster) -> Iterator[dict[str, SomeCaller]]:
    with all_callers(cluster) as made:
        yield made


@pytest.fixture(scope="module")
def job_id(shared_jobs: Jobs) -> str:
    return shared_jobs.create()


def own_words(cluster: Cluster, caller: SomeCaller) -> str:
    """Whom Elasticsearch itself says to be unauthorized."""
    answer = cluster.request(*FORBIDDEN_TO_ALL, headers=caller.headers)
    assert answer.status == 403, answer.body
    reason = str(answer.body["error"]["reason"])
    return reason.removeprefix("action [cluster:admin/reroute] is unauthorized for ").removesuffix(
        ", this action is granted by the cluster privileges [manage,all]"
    )


@pytest.mark.parametrize(("verb", "route"), OPERATIONS)
@pytest.mark.parametrize("who", RIGHTS)
def test_operations_of_callers(
    sidecar: SidecarProcess,
    cluster: Cluster,
    callers: dict[str, SomeCaller],
    job_id: str,
    who: str,
    verb: str,
    route: Route,
) -> None:
    privilege = needed(route)
    allowed = privilege in RIGHTS[who]
    # Who may do it finds nothing to do it to.
    path = address(route, f"{job_id}-zz" if allowed else job_id)
    reply = Rest(sidecar.url, None)(verb, path, headers=callers[who].headers)
    if allowed:
        assert reply.status in {200, 400, 404, 406, 409}, reply.content
        return
    assert reply.status == 403, reply.content
    if verb == "HEAD":
        return
    assert reply.error_type == "security_exception"
    if who == "user with a role that is not there":
        # Only Elasticsearch can tell which of his roles do not exist.
        assert f"for user [{callers[who].username}] with effective roles [" in reply.reason
        return
    assert reply.reason == (
        f"action [{ACTIONS[route.api]}] is unauthorized for {own_words(cluster, callers[who])}, "
        f"this action is granted by the cluster privileges [{GRANTING[privilege]}]"
    )


@pytest.mark.parametrize(("verb", "route"), OPERATIONS)
@pytest.mark.parametrize("who", ["nothing", "wrong key"])
def test_strangers_are_asked_who_they_are(
    sidecar: SidecarProcess, cluster: Cluster, job_id: str, who: str, verb: str, route: Route
) -> None:
    refused_as_by_elasticsearch(sidecar, cluster, verb, address(route, job_id), WRONG[who])


@pytest.mark.parametrize("who", WRONG)
def test_whatever_is_wrong_is_said_as_elasticsearch_says_it(
    sidecar: SidecarProcess, cluster: Cluster, job_id: str, who: str
) -> None:
    refused_as_by_elasticsearch(sidecar, cluster, "GET", f"{BASE}/{job_id}", WRONG[who])


def refused_as_by_elasticsearch(
    sidecar: SidecarProcess, cluster: Cluster, verb: str, path: str, headers: Mapping[str, str]
) -> None:
    path = f"{path}?human"
    reply = Rest(sidecar.url, None)(verb, path, headers=headers)
    assert reply.status == 401, reply.content
    assert "Basic realm" in reply.headers["www-authenticate"]
    assert "ApiKey" in reply.headers["www-authenticate"]
    if verb != "HEAD":
        own = cluster.request("GET", "/_cluster/health", headers=headers).body
        text = json.dumps(own).replace("[/_cluster/health]", f"[{path}]")
        assert reply.json == json.loads(text)


@pytest.mark.parametrize(("verb", "route"), OPERATIONS)
def test_wrong_secondary_credentials_are_refused_to_the_superuser(
    sidecar: SidecarProcess, callers: dict[str, SomeCaller], job_id: str, verb: str, route: Route
) -> None:
    headers = {**callers["superuser"].headers, "es-secondary-authorization": "Basic eDp5"}
    reply = Rest(sidecar.url, None)(verb, address(route, f"{job_id}-zz"), headers=headers)
    assert reply.status == 401
    if verb == "HEAD":
        return
    error = reply.json["error"]
    assert error["reason"] == "Failed to authenticate secondary user"
    assert error["caused_by"]["reason"].startswith("unable to authenticate user [x] for REST")
    assert error["root_cause"] == [error["caused_by"]]


def test_right_secondary_credentials_give_no_rights(
    sidecar: SidecarProcess, callers: dict[str, SomeCaller], job_id: str
) -> None:
    secondary = callers["superuser"].headers["Authorization"]
    headers = {
        **callers["machine_learning_user"].headers,
        "es-secondary-authorization": secondary,
    }
    rest = Rest(sidecar.url, None)
    assert rest("GET", f"{BASE}/{job_id}", headers=headers).status == 200
    assert rest("POST", f"{BASE}/{job_id}/_open", headers=headers).status == 403


def test_acting_for_somebody_else_needs_the_right_to(
    sidecar: SidecarProcess, cluster: Cluster, callers: dict[str, SomeCaller], job_id: str
) -> None:
    reader = callers["machine_learning_user"]
    headers = {**reader.headers, "es-security-runas-user": cluster.username}
    refused = Rest(sidecar.url, None)("GET", f"{BASE}/{job_id}", headers=headers)
    assert refused.status == 403
    assert refused.reason == (
        f"action [{ACTIONS['ml.get_jobs']}] is unauthorized for user [{reader.username}] with "
        f"effective roles [machine_learning_user], because user [{reader.username}] is "
        f"unauthorized to run as [{cluster.username}]"
    )


@pytest.mark.skipif(FILE_USER is None, reason="SIDECAR_TEST_ES_FILE_USER names no name:password")
def test_users_of_files_are_users(sidecar: SidecarProcess, job_id: str) -> None:
    name, _, password = str(FILE_USER).partition(":")
    assert Rest.of(sidecar.url, name, password)("GET", f"{BASE}/{job_id}").status in {200, 403}
    assert Rest.of(sidecar.url, name, "wrong")("GET", f"{BASE}/{job_id}").status == 401


@pytest.fixture
def forgetful(cluster: Cluster, tmp_path: Path) -> Iterator[SidecarProcess]:
    """Give a sidecar that believes an answer for half a second."""
    settings = {"SIDECAR_PRIVILEGE_CACHE_MS": "500"}
    process = SidecarProcess.start(cluster, tmp_path, settings=settings)
    yield process
    assert process.stop() == 0


def test_a_user_who_is_taken_away_stops_working(
    forgetful: SidecarProcess, cluster: Cluster, job_id: str
) -> None:
    name = f"{job_id}-revoked"
    account = {"password": PASSWORD, "roles": ["machine_learning_admin"]}
    cluster.request("PUT", f"/_security/user/{name}", account)
    rest = Rest.of(forgetful.url, name, PASSWORD)
    try:
        assert rest("GET", f"{BASE}/{job_id}").status == 200
        assert rest("POST", f"{BASE}/{job_id}/_update", {"description": "x"}).status == 200
    finally:
        cluster.request("DELETE", f"/_security/user/{name}")
    # Changes are asked about anew, whatever is remembered.
    assert rest("POST", f"{BASE}/{job_id}/_update", {"description": "y"}).status == 401
    assert eventually_refused(rest, f"{BASE}/{job_id}").status == 401


def eventually_refused(rest: Rest, path: str) -> Reply:
    deadline = time.monotonic() + 30.0
    while (reply := rest("GET", path)).status == 200 and time.monotonic() < deadline:
        continue
    return reply


def test_every_privilege_is_tried_with_and_without() -> None:
    for privilege in EVERYTHING:
        assert {privilege in rights for rights in RIGHTS.values()} == {True, False}
