"""The kernel that reads one JSON object: where the values of its wanted fields are."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from sidecar.engine.arrays import IntArray
from sidecar.worker.record_reader.bytes_classes import (
    ABSENT,
    ARRAY,
    CLOSE_BRACE,
    COLON,
    COMMA,
    DOT,
    ESCAPED,
    LITERAL,
    NULL,
    NUMBER,
    OPEN_BRACE,
    OPEN_BRACKET,
    QUOTE,
    STRING,
    ByteArray,
    SpanArray,
)
from sidecar.worker.record_reader.field_names import FieldNames, begins_a_name, find_name
from sidecar.worker.record_reader.json_arrays import array_end
from sidecar.worker.record_reader.json_tokens import (
    INCOMPLETE,
    MAX_DEPTH,
    scalar_end,
    skip_space,
    string_end,
)
from sidecar.worker.record_reader.kernel import inlined, kernel
from sidecar.worker.record_reader.unescape import unescape

_LOWER_N: Final = ord("n")
_LOWER_A: Final = ord("a")
_UPPER_I: Final = ord("I")
_UPPER_N: Final = ord("N")

# Path of an object in which nothing is wanted.
_UNWANTED: Final = -1


class Spans(NamedTuple):
    """Where the values of wanted fields are in the buffer; r rows of records, w fields.

    Attributes
    ----------
    start, end : (r, w) int32
        Text of the value; of strings without quotes, of arrays with brackets.
    kind : (r, w) uint8
        See `bytes_classes`; start and end count for other kinds than ABSENT and NULL only.
    """

    start: SpanArray
    end: SpanArray
    kind: ByteArray


class Scratch(NamedTuple):
    """Working memory of `scan_record`.

    Attributes
    ----------
    path : uint8
        Name of a field with the names of the objects around it.
    path_length : (MAX_DEPTH + 1,) int64
        By depth, bytes of `path` that lead to the object, its dot included.
    is_array : (MAX_DEPTH,) uint8
        For `array_end`.
    """

    path: ByteArray
    path_length: IntArray
    is_array: ByteArray


def scratch(names: FieldNames) -> Scratch:
    """Working memory for these names."""
    return Scratch(
        # A path, a dot, and a key whose length is known only when it has been written.
        path=np.zeros(7 * names.longest + 1, dtype=np.uint8),
        path_length=np.zeros(MAX_DEPTH + 1, dtype=np.int64),
        is_array=np.zeros(MAX_DEPTH, dtype=np.uint8),
    )


@inlined
def scan_record(
    buf: ByteArray,
    pos: int,
    end: int,
    names: FieldNames,
    spans: Spans,
    row: int,
    scratch: Scratch,
) -> tuple[int, int, int, bool]:
    """Read the object that opens at `pos`.

    Returns
    -------
    position : int
        Behind the object; INCOMPLETE if it goes on behind `end`; -2 - p for a fault at p.
    leaves : int
        Fields with a value that is no object.
    depth : int
        Of a fault: how many objects and arrays are open there.
    in_string : bool
        Of a fault: whether it is inside a string.
    """
    kind = spans.kind
    for field in range(kind.shape[1]):
        kind[row, field] = ABSENT
    depth = 1
    leaves = 0
    scratch.path_length[1] = 0
    pos = skip_space(buf, pos + 1, end)
    fresh = True
    while True:
        # --- a key, or the end of an object that is empty
        if pos >= end:
            return INCOMPLETE, 0, 0, False
        if buf[pos] != QUOTE:
            if not (fresh and buf[pos] == CLOSE_BRACE):
                return -2 - pos, 0, depth, False
        else:
            fresh = False
            key = pos + 1
            pos, escaped = string_end(buf, key, end)
            if pos < 0:
                return pos, 0, depth, True
            key_end = pos - 1
            pos = skip_space(buf, pos, end)
            if pos >= end:
                return INCOMPLETE, 0, 0, False
            if buf[pos] != COLON:
                return -2 - pos, 0, depth, False
            pos = skip_space(buf, pos + 1, end)
            if pos >= end:
                return INCOMPLETE, 0, 0, False
            # --- its value
            byte = buf[pos]
            if depth == MAX_DEPTH and (byte == OPEN_BRACE or byte == OPEN_BRACKET):
                return -2 - pos, 0, depth, False
            if byte == OPEN_BRACE:
                length = _path(buf, key, key_end, names, scratch, depth)
                if length != _UNWANTED:
                    scratch.path[length] = DOT
                    length += 1
                    if not begins_a_name(names, scratch.path, length):
                        length = _UNWANTED
                depth += 1
                scratch.path_length[depth] = length
                pos = skip_space(buf, pos + 1, end)
                fresh = True
                continue
            leaves += 1
            if depth == 1 and not escaped:
                field = find_name(names, buf, key, key_end)
            else:
                field = _nested_field(buf, key, key_end, names, scratch, depth)
            start = pos
            if byte == QUOTE:
                pos, escaped = string_end(buf, pos + 1, end)
                if pos < 0:
                    return pos, 0, depth, True
                if field >= 0:
                    spans.start[row, field] = start + 1
                    spans.end[row, field] = pos - 1
                    kind[row, field] = ESCAPED if escaped else STRING
            elif byte == OPEN_BRACKET:
                pos, fault_depth, in_string = array_end(buf, pos, end, depth, scratch.is_array)
                if pos < 0:
                    return pos, 0, fault_depth, in_string
                if field >= 0:
                    spans.start[row, field] = start
                    spans.end[row, field] = pos
                    kind[row, field] = ARRAY
            else:
                pos = scalar_end(buf, pos, end)
                if pos < 0:
                    return pos, 0, depth, False
                if field >= 0:
                    spans.start[row, field] = start
                    spans.end[row, field] = pos
                    kind[row, field] = _scalar_kind(buf, start)
            pos = skip_space(buf, pos, end)
            if pos >= end:
                return INCOMPLETE, 0, 0, False
        # --- behind a value or in an empty object
        while buf[pos] == CLOSE_BRACE:
            depth -= 1
            pos += 1
            if depth == 0:
                return pos, leaves, 0, False
            pos = skip_space(buf, pos, end)
            if pos >= end:
                return INCOMPLETE, 0, 0, False
        if buf[pos] != COMMA:
            return -2 - pos, 0, depth, False
        pos = skip_space(buf, pos + 1, end)
        fresh = False


@inlined
def _scalar_kind(buf: ByteArray, pos: int) -> int:
    byte = buf[pos]
    if byte == _LOWER_N:
        return NULL
    if byte == _UPPER_N or byte >= _LOWER_A or byte == _UPPER_I or buf[pos + 1] == _UPPER_I:
        return LITERAL
    return NUMBER


@kernel
def _nested_field(
    buf: ByteArray, key: int, key_end: int, names: FieldNames, scratch: Scratch, depth: int
) -> int:
    """The wanted field that a key at some depth is, -1 if it is none."""
    length = _path(buf, key, key_end, names, scratch, depth)
    return -1 if length == _UNWANTED else find_name(names, scratch.path, 0, length)


@kernel
def _path(
    buf: ByteArray, key: int, key_end: int, names: FieldNames, scratch: Scratch, depth: int
) -> int:
    """Write the key behind the path of its object; bytes of both, _UNWANTED if it is too long."""
    length = scratch.path_length[depth]
    if length == _UNWANTED:
        return _UNWANTED
    # Six bytes of an escape make at least one of text.
    if key_end - key > 6 * names.longest:
        return _UNWANTED
    length = unescape(buf, key, key_end, scratch.path, length)
    return length if length <= names.longest else _UNWANTED
