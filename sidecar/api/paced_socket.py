"""A connection whose caller has to keep up a pace, so that nobody holds a thread by dawdling."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

# Written at once; the kernel takes it in one go from a caller that reads.
_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller may take.

    Attributes
    ----------
    head_s : float
        For the line and the headers of a request, from the first byte on.
    pause_s : int
        For each single read of the body and write of the answer.
    grace_s : float
        For body and answer together, of time spent waiting for the caller alone ...
    bytes_per_s : float
        ... and beyond that a second for so many bytes; as a whole they may take as long as they
        like.
    """

    head_s: float = 10.0
    pause_s: int = 60
    grace_s: float = 30.0
    bytes_per_s: float = 1024.0


class PacedSocket:
    """A socket for one request; reads and writes raise TimeoutError when the caller is too slow.

    Everything else is the socket's own. Only waiting is counted: a caller is not to blame for the
    time that his data take to be worked on. `connection` is the socket itself.
    """

    def __init__(
        self,
        connection: socket.socket,
        patience: Patience,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.connection = connection
        self._patience = patience
        self._monotonic = monotonic
        self._waited_s = 0.0
        self._moved = 0

    def __getattr__(self, name: str) -> Any:
        """Whatever else a socket does."""
        return getattr(self.connection, name)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive at most `size` bytes."""
        before = self._monotonic()
        data = self.connection.recv(size, flags)
        self._account(before, len(data))
        return data

    def sendall(self, data: bytes, flags: int = 0) -> None:
        """Send everything."""
        rest = memoryview(data)
        while rest:
            before = self._monotonic()
            sent = self.connection.send(rest[:_PIECE_BYTES], flags)
            rest = rest[sent:]
            self._account(before, sent)

    def _account(self, before: float, moved: int) -> None:
        self._waited_s += self._monotonic() - before
        self._moved += moved
        allowed_s = self._patience.grace_s + self._moved / self._patience.bytes_per_s
        if self._waited_s > allowed_s:
            raise TimeoutError("the caller is too slow")


def stop_reading(connection: socket.socket | PacedSocket) -> None:
    """Wake up the thread that reads from a connection, which finds the end of the stream.

    Past TLS, whose own shutdown would go on in clear.
    """
    whole = connection.connection if isinstance(connection, PacedSocket) else connection
    with suppress(OSError):
        socket.socket.shutdown(whole, socket.SHUT_RD)
