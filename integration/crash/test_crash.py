"""kill -9 of any process at any moment: nothing acknowledged is lost, nothing counts twice."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from integration import process_tree
from integration.crash.careful_client import CarefulClient, bodies, wait_for
from integration.crash.crash_fixtures import (
    Beside,
    differences,
    finish,
    half_sent,
    journal_bytes,
    journal_written,
    open_job,
)
from integration.elasticsearch import Cluster
from integration.sidecar_process import SidecarProcess

pytestmark = pytest.mark.integration

BODIES = bodies()
Outcome = dict[str, Any]
Strike = Callable[[SidecarProcess, str], None]


def job_process(sidecar: SidecarProcess, job_id: str) -> int:
    """The job's process, once there is one."""
    found = wait_for(lambda: process_tree.job_processes(sidecar.pid, job_id), "a job process")
    return int(found[0])


def strike(sidecar: SidecarProcess, pids: list[int]) -> None:
    """Kill processes and wait until they are gone."""
    for pid in pids:
        process_tree.kill(pid)
    wait_for(lambda: not any(map(process_tree.is_alive, pids)), "the end of what was killed")


def kill_job(sidecar: SidecarProcess, job_id: str) -> None:
    strike(sidecar, [job_process(sidecar, job_id)])


def kill_supervisor(sidecar: SidecarProcess, _: str) -> None:
    pids = wait_for(lambda: process_tree.supervisors(sidecar.pid), "a supervisor")
    strike(sidecar, pids)


def kill_fork_server(sidecar: SidecarProcess, _: str) -> None:
    pids = wait_for(lambda: process_tree.fork_servers(sidecar.pid), "a fork server")
    strike(sidecar, pids)


def kill_http_workers(sidecar: SidecarProcess, _: str) -> None:
    pids = wait_for(lambda: process_tree.http_workers(sidecar.pid), "HTTP workers")
    strike(sidecar, pids)


def kill_http_master(sidecar: SidecarProcess, _: str) -> None:
    pids = wait_for(lambda: process_tree.http_masters(sidecar.pid), "gunicorn")
    strike(sidecar, pids)


STRIKES = [kill_job, kill_supervisor, kill_fork_server, kill_http_workers, kill_http_master]
every_strike = pytest.mark.parametrize("strike_at", STRIKES, ids=lambda s: s.__name__)


@every_strike
def test_killed_between_posts(
    sidecar: SidecarProcess, client: CarefulClient, undisturbed: Outcome, strike_at: Strike
) -> None:
    for number, body in enumerate(BODIES):
        if number in (0, 3):
            # The first time right after the job was opened.
            strike_at(sidecar, client.job_id)
        assert client.post(body).status == 202, "the post waits for the recovery"
    finish(client, undisturbed)


@every_strike
@pytest.mark.parametrize("chunked", [False, True], ids=["content_length", "chunked"])
def test_killed_during_a_post(
    sidecar: SidecarProcess,
    client: CarefulClient,
    undisturbed: Outcome,
    strike_at: Strike,
    chunked: bool,
) -> None:
    for number, body in enumerate(BODIES):
        if number == 3:
            upload = half_sent(sidecar, client, body, chunked=chunked)
            strike_at(sidecar, client.job_id)
            # 0: the connection ended without an answer.
            assert upload.status() in ((0,) if "http" in strike_at.__name__ else (503,))
        assert client.post(body).status == 202
    finish(client, undisturbed)


@pytest.mark.parametrize("strike_at", [kill_job, kill_supervisor], ids=lambda s: s.__name__)
@pytest.mark.parametrize("when", ["before_it_is_noted", "after_it_is_noted"])
def test_killed_during_a_flush(
    sidecar: SidecarProcess,
    client: CarefulClient,
    undisturbed: Outcome,
    strike_at: Strike,
    when: str,
) -> None:
    for body in BODIES[:3]:
        assert client.post(body).status == 202
    before = journal_written(sidecar, client.job_id)
    pid = job_process(sidecar, client.job_id)
    if when == "before_it_is_noted":
        os.kill(pid, signal.SIGSTOP)
    flush = Beside(lambda: client.request("POST", "/_flush", {"calc_interim": True}))
    if when == "after_it_is_noted":
        wait_for(lambda: journal_written(sidecar, client.job_id) > before, "the flush's entry")
    strike_at(sidecar, client.job_id)
    reply = flush.result()
    assert reply.status == 200, reply
    assert reply.body["flushed"] is True
    for body in BODIES[3:]:
        assert client.post(body).status == 202
    finish(client, undisturbed)


@pytest.mark.parametrize("strike_at", [kill_job, kill_supervisor], ids=lambda s: s.__name__)
def test_killed_while_it_is_being_closed(
    sidecar: SidecarProcess, client: CarefulClient, undisturbed: Outcome, strike_at: Strike
) -> None:
    for body in BODIES:
        assert client.post(body).status == 202
    os.kill(job_process(sidecar, client.job_id), signal.SIGSTOP)
    close = Beside(lambda: client.request("POST", "/_close"))
    wait_for(lambda: client.state() == "closing", "the state closing")
    strike_at(sidecar, client.job_id)
    # Its successor opens the job to go on with the closing: that one dies as well.
    kill_job(sidecar, client.job_id)
    reply = close.result()
    assert (reply.status, reply.body) == (200, {"closed": True})
    assert not Path(sidecar.log.parent, "journal", client.job_id).exists()
    assert differences(client.outcome(), undisturbed) == []


def test_killed_again_and_again_at_random_moments(
    sidecar: SidecarProcess, client: CarefulClient, undisturbed: Outcome
) -> None:
    choice = random.Random(20_260_701)
    lines = [line for body in BODIES for line in body.splitlines(keepends=True)]
    small = [b"".join(lines[i : i + 25]) for i in range(0, len(lines), 25)]
    strikes = sorted(choice.sample(range(1, len(small)), 4))
    for number, body in enumerate(small):
        if number not in strikes:
            assert client.post(body).status == 202
            continue
        before = journal_bytes(sidecar, client.job_id)
        pid = job_process(sidecar, client.job_id)
        post = Beside(lambda body=body: client.post_until_taken(body))  # type: ignore[misc]
        wait_for(
            lambda before=before: journal_bytes(sidecar, client.job_id) > before,  # type: ignore[misc]
            "something of the upload on disk",
        )
        process_tree.kill(pid)
        # Answered 202, or told that nothing was kept: it is the journal that decides.
        assert set(post.result()) <= {202, 503}
    client.done("POST", "/_close")
    assert differences(client.outcome(), undisturbed) == []


def test_killed_altogether_and_started_again(
    cluster: Cluster, tmp_path: Path, undisturbed: Outcome
) -> None:
    first = SidecarProcess.start(cluster, tmp_path)
    with open_job(first, cluster) as client:
        for body in BODIES[:2]:
            assert client.post(body).status == 202
        flushed = client.done("POST", "/_flush")
        upload = half_sent(first, client, BODIES[2])
        members = process_tree.tree(first.pid)
        first.kill()
        wait_for(lambda: not any(map(process_tree.is_alive, members)), "the end of all of it")
        assert upload.status() == 0
        second = SidecarProcess.start(cluster, tmp_path)
        try:
            client.url = second.url
            assert flushed["flushed"] is True
            for body in BODIES[2:]:
                assert client.post(body).status == 202, "nobody has to open the job"
            assert client.state() == "opened"
            finish(client, undisturbed)
        finally:
            client.remove()
            assert second.stop() == 0
