"""Messages for users in `.ml-notifications-*`."""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable
from typing import Any

from sidecar.clock import Clock
from sidecar.errors import MlError
from sidecar.storage.client import Connection
from sidecar.storage.documents import Documents
from sidecar.storage.names import NOTIFICATIONS_WRITE

logger = logging.getLogger(__name__)

MAX_MESSAGE = 8_191
_TRUNCATED = "... (truncated)"
# Messages that wait while Elasticsearch is away; later ones are only logged.
_MAX_WAITING = 1_000

Put = Callable[[dict[str, Any]], None]


class ElasticsearchAuditLog:
    """Implements `interfaces.AuditLog`: a thread writes, so that callers never wait.

    The thread starts with the first message, in each process anew. `close` waits until all is
    written; call it before a process ends.
    """

    def __init__(
        self, connection: Connection, clock: Clock, node_name: str, *, put: Put | None = None
    ) -> None:
        documents = Documents(connection, NOTIFICATIONS_WRITE, require_alias=True)
        self._put = put or (lambda source: documents.put(None, source, refresh=False))
        self._clock = clock
        self._node_name = node_name
        self._lock = threading.Lock()
        self._pid = 0
        self._waiting: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._thread: threading.Thread | None = None

    def info(self, job_id: str | None, message: str) -> None:
        """See `interfaces.AuditLog.info`."""
        self._add("info", job_id, message)

    def warning(self, job_id: str | None, message: str) -> None:
        """See `interfaces.AuditLog.warning`."""
        self._add("warning", job_id, message)

    def error(self, job_id: str | None, message: str) -> None:
        """See `interfaces.AuditLog.error`."""
        self._add("error", job_id, message)

    def close(self, timeout_s: float = 10.0) -> None:
        """Write what waits and end the thread; gives up after `timeout_s` seconds."""
        with self._lock:
            thread, self._thread = self._thread, None
            mine = self._pid == os.getpid()
        if thread is not None and mine:
            self._waiting.put(None)
            thread.join(timeout_s)

    def _add(self, level: str, job_id: str | None, message: str) -> None:
        source: dict[str, Any] = {} if job_id is None else {"job_id": job_id}
        source |= {
            "message": shortened(message),
            "level": level,
            "timestamp": self._clock(),
            "node_name": self._node_name,
            "job_type": "system" if job_id is None else "anomaly_detector",
        }
        with self._lock:
            self._start()
            if self._waiting.qsize() < _MAX_WAITING:
                self._waiting.put(source)
                return
        logger.warning("audit message dropped: %s", source)

    def _start(self) -> None:
        """Make sure that a thread of this process writes."""
        if self._pid != os.getpid():
            # What the parent had waiting is the parent's to write.
            self._pid, self._thread, self._waiting = os.getpid(), None, queue.Queue()
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._write, args=(self._waiting,), name="audit", daemon=True
            )
            self._thread.start()

    def _write(self, waiting: queue.Queue[dict[str, Any] | None]) -> None:
        while (source := waiting.get()) is not None:
            try:
                self._put(source)
            except MlError as error:
                logger.warning("audit message not stored: %s: %s", error.reason, source)


def shortened(message: str) -> str:
    """Cut a message to the length that is stored, and say so in it."""
    if len(message) <= MAX_MESSAGE:
        return message
    return message[: MAX_MESSAGE - len(_TRUNCATED)] + _TRUNCATED
