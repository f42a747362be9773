"""A sidecar for the tests of one module, and what an undisturbed run of the same data gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integration.crash.careful_client import CarefulClient
from integration.crash.crash_fixtures import open_job, undisturbed_outcome
from integration.elasticsearch import Cluster
from integration.sidecar_process import SidecarProcess


@pytest.fixture(scope="module")
def sidecar(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SidecarProcess]:
    """One that only the tests of this module use."""
    process = SidecarProcess.start(cluster, tmp_path_factory.mktemp("crash"))
    yield process
    assert process.stop() == 0


@pytest.fixture(scope="module")
def undisturbed(sidecar: SidecarProcess, cluster: Cluster) -> dict[str, Any]:
    """The outcome when nothing breaks."""
    return undisturbed_outcome(sidecar, cluster)


@pytest.fixture
def client(sidecar: SidecarProcess, cluster: Cluster) -> Iterator[CarefulClient]:
    """Requests about an open job of its own."""
    with open_job(sidecar, cluster) as made:
        yield made
