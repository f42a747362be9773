"""Privileges are asked with the caller's headers and remembered for a short time."""

from typing import Any

import pytest

from sidecar.errors import ForbiddenError, UnauthorizedError, UnavailableError
from sidecar.interfaces import Caller
from sidecar.settings import Settings
from sidecar.storage.cluster import ElasticsearchClusterInfo
from sidecar.storage.security import ElasticsearchPrivileges
from tests.fakes import FakeClusterInfo
from tests.storage.scripted_cluster import Answer, Request, ScriptedCluster, failure

ACTION = "cluster:admin/xpack/ml/job/put"
CALLER = Caller(authorization="Basic dTpw")
SETTINGS = Settings(elasticsearch_username="own", elasticsearch_password="account")


def granted(yes: bool) -> Answer:
    return Answer(200, {"cluster": {ACTION: yes}})


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def privileges(
    cluster: ScriptedCluster, *, clock: Any = None, cache_ms: int = 5_000, security: bool = True
) -> ElasticsearchPrivileges:
    return ElasticsearchPrivileges(
        cluster.connection(SETTINGS),
        FakeClusterInfo(security=security),
        cache_ms=cache_ms,
        monotonic=clock or Clock(),
    )


def test_callers_headers_are_forwarded_and_our_own_account_is_not() -> None:
    cluster = ScriptedCluster(granted(True))
    caller = Caller(authorization="ApiKey abc", run_as="other", opaque_id="trace")
    privileges(cluster).require_cluster(caller, ACTION)
    (request,) = cluster.requests
    assert request.headers["authorization"] == "ApiKey abc"
    assert request.headers["es-security-runas-user"] == "other"
    assert request.headers["x-opaque-id"] == "trace"
    assert request.lines == [{"cluster": [ACTION]}]


def test_caller_without_credentials_is_asked_about_without_any() -> None:
    challenge = {"WWW-Authenticate": ['Basic realm="security"', "ApiKey"]}
    answer = failure(401, "security_exception", "missing credentials", header=challenge)
    cluster = ScriptedCluster(answer)
    with pytest.raises(UnauthorizedError) as caught:
        privileges(cluster).require_cluster(Caller(), ACTION)
    assert "authorization" not in cluster.requests[0].headers
    assert caught.value.reason == "missing credentials"
    assert caught.value.headers == {"WWW-Authenticate": 'Basic realm="security", ApiKey'}
    assert caught.value.metadata == {"header": challenge}


@pytest.mark.parametrize(
    ("who", "action", "reason"),
    [
        pytest.param(
            {"username": "u", "roles": ["b", "a"], "authentication_type": "realm"},
            ACTION,
            f"action [{ACTION}] is unauthorized for user [u] with effective roles [a,b], this "
            "action is granted by the cluster privileges [manage_ml,manage,all]",
            id="user",
        ),
        pytest.param(
            {
                "username": "u",
                "roles": [],
                "authentication_type": "api_key",
                "api_key": {"id": "k", "name": "n"},
            },
            "cluster:monitor/xpack/ml/job/get",
            "action [cluster:monitor/xpack/ml/job/get] is unauthorized for API key id [k] of "
            "user [u], this action is granted by the cluster privileges "
            "[monitor_ml,manage_ml,monitor,manage,all]",
            id="API key",
        ),
    ],
)
def test_denial_says_who_and_what_would_help(who: dict[str, Any], action: str, reason: str) -> None:
    cluster = ScriptedCluster(Answer(200, {"cluster": {action: False}}), Answer(200, who))
    with pytest.raises(ForbiddenError) as caught:
        privileges(cluster).require_cluster(CALLER, action)
    assert caught.value.reason == reason


def test_positive_answer_is_kept_for_its_time() -> None:
    clock = Clock()
    cluster = ScriptedCluster(granted(True), granted(True))
    asked = privileges(cluster, clock=clock)
    for clock.now in (0.0, 4.9, 5.1):
        asked.require_cluster(CALLER, ACTION)
    assert len(cluster.requests) == 2


def test_negative_answer_is_not_kept() -> None:
    who = Answer(200, {"username": "u", "roles": [], "authentication_type": "realm"})
    cluster = ScriptedCluster(granted(False), who, granted(True))
    asked = privileges(cluster)
    with pytest.raises(ForbiddenError):
        asked.require_cluster(CALLER, ACTION)
    asked.require_cluster(CALLER, ACTION)


@pytest.mark.parametrize(
    "other",
    [Caller(authorization="Basic other"), Caller(authorization="Basic dTpw", run_as="x")],
    ids=["other credentials", "other run-as"],
)
def test_answer_is_for_one_caller_only(other: Caller) -> None:
    cluster = ScriptedCluster(granted(True), granted(True))
    asked = privileges(cluster)
    asked.require_cluster(CALLER, ACTION)
    asked.require_cluster(other, ACTION)
    assert len(cluster.requests) == 2


def test_zero_cache_time_asks_every_time() -> None:
    cluster = ScriptedCluster(granted(True), granted(True))
    asked = privileges(cluster, cache_ms=0)
    asked.require_cluster(CALLER, ACTION)
    asked.require_cluster(CALLER, ACTION)
    assert len(cluster.requests) == 2


def test_cluster_without_security_allows_everything() -> None:
    cluster = ScriptedCluster()
    privileges(cluster, security=False).require_cluster(Caller(), ACTION)
    assert cluster.requests == []


def test_cluster_that_is_away_allows_nothing() -> None:
    with pytest.raises(UnavailableError):
        privileges(ScriptedCluster(None)).require_cluster(CALLER, ACTION)


@pytest.mark.parametrize(
    ("answer", "enabled"),
    [
        pytest.param(Answer(200, {"username": "own"}), True, id="answers who we are"),
        pytest.param(failure(401, "security_exception", "wrong password"), True, id="401"),
        pytest.param(failure(403, "security_exception", "no"), True, id="403"),
        pytest.param(
            Answer(
                400,
                {
                    "error": "no handler found for uri [/_security/_authenticate] and method [GET]",
                    "status": 400,
                },
            ),
            False,
            id="no such path",
        ),
    ],
)
def test_security_is_found_out_once(answer: Answer, enabled: bool) -> None:
    cluster = ScriptedCluster(answer)
    info = ElasticsearchClusterInfo(cluster.connection())
    assert info.security_enabled() is enabled
    assert info.security_enabled() is enabled


def test_proxy_that_hides_the_path_does_not_switch_security_off() -> None:
    def script(request: Request) -> Answer:
        return Answer(404, b"<html>Not found</html>", {"content-type": "text/html"})

    info = ElasticsearchClusterInfo(ScriptedCluster(script=script).connection())
    with pytest.raises(Exception, match="Not found"):
        info.security_enabled()


def test_root_is_passed_through_where_it_is_served() -> None:
    body = {"name": "n", "version": {"number": "9.2.0"}, "tagline": "You Know, for Search"}
    assert ElasticsearchClusterInfo(ScriptedCluster(Answer(200, body)).connection()).root() == body
