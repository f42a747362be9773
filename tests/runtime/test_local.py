"""The local runtime keeps the contract, and survives the death of its processes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.errors import (
    ConflictError,
    MlError,
    RequestTimeoutError,
    UnavailableError,
)
from sidecar.interfaces import FlushRequest, JobRuntime
from sidecar.runtime.local import LocalRuntime
from sidecar.schema.job_task import JobState, JobTask
from tests.runtime.contract import PATIENCE_MS, PATIENCE_S, RuntimeContract, log, records
from tests.runtime.harness import LocalHarness

wait_for = RuntimeContract.wait_for


class TestLocalRuntime(RuntimeContract):
    """Every test of the contract."""

    @pytest.fixture
    def runtime(self, local: LocalHarness) -> JobRuntime:
        return local.runtime

    @pytest.fixture
    def folder(self, local: LocalHarness) -> Path:
        return local.folder


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_each_job_has_a_process_of_its_own(local: LocalHarness) -> None:
    local.runtime.open("web", PATIENCE_MS)
    local.runtime.open("db", PATIENCE_MS)
    assert len({local.pid("web"), local.pid("db"), os.getpid()}) == 3


def test_a_job_process_killed_between_posts_loses_nothing(local: LocalHarness) -> None:
    runtime = local.runtime
    runtime.open("web", PATIENCE_MS)
    for number in range(4):
        runtime.post("web", [b"a\nb\n"], None)
        if number == 1:
            runtime.persist("web")
        if number != 3:
            kill(local.pid())
    wait_for(lambda: runtime.status(["web"])["web"].state is JobState.OPENED)
    assert records(runtime) == 8
    runtime.close("web", force=False, timeout_ms=PATIENCE_MS)
    runtime.open("web", PATIENCE_MS)
    assert records(runtime) == 8


def test_other_jobs_do_not_notice_the_death_of_one(local: LocalHarness) -> None:
    local.runtime.open("web", PATIENCE_MS)
    local.runtime.open("db", PATIENCE_MS)
    before = local.pid("db")
    kill(local.pid("web"))
    local.runtime.post("db", [b"a\n"], None)
    local.runtime.post("web", [b"a\n"], None)
    assert local.pid("db") == before
    assert records(local.runtime, "db") == records(local.runtime, "web") == 1


def test_an_upload_under_which_the_process_dies_is_asked_for_again(local: LocalHarness) -> None:
    runtime = local.runtime
    runtime.open("web", PATIENCE_MS)

    def interrupted() -> Iterator[bytes]:
        yield b"a\n"
        kill(local.pid())
        for _ in range(50):
            yield b"b\n" * 500_000

    with pytest.raises(UnavailableError, match="send that upload again") as raised:
        runtime.post("web", interrupted(), None)
    assert raised.value.headers["Retry-After"]
    runtime.post("web", [b"a\n"], None)
    assert records(runtime) == 1


def test_a_process_that_dies_before_the_commit_kept_nothing(local: LocalHarness) -> None:
    local.runtime.open("web", PATIENCE_MS)
    with pytest.raises(UnavailableError, match="nothing of it was kept"):
        local.runtime.post("web", [b"die\n"], None)
    local.runtime.post("web", [b"a\n"], None)
    assert records(local.runtime) == 1


def test_an_upload_that_was_durable_when_the_process_died_is_acknowledged(
    local: LocalHarness,
) -> None:
    runtime = local.runtime
    runtime.open("web", PATIENCE_MS)
    runtime.post("web", [b"a\nb\n"], None)
    counts = runtime.post("web", [b"die after commit\nc\nd\n"], None)
    assert (counts.processed_record_count, counts.input_bytes) == (3, 21)
    assert records(runtime) == 5


def test_a_flush_is_repeated_when_the_process_dies_before_it(local: LocalHarness) -> None:
    local.runtime.open("web", PATIENCE_MS)
    kill(local.pid())
    assert local.runtime.flush("web", FlushRequest(advance_time=5)).last_finalized_bucket_end == 5


def test_a_process_that_dies_again_and_again_makes_the_job_fail(local: LocalHarness) -> None:
    runtime = local.runtime
    (local.folder / "die-at-open").touch()
    with pytest.raises(MlError, match=r"ended 5 times in a row .* exit status \[3\]"):
        runtime.open("web", PATIENCE_MS)
    assert runtime.status(["web"])["web"].state is JobState.FAILED
    found = local.tasks.get("web")
    assert found is not None
    assert found[0].state is JobState.FAILED
    assert "ended 5 times in a row" in local.audit.of("web")[0]
    (local.folder / "die-at-open").unlink()
    runtime.close("web", force=True, timeout_ms=PATIENCE_MS)
    runtime.open("web", PATIENCE_MS)


def test_opening_is_tried_again_while_the_cluster_is_away(local: LocalHarness) -> None:
    runtime = local.runtime
    (local.folder / "not-now").touch()
    with pytest.raises(RequestTimeoutError, match=r"Opening job \[web\] timed out"):
        runtime.open("web", 300)
    status = runtime.status(["web"])["web"]
    assert status.state is JobState.OPENING
    impatient = LocalRuntime(runtime._supervisor_socket, wait_ms=50)
    with pytest.raises(UnavailableError, match=r"is being opened \(the cluster is away\)"):
        impatient.post("web", [b"a\n"], None)
    (local.folder / "not-now").unlink()
    assert runtime.post("web", [b"a\n"], None).processed_record_count == 1


def test_closing_is_tried_again_while_the_cluster_is_away(local: LocalHarness) -> None:
    runtime = local.runtime
    runtime.open("web", PATIENCE_MS)
    runtime.post("web", [b"a\n"], None)
    (local.folder / "cannot-close").touch()
    with pytest.raises(RequestTimeoutError, match=r"Closing job \[web\] timed out"):
        runtime.close("web", force=False, timeout_ms=300)
    assert runtime.status(["web"])["web"].state is JobState.CLOSING
    with pytest.raises(ConflictError, match="is not open"):
        runtime.post("web", [b"b\n"], None)
    (local.folder / "cannot-close").unlink()
    runtime.close("web", force=False, timeout_ms=PATIENCE_MS)
    runtime.open("web", PATIENCE_MS)
    assert records(runtime) == 1


def test_a_job_is_closed_with_force_under_a_running_upload(
    local: LocalHarness, tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    local.runtime.open("web", PATIENCE_MS)
    outcome: list[MlError] = []

    def post() -> None:
        try:
            local.runtime.post("web", [f"block {fifo}\n".encode()], None)
        except MlError as error:
            outcome.append(error)

    thread = threading.Thread(target=post)
    thread.start()
    with fifo.open("wb"):
        local.runtime.close("web", force=True, timeout_ms=PATIENCE_MS)
        thread.join(PATIENCE_S)
    assert [error.status for error in outcome] == [503]
    assert local.runtime.status(["web"]) == {}


def test_jobs_are_open_again_after_a_stop_and_a_start(local: LocalHarness) -> None:
    runtime = local.runtime
    runtime.open("web", PATIENCE_MS)
    runtime.open("db", PATIENCE_MS)
    runtime.post("web", [b"a\nb\n"], None)
    local.restart(grace_s=PATIENCE_S)
    assert runtime.post("web", [b"c\n"], None).processed_record_count == 1
    assert records(runtime) == 3
    assert runtime.flush("db", FlushRequest(advance_time=1)).last_finalized_bucket_end == 1
    assert "closed" in log(local.folder)
    found = local.tasks.get("web")
    assert found is not None
    assert (found[0].state, found[0].epoch) == (JobState.OPENED, 2)


def test_jobs_are_open_again_when_there_was_no_time_to_persist(local: LocalHarness) -> None:
    runtime = local.runtime
    runtime.open("web", PATIENCE_MS)
    runtime.post("web", [b"a\nb\n"], None)
    local.restart(grace_s=0.0)
    runtime.post("web", [b"c\n"], None)
    assert records(runtime) == 3


def test_a_failed_job_is_still_failed_after_a_restart(local: LocalHarness) -> None:
    runtime = local.runtime
    (local.folder / "do-not-open").touch()
    with pytest.raises(MlError):
        runtime.open("web", PATIENCE_MS)
    local.restart(grace_s=1.0)
    status = runtime.status(["web"])["web"]
    assert status.state is JobState.FAILED
    assert status.assignment_explanation == "No known job with id 'web'"
    runtime.close("web", force=True, timeout_ms=PATIENCE_MS)
    assert local.tasks.get("web") is None


def test_a_job_that_was_closing_is_closed_after_a_restart(local: LocalHarness) -> None:
    runtime = local.runtime
    runtime.open("web", PATIENCE_MS)
    runtime.post("web", [b"a\n"], None)
    (local.folder / "cannot-close").touch()
    with pytest.raises(RequestTimeoutError):
        runtime.close("web", force=False, timeout_ms=300)
    local.stop(0.0)
    (local.folder / "cannot-close").unlink()
    local.start()
    wait_for(lambda: runtime.status(["web"]) == {})
    assert local.tasks.get("web") is None


def test_the_supervisor_waits_for_the_cluster_before_it_says_what_is_open(
    local: LocalHarness,
) -> None:
    runtime = local.runtime
    runtime.open("web", PATIENCE_MS)
    local.stop(PATIENCE_S)
    local.tasks.fail_with(UnavailableError("the cluster is away"), 10_000)
    local.start()
    with pytest.raises(UnavailableError, match="does not know yet which jobs are open"):
        runtime.post("web", [b"a\n"], None)
    local.tasks._failures.clear()
    wait_for(local.supervisor._recovered.is_set)
    assert runtime.post("web", [b"a\n"], None).processed_record_count == 1


def foreign_task(lease_expires: int) -> JobTask:
    return JobTask("web", JobState.OPENED, "other-id", "other-node", 7, 1_000, lease_expires)


def test_a_job_of_another_node_is_left_alone_while_its_lease_is_alive(
    local: LocalHarness,
) -> None:
    local.tasks.put(foreign_task(2**53), None)
    with pytest.raises(ConflictError, match=r"is open on node \[other-node\]"):
        local.runtime.open("web", PATIENCE_MS)
    local.supervisor._heartbeat.renew()
    status = local.runtime.status(["web"])["web"]
    assert status.state is JobState.OPENED
    assert status.node is not None
    assert status.node["name"] == "other-node"
    with pytest.raises(ConflictError, match=r"is open on node \[other-node\]"):
        local.runtime.post("web", [b"a\n"], None)
    with pytest.raises(ConflictError, match=r"is open on node \[other-node\]"):
        local.runtime.close("web", force=True, timeout_ms=PATIENCE_MS)


def test_a_job_whose_owner_is_gone_is_taken_over_with_the_next_epoch(
    local: LocalHarness,
) -> None:
    local.tasks.put(foreign_task(1), None)
    local.runtime.open("web", PATIENCE_MS)
    assert log(local.folder) == ["open epoch=8"]


def test_a_job_that_another_node_took_stops_here(local: LocalHarness) -> None:
    local.runtime.open("web", PATIENCE_MS)
    found = local.tasks.get("web")
    assert found is not None
    local.tasks.put(foreign_task(2**53), found[1])
    pid = local.pid()
    local.supervisor._heartbeat.renew()
    wait_for(lambda: "web" not in local.supervisor._jobs)
    wait_for(lambda: not Path(f"/proc/{pid}").exists())
    assert local.tasks.get("web") == (foreign_task(2**53), local.tasks.get("web")[1])  # type: ignore[index]


def test_a_job_whose_lease_ran_out_stops_until_the_lease_is_renewed(local: LocalHarness) -> None:
    runtime = local.runtime
    runtime.open("web", PATIENCE_MS)
    runtime.post("web", [b"a\n"], None)
    local.supervisor._jobs["web"].claim.renewed_at -= 1000.0
    local.supervisor._heartbeat.fence()
    wait_for(lambda: runtime.status(["web"])["web"].state is JobState.OPENING)
    impatient = LocalRuntime(runtime._supervisor_socket, wait_ms=50)
    with pytest.raises(UnavailableError, match="is being opened"):
        impatient.post("web", [b"b\n"], None)
    local.supervisor._heartbeat.renew()
    runtime.post("web", [b"b\n"], None)
    assert records(runtime) == 2


def test_a_write_that_was_lost_on_its_way_back_does_not_cost_the_lease(
    local: LocalHarness,
) -> None:
    local.runtime.open("web", PATIENCE_MS)
    found = local.tasks.get("web")
    assert found is not None
    local.tasks.put(*found)
    local.supervisor._heartbeat.renew()
    assert local.runtime.status(["web"])["web"].state is JobState.OPENED


def test_an_open_that_was_asked_of_a_dead_supervisor_is_joined(local: LocalHarness) -> None:
    local.runtime.open("web", PATIENCE_MS)
    assert local.supervisor.open("web", PATIENCE_MS, again=True)


def test_no_supervisor_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="supervisor does not answer"):
        LocalRuntime(str(tmp_path / "nobody"), supervisor_wait_ms=0).node()
