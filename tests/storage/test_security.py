"""Privileges are asked with the caller's headers and remembered for a short time."""

import dataclasses
from typing import Any

import pytest

from sidecar.errors import ForbiddenError, UnauthorizedError, UnavailableError
from sidecar.interfaces import Caller, Identity
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
    caller = Caller("ApiKey abc", "Basic second", run_as="other", opaque_id="trace")
    privileges(cluster).require_cluster(caller, ACTION)
    (request,) = cluster.requests
    assert request.headers["authorization"] == "ApiKey abc"
    assert request.headers["es-secondary-authorization"] == "Basic second"
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


USER = {"username": "u", "roles": ["b", "a"], "authentication_type": "realm"}
KEY = {
    "username": "u",
    "roles": [],
    "authentication_type": "api_key",
    "api_key": {"id": "k", "name": "n"},
}
SERVICE = {
    "username": "elastic/kibana",
    "roles": [],
    "authentication_type": "token",
    "metadata": {"_elastic_service_account": True},
}
OTHER = {"username": "o", "roles": ["c"], "authentication_type": "realm"}


@pytest.mark.parametrize(
    ("who", "actor", "subject"),
    [
        pytest.param(USER, None, "user [u] with effective roles [a,b]", id="user"),
        pytest.param(KEY, None, "API key id [k] of user [u]", id="API key"),
        pytest.param(SERVICE, None, "service account [elastic/kibana]", id="service account"),
        pytest.param(
            OTHER, USER, "user [u] run as [o] with effective roles [c]", id="user as another"
        ),
        pytest.param(
            OTHER,
            KEY,
            "API key id [k] of user [u] run as [o] with effective roles [c]",
            id="API key as another",
        ),
    ],
)
@pytest.mark.parametrize(
    ("action", "granting"),
    [
        pytest.param(ACTION, "manage_ml,manage,all", id="admin"),
        pytest.param(
            "cluster:monitor/xpack/ml/job/get",
            "monitor_ml,manage_ml,monitor,manage,all",
            id="monitor",
        ),
        pytest.param("cluster:monitor/main", "monitor,manage,all", id="not of ML"),
    ],
)
def test_denial_says_who_and_what_would_help(
    who: dict[str, Any], actor: dict[str, Any] | None, subject: str, action: str, granting: str
) -> None:
    answers = [Answer(200, {"cluster": {action: False}}), Answer(200, who)]
    caller = CALLER
    if actor is not None:
        answers.append(Answer(200, actor))
        caller = dataclasses.replace(CALLER, run_as="o")
    with pytest.raises(ForbiddenError) as caught:
        privileges(ScriptedCluster(*answers)).require_cluster(caller, action)
    assert caught.value.reason == (
        f"action [{action}] is unauthorized for {subject}, "
        f"this action is granted by the cluster privileges [{granting}]"
    )


def test_wrong_secondary_credentials_say_which_and_why() -> None:
    header = {"WWW-Authenticate": ["Basic realm", "ApiKey"]}
    inner = {"type": "security_exception", "reason": "unable to authenticate", "header": header}
    body = {
        "root_cause": [inner],
        "type": "security_exception",
        "reason": "Failed to authenticate secondary user",
        "caused_by": inner,
    }
    cluster = ScriptedCluster(Answer(401, {"error": body, "status": 401}))
    with pytest.raises(UnauthorizedError) as caught:
        privileges(cluster).require_cluster(CALLER, ACTION)
    assert caught.value.as_cause() == {k: v for k, v in body.items() if k != "root_cause"}
    assert caught.value.headers == {"WWW-Authenticate": "Basic realm, ApiKey"}


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
    [
        Caller(authorization="Basic other"),
        Caller(authorization="Basic dTpw", run_as="x"),
        Caller(authorization="Basic dTpw", secondary_authorization="x"),
    ],
    ids=["other credentials", "other run-as", "other secondary credentials"],
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


