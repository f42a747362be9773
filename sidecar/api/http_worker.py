"""Gunicorn's threaded worker, made to answer as Elasticsearch does and never to wait for ever."""

from __future__ import annotations

import logging
import select
import socket
import ssl
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
from gunicorn.workers.gthread import _DEFER, ThreadWorker

from sidecar import codec, messages
from sidecar.api.error_bodies import ErrorAnswer, plain_answer
from sidecar.api.media_types import JSON
from sidecar.api.paced_socket import PacedSocket, Patience, stop_reading

logger = logging.getLogger(__name__)

_SERVER_ERROR = 500
_REASONS = {400: "Bad Request", 417: "Expectation Failed", 500: "Internal Server Error"}

# What is looked at of a head before a thread reads it, and what a head ends with.
_HEAD_BYTES = 64 * 1024
_END_OF_HEAD = b"\r\n\r\n"


class HttpWorker(ThreadWorker):  # type: ignore[misc]
    """Answers unreadable requests as JSON; drops callers who are too slow.

    A connection costs a thread only when a request can be begun: one that says nothing, or has not
    said all of its headers, waits in the poller. (What comes encrypted can only be looked at in a
    thread, so there it is the first bytes that count.)
    """

    patience = Patience()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._lock = threading.Lock()
        # Connections whose request line and headers are being read (after the handshake of TLS,
        # which gives them another socket), and until when.
        self._heads: dict[Any, float] = {}

    def handle(self, conn: Any) -> Any:
        """Serve one request of a connection, in a thread of the pool."""
        if not self._is_worth_a_thread(conn):
            return _DEFER
        self._head_begins(conn)
        try:
            return super().handle(conn)
        finally:
            self._head_is_read(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Serve a request whose headers are read."""
        self._head_is_read(conn)
        whole = conn.sock
        # As the kernel takes it: seconds and microseconds.
        pause = struct.pack("ll", self.patience.pause_s, 0)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            whole.setsockopt(socket.SOL_SOCKET, option, pause)
        conn.sock = conn.parser.unreader.sock = PacedSocket(whole, self.patience)
        try:
            return super().handle_request(req, conn)
        finally:
            conn.sock = conn.parser.unreader.sock = whole

    def murder_pending(self) -> None:
        """Called every second: end also the connections that are too slow."""
        if not self.alive:
            # Who has said nothing yet is not waited for.
            for conn in self.pending_conns:
                conn.timeout = 0.0
        super().murder_pending()
        now = time.monotonic()
        with self._lock:
            slow = [conn for conn, until in self._heads.items() if until < now]
            for conn in slow:
                del self._heads[conn]
                stop_reading(conn.sock)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that could not be read, or whose answer could not be made."""
        if isinstance(exc, ssl.SSLError):
            # No handshake, or a caller who fell silent: there is nobody to answer to.
            logger.info("a connection with TLS was ended: %s", exc)
            return
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

    def _is_worth_a_thread(self, conn: Any) -> bool:
        if conn.parser is not None and conn.parser.unreader.buf.getvalue():
            return True  # the next request came along with the last
        if self.cfg.is_ssl:
            return bool(conn.initialized or conn.data_ready or conn.wait_for_data(0.0))
        sock: socket.socket = conn.sock
        try:
            seen = sock.recv(_HEAD_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
        if _END_OF_HEAD in seen or len(seen) == _HEAD_BYTES or _has_ended(sock):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
            return True
        # The poller is to wake up for more than what is there already.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(seen) + 1)
        self._head_begins(conn)
        return False

    def _head_begins(self, conn: Any) -> None:
        with self._lock:
            self._heads.setdefault(conn, time.monotonic() + self.patience.head_s)

    def _head_is_read(self, conn: Any) -> None:
        with self._lock:
            self._heads.pop(conn, None)


def _has_ended(sock: socket.socket) -> bool:
    """Whether nothing more will come: the caller's doing, or ours."""
    ended = select.poll()
    ended.register(sock, select.POLLRDHUP)
    return bool(ended.poll(0))


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
