"""The sidecar's own account on a test cluster: a user with the role that `ml-sidecar roles` prints.

Everything that runs a real sidecar runs it with this account, so what the role lacks fails a test.
"""

from __future__ import annotations

import functools
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


_KEPT: list[ServiceAccount] = []


@functools.cache
def account_of_this_process(cluster: Cluster) -> ServiceAccount:
    """Give the account that all sidecars of this process use; see `remove_accounts`."""
    made = ServiceAccount.create(cluster, service_role(Names()))
    _KEPT.append(made)
    return made


def remove_accounts() -> None:
    """Delete what `account_of_this_process` made."""
    account_of_this_process.cache_clear()
    while _KEPT:
        _KEPT.pop().remove()
