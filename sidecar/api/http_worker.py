"""Gunicorn's threaded worker, made to answer as Elasticsearch does and never to wait for ever."""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time
from typing import Any

from gunicorn import util
from gunicorn.http.errors import (
    ExpectationFailed,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)
from gunicorn.workers.gthread import ThreadWorker

from sidecar import codec, messages
from sidecar.api.error_bodies import ErrorAnswer, plain_answer
from sidecar.api.media_types import JSON

logger = logging.getLogger(__name__)

# How long the line and the headers of a request may take to come in.
HEAD_PATIENCE_S = 10.0
# How long a body or the taking of an answer may pause; as a whole they may take as long as they
# like.
PAUSE_PATIENCE_S = 60
# As the kernel takes it: seconds and microseconds, for each read and write of a blocking socket.
_PAUSE = struct.pack("ll", PAUSE_PATIENCE_S, 0)

_SERVER_ERROR = 500
_REASONS = {400: "Bad Request", 417: "Expectation Failed", 500: "Internal Server Error"}


class HttpWorker(ThreadWorker):  # type: ignore[misc]
    """Answers unreadable requests as JSON; drops callers who stop in the middle of one."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._lock = threading.Lock()
        # Connections whose request line and headers are being read, and until when.
        self._heads: dict[socket.socket, float] = {}

    def handle(self, conn: Any) -> Any:
        """Serve one request of a connection, in a thread of the pool."""
        with self._lock:
            self._heads[conn.sock] = time.monotonic() + HEAD_PATIENCE_S
        try:
            return super().handle(conn)
        finally:
            self._head_is_read(conn.sock)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Serve a request whose headers are read."""
        self._head_is_read(conn.sock)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            conn.sock.setsockopt(socket.SOL_SOCKET, option, _PAUSE)
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """Called every second: end also the connections that are too slow."""
        super().murder_pending()
        now = time.monotonic()
        with self._lock:
            slow = [sock for sock, until in self._heads.items() if until < now]
            for sock in slow:
                del self._heads[sock]
                try:
                    # The thread that reads wakes up and finds the end of the stream.
                    sock.shutdown(socket.SHUT_RD)
                except OSError:
                    continue

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that could not be read, or whose answer could not be made."""
        answer = _answer(exc)
        if answer.status < _SERVER_ERROR:
            logger.info("a request could not be read: %s", exc)
        else:
            logger.error("unexpected error", exc_info=exc)
        content = codec.dumps(answer.body)
        head = (
            f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}\r\n"
            "Connection: close\r\n"
            "X-Elastic-Product: Elasticsearch\r\n"
            f"Content-Type: {JSON}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        try:
            util.write_nonblock(client, head.encode("ascii") + content)
        except OSError as error:
            logger.debug("the caller did not wait for the answer: %s", error)

    def _head_is_read(self, sock: socket.socket) -> None:
        with self._lock:
            self._heads.pop(sock, None)


def _answer(error: BaseException) -> ErrorAnswer:
    if isinstance(error, InvalidResponseHeader | InvalidResponseHeaderName) or not isinstance(
        error, ParseException
    ):
        return plain_answer(_SERVER_ERROR, "exception", messages.no_answer_possible())
    if isinstance(error, LimitRequestLine):
        return plain_answer(400, "too_long_http_line_exception", str(error))
    if isinstance(error, LimitRequestHeaders):
        return plain_answer(400, "too_long_http_header_exception", str(error))
    if isinstance(error, ExpectationFailed):
        return plain_answer(417, "illegal_argument_exception", str(error))
    return plain_answer(400, "illegal_argument_exception", str(error) or type(error).__name__)
