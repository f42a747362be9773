"""The process of one open job: what it does from its start to its end."""

from __future__ import annotations

import logging
import os
import queue
import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sidecar.errors import JobFailedError, MlError
from sidecar.interfaces import OpenJobFactory
from sidecar.runtime import wire
from sidecar.runtime.channel import Channel, ConnectionLostError, listen
from sidecar.runtime.job_line import JobLine
from sidecar.runtime.job_server import JobServer
from sidecar.runtime.journal import FileJournal
from sidecar.runtime.parent_death import die_with_parent

logger = logging.getLogger(__name__)

# Makes what opens the job; left when the process has done with the job.
MakeFactory = Callable[[], AbstractContextManager[OpenJobFactory]]

# Exit status when the supervisor is gone, and when the job has to be opened again.
ORPHANED = 70
RESTART = 71


@dataclass(frozen=True, slots=True)
class JobArguments:
    """What a job's process is told; `make_factory` is called in the process itself."""

    make_factory: MakeFactory
    job_id: str
    epoch: int
    data_dir: Path
    socket_path: str


def run_job_process(arguments: JobArguments, control: Connection) -> None:
    """Open the job, serve it, and do what the supervisor says.

    Events to the supervisor: `opened`; `closed`; `failed` and `close_failed` with the error.
    Commands from it: `close` (the journal goes), `release` (persist, the journal stays). When
    the connection ends the process ends at once: the journal has what was acknowledged.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    die_with_parent(os.getppid())
    with control:
        supervisor = Channel.of_pipe(control)
    commands: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(
        target=_listen_to, args=(supervisor, commands), name="supervisor", daemon=True
    ).start()
    try:
        _run(arguments, supervisor, commands)
    except ConnectionLostError:
        os._exit(ORPHANED)


def _listen_to(supervisor: Channel, commands: queue.SimpleQueue[dict[str, Any]]) -> None:
    try:
        while True:
            commands.put(supervisor.receive_message())
    except ConnectionLostError:
        os._exit(ORPHANED)


def _run(
    arguments: JobArguments, supervisor: Channel, commands: queue.SimpleQueue[dict[str, Any]]
) -> None:
    with arguments.make_factory() as factory:
        try:
            journal = FileJournal(arguments.data_dir, arguments.job_id)
            line = JobLine.open(arguments.job_id, arguments.epoch, journal, factory)
        except Exception as error:
            _report(supervisor, "failed", _told(error, "opened", arguments.job_id))
            return
        path = Path(arguments.socket_path)
        path.unlink(missing_ok=True)
        with listen(arguments.socket_path) as listener:
            JobServer(
                line, listener, lambda reason: commands.put({"do": "fail", "reason": reason})
            ).start()
            supervisor.send_message({"event": "opened"})
            _end(arguments.job_id, line, supervisor, commands.get())
            path.unlink(missing_ok=True)


def _end(job_id: str, line: JobLine, supervisor: Channel, command: dict[str, Any]) -> None:
    if command["do"] == "fail":
        if command["reason"] is None:
            os._exit(RESTART)
        _report(supervisor, "failed", JobFailedError(command["reason"]))
        return
    try:
        line.close(keep_journal=command["do"] == "release")
    except Exception as error:
        _report(supervisor, "close_failed", _told(error, "closed", job_id))
    else:
        supervisor.send_message({"event": "closed"})


def _report(supervisor: Channel, event: str, error: MlError) -> None:
    supervisor.send_message({"event": event, "error": wire.error_to_wire(error)})


def _told(error: Exception, what: str, job_id: str) -> MlError:
    """Tell a user of an error: ours as they are, others (a bug) by their name."""
    if isinstance(error, MlError):
        return error
    logger.error("the job could not be %s", what, exc_info=error, extra={"ml.job_id": job_id})
    return MlError(f"the job could not be {what}: {type(error).__name__}: {error}")
