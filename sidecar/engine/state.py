"""The stored form of an engine's state: a JSON header and raw arrays, no pickle."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from sidecar.engine.columns import AnyArray

FORMAT_VERSION = 1
BLOCK_BYTES = 1024 * 1024

_MAGIC = b"mlstate\n"
_PREFIX = struct.Struct("<8sI")
_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")
# Numbers only: what a dtype of a header may be.
_KINDS = "biuf"
# Compressed bytes expanded at once: zlib makes at most a thousand times as many of them.
_READ_BYTES = 64 * 1024


def write_state(header: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> Iterator[bytes]:
    """Blocks of at most `BLOCK_BYTES` that hold a header of plain values and named arrays.

    The bytes are a magic word and the format version, then one zlib stream (level 1): length of
    the JSON header, the header, the arrays in little-endian C order, CRC-32 of all that.
    The arrays must not change before the last block has been taken.
    """
    pending = bytearray()
    for piece in _compressed(header, arrays):
        pending += piece
        while len(pending) >= BLOCK_BYTES:
            yield bytes(pending[:BLOCK_BYTES])
            del pending[:BLOCK_BYTES]
    if pending:
        yield bytes(pending)


def _compressed(header: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> Iterator[bytes]:
    yield _PREFIX.pack(_MAGIC, FORMAT_VERSION)
    squeeze = zlib.compressobj(level=1)
    checksum = 0
    for piece in _pieces(header, arrays):
        checksum = zlib.crc32(piece, checksum)
        yield squeeze.compress(piece)
    yield squeeze.compress(_CHECKSUM.pack(checksum))
    yield squeeze.flush()


def _pieces(header: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> Iterator[Any]:
    stored = {name: _little_endian(array) for name, array in arrays.items()}
    described = [
        {"name": name, "dtype": array.dtype.str, "shape": list(array.shape)}
        for name, array in stored.items()
    ]
    text = json.dumps({"header": header, "arrays": described}).encode()
    yield _LENGTH.pack(len(text))
    yield text
    for array in stored.values():
        flat = array.reshape(-1).view(np.uint8).data
        for start in range(0, len(flat), BLOCK_BYTES):
            yield flat[start : start + BLOCK_BYTES]


def _little_endian(array: AnyArray) -> AnyArray:
    if array.dtype.kind not in _KINDS:
        raise ValueError(f"arrays of {array.dtype} are not stored")
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<"))


def read_state(chunks: Iterable[bytes]) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    """Header and arrays that `write_state` wrote, however the bytes are cut into chunks.

    Raises ValueError with a sentence for users when the bytes are of a newer format, truncated or
    damaged.
    """
    reader = _Reader(chunks)
    (length,) = _LENGTH.unpack(reader.take(_LENGTH.size))
    try:
        described = json.loads(reader.take(length))
        header = {**described["header"]}
        arrays = {
            str(array["name"]): _read_array(reader, array["dtype"], array["shape"])
            for array in described["arrays"]
        }
    except (KeyError, TypeError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise ValueError("the model state is damaged: its header cannot be read") from error
    except json.JSONDecodeError as error:
        raise ValueError("the model state is damaged: its header is not JSON") from error
    reader.finish()
    return header, arrays


def _read_array(reader: _Reader, dtype_text: str, shape: list[int]) -> AnyArray:
    dtype = np.dtype(dtype_text)
    if dtype.kind not in _KINDS or any(n < 0 for n in shape):
        raise ValueError(f"the model state is damaged: array of {dtype_text} {shape}")
    count = 1
    for n in shape:
        count *= n
    raw = np.frombuffer(reader.take(count * dtype.itemsize), dtype)
    return raw.astype(dtype.newbyteorder("="), copy=True).reshape(shape)


class _Reader:
    """The decompressed bytes of a state, in order, with a running checksum."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._buffer = bytearray()
        self._expand = zlib.decompressobj()
        self._checksum = 0
        prefix = b""
        for chunk in self._chunks:
            prefix += chunk
            if len(prefix) >= _PREFIX.size:
                break
        if len(prefix) < _PREFIX.size:
            raise ValueError("the model state is truncated")
        magic, version = _PREFIX.unpack_from(prefix)
        if magic != _MAGIC:
            raise ValueError("the model state is damaged: it does not begin as a model state")
        if version > FORMAT_VERSION:
            raise ValueError(
                f"the model state has format {version}, which is newer than format "
                f"{FORMAT_VERSION} that this version reads"
            )
        self._rest = memoryview(prefix)[_PREFIX.size :]

    def take(self, size: int) -> bytes:
        """The next bytes, which count for the checksum."""
        taken = self._take(size)
        self._checksum = zlib.crc32(taken, self._checksum)
        return taken

    def finish(self) -> None:
        """Compare the checksum; nothing may follow it."""
        (expected,) = _CHECKSUM.unpack(self._take(_CHECKSUM.size))
        if expected != self._checksum:
            raise ValueError("the model state is damaged: its checksum is wrong")
        while not self._expand.eof:
            self._fill()
        more = any(len(chunk) for chunk in self._chunks)
        if self._buffer or self._rest or self._expand.unused_data or more:
            raise ValueError("the model state is damaged: it goes on behind its end")

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill()
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _fill(self) -> None:
        if not self._rest:
            if self._expand.eof:
                raise ValueError("the model state is damaged: it ends before its arrays do")
            following = next(self._chunks, None)
            if following is None:
                raise ValueError("the model state is truncated")
            self._rest = memoryview(following)
        piece, self._rest = self._rest[:_READ_BYTES], self._rest[_READ_BYTES:]
        try:
            self._buffer += self._expand.decompress(piece)
        except zlib.error as error:
            raise ValueError(f"the model state is damaged: {error}") from error
