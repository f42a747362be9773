"""`ml-sidecar serve`: a small parent of the supervisor and the HTTP server."""

from __future__ import annotations

import http.client
import logging
import os
import selectors
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from sidecar import __version__, messages
from sidecar.api.tls import server_context
from sidecar.cli.children import Child
from sidecar.cli.exit_status import INSECURE, REFUSED
from sidecar.errors import MlError
from sidecar.logs import configure_logs
from sidecar.runtime.file_lock import FolderInUseError, lock_file
from sidecar.runtime.local import LocalRuntime
from sidecar.runtime.node import RunDirError, make_run_dir, supervisor_socket
from sidecar.settings import Settings

logger = logging.getLogger(__name__)

_BACKLOG = 1024
# A child that dies so often before anything was ever served will not get better.
_FATAL_DEATHS = 5
_READY_PATIENCE_S = 600.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


class StartError(Exception):
    """The sidecar cannot start; the text is for the operator."""


def serve(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; returns the exit status."""
    try:
        configure_logs(settings.log_level)
        if settings.tls_certificate_file:
            server_context(settings)
        _require_security(settings)
        run_dir = make_run_dir(settings)
        lock = _lock_data_dir(Path(settings.data_dir))
        listener = _listen(settings)
    except (StartError, RunDirError, ValueError) as error:
        sys.stderr.write(f"ml-sidecar: {error}\n")
        return 1
    try:
        return _Parent(settings, listener, supervisor_socket(run_dir)).run()
    finally:
        listener.close()
        with suppress(OSError):
            run_dir.rmdir()
        os.close(lock)


class _Parent:
    def __init__(self, settings: Settings, listener: socket.socket, supervisor: str) -> None:
        self._grace_s = settings.shutdown_grace_ms / 1000
        self._listener = listener
        self._supervisor_socket = supervisor
        host, port = listener.getsockname()[:2]
        self._has_tls = bool(settings.tls_certificate_file)
        scheme = "https" if self._has_tls else "http"
        self._url = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
        self._address = (_reachable(host), port)
        environment = {**os.environ, "SIDECAR_PORT": str(port)}
        python = sys.executable
        self._supervisor = Child(
            "supervisor",
            [python, "-m", "sidecar", "supervise", "--parent-pid", str(os.getpid())],
            environment,
        )
        self._http = Child(
            "HTTP server",
            _gunicorn(python, listener.fileno()),
            environment,
            [listener.fileno()],
        )
        self._ready = threading.Event()
        self._stopping = False

    def run(self) -> int:
        """Keep both children running until a signal says stop."""
        waking, waker = os.pipe()
        os.set_blocking(waking, False)
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, self._on_signal)
        self._supervisor.start()
        self._http.start()
        threading.Thread(target=self._announce, name="ready", daemon=True).start()
        with selectors.DefaultSelector() as selector:
            selector.register(waking, selectors.EVENT_READ)
            while not self._stopping:
                due = [d for child in self._children if (d := child.look()) is not None]
                refused = self._supervisor.last_status == REFUSED
                if refused or (not self._ready.is_set() and self._is_hopeless()):
                    self._stop()
                    return 1
                selector.select(min(due, default=None))
                _drain(waking)
        self._stop()
        return 0

    @property
    def _children(self) -> Sequence[Child]:
        return (self._supervisor, self._http)

    def _on_signal(self, number: int, _frame: object) -> None:
        if number != signal.SIGCHLD:
            self._stopping = True

    def _is_hopeless(self) -> bool:
        for child in self._children:
            if child.deaths >= _FATAL_DEATHS:
                sys.stderr.write(f"ml-sidecar: the {child.name} does not start; see its log\n")
                return True
        return False

    def _stop(self) -> None:
        """First no more requests, then the jobs are persisted."""
        logger.info("stopping")
        deadline = time.monotonic() + self._grace_s
        self._listener.close()
        self._http.stop(self._grace_s / 2 + 1.0)
        self._supervisor.stop(max(1.0, deadline - time.monotonic()) + 1.0)

    def _announce(self) -> None:
        """Print one line when both children answer."""
        try:
            LocalRuntime(
                self._supervisor_socket, supervisor_wait_ms=round(_READY_PATIENCE_S * 1000)
            ).node()
            self._wait_for_http()
        except (OSError, http.client.HTTPException, MlError) as error:
            logger.warning("the sidecar does not answer yet: %s", error)
            return
        self._ready.set()
        sys.stdout.write(f"ml-sidecar {__version__} is ready: {self._url}\n")
        sys.stdout.flush()

    def _wait_for_http(self) -> None:
        connection = http.client.HTTPConnection(*self._address, timeout=_READY_PATIENCE_S)
        if self._has_tls:
            # It is our own port, and nothing is told to it.
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            connection = http.client.HTTPSConnection(
                *self._address, timeout=_READY_PATIENCE_S, context=context
            )
        try:
            connection.request("HEAD", "/")
            connection.getresponse()
        except ssl.SSLError as error:
            # Who wants a certificate of ours is there, which is the question.
            logger.debug("the own port: %s", error)
        finally:
            connection.close()


def _gunicorn(python: str, descriptor: int) -> list[str]:
    return [
        python,
        "-m",
        "gunicorn",
        "--config",
        "python:sidecar.gunicorn_conf",
        "--bind",
        f"fd://{descriptor}",
        "sidecar.wsgi:app",
    ]


def _require_security(settings: Settings) -> None:
    """Where others can reach the sidecar, Elasticsearch has to know who they are.

    Asked in a process of its own, whose memory is not kept; with the settings of this one.
    """
    if settings.listens_on_loopback or settings.allow_insecure:
        return
    command = [sys.executable, "-m", "sidecar", "check-security"]
    asked = subprocess.run(command, env=dict(os.environ), check=False)  # noqa: S603 - our own
    if asked.returncode == INSECURE:
        raise StartError(messages.insecure_cluster_not_served())


def _lock_data_dir(data_dir: Path) -> int:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        return lock_file(data_dir / "lock", timeout_s=2.0)
    except FolderInUseError as error:
        raise StartError(f"another ml-sidecar uses the data folder [{data_dir}]") from error
    except OSError as error:
        raise StartError(f"the data folder [{data_dir}]: {error.strerror}") from error


def _listen(settings: Settings) -> socket.socket:
    """Listen on the port of the settings; the children inherit the socket."""
    try:
        found = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, _, _, address = found[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        raise StartError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}"
        ) from error
    return listener


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - replaced here


def _drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 4096):
            pass
    except BlockingIOError:
        return
