"""Which sidecar owns a job: its task document, taken and kept by compare-and-set."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.clock import Clock
from sidecar.errors import ConflictError, VersionConflictError
from sidecar.interfaces import JobTaskStore, Versioned
from sidecar.runtime import faults
from sidecar.runtime.node import Node
from sidecar.schema.job_task import JobState, JobTask

_ATTEMPTS = 3


class LeaseLostError(Exception):
    """Another sidecar owns the job now (or somebody removed its task)."""


@dataclass(slots=True)
class Claim:
    """A task that this sidecar owns.

    `renewed_at` is the monotonic time (s) at which the last renewal that succeeded was sent.
    """

    task: JobTask
    version: Versioned
    renewed_at: float
    released: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class Claims:
    """Takes, keeps and releases the tasks of jobs."""

    def __init__(self, tasks: JobTaskStore, node: Node, lease_ms: int, clock: Clock) -> None:
        self._tasks = tasks
        self._node = node
        self._lease_ms = lease_ms
        self._clock = clock

    def take(self, job_id: str) -> Claim:
        """Become the owner, with the next epoch.

        Raises ConflictError while another sidecar's lease is alive.
        """
        for _ in range(_ATTEMPTS):
            now = self._clock()
            sent = time.monotonic()
            found = self._tasks.get(job_id)
            task = self._successor(job_id, None if found is None else found[0], now)
            try:
                version = self._tasks.put(task, None if found is None else found[1])
            except VersionConflictError:
                continue
            return Claim(task, version, sent)
        raise ConflictError(f"job [{job_id}] is being opened by another node")

    def tasks_of_this_node(self) -> list[JobTask]:
        """List what this sidecar had open when it ended, by job id."""
        return [task for task in self._tasks.get_all() if task.node_id == self._node.node_id]

    def tasks_of_other_nodes(self) -> Mapping[str, JobTask]:
        """Map what other sidecars have open, by job id."""
        return {
            task.job_id: task
            for task in self._tasks.get_all()
            if task.node_id != self._node.node_id
        }

    def adopt(self, task: JobTask) -> Claim:
        """Own a failed task of this node again, as it is."""
        found = self._tasks.get(task.job_id)
        if found is None or found[0].node_id != self._node.node_id:
            raise LeaseLostError(task.job_id)
        return Claim(found[0], found[1], time.monotonic())

    def store(self, claim: Claim, state: JobState | None = None, reason: str | None = None) -> None:
        """Renew the lease, with a new state if given (kept for the next time if that fails).

        Raises LeaseLostError, and the MlError of a store that does not answer.
        """
        with claim.lock:
            if claim.released:
                return
            if state is not None:
                claim.task = dataclasses.replace(claim.task, state=state, reason=reason)
            sent = time.monotonic()
            task = dataclasses.replace(claim.task, lease_expires=self._clock() + self._lease_ms)
            try:
                claim.version = self._tasks.put(task, claim.version)
            except VersionConflictError:
                claim.version = self._tasks.put(task, self._version_if_ours(claim))
            claim.task = task
            claim.renewed_at = sent

    def release(self, claim: Claim) -> None:
        """Remove the task: the job is closed. Raises LeaseLostError."""
        with claim.lock:
            self._version_if_ours(claim)
            self._tasks.delete(claim.task.job_id)
            claim.released = True

    def lease_is_over(self, claim: Claim) -> bool:
        """Whether somebody else may own the job by now."""
        return time.monotonic() - claim.renewed_at > self._lease_ms / 1000

    def _version_if_ours(self, claim: Claim) -> Versioned:
        """Version of the task as it is stored: an earlier write may have been lost on its way."""
        found = self._tasks.get(claim.task.job_id)
        if found is None:
            raise LeaseLostError(claim.task.job_id)
        task, version = found
        if (task.node_id, task.epoch) != (claim.task.node_id, claim.task.epoch):
            raise LeaseLostError(claim.task.job_id)
        return version

    def _successor(self, job_id: str, task: JobTask | None, now: int) -> JobTask:
        ours = task is not None and task.node_id == self._node.node_id
        if task is not None and not ours and task.lease_expires > now:
            raise faults.open_elsewhere(job_id, task.node_name)
        return JobTask(
            job_id=job_id,
            state=task.state
            if task is not None and ours and task.state is JobState.CLOSING
            else JobState.OPENING,
            node_id=self._node.node_id,
            node_name=self._node.name,
            epoch=1 if task is None else task.epoch + 1,
            open_time=task.open_time if task is not None and ours else now,
            lease_expires=now + self._lease_ms,
        )
