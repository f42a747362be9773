"""Elasticsearch goes away and comes back: nothing is lost, nothing counts twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.crash.careful_client import bodies, wait_for
from integration.crash.crash_fixtures import Beside, finish, open_job, undisturbed_outcome
from integration.elasticsearch import Cluster
from integration.sidecar_process import SidecarProcess

pytestmark = pytest.mark.integration

BODIES = bodies()
SETTINGS = {
    # Small queues are full soon.
    "SIDECAR_RESULTS_QUEUE_MAX_DOCS": "20",
    "SIDECAR_QUEUE_MAX_BYTES": "4096",
    "SIDECAR_QUEUE_WAIT_MS": "200",
}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("outage")


@pytest.fixture(scope="module")
def undisturbed(own_cluster: Cluster, data_dir: Path) -> dict[str, Any]:
    sidecar = SidecarProcess.start(own_cluster, data_dir / "undisturbed")
    found = undisturbed_outcome(sidecar, own_cluster)
    assert sidecar.stop() == 0
    return found


@pytest.fixture
def back_again(own_cluster: Cluster) -> Iterator[Cluster]:
    """The cluster; started again afterwards whatever happened."""
    yield own_cluster
    if not own_cluster.is_healthy():
        own_cluster.start()


def test_posts_go_on_without_elasticsearch_until_the_queue_is_full(
    back_again: Cluster, data_dir: Path, undisturbed: dict[str, Any]
) -> None:
    long = {"SIDECAR_LEASE_MS": "600000", "SIDECAR_PRIVILEGE_CACHE_MS": "600000"}
    sidecar = SidecarProcess.start(back_again, data_dir / "full", settings=SETTINGS | long)
    with open_job(sidecar, back_again) as client:
        try:
            # Both HTTP workers learn that the caller may post.
            waiting = list(BODIES)
            assert client.post(waiting.pop(0)).status == 202
            for _ in range(10):
                assert client.post(b"").status == 202
                assert client.request("POST", "/_flush").status == 200
            back_again.stop()
            reply = client.post(waiting.pop(0))
            assert reply.status == 202, reply
            while (reply := client.post(waiting[0])).status == 202:
                waiting.pop(0)
            assert reply.status == 429, reply
            assert int(reply.headers["retry-after"]) > 0
            assert waiting
            flush = Beside(lambda: client.request("POST", "/_flush"))
            assert not flush.is_over
            back_again.start()
            assert flush.result().status == 200
            for body in waiting:
                client.post_until_taken(body)
            finish(client, undisturbed)
        finally:
            client.remove()
            assert sidecar.stop() == 0


def test_an_outage_longer_than_the_lease_loses_nothing(
    back_again: Cluster, data_dir: Path, undisturbed: dict[str, Any]
) -> None:
    short = {"SIDECAR_LEASE_MS": "3000"}
    sidecar = SidecarProcess.start(back_again, data_dir / "lease", settings=SETTINGS | short)
    with open_job(sidecar, back_again) as client:
        try:
            for body in BODIES[:2]:
                assert set(client.post_until_taken(body)) <= {202, 429}
            last = Beside(lambda: client.post_until_taken(BODIES[2]))
            back_again.kill()
            wait_for(lambda: "the lease ran out" in sidecar.log.read_text(), "the job is fenced")
            back_again.start()
            last.result()
            for body in BODIES[3:]:
                client.post_until_taken(body)
            finish(client, undisturbed)
        finally:
            client.remove()
            assert sidecar.stop() == 0


def test_started_without_elasticsearch_it_works_when_that_comes(
    back_again: Cluster, data_dir: Path, undisturbed: dict[str, Any]
) -> None:
    first = SidecarProcess.start(back_again, data_dir / "start")
    with open_job(first, back_again) as client:
        for body in BODIES[:3]:
            assert client.post(body).status == 202
        assert first.stop() == 0
        back_again.stop()
        second = SidecarProcess.start(back_again, data_dir / "start")
        try:
            client.url = second.url
            wait_for(lambda: "waiting for Elasticsearch" in second.log.read_text(), "the log line")
            refused = client.post(BODIES[3])
            assert refused.status == 503, refused
            assert int(refused.headers["retry-after"]) > 0
            back_again.start()
            for body in BODIES[3:]:
                client.post_until_taken(body)
            finish(client, undisturbed)
        finally:
            client.remove()
            assert second.stop() == 0
