"""How an API key is made for each kind of caller, and what a refusal means."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from sidecar.errors import (
    ForbiddenError,
    MlError,
    OwnerRefusedError,
    UnauthorizedError,
    UnavailableError,
)
from sidecar.interfaces import Caller, Holder, HolderKind, Owner
from sidecar.settings import Settings
from sidecar.storage.key_cloning import KeyCloning
from sidecar.storage.owner_keys import ElasticsearchOwnerKeys
from tests.storage.scripted_cluster import Answer, ScriptedCluster, failure

HOLDER = Holder(HolderKind.DATAFEED, "web")
MARKS = {"application": "ml-sidecar"}
NOW = 1_000_000
ACCOUNT = Settings(elasticsearch_username="own", elasticsearch_password="account")
USER = Owner("u", "native", {"roles": ["r"]})
KEY_OWNER = Owner("u", "_es_api_key", {"api_key": {"id": "k", "name": "n"}})
GRANTED = Answer(200, {"id": "new", "name": "n", "api_key": "s", "encoded": "ZW5jb2RlZA=="})
INVALIDATED = Answer(200, {"invalidated_api_keys": ["new"], "error_count": 0})


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def keys(cluster: ScriptedCluster, settings: Settings = ACCOUNT) -> ElasticsearchOwnerKeys:
    connection = cluster.connection(settings)
    return ElasticsearchOwnerKeys(connection, KeyCloning(connection, settings, lambda: NOW))


def refused(reason: str) -> Answer:
    return failure(403, "security_exception", reason)


@pytest.mark.parametrize(
    ("found", "owner"),
    [
        pytest.param(
            {"username": "u", "roles": ["a"], "authentication_type": "realm"},
            Owner("u", "native", {"roles": ["a"]}),
            id="user",
        ),
        pytest.param(
            {
                "username": "u",
                "roles": [],
                "authentication_type": "api_key",
                "lookup_realm": {"type": "_es_api_key"},
                "api_key": {"id": "k", "name": "n", "managed_by": "elasticsearch"},
            },
            KEY_OWNER,
            id="API key",
        ),
        pytest.param(
            {
                "username": "elastic/fleet-server",
                "roles": [],
                "authentication_type": "token",
                "lookup_realm": {"type": "_service_account"},
            },
            Owner(
                "elastic/fleet-server",
                "_service_account",
                {"service_account": "elastic/fleet-server"},
            ),
            id="service account",
        ),
    ],
)
def test_owner_is_shown_as_native_shows_it(found: dict[str, Any], owner: Owner) -> None:
    cluster = ScriptedCluster(Answer(200, {"lookup_realm": {"type": "native"}, **found}))
    assert keys(cluster).identify(Caller("Bearer x", run_as="other")) == owner
    (request,) = cluster.requests
    assert request.headers["authorization"] == "Bearer x"
    assert request.headers["es-security-runas-user"] == "other"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (failure(401, "security_exception", "no"), UnauthorizedError),
        (refused("may not run as"), ForbiddenError),
    ],
    ids=["401", "403"],
)
def test_who_is_not_known_is_refused(answer: Answer, kind: type[MlError]) -> None:
    with pytest.raises(kind):
        keys(ScriptedCluster(answer)).identify(Caller(basic("u:p")))


@pytest.mark.parametrize(
    ("text", "password"),
    [("u:p", "p"), ("u:p:q", "p:q"), ("u:", ""), ("u:pässword", "pässword")],
)
@pytest.mark.parametrize("padded", [True, False], ids=["padded", "unpadded"])
def test_a_password_is_granted_a_key(text: str, password: str, padded: bool) -> None:
    cluster = ScriptedCluster(GRANTED)
    header = basic(text) if padded else basic(text).rstrip("=")
    made = keys(cluster).grant(Caller(header, run_as="other"), USER, "name", MARKS)
    assert made is not None
    assert made.headers.as_headers() == {"authorization": "ApiKey ZW5jb2RlZA=="}
    (request,) = cluster.requests
    assert request.lines == [
        {
            "grant_type": "password",
            "username": "u",
            "password": password,
            "run_as": "other",
            "api_key": {"name": "name", "metadata": MARKS},
        }
    ]
    assert request.headers["authorization"] == basic("own:account")


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("Failed to authenticate api key grant", UnauthorizedError),
        ("user [u] is unauthorized to run as [x]", ForbiddenError),
        ("action [cluster:admin/xpack/security/api_key/grant] is unauthorized", UnavailableError),
    ],
    ids=["wrong password", "run-as", "our account may not"],
)
def test_a_refused_grant_says_whose_fault_it_is(reason: str, kind: type[MlError]) -> None:
    with pytest.raises(kind, match=r"grant|run as") as caught:
        keys(ScriptedCluster(refused(reason))).grant(Caller(basic("u:hush")), USER, "n", MARKS)
    assert "hush" not in f"{caught.value!r} {caught.value.as_cause()}"


def test_a_token_is_exchanged_where_the_licence_lets() -> None:
    cluster = ScriptedCluster(GRANTED)
    assert keys(cluster).grant(Caller("Bearer tok"), USER, "name", MARKS) is not None
    assert cluster.requests[0].lines[0]["access_token"] == "tok"


@pytest.mark.parametrize(
    ("caller", "owner", "answers"),
    [
        pytest.param("Bearer tok", USER, [refused("licence")], id="token and basic licence"),
        pytest.param("Bearer tok", Owner("s", "_service_account", {}), [], id="service token"),
        pytest.param("Negotiate abc", USER, [], id="other scheme"),
        pytest.param(None, Owner("_anonymous", "__anonymous", {"roles": []}), [], id="anonymous"),
        pytest.param("ApiKey abc", KEY_OWNER, [refused("read")], id="key that cannot be read"),
    ],
)
def test_of_some_callers_no_key_is_made(
    caller: str | None, owner: Owner, answers: list[Answer]
) -> None:
    cluster = ScriptedCluster(*answers)
    assert keys(cluster).grant(Caller(caller), owner, "name", MARKS) is None
    assert cluster.queue == []


def key(**members: Any) -> Answer:
    rights = {
        "type": "rest",
        "username": "u",
        "realm": "default_native",
        "realm_type": "native",
        "role_descriptors": {"a": {"cluster": ["monitor_ml"]}},
        "limited_by": [{"r": {"cluster": ["all"]}}],
    }
    return Answer(200, {"api_keys": [{**rights, **members}]})


def test_an_api_key_is_cloned_with_its_rights_and_its_end() -> None:
    cluster = ScriptedCluster(key(expiration=NOW + 5_000), GRANTED, key(expiration=NOW + 5_001))
    made = keys(cluster).grant(Caller("ApiKey abc"), KEY_OWNER, "name", MARKS)
    assert made is not None
    grant = cluster.requests[1].lines[0]
    assert grant["run_as"] == "u"
    assert grant["api_key"] == {
        "name": "name",
        "metadata": MARKS,
        "role_descriptors": {"a": {"cluster": ["monitor_ml"]}},
        "expiration": "5000ms",
    }


@pytest.mark.parametrize(
    "different",
    [
        {"limited_by": [{"r": {"cluster": ["all"]}, "more": {"cluster": ["manage"]}}]},
        {"realm": "other", "realm_type": "file"},
        {"role_descriptors": {}},
    ],
    ids=["creator has more rights now", "same name in another realm", "other rights"],
)
def test_a_clone_with_other_rights_is_dropped(different: dict[str, Any]) -> None:
    cluster = ScriptedCluster(key(), GRANTED, key(**different), INVALIDATED)
    assert keys(cluster).grant(Caller("ApiKey abc"), KEY_OWNER, "name", MARKS) is None
    assert (cluster.requests[-1].method, cluster.requests[-1].lines) == (
        "DELETE",
        [{"name": "name"}],
    )


def test_an_account_without_password_clones_nothing() -> None:
    cluster = ScriptedCluster()
    settings = Settings(elasticsearch_api_key="abc")
    assert keys(cluster, settings).grant(Caller("ApiKey abc"), KEY_OWNER, "n", MARKS) is None
    assert cluster.requests == []


def test_an_api_key_that_runs_as_another_is_not_cloned() -> None:
    caller = Caller("ApiKey abc", run_as="other")
    assert keys(ScriptedCluster()).grant(caller, KEY_OWNER, "name", MARKS) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(404, {}), "was deleted"),
        (Answer(200, {"u": {"enabled": False}}), "is disabled"),
    ],
    ids=["deleted", "disabled"],
)
def test_an_owner_who_may_not_log_in_is_refused(answer: Answer, message: str) -> None:
    with pytest.raises(OwnerRefusedError, match=rf"datafeed \[web\] .* user \[u\], {message}"):
        keys(ScriptedCluster(answer)).require_active(HOLDER, USER)


@pytest.mark.parametrize(
    ("owner", "answers"),
    [
        (USER, [Answer(200, {"u": {"enabled": True}})]),
        (USER, [refused("read_security")]),
        (Owner("u", "ldap", {"roles": []}), []),
        (KEY_OWNER, []),
    ],
    ids=["enabled", "not readable", "user of another realm", "API key"],
)
def test_any_other_owner_is_believed(owner: Owner, answers: list[Answer]) -> None:
    cluster = ScriptedCluster(*answers)
    keys(cluster).require_active(HOLDER, owner)
    assert cluster.queue == []


def test_only_keys_with_our_marks_are_ours() -> None:
    listed = [
        {"name": "a", "creation": 1, "metadata": {**MARKS, "id": "x"}},
        {"name": "b", "creation": 2, "metadata": {"application": "other"}},
        {"name": "c", "creation": 3, "metadata": None},
    ]
    cluster = ScriptedCluster(Answer(200, {"api_keys": listed}))
    assert keys(cluster).names("ml-sidecar-", MARKS) == {"a": 1}


def test_an_account_that_may_not_list_keys_sees_none() -> None:
    assert keys(ScriptedCluster(refused("read_security"))).names("ml-", MARKS) == {}