def test_fresh_answer_is_asked_for_whatever_is_kept() -> None:
    cluster = ScriptedCluster(granted(True), granted(True), granted(False), Answer(200, USER))
    asked = privileges(cluster)
    asked.require_cluster(CALLER, ACTION)
    asked.require_cluster(CALLER, ACTION, fresh=True)
    with pytest.raises(ForbiddenError):
        asked.require_cluster(CALLER, ACTION, fresh=True)


@pytest.mark.parametrize(
    "refusal",
    [
        [granted(False), Answer(200, USER)],
        [failure(401, "security_exception", "unable to authenticate user [u]")],
    ],
    ids=["forbidden", "unauthorized"],
)
def test_refusal_ends_what_was_kept(refusal: list[Answer]) -> None:
    cluster = ScriptedCluster(granted(True), *refusal, granted(True))
    asked = privileges(cluster)
    asked.require_cluster(CALLER, ACTION)
    with pytest.raises((ForbiddenError, UnauthorizedError)):
        asked.require_cluster(CALLER, ACTION, fresh=True)
    asked.require_cluster(CALLER, ACTION)
    assert cluster.queue == []


def test_who_calls_is_asked_once_for_a_while() -> None:
    clock = Clock()
    cluster = ScriptedCluster(Answer(200, KEY), Answer(200, USER))
    asked = privileges(cluster, clock=clock)
    for clock.now in (0.0, 4.9):
        assert asked.identify(CALLER) == Identity("u", api_key_id="k")
    clock.now = 5.1
    assert asked.identify(CALLER) == Identity("u", roles=("a", "b"))


def test_index_grants_are_those_that_elasticsearch_tells() -> None:
    answer = {"username": "u", "index": {"a*": {"read": True}, "b": {"read": False}}}
    cluster = ScriptedCluster(Answer(200, answer))
    grants = privileges(cluster).index_grants(CALLER, {"a*": ["read"], "b": ["read"]})
    assert grants is not None
    assert (grants.username, grants.granted) == ("u", answer["index"])
    assert not grants.are_complete
    (request,) = cluster.requests
    questions = [{"names": [name], "privileges": ["read"]} for name in ("a*", "b")]
    assert request.lines == [{"index": questions}]


def test_cluster_without_security_is_not_served_unless_it_may_be() -> None:
    asked = ElasticsearchPrivileges(
        ScriptedCluster().connection(SETTINGS),
        FakeClusterInfo(security=False),
        cache_ms=0,
        insecure_allowed=False,
    )
    for call in (
        lambda: asked.require_cluster(CALLER, ACTION),
        lambda: asked.identify(CALLER),
        lambda: asked.index_grants(CALLER, {"a": ["read"]}),
    ):
        with pytest.raises(ForbiddenError, match="security is off in Elasticsearch"):
            call()


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
def test_whether_security_is_on_is_found_out(answer: Answer, enabled: bool) -> None:
    info = ElasticsearchClusterInfo(ScriptedCluster(answer).connection())
    assert info.security_enabled() is enabled
    assert info.security_enabled() is enabled


def test_security_that_is_switched_on_is_seen() -> None:
    clock = Clock()
    off = failure(400, "", "no handler found for uri [/_security/_authenticate]")
    cluster = ScriptedCluster(off, Answer(200, {"username": "own"}))
    info = ElasticsearchClusterInfo(cluster.connection(), monotonic=clock)
    assert not info.security_enabled()
    clock.now = 60.0
    assert info.security_enabled()
    clock.now = 3600.0
    assert info.security_enabled()


def test_proxy_that_hides_the_path_does_not_switch_security_off() -> None:
    def script(request: Request) -> Answer:
        return Answer(404, b"<html>Not found</html>", {"content-type": "text/html"})

    info = ElasticsearchClusterInfo(ScriptedCluster(script=script).connection())
    with pytest.raises(Exception, match="Not found"):
        info.security_enabled()


def test_root_is_passed_through_where_it_is_served() -> None:
    body = {"name": "n", "version": {"number": "9.2.0"}, "tagline": "You Know, for Search"}
    assert ElasticsearchClusterInfo(ScriptedCluster(Answer(200, body)).connection()).root() == body
