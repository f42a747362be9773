"""Who may do what: users, roles and API keys of the real cluster."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from integration.api.conftest import BASE, Jobs
from integration.api.rest import Rest
from integration.elasticsearch import Cluster
from integration.sidecar_process import SidecarProcess

pytestmark = pytest.mark.integration

PASSWORD = "api-password"  # noqa: S105 - of users who live as long as this module's tests
ROLES = {
    "nobody": [],
    "reader": ["machine_learning_user"],
    "admin": ["machine_learning_admin"],
}
READS = [
    ("GET", ""),
    ("GET", "/{0}"),
    ("GET", "/{0}/_stats"),
    ("GET", "/{0}/results/buckets"),
    ("POST", "/{0}/results/records"),
    ("GET", "/{0}/results/influencers"),
]
WRITES = [
    ("PUT", "/{0}-new"),
    ("POST", "/{0}/_update"),
    ("POST", "/{0}/_open"),
    ("POST", "/{0}/_data"),
    ("POST", "/{0}/_flush"),
    ("POST", "/{0}/_close"),
    ("DELETE", "/{0}"),
]


@pytest.fixture(scope="module")
def users(cluster: Cluster) -> Iterator[dict[str, str]]:
    """Names of the users of these roles."""
    mark = uuid.uuid4().hex[:8]
    names = {role: f"api-{role}-{mark}" for role in ROLES}
    for role, name in names.items():
        account = {"password": PASSWORD, "roles": ROLES[role]}
        assert cluster.request("PUT", f"/_security/user/{name}", account).status == 200
    yield names
    for name in names.values():
        cluster.request("DELETE", f"/_security/user/{name}")


@pytest.fixture(scope="module")
def job_id(shared_jobs: Jobs) -> str:
    return shared_jobs.create()


def matrix() -> list[tuple[str, str, str, bool]]:
    return [
        (role, method, path, role == "admin" or (role == "reader" and (method, path) in READS))
        for role in ROLES
        for method, path in READS + WRITES
    ]


@pytest.mark.parametrize(("role", "method", "path", "allowed"), matrix())
def test_operations_of_roles(
    sidecar: SidecarProcess,
    users: dict[str, str],
    job_id: str,
    role: str,
    method: str,
    path: str,
    allowed: bool,
) -> None:
    rest = Rest.of(sidecar.url, users[role], PASSWORD)
    reply = rest(method, BASE + path.format(f"{job_id}-zz" if allowed else job_id))
    if allowed:
        assert reply.status in {200, 400, 404, 406, 409}, reply.content
        return
    privileges = "monitor_ml,manage_ml,monitor" if (method, path) in READS else "manage_ml,manage"
    assert reply.status == 403
    assert reply.error_type == "security_exception"
    assert reply.reason.startswith("action [cluster:")
    assert f"is unauthorized for user [{users[role]}] with effective roles [" in reply.reason
    assert f"this action is granted by the cluster privileges [{privileges}" in reply.reason


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(None, id="none"),
        pytest.param("Basic ZWxhc3RpYzp3cm9uZw==", id="wrong password"),
        pytest.param("Basic !", id="not base64"),
        pytest.param("ApiKey bm86c3VjaGtleQ==", id="wrong key"),
        pytest.param("Bearer nothing", id="wrong token"),
    ],
)
def test_strangers_are_asked_who_they_are(
    sidecar: SidecarProcess, authorization: str | None
) -> None:
    rest = Rest(sidecar.url, authorization)
    for method, path, body in [
        ("GET", f"{BASE}/_stats?human", None),
        ("PUT", f"{BASE}/x", b"{"),
        ("POST", f"{BASE}/x/_data", b"{}" * 1000),
    ]:
        reply = rest(method, path, body)
        assert reply.status == 401
        assert reply.error_type == "security_exception"
        assert "Basic realm" in reply.headers["www-authenticate"]
        assert "_has_privileges" not in reply.content.decode()
        if authorization is None:
            assert reply.reason == f"missing authentication credentials for REST request [{path}]"


@pytest.mark.parametrize(
    ("privilege", "read", "write"),
    [("manage_ml", 200, 200), ("monitor_ml", 200, 403), ("monitor_transform", 403, 403)],
)
def test_api_keys(
    sidecar: SidecarProcess,
    cluster: Cluster,
    job_id: str,
    privilege: str,
    read: int,
    write: int,
) -> None:
    made = cluster.request(
        "POST",
        "/_security/api_key",
        {"name": job_id, "role_descriptors": {"one": {"cluster": [privilege]}}},
    ).body
    rest = Rest(sidecar.url, f"ApiKey {made['encoded']}")
    assert rest("GET", f"{BASE}/{job_id}").status == read
    assert rest("POST", f"{BASE}/{job_id}/_update", {"description": "x"}).status == write
    cluster.request("DELETE", "/_security/api_key", {"ids": [made["id"]]})


def test_acting_for_somebody_else(
    rest: Rest, sidecar: SidecarProcess, users: dict[str, str], job_id: str
) -> None:
    path = f"{BASE}/{job_id}/_update"
    as_reader = {"es-security-runas-user": users["reader"]}
    assert rest("GET", f"{BASE}/{job_id}", headers=as_reader).status == 200
    assert rest("POST", path, {"description": "x"}, as_reader).status == 403
    reader = Rest.of(sidecar.url, users["reader"], PASSWORD)
    refused = reader("GET", f"{BASE}/{job_id}", headers={"es-security-runas-user": "elastic"})
    assert refused.status == 403
    assert "has_privileges" not in refused.reason
