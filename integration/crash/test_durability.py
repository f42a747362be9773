"""Uploads that break off, collide, meet a full disk or the end of the sidecar."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.crash.careful_client import CarefulClient, bodies, wait_for
from integration.crash.crash_fixtures import (
    Beside,
    finish,
    half_sent,
    journal_bytes,
    open_job,
)
from integration.elasticsearch import Cluster
from integration.sidecar_process import SidecarProcess

pytestmark = pytest.mark.integration

BODIES = bodies()
Outcome = dict[str, Any]
both_lengths = pytest.mark.parametrize("chunked", [False, True], ids=["content_length", "chunked"])


def snapshots(client: CarefulClient) -> int:
    query = {
        "query": {
            "bool": {
                "filter": [
                    {"term": {"job_id": client.job_id}},
                    {"exists": {"field": "snapshot_doc_count"}},
                ]
            }
        }
    }
    path = "/.ml-anomalies-*/_count?expand_wildcards=all"
    return int(client.cluster.request("POST", path, query).body["count"])


@both_lengths
def test_an_upload_that_the_client_breaks_off_leaves_nothing(
    sidecar: SidecarProcess, client: CarefulClient, undisturbed: Outcome, chunked: bool
) -> None:
    for number, body in enumerate(BODIES):
        if number in (0, 4):
            half_sent(sidecar, client, body, chunked=chunked).break_off()
        assert client.post(body).status == 202
    finish(client, undisturbed)


def test_a_chunked_upload_without_its_last_chunk_leaves_nothing(
    sidecar: SidecarProcess, client: CarefulClient, undisturbed: Outcome
) -> None:
    for number, body in enumerate(BODIES):
        if number == 2:
            upload = half_sent(sidecar, client, body, chunked=True)
            upload.send_rest()
            upload.break_off()
        assert client.post(body).status == 202
    finish(client, undisturbed)


def test_uploads_of_two_connections_are_taken_in_order(
    sidecar: SidecarProcess, client: CarefulClient, undisturbed: Outcome
) -> None:
    for number in range(0, len(BODIES), 2):
        first = half_sent(sidecar, client, BODIES[number])
        second = Beside(lambda body=BODIES[number + 1]: client.post(body))  # type: ignore[misc]
        assert not second.is_over
        assert first.finish().status == 202
        assert second.result().status == 202
    finish(client, undisturbed)


def test_closing_waits_for_the_upload_that_is_in_progress(
    sidecar: SidecarProcess, client: CarefulClient, undisturbed: Outcome
) -> None:
    for number, body in enumerate(BODIES):
        if number != 2:
            assert client.post(body).status == 202
            continue
        upload = half_sent(sidecar, client, body)
        close = Beside(lambda: client.request("POST", "/_close"))
        wait_for(lambda: client.state() == "closing", "the state closing")
        refused = client.post(BODIES[3])
        assert refused.status == 409, refused
        assert client.request("POST", "/_open").status == 409
        assert upload.finish().status == 202
        assert close.result().status == 200
        client.done("POST", "/_open")
    finish(client, undisturbed)


def test_closing_by_force_drops_the_upload_that_is_in_progress(
    sidecar: SidecarProcess, client: CarefulClient, undisturbed: Outcome
) -> None:
    for number, body in enumerate(BODIES):
        if number == 3:
            upload = half_sent(sidecar, client, body)
            client.done("POST", "/_close?force=true")
            assert client.state() == "closed"
            assert upload.status() in (409, 503)
            client.done("POST", "/_open")
        assert client.post(body).status == 202
    finish(client, undisturbed)


def test_an_open_job_is_deleted_by_force_alone(
    sidecar: SidecarProcess, client: CarefulClient
) -> None:
    assert client.post(BODIES[0]).status == 202
    client.done("POST", "/_flush", {"calc_interim": True})
    client.done("POST", "/_close")
    client.done("POST", "/_open")
    assert client.post(BODIES[1]).status == 202
    upload = half_sent(sidecar, client, BODIES[2])
    refused = client.request("DELETE", "")
    assert refused.status == 409, refused
    client.done("DELETE", "?force=true")
    assert upload.status() in (409, 503)
    assert client.request("GET", "").status == 404
    assert not Path(sidecar.log.parent, "journal", client.job_id).exists()
    assert client.remains() == []


def test_what_is_posted_while_the_sidecar_stops_is_kept(
    cluster: Cluster, tmp_path: Path, undisturbed: Outcome
) -> None:
    first = SidecarProcess.start(cluster, tmp_path)
    with open_job(first, cluster) as client:
        for body in BODIES[:2]:
            assert client.post(body).status == 202
        upload = half_sent(first, client, BODIES[2])
        os.kill(first.pid, signal.SIGTERM)
        wait_for(lambda: '"stopping"' in first.log.read_text(), "the log says stopping")
        assert upload.finish().status == 202
        assert first.stop() == 0
        assert snapshots(client) == 1
        assert journal_bytes(first, client.job_id) < 1024
        second = SidecarProcess.start(cluster, tmp_path)
        try:
            client.url = second.url
            for body in BODIES[3:]:
                assert client.post(body).status == 202, "nobody has to open the job"
            finish(client, undisturbed)
        finally:
            client.remove()
            assert second.stop() == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path, leave: int) -> None:
    """Take all room of a file system but so many bytes."""
    found = os.statvfs(path.parent)
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - leave)


@pytest.mark.parametrize("leave", [0, 2 * 1024 * 1024], ids=["nothing", "less_than_the_upload"])
def test_an_upload_that_the_disk_has_no_room_for_is_refused(
    cluster: Cluster, tmp_path: Path, small_disk: Path, undisturbed: Outcome, leave: int
) -> None:
    sidecar = SidecarProcess.start(
        cluster, tmp_path / "log", settings={"SIDECAR_DATA_DIR": str(small_disk)}
    )
    filler = small_disk / "filler"
    with open_job(sidecar, cluster) as client:
        try:
            for number, body in enumerate(BODIES):
                if number in (0, 3):
                    fill(filler, leave)
                    refused = client.post(body)
                    assert refused.status == 503, refused
                    reason = refused.body["error"]["reason"]
                    assert f"journal folder [{small_disk}/journal/{client.job_id}]" in reason
                    assert "No space left on device" in reason
                    assert int(refused.headers["retry-after"]) > 0
                    assert client.state() == "opened"
                    filler.unlink()
                assert client.post(body).status == 202
            finish(client, undisturbed)
        finally:
            client.remove()
            assert sidecar.stop() == 0
