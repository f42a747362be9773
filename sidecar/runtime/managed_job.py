"""One job of the supervisor: its claim, its board, its keeper, and what callers ask of it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from sidecar.interfaces import AuditLog, Document, JobStatus
from sidecar.runtime import faults
from sidecar.runtime.claims import Claim, Claims
from sidecar.runtime.job_board import Address, JobBoard, Wish, remaining
from sidecar.runtime.keeper import Keeper, Start
from sidecar.schema.job_task import JobState

logger = logging.getLogger(__name__)


class ManagedJob:
    """A job that this supervisor owns. `on_end` is called when it does so no longer.

    A failed job stays (without a process) until it is closed with force.
    """

    def __init__(
        self,
        claim: Claim,
        *,
        claims: Claims,
        start: Start,
        slots: threading.Semaphore,
        audit: AuditLog,
        on_end: Callable[[ManagedJob], None],
    ) -> None:
        task = claim.task
        self.claim = claim
        self.job_id = task.job_id
        self._on_end = on_end
        self._board = JobBoard(task.job_id, task.state, task.reason)
        self._keeper = Keeper(
            self._board,
            claim,
            claims=claims,
            start=start,
            slots=slots,
            audit=audit,
            on_end=self._ended,
        )

    def begin(self) -> None:
        """Start the process (a failed job has none)."""
        if self._board.state is not JobState.FAILED:
            self._keeper.start()

    @property
    def state(self) -> JobState:
        """The state that users see."""
        return self._board.state

    @property
    def address(self) -> Address | None:
        """Where the job listens; None unless it is opened."""
        return self._board.address

    def status(self, node: Document) -> JobStatus:
        """Tell the state, without what only the job's process knows."""
        board = self._board
        is_open = board.state is JobState.OPENED
        return JobStatus(
            state=board.state,
            node=None if board.state is JobState.FAILED else node,
            assignment_explanation=None if is_open else board.reason,
            open_time=self.claim.task.open_time if is_open else None,
        )

    def wait_until_open(self, timeout_ms: int) -> None:
        """Wait; raises what kept the job from opening, or RequestTimeoutError."""
        state = self._board.wait_until_not_opening(timeout_ms / 1000)
        if state is JobState.FAILED:
            raise self._board.error or faults.failed(self.job_id, self._board.reason)
        if state is JobState.OPENING:
            raise faults.open_timed_out(self.job_id, timeout_ms)
        if state is not JobState.OPENED:
            raise faults.not_open(self.job_id)

    def locate(self, wait_s: float, behind: int) -> Address:
        """See `JobBoard.locate`."""
        return self._board.locate(wait_s, behind)

    def close(self, timeout_ms: int) -> None:
        """Close behind everything posted so far, and wait for it.

        Raises ConflictError (failed), RequestTimeoutError (closing goes on).
        """
        board = self._board
        deadline = time.monotonic() + timeout_ms / 1000
        state = board.wait_until_not_opening(remaining(deadline))
        if state is JobState.OPENING:
            raise faults.close_timed_out(self.job_id, timeout_ms)
        if state is JobState.FAILED:
            raise faults.cannot_close_failed(self.job_id)
        if state is JobState.OPENED:
            process = board.wish_for(Wish.CLOSE, unless_in=(Wish.RELEASE, Wish.KILL, Wish.LOSE))
            self._keeper.store_state()
            if process is not None:
                process.send({"do": "close"})
        state = board.wait_until_settled(remaining(deadline))
        if state is JobState.FAILED:
            raise board.error or faults.failed(self.job_id, board.reason)
        if state is not JobState.CLOSED:
            raise faults.close_timed_out(self.job_id, timeout_ms)

    def kill(self, timeout_ms: int) -> None:
        """Close without persisting; raises RequestTimeoutError, or what the task's store says."""
        self._stop(Wish.KILL)
        if not self._keeper.is_over(timeout_ms / 1000):
            raise faults.close_timed_out(self.job_id, timeout_ms)
        if self._board.state is not JobState.CLOSED:
            self._keeper.remove_task()
            self._ended()

    def release(self) -> None:
        """Persist and end the process; the task stays, so that the next start opens the job."""
        is_open = self._board.state is JobState.OPENED
        process = self._board.wish_for(Wish.RELEASE, unless_in=(Wish.CLOSE, Wish.KILL, Wish.LOSE))
        if process is None or self._board.wish is not Wish.RELEASE:
            return
        if is_open:
            process.send({"do": "release"})
        else:
            process.let_go()

    def wait_until_released(self, timeout_s: float) -> None:
        """Wait for the end of the process; ends it when that takes too long."""
        if not self._keeper.is_over(timeout_s):
            logger.warning("not persisted in time", extra={"ml.job_id": self.job_id})
            self.lose()

    def fence(self) -> None:
        """Stop the process until `unfence`: the lease ran out."""
        process = self._board.fence()
        if process is not None:
            logger.warning("stopped: the lease ran out", extra={"ml.job_id": self.job_id})
            process.let_go()

    def unfence(self) -> None:
        """Start the process again: the lease was renewed."""
        self._board.unfence()

    def lose(self) -> None:
        """Stop for good and leave the task alone: somebody else has it."""
        self._stop(Wish.LOSE)
        if self._keeper.is_over(0.0):
            self._ended()

    def _stop(self, wish: Wish) -> None:
        process = self._board.wish_for(wish)
        if process is not None:
            process.let_go()

    def _ended(self) -> None:
        self._on_end(self)
        self._board.closed()
