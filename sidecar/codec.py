"""JSON and MessagePack in and out: the one place where msgspec is imported."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

_json_encoder = msgspec.json.Encoder()
_json_decoder = msgspec.json.Decoder()
_pack_encoder = msgspec.msgpack.Encoder()
_pack_decoder = msgspec.msgpack.Decoder()


class DecodeError(ValueError):
    """The bytes are not JSON (or not MessagePack)."""


def dumps(value: Any) -> bytes:
    """JSON bytes of plain values (dict, list, str, numbers, bool, None, dataclasses)."""
    return _json_encoder.encode(value)


def loads(data: bytes | bytearray | memoryview | str) -> Any:
    """Plain values from JSON; raises `DecodeError`."""
    try:
        return _json_decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DecodeError(str(error)) from error


def dump_lines(values: Iterable[Any]) -> bytes:
    """Newline-delimited JSON, as `_bulk` wants it."""
    return _json_encoder.encode_lines(values)


def pack(value: Any) -> bytes:
    """MessagePack bytes: the frames of the runtime's sockets and of the journal."""
    return _pack_encoder.encode(value)


def unpack(data: bytes | bytearray | memoryview) -> Any:
    """Plain values from MessagePack; raises `DecodeError`."""
    try:
        return _pack_decoder.decode(data)
    except msgspec.DecodeError as error:
        raise DecodeError(str(error)) from error
