"""`ml-sidecar supervise`: the process that owns the job processes; `serve` starts it."""

from __future__ import annotations

import logging
import signal
import sys
import threading

from sidecar.bootstrap import SupervisorProcess
from sidecar.logs import configure_logs
from sidecar.runtime.parent_death import die_with_parent
from sidecar.settings import Settings

logger = logging.getLogger(__name__)


def supervise(settings: Settings, parent_pid: int) -> int:
    """Run until SIGTERM, then persist all jobs; returns the exit status."""
    die_with_parent(parent_pid)
    configure_logs(settings.log_level)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = SupervisorProcess(settings)
    process.start()
    stopped.wait()
    logger.info("persisting open jobs")
    process.stop(settings.shutdown_grace_ms / 1000)
    sys.stdout.flush()
    return 0
