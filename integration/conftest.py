"""The clusters that integration tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.elasticsearch import Cluster, borrowed
from integration.sidecar_process import free_port


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
