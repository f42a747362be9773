"""Places on the Earth: the texts "latitude,longitude" of a field as degrees."""

from __future__ import annotations

from typing import Final

import numpy as np

from sidecar.engine.arrays import CodeArray, FloatArray
from sidecar.worker.record_reader.bytes_classes import COMMA, STRING, ByteArray
from sidecar.worker.record_reader.kernel import kernel
from sidecar.worker.record_reader.number_text import EXACT, HARD, hard_number, parse_number
from sidecar.worker.record_reader.record_scan import Spans

# Degrees; both coordinates may be so great.
_GREATEST: Final = 180.0


def point_column(buf: ByteArray, spans: Spans, field: int, rows: CodeArray) -> FloatArray:
    """Latitudes and longitudes, NaN where the text is not of that form or out of range.

    Parameters
    ----------
    rows : (n,) int32
        Rows of `spans` to take.

    Returns
    -------
    (n, 2) float64, degrees in -180..180
    """
    points = np.empty((len(rows), 2))
    hard = np.empty(len(rows), dtype=np.int32)
    for i in hard[: _parse(buf, spans, field, rows, points, hard)]:
        start, end = spans.start[rows[i], field], spans.end[rows[i], field]
        points[i] = [hard_number(part) for part in buf[start:end].tobytes().split(b",")]
    points[~(np.abs(points) <= _GREATEST).all(axis=1)] = np.nan
    return points


@kernel
def _parse(
    buf: ByteArray,
    spans: Spans,
    field: int,
    rows: CodeArray,
    points: FloatArray,
    hard: CodeArray,
) -> int:
    """Fill in the points; returns how many rows are left to the caller, in `hard`."""
    n_hard = 0
    for i in range(len(rows)):
        row = rows[i]
        points[i, 0] = np.nan
        points[i, 1] = np.nan
        if spans.kind[row, field] != STRING:
            continue
        start, end = spans.start[row, field], spans.end[row, field]
        comma = start
        while comma < end and buf[comma] != COMMA:
            comma += 1
        if comma == end:
            continue
        first, latitude = parse_number(buf, start, comma)
        second, longitude = parse_number(buf, comma + 1, end)
        if first == EXACT and second == EXACT:
            points[i, 0] = latitude
            points[i, 1] = longitude
        elif (first == EXACT or first == HARD) and (second == EXACT or second == HARD):
            hard[n_hard] = i
            n_hard += 1
    return n_hard
