"""The child processes of `ml-sidecar serve`: started, watched, restarted."""

from __future__ import annotations

import logging
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence

logger = logging.getLogger(__name__)

# A child that ran for so long was healthy: its next restart is immediate.
_HEALTHY_S = 30.0
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0


class Child:
    """One child process, restarted with growing pauses when it dies.

    `deaths` counts those in a row, `last_status` is the exit status of the last one.

    Start it from the main thread: it asks the kernel to end it with its parent's thread.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        descriptors: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.deaths = 0
        self.last_status: int | None = None
        self._arguments = list(arguments)
        self._environment = dict(environment)
        self._descriptors = tuple(descriptors)
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._restart_at: float | None = None

    @property
    def pid(self) -> int | None:
        """Process id; None while there is no process."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process; signals of a terminal do not reach it."""
        self._process = subprocess.Popen(  # noqa: S603 - our own commands
            self._arguments,
            env=self._environment,
            pass_fds=self._descriptors,
            process_group=0,
        )
        self._started_at = time.monotonic()
        self._restart_at = None

    def look(self) -> float | None:
        """Restart the process if it is gone and its pause is over.

        Returns the seconds until the next look is due, None when nothing is pending.
        """
        now = time.monotonic()
        if self._process is not None and (status := self._process.poll()) is not None:
            self._process = None
            self.last_status = status
            healthy = now - self._started_at >= _HEALTHY_S
            self.deaths = 1 if healthy else self.deaths + 1
            pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (self.deaths - 1))
            self._restart_at = now + pause
            logger.error(
                "the %s ended with status [%s]; it is started again in %.1f s",
                self.name,
                status,
                pause,
            )
        if self._restart_at is None:
            return None
        if self._restart_at <= now:
            self.start()
            return None
        return self._restart_at - now

    def stop(self, timeout_s: float) -> None:
        """SIGTERM, then SIGKILL after `timeout_s`; returns when the process is gone."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            logger.warning("the %s did not end in %.0f s and is killed", self.name, timeout_s)
            process.kill()
            process.wait()
        self._process = None
