"""What is found before the first use of a cluster, on clusters that tests cannot bring up."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from sidecar import codec
from sidecar.errors import UnavailableError
from sidecar.settings import Settings
from sidecar.storage.cluster import ElasticsearchClusterInfo
from sidecar.storage.installation import Installation
from sidecar.storage.names import ANNOTATIONS_READ, Names
from sidecar.storage.service_role import missing, needed, service_role
from sidecar.storage.start_check import RefusedStartError, StartCheck
from tests.storage.scripted_cluster import Answer, Request, ScriptedCluster, failure

OWN = ".ml-sidecar-"
MODULE = [{"name": "x-pack-ml"}, {"name": "x-pack-core"}]
NO_HANDLER = failure(
    400, "illegal_argument_exception", "no handler found for uri [/_ml/info] and method [GET]"
)
UNLICENSED = failure(403, "security_exception", "current license is non-compliant for [ml]")
INFO = Answer(200, {"defaults": {}, "limits": {}})


def cluster_with(info: Answer, *, licensed: bool = False, module: bool = True) -> ScriptedCluster:
    """A cluster whose native ML answers `info`, and an account that may do all."""

    def script(request: Request) -> Answer:
        path = request.target.partition("?")[0]
        answers = {
            "/_security/_authenticate": Answer(200, {"username": "sidecar"}),
            "/_security/user/_has_privileges": granted({}),
            "/_nodes/plugins": Answer(
                200, {"nodes": {"n": {"modules": MODULE if module else MODULE[1:]}}}
            ),
            "/_ml/info": info,
            "/_xpack": Answer(200, {"features": {"ml": {"available": licensed}}}),
        }
        return answers[path]

    return ScriptedCluster(script=script)


def granted(denied: dict[str, list[str]]) -> Answer:
    """An answer that denies these privileges on these indices."""
    indices = {name: dict.fromkeys(privileges, False) for name, privileges in denied.items()}
    body = {
        "username": "sidecar",
        "has_all_requested": not denied,
        "cluster": {"monitor": True},
        "index": indices,
    }
    return Answer(200, body)


def check(cluster: ScriptedCluster, prefix: str) -> StartCheck:
    connection = cluster.connection(Settings(index_prefix=prefix))
    return StartCheck(connection, Names(prefix), ElasticsearchClusterInfo(connection))


@pytest.mark.parametrize(
    ("info", "licensed", "module", "prefix", "words"),
    [
        pytest.param(NO_HANDLER, False, False, ".ml-", None, id="no module"),
        pytest.param(NO_HANDLER, False, True, ".ml-", "are system indices", id="switched off"),
        pytest.param(NO_HANDLER, False, True, OWN, None, id="switched off, own names"),
        pytest.param(UNLICENSED, False, True, ".ml-", "without a licence", id="no licence"),
        pytest.param(INFO, False, True, ".ml-", "without a licence", id="informs, no licence"),
        pytest.param(INFO, True, True, OWN, f"under [{OWN}*]", id="running, own names"),
        pytest.param(UNLICENSED, False, True, OWN, f"under [{OWN}*]", id="no licence, own names"),
    ],
)
def test_it_is_said_what_works(
    caplog: pytest.LogCaptureFixture,
    info: Answer,
    licensed: bool,
    module: bool,
    prefix: str,
    words: str | None,
) -> None:
    caplog.set_level(logging.WARNING)
    start = check(cluster_with(info, licensed=licensed, module=module), prefix)
    start.run()
    start.run()
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == (0 if words is None else 1)
    assert all(words is not None and words in text for text in told)


@pytest.mark.parametrize(
    ("info", "prefix", "way"),
    [
        pytest.param(INFO, ".ml-", "SIDECAR_INDEX_PREFIX", id="two owners of the same jobs"),
        pytest.param(INFO, ".ml-", "xpack.ml.enabled: false", id="or without native ML"),
        pytest.param(INFO, ".ml-state-", ".ml-state", id="state that native ML cleans up"),
        pytest.param(UNLICENSED, ".ml-state-", ".ml-state", id="state, without a licence"),
    ],
)
def test_a_start_that_would_lose_data_is_refused(info: Answer, prefix: str, way: str) -> None:
    cluster = cluster_with(info, licensed=True)
    with pytest.raises(RefusedStartError) as caught:
        check(cluster, prefix).run()
    assert way in str(caught.value)
    assert {request.method for request in cluster.requests} <= {"GET", "POST"}


def test_missing_privileges_are_named_with_the_way_to_them() -> None:
    denied = {".ml-config": ["write", "read"], ".ml-meta": ["write", "read"], "a": ["read"]}
    cluster = ScriptedCluster(Answer(200, {"username": "sidecar"}), granted(denied))
    with pytest.raises(UnavailableError) as caught:
        check(cluster, ".ml-").run()
    assert caught.value.reason == (
        "the sidecar's own account [sidecar] lacks privileges [read, write] on [.ml-config, "
        ".ml-meta]; privileges [read] on [a]: `ml-sidecar roles` prints the role it needs"
    )


def test_restricted_names_are_asked_for_as_such() -> None:
    cluster = cluster_with(NO_HANDLER)
    check(cluster, ".ml-").run()
    asked = [r for r in cluster.requests if r.target.endswith("_has_privileges")]
    (index,) = codec.loads(asked[0].body)["index"]
    assert index["allow_restricted_indices"] is True
    assert ".ml-config" in index["names"]


def test_without_security_nobody_is_asked_for_privileges() -> None:
    no_security = failure(400, "illegal_argument_exception", "no handler found for uri")
    nodes = Answer(200, {"nodes": {"n": {"modules": []}}})
    cluster = ScriptedCluster(no_security, nodes)
    check(cluster, ".ml-").run()
    assert cluster.queue == []


@pytest.mark.parametrize(
    ("prefix", "restricted", "patterns"),
    [
        (".ml-", True, [".ml-*"]),
        (".x-", False, [".x-*", ".ml-anomalies-*", ".ml-annotations-*", ".ml-notifications-*"]),
    ],
)
def test_the_role_covers_what_is_needed(prefix: str, restricted: bool, patterns: list[str]) -> None:
    role, need = service_role(Names(prefix)), needed(Names(prefix))
    (granted_on,) = role["indices"]
    assert granted_on["names"] == patterns
    assert granted_on["allow_restricted_indices"] is restricted
    assert set(need["cluster"]) <= set(role["cluster"])
    for name in need["index"][0]["names"]:
        assert any(name.startswith(pattern.removesuffix("*")) for pattern in patterns), name


def test_nothing_is_missing_from_a_whole_answer() -> None:
    assert missing({"cluster": {"monitor": True}, "index": {"a": {"read": True}}}) == []


def test_cloning_is_only_for_whom_it_is_asked_for() -> None:
    assert "run_as" not in service_role(Names())
    assert service_role(Names(), ["alice"])["run_as"] == ["alice"]
    assert "read_security" in service_role(Names(), ["alice"])["cluster"]


def test_system_indices_keep_the_mappings_that_elasticsearch_gives_them() -> None:
    system = {".ml-config", ".ml-meta"}
    warning = {"warning": '299 Elasticsearch-8.19.0 "this request accesses system indices"'}
    refusal = failure(
        400,
        "illegal_argument_exception",
        "Cannot update mappings in [.ml-config]: system indices can only use mappings from their "
        "descriptors",
    )
    refused: list[str] = []

    def script(request: Request) -> Answer:
        path = request.target.partition("?")[0]
        if request.method == "HEAD":
            return Answer(404)
        if request.method == "GET" and path.endswith("/_mapping"):
            index = path.split("/")[1]
            found: Any = {index: {"mappings": {"_meta": {}}}} if index in system else {}
            return Answer(200, found, warning if index in system else {})
        if request.method == "PUT" and path.endswith("/_mapping"):
            refused.append(path.split("/")[1])
            return refusal
        if request.method == "GET" and "/_alias" in path:
            return Answer(200, {".ml-x": {"aliases": {ANNOTATIONS_READ: {}}}})
        if request.method == "GET":
            return Answer(200, {"index_templates": []})
        return Answer(200, {"acknowledged": True}, warning)

    Installation(ScriptedCluster(script=script).connection(), Names()).install()
    assert set(refused) == system
