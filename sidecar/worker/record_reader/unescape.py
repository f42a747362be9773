"""Kernels that replace JSON escapes by the UTF-8 they stand for."""

from __future__ import annotations

from typing import Final

from sidecar.worker.record_reader.bytes_classes import ESCAPE, HEX, UNESCAPED, ByteArray
from sidecar.worker.record_reader.kernel import kernel

_LOWER_U: Final = ord("u")
_REPLACEMENT: Final = 0xFFFD


@kernel
def unescape(buf: ByteArray, pos: int, end: int, to: ByteArray, out: int) -> int:
    """Write the text of the valid string content `buf[pos:end]` to `to[out:]`.

    Text is never longer than its escaped form: `to` may be `buf` if `out` is at most `pos`.
    Half of a surrogate pair becomes U+FFFD, since no UTF-8 can hold it. Returns the end of the
    text.
    """
    while pos < end:
        if buf[pos] != ESCAPE:
            to[out] = buf[pos]
            out += 1
            pos += 1
        elif buf[pos + 1] != _LOWER_U:
            to[out] = UNESCAPED[buf[pos + 1]]
            out += 1
            pos += 2
        else:
            code = _hex4(buf, pos + 2)
            pos += 6
            if 0xD800 <= code <= 0xDFFF:
                low = 0
                if code < 0xDC00 and pos + 6 <= end and buf[pos] == ESCAPE:
                    low = _hex4(buf, pos + 2) if buf[pos + 1] == _LOWER_U else 0
                if 0xDC00 <= low <= 0xDFFF:
                    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                    pos += 6
                else:
                    code = _REPLACEMENT
            out = _put(to, out, code)
    return out


@kernel
def _hex4(buf: ByteArray, pos: int) -> int:
    code = 0
    for i in range(pos, pos + 4):
        code = code * 16 + HEX[buf[i]]
    return code


@kernel
def _put(to: ByteArray, out: int, code: int) -> int:
    """Write one character as UTF-8."""
    if code < 0x80:
        to[out] = code
        return out + 1
    if code < 0x800:
        to[out] = 0xC0 | (code >> 6)
        to[out + 1] = 0x80 | (code & 0x3F)
        return out + 2
    if code < 0x10000:
        to[out] = 0xE0 | (code >> 12)
        to[out + 1] = 0x80 | ((code >> 6) & 0x3F)
        to[out + 2] = 0x80 | (code & 0x3F)
        return out + 3
    to[out] = 0xF0 | (code >> 18)
    to[out + 1] = 0x80 | ((code >> 12) & 0x3F)
    to[out + 2] = 0x80 | ((code >> 6) & 0x3F)
    to[out + 3] = 0x80 | (code & 0x3F)
    return out + 4
