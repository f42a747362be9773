"""The kernel that goes through a body: records, what stands between them, and malformed parts.

Between records white space, commas and square brackets are passed over. Anything else there is
one error, and reading goes on at the next `{`. Of a malformed record the rest is skipped: braces
and brackets are counted from the fault on, with strings ending at their quote or at the end of
the line, until the object is closed, or a line begins with `{` (which is then the next record).
So each byte is looked at a fixed number of times, whatever the body is.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sidecar.engine.arrays import BoolArray, IntArray
from sidecar.worker.record_reader.bytes_classes import (
    ABSENT,
    ARRAY,
    CLOSE_BRACE,
    CLOSE_BRACKET,
    COMMA,
    ESCAPE,
    ESCAPED,
    IS_SPACE,
    NEWLINE,
    OPEN_BRACE,
    OPEN_BRACKET,
    QUOTE,
    RETURN,
    STRING,
    ByteArray,
)
from sidecar.worker.record_reader.field_names import FieldNames
from sidecar.worker.record_reader.json_arrays import join_array
from sidecar.worker.record_reader.json_tokens import INCOMPLETE
from sidecar.worker.record_reader.kernel import inlined, kernel
from sidecar.worker.record_reader.record_scan import Scratch, Spans, scan_record
from sidecar.worker.record_reader.unescape import unescape

# With so many errors an upload fails.
MAX_ERRORS: Final = 100

# Places in the state of a scan, an int64 array that lives as long as an upload.
MODE: Final = 0
DEPTH: Final = 1
IN_STRING: Final = 2
AFTER_NEWLINE: Final = 3
BASE: Final = 4  # offset in the body of the first byte of the buffer
ERRORS: Final = 5
FIRST_ERROR: Final = 6  # offset in the body
LAST_ERROR: Final = 7
OBJECTS: Final = 8  # opening braces met outside records
FIELDS: Final = 9  # leaf fields without the time field
MISSING: Final = 10  # wanted and counted fields that did not occur
MUST_NORMALISE: Final = 11  # there are spans of escaped strings or arrays
_STATE_SIZE: Final = 12

# Modes.
_BETWEEN: Final = 0
_SKIPPING: Final = 1
_SEEKING: Final = 2


def scan_state() -> IntArray:
    """The state before the first byte of a body."""
    return np.zeros(_STATE_SIZE, dtype=np.int64)


@kernel
def scan_body(
    buf: ByteArray,
    pos: int,
    end: int,
    is_last: bool,
    max_record: int,
    counted: BoolArray,
    names: FieldNames,
    spans: Spans,
    scratch: Scratch,
    state: IntArray,
) -> tuple[int, int]:
    """Read records from `buf[pos:end]` until the bytes, the rows of `spans` or the patience end.

    Parameters
    ----------
    is_last : bool
        Nothing follows behind `end`.
    max_record : int
        Bytes; a record that is longer is malformed.
    counted : (w,) bool
        Fields that are missed when they are absent.
    state : (12,) int64
        See `scan_state`; goes on.

    Returns
    -------
    position, rows
        What stands from the position on has to be given again with more bytes behind it, unless
        rows are all used. Stops at once when there are `MAX_ERRORS` errors.
    """
    row = 0
    rows = spans.kind.shape[0]
    while state[ERRORS] < MAX_ERRORS:
        if state[MODE] == _SKIPPING:
            pos = _skip(buf, pos, end, state)
            if state[MODE] == _SKIPPING:
                break
        elif state[MODE] == _SEEKING:
            while pos < end and buf[pos] != OPEN_BRACE:
                pos += 1
            if pos < end:
                state[MODE] = _BETWEEN
        if pos >= end:
            break
        byte = buf[pos]
        if IS_SPACE[byte] or byte == COMMA or byte == OPEN_BRACKET or byte == CLOSE_BRACKET:
            pos += 1
            continue
        if byte != OPEN_BRACE:
            _error(state, pos)
            state[MODE] = _SEEKING
            continue
        if row == rows:
            break
        limit = min(end, pos + max_record)
        after, leaves, depth, in_string = scan_record(buf, pos, limit, names, spans, row, scratch)
        if after >= 0:
            state[OBJECTS] += 1
            state[FIELDS] += max(leaves - 1, 0)
            _count_missing(spans.kind, row, counted, state)
            row += 1
            pos = after
        elif after != INCOMPLETE:
            state[OBJECTS] += 1
            pos = -2 - after
            _error(state, pos)
            _begin_skipping(state, depth, in_string, buf[pos - 1] == NEWLINE)
        elif limit == pos + max_record:
            state[OBJECTS] += 1
            _error(state, limit)
            _skip_known(buf, pos, limit, state)
            pos = limit
        elif is_last:
            state[OBJECTS] += 1
            _error(state, end)
            pos = end
        else:
            break
    return pos, row


@kernel
def _error(state: IntArray, pos: int) -> None:
    if state[ERRORS] == 0:
        state[FIRST_ERROR] = state[BASE] + pos
    state[LAST_ERROR] = state[BASE] + pos
    state[ERRORS] += 1


@kernel
def _begin_skipping(state: IntArray, depth: int, in_string: bool, after_newline: bool) -> None:
    state[MODE] = _SKIPPING
    state[DEPTH] = depth
    state[IN_STRING] = in_string
    state[AFTER_NEWLINE] = after_newline


@kernel
def _skip(buf: ByteArray, pos: int, end: int, state: IntArray) -> int:
    """Skip the rest of a malformed object; the position behind it, or where to go on later."""
    depth = state[DEPTH]
    in_string = state[IN_STRING] != 0
    after_newline = state[AFTER_NEWLINE] != 0
    while pos < end:
        byte = buf[pos]
        if in_string:
            if byte == ESCAPE:
                if pos + 1 >= end:
                    break
                if buf[pos + 1] != NEWLINE and buf[pos + 1] != RETURN:
                    pos += 1
            elif byte == QUOTE or byte == NEWLINE or byte == RETURN:
                in_string = False
        elif byte == QUOTE:
            in_string = True
        elif byte == OPEN_BRACE or byte == OPEN_BRACKET:
            if byte == OPEN_BRACE and after_newline:
                state[MODE] = _BETWEEN
                return pos
            depth += 1
        elif byte == CLOSE_BRACE or byte == CLOSE_BRACKET:
            depth -= 1
            if depth == 0:
                state[MODE] = _BETWEEN
                return pos + 1
        after_newline = byte == NEWLINE
        pos += 1
    state[DEPTH] = depth
    state[IN_STRING] = in_string
    state[AFTER_NEWLINE] = after_newline
    return pos


@kernel
def _skip_known(buf: ByteArray, pos: int, end: int, state: IntArray) -> None:
    """Find out where the valid beginning of a record, `buf[pos:end]`, leads to.

    It has no line ends in strings.
    """
    depth = 0
    in_string = False
    while pos < end:
        byte = buf[pos]
        if in_string:
            if byte == ESCAPE:
                pos += 1
            elif byte == QUOTE:
                in_string = False
        elif byte == QUOTE:
            in_string = True
        elif byte == OPEN_BRACE or byte == OPEN_BRACKET:
            depth += 1
        elif byte == CLOSE_BRACE or byte == CLOSE_BRACKET:
            depth -= 1
        pos += 1
    _begin_skipping(state, depth, in_string, False)


@inlined
def _count_missing(kind: ByteArray, row: int, counted: BoolArray, state: IntArray) -> None:
    missing = 0
    normalise = False
    for field in range(kind.shape[1]):
        missing += counted[field] and kind[row, field] == ABSENT
        normalise |= kind[row, field] == ESCAPED or kind[row, field] == ARRAY
    state[MISSING] += missing
    if normalise:
        state[MUST_NORMALISE] = 1


@kernel
def normalise(buf: ByteArray, spans: Spans, rows: int) -> None:
    """Turn escaped strings and arrays into plain strings, in place."""
    for row in range(rows):
        for field in range(spans.kind.shape[1]):
            start, end = spans.start[row, field], spans.end[row, field]
            if spans.kind[row, field] == ESCAPED:
                spans.end[row, field] = unescape(buf, start, end, buf, start)
                spans.kind[row, field] = STRING
            elif spans.kind[row, field] == ARRAY:
                spans.end[row, field] = join_array(buf, start, end)
                spans.kind[row, field] = STRING
