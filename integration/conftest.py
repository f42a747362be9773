"""The clusters that integration tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.elasticsearch import Cluster, borrowed
from integration.service_account import remove_accounts
from integration.sidecar_process import SidecarProcess, free_port

REQUEST_MAX_BYTES = 2 * 1024 * 1024


@pytest.fixture(scope="session", autouse=True)
def accounts() -> Iterator[None]:
    """Take back the accounts of sidecars when no test uses a cluster any more."""
    yield
    remove_accounts()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One cluster for all, of SIDECAR_TEST_ES_VERSION; a test takes back what it made there."""
    with borrowed() as shared:
        yield shared


@pytest.fixture(scope="session")
def own_cluster() -> Iterator[Cluster]:
    """One that nobody else uses, for tests that stop or kill it; they leave it started."""
    with borrowed(port=free_port(), own=True) as fresh:
        yield fresh


@pytest.fixture(scope="session")
def sidecar(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SidecarProcess]:
    """One sidecar for all tests that need no more than a running one; bodies may have 2 MiB."""
    process = SidecarProcess.start(
        cluster,
        tmp_path_factory.mktemp("sidecar"),
        settings={"SIDECAR_REQUEST_MAX_BYTES": str(REQUEST_MAX_BYTES)},
    )
    yield process
    assert process.stop() == 0
