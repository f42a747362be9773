"""What tests of crashes share: jobs of one test, an undisturbed run to compare with."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from integration.crash.careful_client import CarefulClient, HalfSent, bodies, wait_for
from integration.elasticsearch import Cluster
from integration.sidecar_process import SidecarProcess


def journal_bytes(sidecar: SidecarProcess, job_id: str) -> int:
    """Size of a job's journal on disk; 0 when there is none."""
    folder = Path(sidecar.log.parent, "journal", job_id)
    return sum(path.stat().st_size for path in folder.glob("*.journal"))


def journal_written(sidecar: SidecarProcess, job_id: str) -> int:
    """When the job's journal was last written, in ns; short entries fit in room it has."""
    folder = Path(sidecar.log.parent, "journal", job_id)
    return max(path.stat().st_mtime_ns for path in folder.glob("*.journal"))


@contextmanager
def open_job(sidecar: SidecarProcess, cluster: Cluster) -> Iterator[CarefulClient]:
    """An open job with a name of its own; deleted afterwards."""
    client = CarefulClient(sidecar.url, cluster, f"crash-{uuid.uuid4().hex[:12]}")
    try:
        yield client.create()
    finally:
        client.remove()


def half_sent(
    sidecar: SidecarProcess, client: CarefulClient, body: bytes, *, chunked: bool = False
) -> HalfSent:
    """Begin an upload; returns when a part of it is in the journal."""
    before = journal_bytes(sidecar, client.job_id)
    upload = HalfSent(client, body, chunked=chunked)
    # The server passes on a MiB at a time; a little of it may fit in room reserved before.
    wait_for(
        lambda: journal_bytes(sidecar, client.job_id) > before + 1_000_000,
        "a part of the upload in the journal",
    )
    return upload


def undisturbed_outcome(sidecar: SidecarProcess, cluster: Cluster) -> dict[str, Any]:
    """What a run finds to which nothing happens."""
    with open_job(sidecar, cluster) as client:
        for body in bodies():
            assert client.post(body).status == 202
        client.done("POST", "/_flush")
        client.done("POST", "/_close")
        outcome = client.outcome()
    assert len(outcome["buckets"]) > 100
    assert outcome["records"]
    assert outcome["influencers"]
    return outcome


def differences(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Where two outcomes differ, each in a few words: outcomes are large."""
    told = []
    for name in sorted(found.keys() | wanted.keys()):
        left, right = found.get(name), wanted.get(name)
        if left == right:
            continue
        if isinstance(left, list) and isinstance(right, list):
            told.append(f"{name}: {len(left)} instead of {len(right)}")
            unlike = ((a, b) for a, b in zip(left, right, strict=False) if a != b)
            told += [f"{name}: {a} instead of {b}" for a, b in itertools.islice(unlike, 2)]
        else:
            told.append(f"{name}: {left} instead of {right}")
    return told


def finish(client: CarefulClient, wanted: dict[str, Any]) -> None:
    """Flush and close the job; it has found and counted what the undisturbed one has."""
    client.done("POST", "/_flush")
    client.done("POST", "/_close")
    assert differences(client.outcome(), wanted) == []


class Beside:
    """Runs something in a thread while the test goes on; `result` waits for it."""

    def __init__(self, action: Callable[[], Any]) -> None:
        self._action = action
        self._result: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether it has returned or raised."""
        return not self._thread.is_alive()

    def result(self, timeout_s: float = 150.0) -> Any:
        """What it returned; raises what it raised, AssertionError when it takes too long."""
        self._thread.join(timeout_s)
        assert self.is_over, "it goes on and on"
        if self._error is not None:
            raise self._error
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._action()
        except BaseException as error:  # handed to whoever asks for the result
            self._error = error
