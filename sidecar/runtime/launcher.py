"""Starts job processes by forking a server that has everything heavy loaded."""

from __future__ import annotations

import multiprocessing
import multiprocessing.forkserver
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.process import BaseProcess
from typing import Any

from sidecar.runtime.channel import Channel, ConnectionLostError
from sidecar.runtime.job_process import JobArguments, run_job_process

# How long a process may take to notice that its supervisor let go of it.
_PATIENCE_S = 5.0
# The jobs share the machine's cores as processes; each calculates in one thread.
_THREADS = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


class JobProcess:
    """A running job process, as its supervisor sees it."""

    def __init__(self, process: BaseProcess, channel: Channel) -> None:
        self._process = process
        self._channel = channel

    @property
    def pid(self) -> int | None:
        """Process id."""
        return self._process.pid

    def receive(self) -> dict[str, Any] | None:
        """Wait for the next event; None when the process is gone."""
        try:
            return self._channel.receive_message()
        except ConnectionLostError:
            return None

    def send(self, command: Mapping[str, Any]) -> None:
        """Tell the process something; a process that is gone is noticed by `receive`."""
        try:
            self._channel.send_message(command)
        except ConnectionLostError:
            return

    def let_go(self) -> None:
        """Make the process end at once, without persisting."""
        self._channel.shut()

    def wait(self) -> int | None:
        """Wait for the end; returns the exit status (negative: the signal)."""
        self._channel.shut()
        self._process.join(_PATIENCE_S)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        status = self._process.exitcode
        self._channel.close()
        self._process.close()
        return status


class Launcher:
    """Forks job processes.

    One thread makes them all: the fork server ends with the thread that made it, and
    `multiprocessing` does not guard the set of its children.

    `preload` names modules that the fork server imports before the first fork.
    """

    def __init__(self, preload: Sequence[str]) -> None:
        for name, value in _THREADS.items():
            os.environ.setdefault(name, value)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(preload))
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="launcher")
        self._thread.submit(multiprocessing.forkserver.ensure_running).result()

    def start(self, arguments: JobArguments) -> JobProcess:
        """Fork a process for a job; raises OSError or EOFError."""
        return self._thread.submit(self._start, arguments).result()

    def _start(self, arguments: JobArguments) -> JobProcess:
        ours, theirs = self._context.Pipe()
        with ours, theirs:
            process = self._context.Process(
                target=run_job_process, args=(arguments, theirs), name=f"job {arguments.job_id}"
            )
            process.start()
            return JobProcess(process, Channel.of_pipe(ours))
