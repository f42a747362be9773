"""Callers who keep connections busy: the real worker on a local socket, in a hurry."""

from __future__ import annotations

import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.impatient_worker import THREADS

# How long a test waits for what has to happen; far beyond the second that callers are given.
_PATIENCE_S = 60.0
# A caller who dawdles sends so often ...
_DRIP_S = 0.2
# ... and would need so many drops to be done.
_DROPS = 300

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


class Server:
    """One worker with `THREADS` threads."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(_PATIENCE_S)
        connection.connect(self.path)
        return connection

    def answers(self) -> bool:
        """Whether somebody who is not slow is served."""
        with self.connect() as connection:
            connection.sendall(GET)
            return connection.recv(65536).startswith(b"HTTP/1.1 200 OK")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path = tmp_path_factory.mktemp("s") / "http"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(1024)
    command = [
        *(sys.executable, "-m", "gunicorn", "tests.api.impatient_worker:app"),
        *("--worker-class", "tests.api.impatient_worker.ImpatientWorker"),
        *("--threads", str(THREADS), "--bind", f"fd://{listener.fileno()}"),
        *("--log-level", "error", "--graceful-timeout", "30", "--no-control-socket"),
    ]
    process = subprocess.Popen(command, pass_fds=[listener.fileno()])  # noqa: S603 - our own
    made = Server(path)
    assert made.answers()
    yield made
    process.terminate()
    assert process.wait(_PATIENCE_S) == 0
    listener.close()


def drip(connection: socket.socket, drop: bytes) -> int:
    """Send drop after drop until the other side ends the connection; returns how many."""
    connection.settimeout(_DRIP_S)
    for sent in range(_DROPS):
        try:
            connection.sendall(drop)
            if not connection.recv(65536):
                return sent
        except TimeoutError:
            continue
        except OSError:
            return sent
    return _DROPS


def test_whoever_says_nothing_holds_no_thread(server: Server) -> None:
    silent = [server.connect() for _ in range(20 * THREADS)]
    assert server.answers()
    for connection in silent:
        connection.close()


def test_a_silent_connection_is_served_when_it_speaks(server: Server) -> None:
    with server.connect() as connection:
        assert server.answers()
        for _ in range(2):
            connection.sendall(GET)
            answer = b""
            while not answer.endswith(b"\r\n\r\n0"):
                answer += connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("begin", "drop"),
    [
        pytest.param(b"", b"G", id="line"),
        pytest.param(b"GET / HTTP/1.1\r\n", b"X: a\r\n", id="headers"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 9999\r\n\r\n", b"a", id="body"),
        pytest.param(
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n", id="chunks"
        ),
    ],
)
def test_whoever_dawdles_is_cut_off(server: Server, begin: bytes, drop: bytes) -> None:
    with server.connect() as connection:
        connection.sendall(begin)
        assert drip(connection, drop) < _DROPS


@pytest.mark.parametrize(
    "begin",
    [
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: h\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n",
    ],
    ids=["line", "headers", "body"],
)
def test_whoever_stops_in_the_middle_is_cut_off(server: Server, begin: bytes) -> None:
    with server.connect() as connection:
        connection.sendall(begin)
        while connection.recv(65536):
            continue


def test_whoever_does_not_take_his_answer_is_cut_off(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /?50000000 HTTP/1.1\r\nHost: h\r\n\r\n")
        # Others are served although nobody takes this answer.
        assert server.answers()
        ended = select.poll()
        ended.register(connection, select.POLLRDHUP)
        assert ended.poll(_PATIENCE_S * 1000)


def test_half_said_requests_hold_no_thread(server: Server) -> None:
    half_said = []
    for _ in range(50 * THREADS):
        connection = server.connect()
        connection.sendall(b"GET / HTTP/1.1\r\n")
        half_said.append(connection)
    assert server.answers()
    for connection in half_said:
        connection.close()


def test_a_large_body_that_comes_at_once_is_taken(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 30000000\r\n\r\n")
        connection.sendall(b"a" * 30_000_000)
        answer = b""
        while not answer.endswith(b"30000000"):
            answer += connection.recv(65536)
