"""Request bodies, read piece by piece: never whole in memory, never more than allowed."""

from __future__ import annotations

import socket
import threading
import zlib
from collections.abc import Iterator
from typing import IO

from sidecar import messages
from sidecar.api.paced_socket import PacedSocket, stop_reading
from sidecar.errors import BadRequestError, ContentTooLargeError, IllegalArgumentError

# Bytes of one piece, and the most that one step of decompression may make.
PIECE_BYTES = 1024 * 1024
# zlib's names of the formats: 15 bits of window, plus 16 for a gzip header.
_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class RequestBody:
    """The body of one request; it is read once, by `pieces` or by `whole`.

    Parameters
    ----------
    stream : file
        The bytes as they come over the connection.
    length : int, optional
        `Content-Length`; None for a chunked body.
    chunked : bool
        Whether the request says `Transfer-Encoding: chunked`.
    encoding : str, optional
        `Content-Encoding`.
    """

    def __init__(
        self, stream: IO[bytes], *, length: int | None, chunked: bool, encoding: str | None
    ) -> None:
        self._stream = stream
        self._length = length
        self._encoding = (encoding or "identity").strip().lower()
        self._received = 0
        self.is_present = chunked or bool(length)
        # True when nothing is left on the connection that belongs to this request.
        self.is_exhausted = not self.is_present

    def pieces(self, limit: int) -> Iterator[bytes]:
        """The decompressed body in pieces of at most 1 MiB.

        Raises ContentTooLargeError before more than `limit` bytes have come in or out,
        IllegalArgumentError for an unknown or broken compression, and BadRequestError when the
        connection ends before the body does.
        """
        if self._length is not None and self._length > limit:
            raise ContentTooLargeError(messages.body_too_large(limit))
        raw = self._received_pieces(limit)
        if self._encoding == "identity" or not self.is_present:
            return raw
        if self._encoding not in _WINDOW_BITS:
            raise IllegalArgumentError(messages.content_encoding_not_supported(self._encoding))
        return _limited(_inflate(raw, self._encoding), limit)

    def whole(self, limit: int) -> bytes:
        """The decompressed body; for small ones."""
        return b"".join(self.pieces(limit))

    def drain(self, limit: int) -> None:
        """Read and forget what the caller still sends, at most `limit` bytes.

        A caller that is busy sending sees the answer only if its bytes are taken off it: closing
        a socket with unread bytes resets the connection.
        """
        try:
            for _ in self._received_pieces(self._received + limit):
                pass
        except (BadRequestError, ContentTooLargeError):
            return

    def _received_pieces(self, limit: int) -> Iterator[bytes]:
        while not self.is_exhausted:
            piece = self._receive(min(PIECE_BYTES, limit - self._received + 1))
            if not piece:
                self.is_exhausted = True
                if self._length is not None and self._received < self._length:
                    raise BadRequestError(messages.body_broke_off())
                return
            self._received += len(piece)
            if self._received == self._length:
                self.is_exhausted = True
            if self._received > limit:
                raise ContentTooLargeError(messages.body_too_large(limit))
            yield piece

    def _receive(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except Exception as error:
            # Servers have errors of their own for broken chunks and lost connections.
            self.is_exhausted = True
            raise BadRequestError(messages.body_broke_off()) from error


def linger(
    body: RequestBody,
    limit: int,
    connection: socket.socket | PacedSocket | None,
    seconds: float,
) -> None:
    """Drain a body, at most `limit` bytes and (given its connection) for at most so long.

    Nothing but shutting the connection down ends a read from a caller that sends a byte now and
    then.
    """
    if connection is None:
        body.drain(limit)
        return
    timer = threading.Timer(seconds, stop_reading, [connection])
    timer.daemon = True
    timer.start()
    try:
        body.drain(limit)
    finally:
        timer.cancel()


def _limited(pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise ContentTooLargeError(messages.body_too_large(limit))
        yield piece


def _inflate(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Decompress; several members may follow one another, padded with zeros as tar does."""
    inflater = zlib.decompressobj(_WINDOW_BITS[encoding])
    try:
        for piece in pieces:
            rest = piece
            while rest:
                if inflater.eof:
                    rest = rest.lstrip(b"\0")
                    if not rest:
                        break
                    inflater = zlib.decompressobj(_WINDOW_BITS[encoding])
                yield from _inflate_piece(inflater, rest)
                rest = inflater.unused_data
    except zlib.error as error:
        raise IllegalArgumentError(messages.body_not_decompressible(encoding)) from error
    if not inflater.eof:
        raise IllegalArgumentError(messages.body_not_decompressible(encoding))


def _inflate_piece(inflater: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """All that `data` make of the current member, in pieces of at most 1 MiB."""
    while True:
        inflated = inflater.decompress(data, PIECE_BYTES)
        if inflated:
            yield inflated
        data = inflater.unconsumed_tail
        # A full step may have left output behind although all input is taken.
        if inflater.eof or (not data and len(inflated) < PIECE_BYTES):
            return
