"""Gunicorn's configuration, from the settings; `ml-sidecar serve` adds the socket."""

from __future__ import annotations

import gc
import os
import resource
import ssl
from collections.abc import Callable
from typing import Any

import sidecar.api.app
import sidecar.bootstrap  # noqa: F401 - both loaded before the workers are forked
from sidecar.api.tls import FollowingContext
from sidecar.logs import log_config
from sidecar.runtime.parent_death import die_with_parent
from sidecar.settings import Settings

_MOST_CONNECTIONS = 10_000
_OTHER_FILES = 256


def _open_files() -> int:
    """Files that a worker may have open; raises the soft limit to what its connections need.

    Each connection costs a file, and a worker that has none left for the next dies.
    """
    wanted = _MOST_CONNECTIONS + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    files = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return files


_settings = Settings.from_environment()

worker_class = "sidecar.api.http_worker.HttpWorker"
workers = _settings.workers
threads = _settings.threads
# Connections of a worker; more than that wait in the kernel's backlog.
worker_connections = max(threads + 1, min(_MOST_CONNECTIONS, _open_files() - _OTHER_FILES))
# Watches the worker's main loop, not its requests: an upload may take as long as it likes.
timeout = 60
graceful_timeout = max(1, _settings.shutdown_grace_ms // 2000)
keepalive = 75
# Lists of job ids in a path may be long.
limit_request_line = 8190
# Tokens in headers may be long too.
limit_request_field_size = 16_384
limit_request_fields = 200
# No header of a caller may tell under which path or scheme the sidecar is served.
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
control_socket_disable = True
if _settings.tls_certificate_file:
    certfile = _settings.tls_certificate_file
    _context = FollowingContext(_settings)

    def ssl_context(_config: Any, _default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        """Give the context of a new connection."""
        return _context()


proc_name = "ml-sidecar"
logconfig_dict = {
    **log_config(_settings.log_level),
    "loggers": {
        **log_config(_settings.log_level)["loggers"],
        "gunicorn.error": {"level": _settings.log_level.upper(), "propagate": True},
        "gunicorn.access": {"level": "WARNING", "propagate": True},
    },
}


def on_starting(_server: Any) -> None:
    """End with `ml-sidecar serve`, and share with the workers what is loaded."""
    die_with_parent(os.getppid())
    # Their collectors would write into each page of it, and none would be shared for long.
    gc.collect()
    gc.freeze()


def post_fork(_server: Any, _worker: Any) -> None:
    """End with gunicorn's master."""
    die_with_parent(os.getppid())
