"""Kernels for arrays in records: where one ends, and its scalars joined by commas."""

from __future__ import annotations

from typing import Final

from sidecar.worker.record_reader.bytes_classes import (
    CLOSE_BRACE,
    CLOSE_BRACKET,
    COLON,
    COMMA,
    IS_SPACE,
    OPEN_BRACE,
    OPEN_BRACKET,
    QUOTE,
    ByteArray,
)
from sidecar.worker.record_reader.json_tokens import (
    INCOMPLETE,
    MAX_DEPTH,
    scalar_end,
    skip_space,
    string_end,
)
from sidecar.worker.record_reader.kernel import kernel
from sidecar.worker.record_reader.unescape import unescape

# What may come next.
_VALUE: Final = 0
_VALUE_OR_CLOSE: Final = 1
_KEY: Final = 2
_KEY_OR_CLOSE: Final = 3
_COMMA_OR_CLOSE: Final = 4

_LOWER_N: Final = ord("n")


@kernel
def array_end(
    buf: ByteArray, pos: int, end: int, outer_depth: int, is_array: ByteArray
) -> tuple[int, int, bool]:
    """The position behind the array that opens at `pos`.

    Parameters
    ----------
    outer_depth : int
        Objects open around the array.
    is_array : (MAX_DEPTH,) uint8
        Scratch.

    Returns
    -------
    position, depth, in_string
        The position as in `json_tokens`; the other two matter if it is a fault: how many objects
        and arrays are open there, and whether it is inside a string.
    """
    is_array[0] = 1
    depth = 1
    pos += 1
    want = _VALUE_OR_CLOSE
    while True:
        pos = skip_space(buf, pos, end)
        if pos >= end:
            return INCOMPLETE, 0, False
        byte = buf[pos]
        after = -2 - pos
        in_string = False
        if want == _COMMA_OR_CLOSE:
            if byte == COMMA:
                after = pos + 1
                want = _VALUE if is_array[depth - 1] else _KEY
            elif byte == (CLOSE_BRACKET if is_array[depth - 1] else CLOSE_BRACE):
                after = pos + 1
                depth -= 1
        elif byte == QUOTE:
            after, _ = string_end(buf, pos + 1, end)
            in_string = True
            if want == _VALUE or want == _VALUE_OR_CLOSE:
                want = _COMMA_OR_CLOSE
            elif after >= 0:
                after = skip_space(buf, after, end)
                if after >= end:
                    after = INCOMPLETE
                elif buf[after] == COLON:
                    after += 1
                else:
                    after = -2 - after
                    in_string = False
                want = _VALUE
        elif want == _VALUE or want == _VALUE_OR_CLOSE:
            if byte == CLOSE_BRACKET and want == _VALUE_OR_CLOSE:
                after = pos + 1
                depth -= 1
                want = _COMMA_OR_CLOSE
            elif byte == OPEN_BRACKET or byte == OPEN_BRACE:
                if outer_depth + depth < MAX_DEPTH:
                    after = pos + 1
                    is_array[depth] = byte == OPEN_BRACKET
                    depth += 1
                    want = _VALUE_OR_CLOSE if byte == OPEN_BRACKET else _KEY_OR_CLOSE
            else:
                after = scalar_end(buf, pos, end)
                want = _COMMA_OR_CLOSE
        elif byte == CLOSE_BRACE and want == _KEY_OR_CLOSE:
            after = pos + 1
            depth -= 1
            want = _COMMA_OR_CLOSE
        if after < 0:
            return after, outer_depth + depth, in_string
        pos = after
        if depth == 0:
            return pos, 0, False


@kernel
def join_array(buf: ByteArray, pos: int, end: int) -> int:
    """Write the scalars of the valid array `buf[pos:end]` over it, with commas between.

    Strings are unescaped, null is empty text, objects are left out, arrays in the array are
    joined as well. Returns the end of the text, which begins at `pos`: it is never longer than
    what has been read.
    """
    out = pos
    first = True
    braces = 0
    pos += 1
    while pos < end:
        byte = buf[pos]
        if byte == QUOTE:
            close, _ = string_end(buf, pos + 1, end)
            if braces == 0:
                if not first:
                    buf[out] = COMMA
                    out += 1
                first = False
                out = unescape(buf, pos + 1, close - 1, buf, out)
            pos = close
        elif byte == OPEN_BRACE:
            braces += 1
            pos += 1
        elif byte == CLOSE_BRACE:
            braces -= 1
            pos += 1
        elif (
            braces > 0
            or IS_SPACE[byte]
            or byte == COMMA
            or byte == OPEN_BRACKET
            or byte == CLOSE_BRACKET
        ):
            pos += 1
        else:
            close = scalar_end(buf, pos, end)
            if not first:
                buf[out] = COMMA
                out += 1
            first = False
            if byte == _LOWER_N:
                pos = close
            while pos < close:
                buf[out] = buf[pos]
                out += 1
                pos += 1
    return out
