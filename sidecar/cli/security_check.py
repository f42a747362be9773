"""`ml-sidecar check-security`: `serve` asks before it listens whether security is on."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

from sidecar.errors import MlError
from sidecar.logs import configure_logs
from sidecar.settings import Settings

logger = logging.getLogger(__name__)

# Exit status that says that security is off.
INSECURE = 4


def check_security(settings: Settings) -> int:
    """Ask the cluster; returns the exit status, `INSECURE` or 0.

    A cluster that does not answer yet is no reason not to start: if its security turns out to be
    off, requests are refused one by one.
    """
    from sidecar.bootstrap import build_stores

    configure_logs(settings.log_level)
    stores = build_stores(settings)
    try:
        return 0 if stores.cluster.security_enabled() else INSECURE
    except MlError as error:
        logger.warning("whether security is on in Elasticsearch is not known: %s", error.reason)
        return 0
    finally:
        stores.close()


def is_insecure() -> bool:
    """Ask in a process of its own, whose memory is not kept; with the settings of this one."""
    command = [sys.executable, "-m", "sidecar", "check-security"]
    asked = subprocess.run(command, env=dict(os.environ), check=False)  # noqa: S603 - our own
    return asked.returncode == INSECURE
