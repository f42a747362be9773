"""Calls as the owner carry the owner's headers and nothing of the sidecar's account."""

from __future__ import annotations

import pytest

from sidecar.errors import MlError, OwnerRefusedError, UnavailableError, UpstreamError
from sidecar.interfaces import Holder, HolderKind, OwnerHeaders
from sidecar.settings import Settings
from sidecar.storage.owner_calls import calling_as_owner
from tests.storage.scripted_cluster import Answer, ScriptedCluster, failure

HOLDER = Holder(HolderKind.DATAFEED, "web")
HEADERS = OwnerHeaders("ApiKey c2VjcmV0", run_as="other")
SETTINGS = Settings(elasticsearch_username="own", elasticsearch_password="account")


def test_calls_carry_the_headers_of_the_owner() -> None:
    cluster = ScriptedCluster(Answer(200, {"hits": {}}))
    with calling_as_owner(cluster.connection(SETTINGS), HOLDER, HEADERS) as client:
        client.search(index="a")
    (request,) = cluster.requests
    assert request.headers["authorization"] == "ApiKey c2VjcmV0"
    assert request.headers["es-security-runas-user"] == "other"


def test_an_anonymous_owner_does_not_become_the_account() -> None:
    cluster = ScriptedCluster(Answer(200, {"hits": {}}))
    with calling_as_owner(cluster.connection(SETTINGS), HOLDER, OwnerHeaders()) as client:
        client.search(index="a")
    assert "authorization" not in cluster.requests[0].headers


def test_with_security_off_calls_go_as_the_account() -> None:
    cluster = ScriptedCluster(Answer(200, {"hits": {}}))
    with calling_as_owner(cluster.connection(SETTINGS), HOLDER, None) as client:
        client.search(index="a")
    assert cluster.requests[0].headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_owner_is_told_from_other_faults(status: int) -> None:
    cluster = ScriptedCluster(failure(status, "security_exception", "not any more"))
    with (
        pytest.raises(OwnerRefusedError) as caught,
        calling_as_owner(cluster.connection(SETTINGS), HOLDER, HEADERS) as client,
    ):
        client.search(index="a")
    assert caught.value.reason == (
        "Elasticsearch refuses the owner of datafeed [web]: not any more"
    )
    assert "c2VjcmV0" not in f"{caught.value!r} {HEADERS!r}"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (failure(400, "parsing_exception", "what?"), UpstreamError),
        (failure(503, "unavailable", "later"), UnavailableError),
        (None, UnavailableError),
    ],
    ids=["bad search", "later", "nobody answers"],
)
def test_other_faults_are_what_they_always_are(answer: Answer | None, kind: type[MlError]) -> None:
    cluster = ScriptedCluster(answer)
    with (
        pytest.raises(kind),
        calling_as_owner(cluster.connection(SETTINGS), HOLDER, HEADERS) as client,
    ):
        client.search(index="a")
