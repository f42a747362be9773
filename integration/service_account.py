"""The sidecar's own account on a test cluster: a user with the role that `ml-sidecar roles` prints.

Everything that runs a real sidecar runs it with this account, so what the role lacks fails a test.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from integration.elasticsearch import Cluster
from sidecar.storage.names import Names
from sidecar.storage.service_role import service_role


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Name and password of a user; the role has the user's name."""

    cluster: Cluster
    username: str
    password: str

    @property
    def settings(self) -> dict[str, str]:
        """How a sidecar is told of it."""
        return {
            "SIDECAR_ELASTICSEARCH_USERNAME": self.username,
            "SIDECAR_ELASTICSEARCH_PASSWORD": self.password,
        }

    @classmethod
    def create(cls, cluster: Cluster, role: Mapping[str, Any]) -> ServiceAccount:
        """Make a user with this role; raises RuntimeError when the cluster refuses."""
        name, password = f"ml-sidecar-{secrets.token_hex(6)}", secrets.token_urlsafe(24)
        for path, body in (
            (f"/_security/role/{name}", role),
            (f"/_security/user/{name}", {"password": password, "roles": [name]}),
        ):
            answer = cluster.request("PUT", path, body)
            if answer.status != 200:
                raise RuntimeError(f"PUT {path}: {answer.body}")
        return cls(cluster, name, password)

    def exists(self) -> bool:
        """Whether the cluster knows the user; one that is away has forgotten nobody."""
        try:
            found = self.cluster.request("GET", f"/_security/user/{self.username}")
        except OSError:
            return True
        return found.status == 200

    def remove(self) -> None:
        """Delete user and role; nothing when the cluster is gone."""
        for kind in ("user", "role"):
            try:
                self.cluster.request("DELETE", f"/_security/{kind}/{self.username}")
            except OSError:
                return


@contextmanager
def service_account(cluster: Cluster, role: Mapping[str, Any]) -> Iterator[ServiceAccount]:
    """Lend an account with this role; removed afterwards."""
    made = ServiceAccount.create(cluster, role)
    try:
        yield made
    finally:
        made.remove()


_KEPT: dict[Cluster, ServiceAccount] = {}


def account_of_this_process(cluster: Cluster) -> ServiceAccount:
    """Give the account that all sidecars of this process use; see `remove_accounts`.

    A cluster that was removed and started again at the same address knows it no more.
    """
    kept = _KEPT.get(cluster)
    if kept is None or not kept.exists():
        kept = _KEPT[cluster] = ServiceAccount.create(cluster, service_role(Names()))
    return kept


def remove_accounts() -> None:
    """Delete what `account_of_this_process` made."""
    while _KEPT:
        _KEPT.popitem()[1].remove()
