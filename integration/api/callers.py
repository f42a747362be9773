"""Callers of every kind that Elasticsearch knows, and what they may do."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from integration.elasticsearch import Cluster, basic

PASSWORD = "api-password"  # noqa: S105 - of users who live as long as a module's tests
MONITOR, MONITOR_ML, MANAGE_ML = "monitor", "monitor_ml", "manage_ml"
READS = frozenset({MONITOR_ML})
WRITES = frozenset({MONITOR_ML, MANAGE_ML})
EVERYTHING = WRITES | {MONITOR}

# Name of a caller -> what of the above he may do.
RIGHTS: Mapping[str, frozenset[str]] = {
    "user without roles": frozenset(),
    "user with a role that is not there": frozenset(),
    "machine_learning_user": READS,
    "machine_learning_admin": WRITES,
    "superuser": EVERYTHING,
    "superuser as machine_learning_user": READS,
    "API key with monitor_ml": READS,
    "API key with manage_ml": WRITES,
    "API key without ML": frozenset(),
    "API key of all its owner's rights": EVERYTHING,
    # elastic/fleet-server may monitor the cluster, and so machine learning too.
    "service account": READS | {MONITOR},
}
# A user of the server's own files: only who runs the server can make one.
FILE_USER = os.environ.get("SIDECAR_TEST_ES_FILE_USER")


@dataclass(frozen=True, slots=True)
class SomeCaller:
    """Headers that say who calls; `username` is that of a native user."""

    headers: Mapping[str, str] = field(repr=False)
    username: str = ""


@contextmanager
def all_callers(cluster: Cluster) -> Iterator[dict[str, SomeCaller]]:
    """One caller for each of `RIGHTS`; what was made for them is taken back."""
    mark = f"api-{uuid.uuid4().hex[:8]}"
    superuser = {"Authorization": basic(cluster.username, cluster.password)}
    with ExitStack() as stack:

        def user(name: str, *roles: str) -> SomeCaller:
            return stack.enter_context(_user(cluster, f"{mark}-{name}", *roles))

        def key(name: str, *privileges: str, limited: bool = True) -> SomeCaller:
            roles = {"one": {"cluster": list(privileges)}} if limited else {}
            return stack.enter_context(_api_key(cluster, f"{mark}-{name}", roles))

        reader = user("reader", "machine_learning_user")
        yield {
            "user without roles": user("nobody"),
            "user with a role that is not there": user("lost", f"{mark}-no-such-role"),
            "machine_learning_user": reader,
            "machine_learning_admin": user("admin", "machine_learning_admin"),
            "superuser": SomeCaller(superuser),
            "superuser as machine_learning_user": SomeCaller(
                {**superuser, "es-security-runas-user": reader.username}
            ),
            "API key with monitor_ml": key("monitor", "monitor_ml"),
            "API key with manage_ml": key("manage", "manage_ml"),
            "API key without ML": key("other", "monitor_transform"),
            "API key of all its owner's rights": key("all", limited=False),
            "service account": stack.enter_context(_service_token(cluster, mark)),
        }


@contextmanager
def _user(cluster: Cluster, name: str, *roles: str) -> Iterator[SomeCaller]:
    account = {"password": PASSWORD, "roles": list(roles)}
    assert cluster.request("PUT", f"/_security/user/{name}", account).status == 200
    try:
        yield SomeCaller({"Authorization": basic(name, PASSWORD)}, name)
    finally:
        cluster.request("DELETE", f"/_security/user/{name}")


@contextmanager
def _api_key(cluster: Cluster, name: str, roles: object) -> Iterator[SomeCaller]:
    body = {"name": name, "role_descriptors": roles}
    made = cluster.request("POST", "/_security/api_key", body).body
    try:
        yield SomeCaller({"Authorization": f"ApiKey {made['encoded']}"})
    finally:
        cluster.request("DELETE", "/_security/api_key", {"ids": [made["id"]]})


@contextmanager
def _service_token(cluster: Cluster, name: str) -> Iterator[SomeCaller]:
    path = f"/_security/service/elastic/fleet-server/credential/token/{name}"
    made = cluster.request("POST", path).body
    try:
        yield SomeCaller({"Authorization": f"Bearer {made['token']['value']}"})
    finally:
        cluster.request("DELETE", path)
