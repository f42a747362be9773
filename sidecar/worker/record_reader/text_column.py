"""Texts of a field, copied out of the window one behind the other."""

from __future__ import annotations

import numpy as np

from sidecar.engine.arrays import CodeArray, IntArray
from sidecar.engine.record_frame import TextColumn
from sidecar.worker.record_reader.bytes_classes import ABSENT, NULL, ByteArray
from sidecar.worker.record_reader.kernel import kernel
from sidecar.worker.record_reader.record_scan import Spans


def text_column(buf: ByteArray, spans: Spans, field: int, rows: CodeArray) -> TextColumn:
    """The texts of a field, empty where there is none.

    All columns of a frame together hold no more bytes than the window does, since each text is
    a part of it.

    Parameters
    ----------
    rows : (n,) int32
        Rows of `spans` to take.
    """
    start, end = np.empty(len(rows), dtype=np.int64), np.empty(len(rows), dtype=np.int64)
    data = np.empty(_places(spans, field, rows, start, end), dtype=np.uint8)
    _copy(buf, spans, field, rows, start, end, data)
    return TextColumn(data, start, end)


@kernel
def _places(spans: Spans, field: int, rows: CodeArray, start: IntArray, end: IntArray) -> int:
    """Fill in where each text is to go; returns the bytes of all."""
    used = np.int64(0)
    for i in range(len(rows)):
        row = rows[i]
        kind = spans.kind[row, field]
        start[i] = used
        if kind != ABSENT and kind != NULL:
            used += np.int64(spans.end[row, field]) - np.int64(spans.start[row, field])
        end[i] = used
    return int(used)


@kernel
def _copy(
    buf: ByteArray,
    spans: Spans,
    field: int,
    rows: CodeArray,
    start: IntArray,
    end: IntArray,
    data: ByteArray,
) -> None:
    """Copy each text to its place."""
    for i in range(len(rows)):
        shift = np.int64(spans.start[rows[i], field]) - start[i]
        for k in range(start[i], end[i]):
            data[k] = buf[k + shift]
