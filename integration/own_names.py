"""A sidecar whose jobs nobody else on the cluster sees: it has an index prefix of its own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from elasticsearch import Elasticsearch

from integration.elasticsearch import Cluster
from integration.service_account import service_account
from integration.sidecar_process import SidecarProcess
from sidecar.storage.names import Names
from sidecar.storage.service_role import service_role


@dataclass(frozen=True, slots=True)
class OwnNames:
    """The sidecar, and what its indices begin with."""

    sidecar: SidecarProcess
    prefix: str


@contextmanager
def sidecar_with_own_names(
    cluster: Cluster, folder: Path, settings: Mapping[str, str] | None = None
) -> Iterator[OwnNames]:
    """Lend one, with an account for its prefix; its jobs and indices are deleted afterwards."""
    prefix = f".own-{secrets.token_hex(4)}-"
    named = {"SIDECAR_INDEX_PREFIX": prefix, **(settings or {})}
    with service_account(cluster, service_role(Names(prefix))) as account:
        sidecar = SidecarProcess.start(cluster, folder, account=account, settings=named)
        try:
            yield OwnNames(sidecar, prefix)
            _delete_jobs(sidecar, cluster)
        finally:
            status = sidecar.stop()
            _delete_indices(cluster, prefix)
        assert status == 0


def _delete_jobs(sidecar: SidecarProcess, cluster: Cluster) -> None:
    basic = (cluster.username, cluster.password)
    with Elasticsearch(sidecar.url, basic_auth=basic, request_timeout=120) as client:
        for job in client.ml.get_jobs(job_id="_all")["jobs"]:
            client.ml.delete_job(job_id=job["job_id"], force=True)


def _delete_indices(cluster: Cluster, prefix: str) -> None:
    for name in ("config", "meta", "sidecar", "state-000001"):
        cluster.request("DELETE", f"/{prefix}{name}")
    for name in ("state", "sidecar"):
        cluster.request("DELETE", f"/_index_template/{prefix}{name}")
