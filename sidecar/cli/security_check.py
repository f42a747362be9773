"""`ml-sidecar check-security`: `serve` asks before it listens whether security is on."""

from __future__ import annotations

import logging

from sidecar.cli.exit_status import INSECURE
from sidecar.errors import MlError
from sidecar.logs import configure_logs
from sidecar.settings import Settings, SettingsError

logger = logging.getLogger(__name__)


def check_security(settings: Settings) -> int:
    """Ask the cluster; returns the exit status, `INSECURE` or 0.

    A cluster that does not answer yet is no reason not to start: if its security turns out to be
    off, requests are refused one by one.
    """
    from sidecar.bootstrap import build_stores

    configure_logs(settings.log_level)
    try:
        stores = build_stores(settings)
    except SettingsError:
        return 0  # the supervisor says what is wrong
    try:
        return 0 if stores.cluster.security_enabled() else INSECURE
    except MlError as error:
        logger.warning("whether security is on in Elasticsearch is not known: %s", error.reason)
        return 0
    finally:
        stores.close()
