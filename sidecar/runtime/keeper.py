"""The thread that keeps a job's process alive until the job is closed, failed or lost."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sidecar.errors import (
    MlError,
    RequestTimeoutError,
    TooManyRequestsError,
    UnavailableError,
    UpstreamError,
)
from sidecar.interfaces import AuditLog
from sidecar.runtime import wire
from sidecar.runtime.claims import Claim, Claims, LeaseLostError
from sidecar.runtime.job_board import Address, JobBoard, Wish
from sidecar.runtime.launcher import JobProcess

logger = logging.getLogger(__name__)

# A process that ends sooner after its start than this died quickly; after so many quick deaths in
# a row the job is given up.
_QUICK_S = 60.0
_QUICK_DEATHS = 5
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 30.0

# Starts a process for (job id, epoch) that will listen at the address; raises OSError or
# EOFError (the fork server is gone).
Start = Callable[[str, int], tuple[JobProcess, Address]]


@dataclass(frozen=True, slots=True)
class _End:
    """How a process ended: name of its last event, `died` or (it was not wanted) `stopped`."""

    event: str
    error: MlError | None = None
    exit_status: int | None = None


class Keeper:
    """Starts the process of a job, follows it, decides what its end means.

    `slots` bounds how many jobs are being opened at once; `on_end` is called when the job is no
    longer this supervisor's.
    """

    def __init__(
        self,
        board: JobBoard,
        claim: Claim,
        *,
        claims: Claims,
        start: Start,
        slots: threading.Semaphore,
        audit: AuditLog,
        on_end: Callable[[], None],
    ) -> None:
        self._board = board
        self._claim = claim
        self._claims = claims
        self._start = start
        self._slots = slots
        self._audit = audit
        self._on_end = on_end
        self._context = {"ml.job_id": board.job_id}
        self._thread = threading.Thread(target=self._run, name=f"keep {board.job_id}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def is_over(self, timeout_s: float) -> bool:
        """Wait for the thread's end; a keeper that was never started is over."""
        if self._thread.ident is not None:
            self._thread.join(min(timeout_s, threading.TIMEOUT_MAX))
        return not self._thread.is_alive()

    def store_state(self) -> None:
        """Store the job's state in its task; the next renewal does it if this fails."""
        try:
            self._claims.store(self._claim, self._board.state, self._board.reason)
        except LeaseLostError:
            process = self._board.wish_for(Wish.LOSE)
            if process is not None:
                process.let_go()
        except MlError as error:
            logger.warning("the state is not stored yet: %s", error.reason, extra=self._context)

    def remove_task(self) -> None:
        """Remove the task: the job is closed. Raises MlError."""
        try:
            self._claims.release(self._claim)
        except LeaseLostError:
            logger.info("the task is gone already", extra=self._context)

    def _run(self) -> None:
        try:
            self._keep()
        except Exception as error:
            logger.exception("the keeper failed", extra=self._context)
            self._fail(MlError(f"the supervisor failed: {type(error).__name__}: {error}"))

    def _keep(self) -> None:
        attempts = deaths = 0
        while self._board.wish.wants_process:
            begun = time.monotonic()
            end = self._live_once()
            if self._is_over(end):
                return
            quick = time.monotonic() - begun < _QUICK_S
            attempts = attempts + 1 if quick else 1
            if end.event == "died":
                deaths = deaths + 1 if quick else 1
                if deaths >= _QUICK_DEATHS:
                    self._fail(_died_too_often(deaths, end.exit_status))
                    return
            pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (attempts - 1))
            self._board.pause(0.0 if end.event == "stopped" else pause)
        if self._board.wish is not Wish.KILL:
            # Whoever killed the job removes its task, and is told when that fails.
            self._on_end()

    def _live_once(self) -> _End:
        """Start a process and follow it to its end."""
        with self._slots:
            if not self._board.may_run():
                return _End("stopped")
            try:
                process, address = self._start(self._board.job_id, self._claim.task.epoch)
            except (OSError, EOFError) as fault:
                return _End("failed", UnavailableError(f"no process could be made: {fault}"))
            self._board.started(process)
            event = process.receive()
        if event is not None and event["event"] == "opened":
            wish = self._board.opened(address)
            if wish is Wish.RUN:
                self.store_state()
            else:
                process.send({"do": wish.value})
            event = process.receive()
        self._board.stopped()
        status = process.wait()
        if event is not None:
            error = wire.error_from_wire(event["error"]) if "error" in event else None
            return _End(event["event"], error, status)
        if not self._board.may_run():
            return _End("stopped")
        logger.warning("the process ended with status [%s]", status, extra=self._context)
        return _End("died", None, status)

    def _is_over(self, end: _End) -> bool:
        """Settle what the end of a process means; False when `_keep` goes on."""
        if not self._board.wish.wants_process:
            return False
        if end.event == "closed":
            self._close()
            return True
        if end.event == "died":
            self._board.reason = "its process ended and is started again"
        elif end.error is not None and _may_pass(end.error):
            self._board.reason = end.error.reason
            logger.warning("trying again: %s", end.error.reason, extra=self._context)
        elif end.error is not None:
            self._fail(end.error)
            return True
        return False

    def _close(self) -> None:
        """Remove the task of a job that has closed, for as long as that takes."""
        pause = _FIRST_PAUSE_S
        while self._board.wish is Wish.CLOSE:
            try:
                self.remove_task()
            except MlError as error:
                logger.warning("closing: %s", error.reason, extra=self._context)
                self._board.pause_closing(pause)
                pause = min(_LONGEST_PAUSE_S, pause * 2)
            else:
                self._on_end()
                return
        if self._board.wish is not Wish.KILL:
            self._on_end()

    def _fail(self, error: MlError) -> None:
        logger.error("the job failed: %s", error.reason, extra=self._context)
        self._board.failed(error)
        self._audit.error(self._board.job_id, f"Job failed: {error.reason}")
        self.store_state()


def _may_pass(error: MlError) -> bool:
    """Whether trying again later may help: then the job is not given up."""
    if isinstance(error, UpstreamError):
        return error.upstream_status >= 500 or error.upstream_status in (408, 429)
    return isinstance(error, (UnavailableError, TooManyRequestsError, RequestTimeoutError))


def _died_too_often(deaths: int, exit_status: int | None) -> MlError:
    reason = (
        f"the job's process ended {deaths} times in a row soon after its start, "
        f"last with exit status [{exit_status}]"
    )
    return MlError(reason)
