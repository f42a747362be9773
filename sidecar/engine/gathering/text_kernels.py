"""Kernels that keep the texts of cells, one behind the other in one array of bytes."""

from __future__ import annotations

from sidecar.engine.arrays import ByteArray, FloatArray, IntArray
from sidecar.engine.kernel import kernel

# Bytes of distinct texts that are kept of one cell; beyond them only their bytes are counted.
MAX_CELL_BYTES = 64 * 1024


@kernel
def place_texts(
    rows: IntArray,
    cells: IntArray,
    known: int,
    used: int,
    start: IntArray,
    end: IntArray,
    text_bytes: FloatArray,
    text_kept: IntArray,
    source: IntArray,
    ends: IntArray,
) -> None:
    """Find the texts that come for the first time, and where they go.

    Parameters
    ----------
    rows, cells, start, end : (n,) int64
        Of each record: its row, numbered in order of appearance, its cell, and where its text is.
    known, used : int
        Rows and bytes that were there before.
    text_bytes, text_kept : (cells,)
        Bytes of all distinct texts of a cell, and of those that are kept; they go on.
    source : (new rows,) int64
        Filled: where the text of each new row begins.
    ends : (rows or more,) int64
        Filled from row `known` on: where the text of each row is to end.
    """
    row = known
    for i in range(len(rows)):
        if rows[i] == row:
            length = end[i] - start[i]
            cell = cells[i]
            text_bytes[cell] += length
            kept = min(length, MAX_CELL_BYTES - text_kept[cell])
            text_kept[cell] += kept
            source[row - known] = start[i]
            used += kept
            ends[row] = used
            row += 1


@kernel
def keep_texts(
    data: ByteArray, source: IntArray, known: int, used: int, ends: IntArray, to: ByteArray
) -> None:
    """Copy the texts that `place_texts` found from `data` to their places."""
    at = used
    for row in range(len(source)):
        shift = source[row] - at
        for place in range(at, ends[known + row]):
            to[place] = data[place + shift]
        at = ends[known + row]


@kernel
def join_texts(data: ByteArray, ends: IntArray, rows: IntArray) -> int:
    """Move the texts of some rows together, and their ends; returns the bytes of all.

    Parameters
    ----------
    data : uint8
        All texts; changed in place.
    ends : (all rows,) int64
        The entries of `rows` are changed, to the new ends.
    rows : (r,) int64
        Ascending.
    """
    used = 0
    before = 0  # row whose end was looked at last
    begin = 0
    for row in rows:
        if row > before:
            begin = ends[row - 1]
        stop = ends[row]
        for place in range(begin, stop):
            data[used] = data[place]
            used += 1
        # The next row begins where this one ended, which is overwritten now.
        begin = stop
        before = row + 1
        ends[row] = used
    return used
