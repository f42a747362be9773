"""Times of records: epoch seconds, epoch milliseconds or a Java pattern, to epoch milliseconds."""

from __future__ import annotations

from typing import Final

import numpy as np

from sidecar.engine.arrays import BoolArray, CodeArray, IntArray
from sidecar.schema.java_time import TimeFormat, compile_time_format
from sidecar.worker.record_reader.bytes_classes import NUMBER, STRING, ByteArray
from sidecar.worker.record_reader.kernel import kernel
from sidecar.worker.record_reader.number_text import EXACT, HARD, hard_number, parse_number
from sidecar.worker.record_reader.record_scan import Spans
from sidecar.worker.record_reader.time_layout import read_time, time_layout

# Milliseconds that a JavaScript Date can hold, and so a dashboard can show (year 275,760).
_MAX_MS: Final = 8_640_000_000_000_000
# A longer text follows no pattern.
_MAX_TEXT: Final = 500
# Texts whose time is remembered; when there are more, all are forgotten.
_MAX_REMEMBERED: Final = 100_000

_UNITS_MS: Final = {"epoch": 1000, "epoch_ms": 1}


class TimeColumn:
    """Reads the time field.

    Parameters
    ----------
    time_format : str
        `epoch`, `epoch_ms` or a Java pattern; ValueError if the pattern is not valid.
    default_year : int, optional
        The year of times whose pattern has none; such a pattern is not valid without.
    """

    def __init__(self, time_format: str, default_year: int | None = None) -> None:
        self._unit_ms = _UNITS_MS.get(time_format, 0)
        self._format: TimeFormat | None = None
        self._layout: IntArray | None = None
        self._remembered: dict[bytes, int | None] = {}
        if not self._unit_ms:
            self._format = compile_time_format(time_format, default_year)
            self._layout = time_layout(self._format)

    def read(
        self, buf: ByteArray, spans: Spans, field: int, n_rows: int
    ) -> tuple[IntArray, BoolArray]:
        """Times of the first rows of `spans`.

        Returns
        -------
        time_ms : (n_rows,) int64
            Epoch milliseconds.
        has_time : (n_rows,) bool
            False where the time is missing or is none.
        """
        time_ms = np.zeros(n_rows, dtype=np.int64)
        has_time = np.zeros(n_rows, dtype=np.bool_)
        left = np.empty(n_rows, dtype=np.int32)
        if self._unit_ms:
            n_left = _read_epochs(buf, spans, field, self._unit_ms, time_ms, has_time, left)
        elif self._layout is not None:
            n_left = _read_layout(buf, spans, field, self._layout, time_ms, has_time, left)
        else:
            n_left = _texts(spans, field, left)
        for row in left[:n_left]:
            start, end = spans.start[row, field], spans.end[row, field]
            ms = self._slow(buf[start:end].tobytes())
            if ms is not None and -_MAX_MS <= ms <= _MAX_MS:
                time_ms[row] = ms
                has_time[row] = True
        return time_ms, has_time

    def _slow(self, text: bytes) -> int | None:
        if self._format is None:
            value = hard_number(text)
            return int(value) * self._unit_ms if abs(value) <= _MAX_MS else None
        if len(text) > _MAX_TEXT:
            return None
        if text not in self._remembered:
            if len(self._remembered) >= _MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[text] = self._format.parse(text.decode("utf-8"))
        return self._remembered[text]


@kernel
def _read_epochs(
    buf: ByteArray,
    spans: Spans,
    field: int,
    unit_ms: int,
    time_ms: IntArray,
    has_time: BoolArray,
    left: CodeArray,
) -> int:
    """Numbers, truncated to whole units; returns how many rows of `left` are for the caller."""
    n_left = 0
    for row in range(len(time_ms)):
        kind = spans.kind[row, field]
        if kind == NUMBER or kind == STRING:
            found, value = parse_number(buf, spans.start[row, field], spans.end[row, field])
            if found == EXACT and abs(value) <= _MAX_MS:
                ms = np.int64(value) * unit_ms
                if abs(ms) <= _MAX_MS:
                    time_ms[row] = ms
                    has_time[row] = True
            elif found == HARD:
                left[n_left] = row
                n_left += 1
    return n_left


@kernel
def _read_layout(
    buf: ByteArray,
    spans: Spans,
    field: int,
    layout: IntArray,
    time_ms: IntArray,
    has_time: BoolArray,
    left: CodeArray,
) -> int:
    """Texts of the usual form; returns how many rows of `left` are for the caller."""
    n_left = 0
    for row in range(len(time_ms)):
        kind = spans.kind[row, field]
        if kind == NUMBER or kind == STRING:
            read, ms = read_time(buf, spans.start[row, field], spans.end[row, field], layout)
            if read:
                time_ms[row] = ms
                has_time[row] = True
            else:
                left[n_left] = row
                n_left += 1
    return n_left


@kernel
def _texts(spans: Spans, field: int, left: CodeArray) -> int:
    """All rows that have a text."""
    n_left = 0
    for row in range(len(left)):
        kind = spans.kind[row, field]
        if kind == NUMBER or kind == STRING:
            left[n_left] = row
            n_left += 1
    return n_left
