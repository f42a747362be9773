"""Owns the jobs of this sidecar: starts, watches, restarts and stops their processes."""

from __future__ import annotations

import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from sidecar.clock import Clock, system_clock
from sidecar.errors import ConflictError, MlError
from sidecar.interfaces import AuditLog, Document, JobStatus, JobTaskStore
from sidecar.runtime import faults
from sidecar.runtime.claims import Claim, Claims, LeaseLostError
from sidecar.runtime.heartbeat import Heartbeat
from sidecar.runtime.job_board import Address, remaining
from sidecar.runtime.job_process import JobArguments, MakeFactory
from sidecar.runtime.journal_folder import remove_journal, remove_remains
from sidecar.runtime.launcher import JobProcess, Launcher
from sidecar.runtime.managed_job import ManagedJob
from sidecar.runtime.node import Node, job_socket
from sidecar.schema.job_task import JobState, JobTask

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

# Jobs restored at once: each reads a snapshot and a journal.
_OPENING_AT_ONCE = max(4, os.cpu_count() or 1)
_LONGEST_PAUSE_S = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds the supervisor; times in ms.

    `recovery_wait_ms` is how long a request waits for a supervisor that was just started to know
    which jobs are open.
    """

    max_open_jobs: int = 512
    lease_ms: int = 30_000
    recovery_wait_ms: int = 20_000


class Supervisor:
    """All jobs of this node; methods are called from any thread and raise MlError.

    `prepare` is called once the cluster answers, before anything is read (it makes the indices).
    """

    def __init__(
        self,
        tasks: JobTaskStore,
        node: Node,
        launcher: Launcher,
        make_factory: MakeFactory,
        *,
        data_dir: Path,
        run_dir: Path,
        limits: Limits,
        audit: AuditLog,
        prepare: Callable[[], None],
        clock: Clock = system_clock,
    ) -> None:
        self._node = node
        self._launcher = launcher
        self._make_factory = make_factory
        self._data_dir = data_dir
        self._run_dir = run_dir
        self._limits = limits
        self._audit = audit
        self._prepare = prepare
        self._claims = Claims(tasks, node, limits.lease_ms, clock)
        self._heartbeat = Heartbeat(self._claims, limits.lease_ms, self._all_jobs)
        self._slots = threading.Semaphore(_OPENING_AT_ONCE)
        # Later than every generation of a supervisor before this one.
        self._generations = itertools.count(time.time_ns() // 1_000_000)
        self._lock = threading.Lock()
        self._jobs: dict[str, ManagedJob] = {}
        self._reserved_ids: set[str] = set()
        self._recovered = threading.Event()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Open the jobs again that this node had open; goes on in the background."""
        remove_remains(self._data_dir)
        threading.Thread(target=self._recover, name="recovery", daemon=True).start()

    def stop(self, grace_s: float) -> None:
        """Persist all jobs and end their processes; their tasks stay, so do their journals."""
        deadline = time.monotonic() + grace_s
        self._stopping.set()
        self._heartbeat.stop()
        jobs = self._all_jobs()
        for job in jobs:
            job.release()
        for job in jobs:
            job.wait_until_released(remaining(deadline))

    def open(self, job_id: str, timeout_ms: int, *, again: bool = False) -> str:
        """See `interfaces.JobRuntime.open`.

        `again`: the request was sent to a supervisor that died before it answered, so the job
        may be open because of it.
        """
        self._begin()
        job = self._jobs.get(job_id) if again else None
        if job is None:
            job = self._start_job(job_id)
        job.wait_until_open(timeout_ms)
        return self._node.node_id

    def close(self, job_id: str, *, force: bool, timeout_ms: int) -> None:
        """See `interfaces.JobRuntime.close`."""
        self._begin()
        job = self._jobs.get(job_id)
        if job is None:
            self._close_foreign(job_id, force=force)
        elif force:
            job.kill(timeout_ms)
        else:
            job.close(timeout_ms)

    def locate(self, job_id: str, wait_ms: int, behind: int) -> Address:
        """Where an opened job listens; waits while it is being opened (again).

        Raises ConflictError and UnavailableError, see `JobBoard.locate`.
        """
        self._begin()
        job = self._jobs.get(job_id)
        if job is not None:
            return job.locate(wait_ms / 1000, behind)
        other = self._heartbeat.others.get(job_id)
        if other is not None:
            raise faults.open_elsewhere(job_id, other.node_name)
        raise faults.not_open(job_id)

    def forget(self, job_id: str) -> None:
        """See `interfaces.JobRuntime.forget`; raises ConflictError when the job is open."""
        self._begin()
        with self._reserved(job_id):
            remove_journal(self._data_dir, job_id)

    def status(self, job_ids: Sequence[str]) -> Mapping[str, tuple[JobStatus, Address | None]]:
        """State and address of each job that is not closed."""
        self._begin()
        found: dict[str, tuple[JobStatus, Address | None]] = {}
        for job_id in job_ids:
            job = self._jobs.get(job_id)
            if job is not None:
                status = job.status(self._node.document())
                if status.state is not JobState.CLOSED:
                    found[job_id] = (status, job.address)
            elif (task := self._heartbeat.others.get(job_id)) is not None:
                found[job_id] = (_foreign_status(task), None)
        return found

    def node(self) -> Document:
        """See `interfaces.JobRuntime.node`."""
        return self._node.document()

    # --- inside -----------------------------------------------------------------------------

    def _begin(self) -> None:
        """Wait until it is known which jobs are open."""
        if self._stopping.is_set():
            raise faults.shutting_down()
        if not self._recovered.wait(self._limits.recovery_wait_ms / 1000):
            raise faults.starting_up()

    def _all_jobs(self) -> list[ManagedJob]:
        with self._lock:
            return list(self._jobs.values())

    def _start_job(self, job_id: str) -> ManagedJob:
        with self._reserved(job_id):
            with self._lock:
                running = sum(job.state is not JobState.FAILED for job in self._jobs.values())
                if running + len(self._reserved_ids) > self._limits.max_open_jobs:
                    raise faults.too_many_open(self._limits.max_open_jobs)
            return self._manage(self._claims.take(job_id))

    def _manage(self, claim: Claim) -> ManagedJob:
        job = ManagedJob(
            claim,
            claims=self._claims,
            start=self._start_process,
            slots=self._slots,
            audit=self._audit,
            on_end=self._remove,
        )
        with self._lock:
            self._jobs[job.job_id] = job
        job.begin()
        return job

    @contextmanager
    def _reserved(self, job_id: str) -> Iterator[None]:
        """Reserve the id of a job that is closed; raises ConflictError when it is not."""
        with self._lock:
            job = self._jobs.get(job_id)
            if job is not None and job.state is JobState.CLOSING:
                raise faults.being_closed(job_id)
            if job is not None or job_id in self._reserved_ids:
                raise faults.already_open(job_id)
            self._reserved_ids.add(job_id)
        try:
            yield
        finally:
            with self._lock:
                self._reserved_ids.discard(job_id)

    def _start_process(self, job_id: str, epoch: int) -> tuple[JobProcess, Address]:
        generation = next(self._generations)
        address = Address(job_socket(self._run_dir, job_id, generation), generation)
        arguments = JobArguments(
            make_factory=self._make_factory,
            job_id=job_id,
            epoch=epoch,
            data_dir=self._data_dir,
            socket_path=address.socket,
        )
        return self._launcher.start(arguments), address

    def _remove(self, job: ManagedJob) -> None:
        with self._lock:
            if self._jobs.get(job.job_id) is job:
                del self._jobs[job.job_id]

    def _close_foreign(self, job_id: str, *, force: bool) -> None:
        task = self._heartbeat.others.get(job_id)
        if task is None:
            return
        if not force:
            raise faults.open_elsewhere(job_id, task.node_name)
        with self._reserved(job_id):
            self._claims.release(self._claims.take(job_id))

    def _recover(self) -> None:
        self._patiently(self._prepare)
        tasks = self._patiently(self._claims.tasks_of_this_node)
        if tasks is None:
            return
        self._heartbeat.renew()
        for task in tasks:
            self._patiently(partial(self._recover_job, task))
        if tasks:
            logger.info("%d jobs are opened again", len(tasks))
        self._heartbeat.start()
        self._recovered.set()

    def _recover_job(self, task: JobTask) -> None:
        try:
            if task.state is JobState.FAILED:
                self._manage(self._claims.adopt(task))
            else:
                self._manage(self._claims.take(task.job_id))
        except (LeaseLostError, ConflictError) as error:
            logger.warning("not opened again: %s", error, extra={"ml.job_id": task.job_id})

    def _patiently(self, ask: Callable[[], Answer]) -> Answer | None:
        """Ask the store until it answers; None when the supervisor is stopped before."""
        pause = 0.2
        while not self._stopping.is_set():
            try:
                return ask()
            except MlError as error:
                logger.warning("waiting for Elasticsearch: %s", error.reason)
            self._stopping.wait(pause)
            pause = min(_LONGEST_PAUSE_S, pause * 2)
        return None


def _foreign_status(task: JobTask) -> JobStatus:
    node = {"id": task.node_id, "name": task.node_name}
    return JobStatus(state=task.state, node=node, assignment_explanation=task.reason)
