"""The client is made from the settings; its faults become our errors."""

import os

import pytest

from sidecar.errors import (
    MlError,
    TooManyRequestsError,
    UnavailableError,
    UpstreamError,
    VersionConflictError,
)
from sidecar.settings import Settings
from sidecar.storage.client import Connection, translated_errors
from tests.storage.scripted_cluster import Answer, ScriptedCluster, failure


def get_something(connection: Connection) -> None:
    with translated_errors():
        connection.client.get(index="i", id="1")


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        pytest.param(
            failure(429, "es_rejected_execution_exception", "busy"),
            TooManyRequestsError,
            "busy",
            id="429",
        ),
        pytest.param(
            failure(503, "cluster_block_exception", "no master"),
            UnavailableError,
            "Elasticsearch is not available: no master",
            id="503",
        ),
        pytest.param(
            Answer(502, b"<html>Bad gateway</html>", {"content-type": "text/html"}),
            UnavailableError,
            "Elasticsearch is not available: <html>Bad gateway</html>",
            id="gateway that speaks no JSON",
        ),
        pytest.param(
            failure(403, "security_exception", "action is unauthorized"),
            UnavailableError,
            "Elasticsearch refuses the sidecar's own account: action is unauthorized",
            id="403",
        ),
        pytest.param(
            failure(409, "version_conflict_engine_exception", "conflict"),
            VersionConflictError,
            "conflict",
            id="409",
        ),
        pytest.param(
            None, UnavailableError, "Elasticsearch cannot be reached: Connection refused", id="gone"
        ),
        pytest.param(
            Answer(200, b"{not json"),
            UnavailableError,
            "Elasticsearch cannot be reached: Elasticsearch answered something that is not JSON",
            id="broken answer",
        ),
        pytest.param(
            Answer(200, {}, {"x-elastic-product": "Other"}),
            UnavailableError,
            "what answers is not Elasticsearch: {}",
            id="another product",
        ),
    ],
)
def test_fault_becomes_our_error(answer: Answer | None, kind: type[MlError], reason: str) -> None:
    with pytest.raises(kind) as caught:
        get_something(ScriptedCluster(answer).connection())
    assert caught.value.reason == reason


def test_temporary_faults_say_when_to_come_back() -> None:
    for answer in (None, failure(429, "x", "busy"), failure(503, "x", "away")):
        with pytest.raises(MlError) as caught:
            get_something(ScriptedCluster(answer).connection())
        assert int(caught.value.headers["Retry-After"]) > 0


def test_other_errors_keep_their_status_and_body() -> None:
    answer = failure(400, "illegal_argument_exception", "no", caused_by={"type": "x"})
    with pytest.raises(UpstreamError) as caught:
        get_something(ScriptedCluster(answer).connection())
    assert (caught.value.upstream_status, caught.value.body) == (400, answer.body)


def test_deprecation_headers_of_elasticsearch_raise_no_python_warning() -> None:
    warning = '299 Elasticsearch-8.19.0 "index name begins with a dot"'
    answer = Answer(200, {"_source": {}}, {"warning": warning})
    get_something(ScriptedCluster(answer).connection())


@pytest.mark.parametrize(
    ("settings", "authorization"),
    [
        pytest.param(Settings(), None, id="none"),
        pytest.param(
            Settings(elasticsearch_username="u", elasticsearch_password="p"),
            "Basic dTpw",
            id="user and password",
        ),
        pytest.param(
            Settings(
                elasticsearch_username="u",
                elasticsearch_password="p",
                elasticsearch_api_key="a2V5",
            ),
            "ApiKey a2V5",
            id="API key wins",
        ),
    ],
)
def test_account_of_the_settings_is_used(settings: Settings, authorization: str | None) -> None:
    cluster = ScriptedCluster(Answer(), Answer())
    connection = cluster.connection(settings)
    get_something(connection)
    with translated_errors():
        connection.client_without_account.get(index="i", id="1")
    own, callers = (request.headers.get("authorization") for request in cluster.requests)
    assert (own, callers) == (authorization, None)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:9250", ["http://127.0.0.1:9250"]),
        ("http://es", ["http://es:9200"]),
        ("https://es", ["https://es:443"]),
        ("http://[::1]", ["http://::1:9200"]),
        ("http://es/path/", ["http://es:9200/path"]),
        ("http://a:1, http://b:2,", ["http://a:1", "http://b:2"]),
    ],
    ids=str,
)
def test_addresses_of_the_settings_are_used(url: str, expected: list[str]) -> None:
    client = ScriptedCluster().connection(Settings(elasticsearch_url=url)).client
    nodes = [
        f"{n.scheme}://{n.host}:{n.port}{n.path_prefix}"
        for n in (node.config for node in client.transport.node_pool.all())
    ]
    assert sorted(nodes) == sorted(expected)


def test_next_host_is_asked_when_one_is_gone() -> None:
    cluster = ScriptedCluster(None, Answer())
    get_something(cluster.connection(Settings(elasticsearch_url="http://a:1,http://b:2")))
    assert {request.host for request in cluster.requests} == {"a", "b"}


def test_forked_process_opens_its_own_sockets() -> None:
    connection = ScriptedCluster().connection()
    parents = id(connection.client)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, b"same" if id(connection.client) == parents else b"new")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 10) == b"new"
    assert id(connection.client) == parents
    os.close(reader)
    os.close(writer)
