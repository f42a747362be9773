"""Kernels that find the end of one JSON token.

Each takes `(buf, pos, end)`, looks only at `buf[pos:end]` and returns the position behind the
token, or `INCOMPLETE` when the token goes on behind `end`, or `-2 - p` when the byte at `p`
cannot stand there.
"""

from __future__ import annotations

from typing import Final

from sidecar.worker.record_reader.bytes_classes import (
    BACKSLASH,
    CLOSING,
    CONTROL,
    DOT,
    HEX,
    IS_SPACE,
    MINUS,
    PLAIN,
    PLUS,
    STRING_CLASS,
    UNESCAPED,
    ByteArray,
)
from sidecar.worker.record_reader.kernel import inlined, kernel

INCOMPLETE: Final = -1
# Open objects and arrays at one time; deeper nesting is malformed.
MAX_DEPTH: Final = 1000

_ZERO: Final = ord("0")
_NINE: Final = ord("9")
_LOWER_E: Final = ord("e")
_UPPER_E: Final = ord("E")
_UPPER_I: Final = ord("I")
_UPPER_N: Final = ord("N")
_LOWER_T: Final = ord("t")
_LOWER_F: Final = ord("f")
_LOWER_N: Final = ord("n")
_LOWER_U: Final = ord("u")

_TRUE: Final = tuple(b"true")
_FALSE: Final = tuple(b"false")
_NULL: Final = tuple(b"null")
_NAN: Final = tuple(b"NaN")
_INFINITY: Final = tuple(b"Infinity")


@inlined
def skip_space(buf: ByteArray, pos: int, end: int) -> int:
    """The first position at or behind `pos` that is no white space, at most `end`."""
    while pos < end and IS_SPACE[buf[pos]]:
        pos += 1
    return pos


@kernel
def string_end(buf: ByteArray, pos: int, end: int) -> tuple[int, bool]:
    """The position behind the closing quote of a string, and whether there are escapes in it.

    The opening quote stands before `pos`. Control characters, unknown escapes and bytes that are
    not UTF-8 cannot stand in a string.
    """
    escaped = False
    while True:
        while pos < end and STRING_CLASS[buf[pos]] == PLAIN:
            pos += 1
        if pos >= end:
            return INCOMPLETE, escaped
        kind = STRING_CLASS[buf[pos]]
        if kind == CLOSING:
            return pos + 1, escaped
        if kind == CONTROL:
            return -2 - pos, escaped
        if kind == BACKSLASH:
            escaped = True
            after = _escape_end(buf, pos, end)
        else:
            after = _multibyte_end(buf, pos, end)
        if after < 0:
            return after, escaped
        pos = after


@kernel
def _escape_end(buf: ByteArray, pos: int, end: int) -> int:
    if pos + 1 >= end:
        return INCOMPLETE
    if UNESCAPED[buf[pos + 1]] != 0:
        return pos + 2
    if buf[pos + 1] != _LOWER_U:
        return -2 - pos
    for i in range(pos + 2, pos + 6):
        if i >= end:
            return INCOMPLETE
        if HEX[buf[i]] > 15:
            return -2 - pos
    return pos + 6


@kernel
def _multibyte_end(buf: ByteArray, pos: int, end: int) -> int:
    """Check one character of two to four bytes; no overlong forms, no surrogates."""
    lead = buf[pos]
    low, high = 0x80, 0xBF
    if 0xC2 <= lead <= 0xDF:
        more = 1
    elif 0xE0 <= lead <= 0xEF:
        more = 2
        if lead == 0xE0:
            low = 0xA0
        elif lead == 0xED:
            high = 0x9F
    elif 0xF0 <= lead <= 0xF4:
        more = 3
        if lead == 0xF0:
            low = 0x90
        elif lead == 0xF4:
            high = 0x8F
    else:
        return -2 - pos
    for i in range(pos + 1, pos + 1 + more):
        if i >= end:
            return INCOMPLETE
        if not low <= buf[i] <= high:
            return -2 - pos
        low, high = 0x80, 0xBF
    return pos + 1 + more


@kernel
def number_end(buf: ByteArray, pos: int, end: int) -> int:
    """The end of a number in JSON's grammar; it must be followed by another byte."""
    start = pos
    if buf[pos] == MINUS:
        pos += 1
        if pos >= end:
            return INCOMPLETE
    if buf[pos] == _ZERO:
        pos += 1
    else:
        first = pos
        while pos < end and _ZERO <= buf[pos] <= _NINE:
            pos += 1
        if pos == first and pos < end:
            return -2 - start
    if pos < end and buf[pos] == DOT:
        pos += 1
        first = pos
        while pos < end and _ZERO <= buf[pos] <= _NINE:
            pos += 1
        if pos == first and pos < end:
            return -2 - start
    if pos < end and (buf[pos] == _LOWER_E or buf[pos] == _UPPER_E):
        pos += 1
        if pos < end and (buf[pos] == PLUS or buf[pos] == MINUS):
            pos += 1
        first = pos
        while pos < end and _ZERO <= buf[pos] <= _NINE:
            pos += 1
        if pos == first and pos < end:
            return -2 - start
    return pos if pos < end else INCOMPLETE


@kernel
def word_end(buf: ByteArray, pos: int, end: int) -> int:
    """The end of true, false, null, NaN, Infinity or -Infinity."""
    start = pos
    if buf[pos] == MINUS:
        pos += 1
        if pos >= end:
            return INCOMPLETE
        if buf[pos] != _UPPER_I:
            return -2 - start
    first = buf[pos]
    if first == _LOWER_T:
        return _match(buf, pos, end, start, _TRUE)
    if first == _LOWER_F:
        return _match(buf, pos, end, start, _FALSE)
    if first == _LOWER_N:
        return _match(buf, pos, end, start, _NULL)
    if first == _UPPER_N:
        return _match(buf, pos, end, start, _NAN)
    if first == _UPPER_I:
        return _match(buf, pos, end, start, _INFINITY)
    return -2 - start


@kernel
def _match(buf: ByteArray, pos: int, end: int, start: int, word: tuple[int, ...]) -> int:
    for i in range(len(word)):
        if pos + i >= end:
            return INCOMPLETE
        if buf[pos + i] != word[i]:
            return -2 - start
    return pos + len(word)


@kernel
def scalar_end(buf: ByteArray, pos: int, end: int) -> int:
    """The end of a number or word."""
    if _ZERO <= buf[pos] <= _NINE:
        return number_end(buf, pos, end)
    if buf[pos] == MINUS and (pos + 1 >= end or buf[pos + 1] != _UPPER_I):
        return number_end(buf, pos, end)
    return word_end(buf, pos, end)
