"""Frames over a local socket: a length, a kind, a body.

A conversation is a MESSAGE (a request) and its answer. A post has CHUNK frames between the two,
ended by END (the upload is whole) or ABORT (its sender gave up).
"""

from __future__ import annotations

import os
import select
import socket
import struct
from collections.abc import Mapping
from enum import IntEnum
from multiprocessing.connection import Connection
from typing import Any

from sidecar import codec

_PREFIX = struct.Struct("<IB")
# Bounds what a receiver holds; longer chunks are split by the sender.
_CHUNK_BYTES = 1024 * 1024
_MESSAGE_MAX_BYTES = 64 * 1024 * 1024


class Frame(IntEnum):
    """What a frame is."""

    MESSAGE = 1
    CHUNK = 2
    END = 3
    ABORT = 4


class ConnectionLostError(Exception):
    """The other process is gone, or nobody listens."""


class NotListeningError(ConnectionLostError):
    """Nobody listens: nothing was sent."""


class Channel:
    """One end of a local connection. Every method raises ConnectionLostError."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    @classmethod
    def connect(cls, path: str, timeout_s: float | None = None) -> Channel:
        """Connect to a listening socket; `timeout_s` bounds every later step as well."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(timeout_s)
        try:
            sock.connect(path)
        except OSError as error:
            sock.close()
            raise NotListeningError(f"{path}: {error}") from error
        return cls(sock)

    @classmethod
    def of_pipe(cls, connection: Connection) -> Channel:
        """Speak over a two-way pipe of `multiprocessing` (which is a socket); it may be closed."""
        return cls(
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=os.dup(connection.fileno()))
        )

    def send(self, frame: Frame, body: bytes = b"") -> None:
        """Send one frame."""
        try:
            self._socket.sendall(_PREFIX.pack(len(body), frame) + body)
        except OSError as error:
            raise ConnectionLostError(str(error)) from error

    def send_message(self, message: Mapping[str, Any]) -> None:
        """Send plain values."""
        self.send(Frame.MESSAGE, codec.pack(message))

    def send_chunk(self, chunk: bytes) -> None:
        """Send a piece of an upload."""
        view = memoryview(chunk)
        for begin in range(0, len(view), _CHUNK_BYTES):
            self.send(Frame.CHUNK, bytes(view[begin : begin + _CHUNK_BYTES]))

    def receive(self) -> tuple[Frame, bytes]:
        """Wait for the next frame."""
        length, kind = _PREFIX.unpack(self._read(_PREFIX.size))
        if length > _MESSAGE_MAX_BYTES:
            raise ConnectionLostError(f"a frame of [{length}] bytes")
        return Frame(kind), self._read(length)

    def receive_message(self) -> dict[str, Any]:
        """Wait for the next message; frames of an upload before it are dropped."""
        while True:
            frame, body = self.receive()
            if frame is Frame.MESSAGE:
                message: dict[str, Any] = codec.unpack(body)
                return message

    def has_something(self) -> bool:
        """Whether a frame (or the end of the connection) is waiting to be received."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def shut(self) -> None:
        """End the connection, also for a thread that is waiting in `receive`."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()

    def __enter__(self) -> Channel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, size: int) -> bytes:
        buffer = bytearray(size)
        view = memoryview(buffer)
        while view:
            try:
                received = self._socket.recv_into(view)
            except OSError as error:
                raise ConnectionLostError(str(error)) from error
            if not received:
                raise ConnectionLostError("the connection was closed")
            view = view[received:]
        return bytes(buffer)


def listen(path: str) -> socket.socket:
    """Listen on a new local socket; raises OSError when the name is taken."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(path)
        sock.listen(512)
    except OSError:
        sock.close()
        raise
    return sock
