"""The test cluster gives what the sidecar needs of a real Elasticsearch."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from integration.elasticsearch import Answer, Cluster, basic, up

pytestmark = pytest.mark.integration

PASSWORD = "reader-password"  # noqa: S105 - of a user who lives as long as one test


@dataclass(frozen=True)
class Reader:
    """A native user who may read `readable` and make API keys."""

    name: str
    readable: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": basic(self.name, PASSWORD)}


@pytest.fixture
def prefix() -> str:
    return f"cluster-test-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def reader(cluster: Cluster, prefix: str) -> Iterator[Reader]:
    reader = Reader(prefix, f"{prefix}-readable")
    role, user = f"/_security/role/{prefix}", f"/_security/user/{prefix}"
    rights = {
        "cluster": ["manage_own_api_key", "monitor_ml"],
        "indices": [{"names": [reader.readable], "privileges": ["read"]}],
    }
    account = {"password": PASSWORD, "roles": [prefix], "email": "Some.Reader@example.org"}
    assert cluster.request("PUT", role, rights).body == {"role": {"created": True}}
    assert cluster.request("PUT", user, account).body == {"created": True}
    yield reader
    cluster.request("DELETE", user)
    cluster.request("DELETE", role)


def may(cluster: Cluster, wanted: object, headers: dict[str, str] | None = None) -> Answer:
    return cluster.request("POST", "/_security/user/_has_privileges", wanted, headers=headers)


def test_nobody_is_turned_away(cluster: Cluster) -> None:
    answer = cluster.request("GET", "/_cluster/health", headers={})
    assert answer.status == 401
    assert answer.body["error"]["type"] == "security_exception"


def test_licence_is_basic(cluster: Cluster) -> None:
    assert cluster.request("GET", "/_license").body["license"]["type"] == "basic"


def test_native_ml_is_not_there(cluster: Cluster) -> None:
    answer = cluster.request("PUT", "/_ml/anomaly_detectors/a", {})
    assert answer.status == 400
    assert "no handler found for uri [/_ml/anomaly_detectors/a]" in answer.body["error"]


def test_a_native_user_is_who_he_says(cluster: Cluster, reader: Reader) -> None:
    answer = cluster.request("GET", "/_security/_authenticate", headers=reader.headers)
    assert answer.status == 200
    assert answer.body["username"] == reader.name
    assert answer.body["roles"] == [reader.name]


def test_an_api_key_stands_for_its_maker(cluster: Cluster, reader: Reader) -> None:
    made = cluster.request(
        "POST", "/_security/api_key", {"name": reader.name}, headers=reader.headers
    )
    key = {"Authorization": f"ApiKey {made.body['encoded']}"}
    authenticated = cluster.request("GET", "/_security/_authenticate", headers=key)
    assert authenticated.body["username"] == reader.name
    revoked = cluster.request("DELETE", "/_security/api_key", {"ids": [made.body["id"]]})
    assert revoked.body["invalidated_api_keys"] == [made.body["id"]]
    assert cluster.request("GET", "/_security/_authenticate", headers=key).status == 401


def test_has_privileges_tells_what_a_user_may(cluster: Cluster, reader: Reader) -> None:
    wanted = {
        "cluster": ["monitor_ml", "manage_ml"],
        "index": [{"names": [reader.readable, "other"], "privileges": ["read"]}],
    }
    answer = may(cluster, wanted, reader.headers)
    assert answer.body["has_all_requested"] is False
    assert answer.body["cluster"] == {"monitor_ml": True, "manage_ml": False}
    assert answer.body["index"] == {reader.readable: {"read": True}, "other": {"read": False}}
    assert may(cluster, wanted).body["has_all_requested"] is True


def test_a_new_index_follows_its_template(cluster: Cluster, prefix: str) -> None:
    template = {
        "index_patterns": [f"{prefix}-*"],
        "template": {
            "settings": {"index.number_of_replicas": 0, "index.auto_expand_replicas": "0-1"},
            "mappings": {
                "dynamic": False,
                "properties": {
                    "message": {"type": "text", "analyzer": "whitespace"},
                    "timestamp": {"type": "date"},
                },
            },
        },
    }
    path = f"/_index_template/{prefix}"
    assert cluster.request("PUT", path, template).body == {"acknowledged": True}
    document = {"message": "Up AND Down", "timestamp": 0}
    stored = cluster.request("PUT", f"/{prefix}-1/_doc/a?refresh=true", document)
    mapping = cluster.request("GET", f"/{prefix}-1/_mapping").body[f"{prefix}-1"]["mappings"]
    query = {"query": {"term": {"message": "AND"}}}
    hits = cluster.request("POST", f"/{prefix}-1/_search", query).body["hits"]["hits"]
    cluster.request("DELETE", f"/{prefix}-1")
    cluster.request("DELETE", path)
    assert stored.status == 201
    assert mapping["properties"]["message"] == {"type": "text", "analyzer": "whitespace"}
    assert [hit["_id"] for hit in hits] == ["a"]


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_what_was_acknowledged_outlives(own_cluster: Cluster, prefix: str, how: str) -> None:
    stored = own_cluster.request("PUT", f"/{prefix}/_doc/a", {"kept": how})
    assert stored.status == 201
    getattr(own_cluster, how)()
    assert not own_cluster.is_healthy()
    own_cluster.start()
    found = own_cluster.request("GET", f"/{prefix}/_doc/a")
    assert found.body["_source"] == {"kept": how}


def test_up_again_is_the_same_cluster(own_cluster: Cluster) -> None:
    port = int(own_cluster.url.rpartition(":")[2])
    assert up(port=port, own=True) == own_cluster
