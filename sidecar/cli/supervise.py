"""`ml-sidecar supervise`: the process that owns the job processes; `serve` starts it."""

from __future__ import annotations

import logging
import signal
import sys
import threading

from sidecar.bootstrap import SupervisorProcess
from sidecar.cli.exit_status import REFUSED
from sidecar.logs import configure_logs
from sidecar.runtime.parent_death import die_with_parent
from sidecar.settings import Settings, SettingsError

logger = logging.getLogger(__name__)


def supervise(settings: Settings, parent_pid: int) -> int:
    """Run until SIGTERM, then persist all jobs; returns the exit status.

    `REFUSED` at once, with the reason on stderr, where the sidecar would lose data or a file that
    the settings name is wrong.
    """
    die_with_parent(parent_pid)
    configure_logs(settings.log_level)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    refusals: list[str] = []

    def refuse(reason: str) -> None:
        refusals.append(reason)
        stopped.set()

    try:
        process = SupervisorProcess(settings, refuse)
    except SettingsError as error:
        sys.stderr.write(f"ml-sidecar: wrong settings: {error}\n")
        return REFUSED
    process.start()
    stopped.wait()
    if refusals:
        sys.stderr.write(f"ml-sidecar: {refusals[0]}\n")
        process.stop(0.0)
        return REFUSED
    logger.info("persisting open jobs")
    process.stop(settings.shutdown_grace_ms / 1000)
    sys.stdout.flush()
    return 0
