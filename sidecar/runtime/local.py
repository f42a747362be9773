"""The runtime as HTTP workers see it: asks the supervisor, talks to the jobs' processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sidecar.errors import ConflictError, MlError
from sidecar.interfaces import (
    Document,
    FlushAnswer,
    FlushRequest,
    JobStatus,
    OpenJobStats,
    TimeRange,
)
from sidecar.runtime import faults, wire
from sidecar.runtime.channel import Channel, ConnectionLostError, NotListeningError
from sidecar.runtime.job_board import Address
from sidecar.runtime.upload import Upload
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.job import Job
from sidecar.schema.job_document import job_to_document
from sidecar.schema.job_task import JobState

_RETRY_S = 0.05
# A job's process that answers nothing for so long shows no live stats.
_STATS_TIMEOUT_S = 5.0
# How often a job's process may die under one request that can be repeated.
_ATTEMPTS = 5


class LocalRuntime:
    """Implements `interfaces.JobRuntime`; holds no state, so any number of workers may.

    Parameters
    ----------
    supervisor_socket : str
        Where the supervisor listens.
    wait_ms : int
        How long a request waits for a job that is being opened (again), before 503.
    supervisor_wait_ms : int
        How long it waits for a supervisor that is being started (again); usually a second.
    """

    def __init__(
        self, supervisor_socket: str, *, wait_ms: int = 60_000, supervisor_wait_ms: int = 15_000
    ) -> None:
        self._supervisor_socket = supervisor_socket
        self._wait_ms = wait_ms
        self._supervisor_wait_ms = supervisor_wait_ms

    def open(self, job_id: str, timeout_ms: int) -> str:
        """See `interfaces.JobRuntime.open`."""
        node_id: str = self._ask_supervisor(
            {"op": "open", "job_id": job_id, "timeout_ms": timeout_ms}
        )
        return node_id

    def close(self, job_id: str, *, force: bool, timeout_ms: int) -> None:
        """See `interfaces.JobRuntime.close`."""
        self._ask_supervisor(
            {"op": "close", "job_id": job_id, "force": force, "timeout_ms": timeout_ms}
        )

    def post(self, job_id: str, chunks: Iterable[bytes], reset: TimeRange | None) -> DataCounts:
        """See `interfaces.JobRuntime.post`."""
        return Upload(job_id, chunks, reset, lambda behind: self._locate(job_id, behind)).send()

    def flush(self, job_id: str, request: FlushRequest) -> FlushAnswer:
        """See `interfaces.JobRuntime.flush`."""
        message = {"op": "flush", "request": wire.flat_to_wire(request)}
        return FlushAnswer(self._ask_job(job_id, message))

    def update(self, job: Job) -> None:
        """See `interfaces.JobRuntime.update`."""
        self._tell_job(job.job_id, {"op": "update", "job": job_to_document(job)})

    def reload_rules(self, job_id: str) -> None:
        """See `interfaces.JobRuntime.reload_rules`."""
        self._tell_job(job_id, {"op": "reload_rules"})

    def persist(self, job_id: str) -> str:
        """See `interfaces.JobRuntime.persist`."""
        snapshot_id: str = self._ask_job(job_id, {"op": "persist"})
        return snapshot_id

    def forget(self, job_id: str) -> None:
        """See `interfaces.JobRuntime.forget`."""
        self._ask_supervisor({"op": "forget", "job_id": job_id})

    def status(self, job_ids: Sequence[str]) -> Mapping[str, JobStatus]:
        """See `interfaces.JobRuntime.status`."""
        found = self._ask_supervisor({"op": "status", "job_ids": list(job_ids)})
        return {job_id: _status(members) for job_id, members in found.items()}

    def node(self) -> Document:
        """See `interfaces.JobRuntime.node`."""
        node: Document = self._ask_supervisor({"op": "node"})
        return node

    def _locate(self, job_id: str, behind: int) -> Address:
        address = self._ask_supervisor(
            {"op": "locate", "job_id": job_id, "wait_ms": self._wait_ms, "behind": behind}
        )
        return Address(**address)

    def _tell_job(self, job_id: str, message: Mapping[str, Any]) -> None:
        """Tell a job what has changed, if it is open."""
        # Closed or failed: it reads its configuration when it is opened.
        with suppress(ConflictError):
            self._ask_job(job_id, message)

    def _ask_job(self, job_id: str, request: Mapping[str, Any]) -> Any:
        """Ask the job's process; a request that can be repeated is, when the process dies."""
        behind = 0
        for _ in range(_ATTEMPTS):
            address = self._locate(job_id, behind)
            try:
                return _ask(address.socket, request)
            except ConnectionLostError:
                behind = address.generation
        raise faults.process_lost(job_id)

    def _ask_supervisor(self, request: Mapping[str, Any]) -> Any:
        """Ask the supervisor; waits for one that is being started.

        A supervisor that dies under a request is asked again, and told so: what it had begun to
        open or close goes on after its restart.
        """
        deadline = time.monotonic() + self._supervisor_wait_ms / 1000
        pause = threading.Event()
        while True:
            try:
                return _ask(self._supervisor_socket, request)
            except NotListeningError as error:
                if time.monotonic() > deadline:
                    raise faults.supervisor_missing() from error
            except ConnectionLostError:
                request = {**request, "again": True}
            pause.wait(_RETRY_S)


def _ask(path: str, request: Mapping[str, Any], timeout_s: float | None = None) -> Any:
    with Channel.connect(path, timeout_s) as channel:
        channel.send_message(request)
        message = channel.receive_message()
    if "error" in message:
        raise wire.error_from_wire(message["error"])
    return message["answer"]


def _status(members: Mapping[str, Any]) -> JobStatus:
    return wire.status_from_wire(members, _stats(members))


def _stats(members: Mapping[str, Any]) -> OpenJobStats | None:
    address = members["address"]
    if address is None or members["state"] != JobState.OPENED:
        return None
    try:
        return wire.stats_from_wire(_ask(address["socket"], {"op": "stats"}, _STATS_TIMEOUT_S))
    except (ConnectionLostError, MlError):
        return None
