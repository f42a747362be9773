"""What is known of a job in the supervisor: written by its keeper, waited for by callers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from sidecar.errors import MlError
from sidecar.runtime import faults
from sidecar.runtime.launcher import JobProcess
from sidecar.schema.job_task import JobState


class Wish(Enum):
    """What is to become of a job."""

    RUN = "run"
    # Persist and be closed; the task goes.
    CLOSE = "close"
    # Persist and end with the supervisor; the task stays.
    RELEASE = "release"
    # End at once without persisting; the task goes (KILL) or is somebody else's (LOSE).
    KILL = "kill"
    LOSE = "lose"

    @property
    def wants_process(self) -> bool:
        """Whether a process that ended is to be started again."""
        return self in (Wish.RUN, Wish.CLOSE)


@dataclass(frozen=True, slots=True)
class Address:
    """Where an opened job listens; `generation` counts all job processes of the supervisor."""

    socket: str
    generation: int


class JobBoard:
    """State, wish, process and address of one job, under one condition."""

    def __init__(self, job_id: str, state: JobState, reason: str | None) -> None:
        self.job_id = job_id
        self.reason = reason
        self.error: MlError | None = None
        self._condition = threading.Condition()
        self._state = state
        self._wish = Wish.CLOSE if state is JobState.CLOSING else Wish.RUN
        self._process: JobProcess | None = None
        self._address: Address | None = None
        self._fenced = False

    @property
    def state(self) -> JobState:
        """The state that users see."""
        return self._state

    @property
    def wish(self) -> Wish:
        """What is to become of the job."""
        return self._wish

    @property
    def address(self) -> Address | None:
        """Where the job listens; None unless it is opened."""
        return self._address

    def may_run(self) -> bool:
        """Whether a process is wanted and allowed now."""
        return self._wish.wants_process and not self._fenced

    # --- written by the keeper --------------------------------------------------------------

    def started(self, process: JobProcess) -> None:
        """Note that there is a process now; one that nobody wants any more ends at once."""
        with self._condition:
            self._process = process
            wanted = self.may_run()
        if not wanted:
            process.let_go()

    def opened(self, address: Address) -> Wish:
        """Note that the process takes requests; returns what it is to do."""
        with self._condition:
            self._address = address
            self.error = None
            if self._wish is Wish.RUN:
                self.reason = None
                self._change(JobState.OPENED)
            return self._wish

    def stopped(self) -> None:
        """Note that the process takes no requests any more."""
        with self._condition:
            self._process = None
            self._address = None
            if self._state is JobState.OPENED:
                self._change(JobState.OPENING)

    def failed(self, error: MlError) -> None:
        """Note that the job is given up."""
        with self._condition:
            self.error = error
            self.reason = error.reason
            self._change(JobState.FAILED)

    def closed(self) -> None:
        """Note that the job is no longer this supervisor's."""
        with self._condition:
            self._change(JobState.CLOSED)

    def pause(self, seconds: float) -> None:
        """Wait before the next process, and for as long as the job is fenced."""
        with self._condition:
            self._condition.wait_for(lambda: not self._wish.wants_process, seconds)
            self._condition.wait_for(lambda: not self._wish.wants_process or not self._fenced)

    def pause_closing(self, seconds: float) -> None:
        """Wait before the next attempt to remove the task."""
        with self._condition:
            self._condition.wait_for(lambda: self._wish is not Wish.CLOSE, seconds)

    # --- asked by callers -------------------------------------------------------------------

    def wish_for(self, wish: Wish, *, unless_in: tuple[Wish, ...] = ()) -> JobProcess | None:
        """Change the wish; returns the process, if there is one."""
        with self._condition:
            if self._wish not in unless_in:
                self._wish = wish
                if wish in (Wish.CLOSE, Wish.KILL) and self._state is not JobState.CLOSED:
                    self._change(JobState.CLOSING)
            self._condition.notify_all()
            return self._process

    def fence(self) -> JobProcess | None:
        """Forbid a process until `unfence`; returns the one to stop."""
        with self._condition:
            if self._fenced or self._state is JobState.FAILED:
                return None
            self._fenced = True
            return self._process

    def unfence(self) -> None:
        """Allow a process again."""
        with self._condition:
            if self._fenced:
                self._fenced = False
                self._condition.notify_all()

    def wait_until_not_opening(self, timeout_s: float) -> JobState:
        """Wait for another state than `opening`; returns the state in any case."""
        return self._wait(lambda: self._state is not JobState.OPENING, timeout_s)

    def wait_until_settled(self, timeout_s: float) -> JobState:
        """Wait for `closed` or `failed`; returns the state in any case."""
        settled = (JobState.CLOSED, JobState.FAILED)
        return self._wait(lambda: self._state in settled, timeout_s)

    def locate(self, wait_s: float, behind: int) -> Address:
        """Where the job listens; waits for a process of a later generation than `behind`.

        Raises ConflictError (failed, closing, closed) and UnavailableError (waited in vain).
        """

        def newer() -> Address | None:
            address = self._address
            return address if address is not None and address.generation > behind else None

        def known() -> bool:
            running = self._state in (JobState.OPENING, JobState.OPENED)
            return not running or newer() is not None

        with self._condition:
            self._condition.wait_for(known, wait_s)
            address = newer()
            if self._state is JobState.FAILED:
                raise faults.failed(self.job_id, self.reason)
            if self._state in (JobState.CLOSING, JobState.CLOSED):
                raise faults.not_open(self.job_id)
            if address is None:
                raise faults.still_opening(self.job_id, self.reason)
            return address

    def _wait(self, predicate: Callable[[], bool], timeout_s: float) -> JobState:
        with self._condition:
            self._condition.wait_for(predicate, min(timeout_s, threading.TIMEOUT_MAX))
            return self._state

    def _change(self, state: JobState) -> None:
        self._state = state
        self._condition.notify_all()


def remaining(deadline: float) -> float:
    """Seconds until a monotonic time, at least 0."""
    return max(0.0, deadline - time.monotonic())
