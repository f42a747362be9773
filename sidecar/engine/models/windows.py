"""Richer features for detectors of few series: variance bursts, jumps, unseen window shapes.

The distance of the last `WINDOW` values to every earlier window of the same length is kept up to
date by one addition and one subtraction per lag, so a bucket costs O(lags), not O(lags * WINDOW).

References
----------
.. [1] Yeh et al., Matrix Profile I: all pairs similarity joins for time series, ICDM 2016
   (the idea: a window without a near neighbour in the past is a discord).
"""

from __future__ import annotations

import math

from numba import njit

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.sketch import BINS, sketch_add
from sidecar.engine.models.baseline import residual_floor
from sidecar.engine.models.layout import (
    BURST,
    BURST_SCALE,
    COUNT,
    DIFF_SCALE,
    LAST,
    ORIGIN,
    RICH_BURST,
    RICH_DIFF,
    RICH_WINDOW,
    RING_SIZE,
    SLOW,
    SPREAD,
    WEIGHT,
    WINDOW_SCALE,
    ModelSettings,
)
from sidecar.engine.models.residual import magnitude_log_tail

# Values of a window.
WINDOW = 48
# Values are clipped to this many spreads around the level before they enter windows.
_WINDOW_CLIP = 20.0
# The distance is to the so-many-th nearest neighbour, among the nearest of each stretch of lags.
_STRETCH = 24
# Windows wanted before a distance means anything.
_LEAST_LAGS = 150
# Scales of features learn no more than this many of themselves at once.
_SCALE_CLIP = 30.0
# Least scale of the burst feature: a still series' residuals are all but 0.
_LEAST_BURST = 0.1
_BURST_RATE = 1.0 / 12.0


@kernel
def ring_size(lags: int) -> int:
    """Values that the window ring keeps; it is written twice, to be read in one piece."""
    return lags + 2 * WINDOW


@kernel
def push_window(
    row: FloatArray, values: FloatArray, sums: FloatArray, lags: int, x: float
) -> float:
    """Take a value in; returns the distance of the newest window, -1.0 while history is short.

    Parameters
    ----------
    values : (2 * ring_size(lags),) float32
        Past values relative to the origin; the same ring twice.
    sums : (lags,) float32
        Squared distance of the newest window to the one `WINDOW + lags - 1 - j` values ago.
    """
    size = ring_size(lags)
    seen = int(row[COUNT])
    bound = _WINDOW_CLIP * row[SPREAD]
    level = row[SLOW] - row[ORIGIN]
    value = x - row[ORIGIN]
    if seen > WINDOW:
        value = min(level + bound, max(level - bound, value))
    at = seen % size
    values[at] = value
    values[at + size] = value
    last = at + size
    _slide(values, sums, last, lags)
    # One lag a bucket is summed afresh, so that rounding never piles up.
    _sum_afresh(values, sums, last, seen % lags)
    known = min(lags, seen + 1 - 2 * WINDOW)
    if known < _LEAST_LAGS:
        return -1.0
    return math.sqrt(max(0.0, _third_nearest(sums, lags - known)) / WINDOW)


@kernel
def _slide(values: FloatArray, sums: FloatArray, last: int, lags: int) -> None:
    """Add the newest pair of values to every lag's sum, take the leaving pair out."""
    newest = values[last]
    leaving = values[last - WINDOW]
    first = last - WINDOW - lags + 1
    ahead = values[first : first + lags]
    behind = values[first - WINDOW : first - WINDOW + lags]
    for j in range(lags):
        gained = newest - ahead[j]
        lost = leaving - behind[j]
        sums[j] += gained * gained - lost * lost


@kernel
def _sum_afresh(values: FloatArray, sums: FloatArray, last: int, place: int) -> None:
    """The squared distance of the newest window to the window at one place of `sums`."""
    lag = WINDOW + len(sums) - 1 - place
    total = 0.0
    for i in range(last - WINDOW + 1, last + 1):
        difference = values[i] - values[i - lag]
        total += difference * difference
    sums[place] = total


# No NaN gets into a ring, so that minima may be taken in any order.
@njit(cache=True, nogil=True, _nrt=False, fastmath={"nnan", "ninf", "nsz", "reassoc"})
def _least(sums: FloatArray) -> float:
    least = sums[0]
    for j in range(1, len(sums)):
        least = min(least, sums[j])
    return float(least)


@kernel
def _third_nearest(sums: FloatArray, start: int) -> float:
    """Third-least of the least values of each stretch of `sums[start:]`."""
    first = second = third = 1e30
    end = len(sums)
    i = start
    while i < end:
        least = _least(sums[i : min(end, i + _STRETCH)])
        if least < first:
            first, second, third = least, first, second
        elif least < second:
            second, third = least, second
        elif least < third:
            third = least
        i += _STRETCH
    return third


@kernel
def rich_log_tail(
    row: FloatArray,
    sketch: FloatArray,
    settings: ModelSettings,
    x: float,
    z: float,
    distance: float,
) -> float:
    """Least log tail of the richer features at a value, learning them as it goes.

    Parameters
    ----------
    sketch : (RICH_WIDTH,) float32
    z : float
        Residual of the value in scales.
    distance : float
        What `push_window` gave.
    """
    n = row[COUNT]
    rate = max(settings.scale_rate, 1.0 / (n + 1.0))
    best = 0.0

    row[BURST] += _BURST_RATE * (min(8.0, abs(z)) - row[BURST])
    if n >= RING_SIZE:
        scale = max(row[BURST_SCALE], _LEAST_BURST)
        best = min(best, magnitude_log_tail(sketch, RICH_BURST, row[WEIGHT], row[BURST], scale))
        sketch_add(sketch[RICH_BURST : RICH_BURST + BINS], row[BURST] / scale, 1.0)
    row[BURST_SCALE] += rate * (row[BURST] - row[BURST_SCALE])

    jump = abs(x - row[LAST])
    floor = residual_floor(row)
    if n >= RING_SIZE:
        scale = max(row[DIFF_SCALE], floor)
        best = min(best, magnitude_log_tail(sketch, RICH_DIFF, row[WEIGHT], jump, scale))
        sketch_add(sketch[RICH_DIFF : RICH_DIFF + BINS], jump / scale, 1.0)
    if row[DIFF_SCALE] > 0.0:
        jump = min(jump, _SCALE_CLIP * row[DIFF_SCALE])
    row[DIFF_SCALE] += rate * (jump - row[DIFF_SCALE])

    if distance >= 0.0:
        if row[WINDOW_SCALE] > 0.0:
            scale = max(row[WINDOW_SCALE], floor)
            best = min(best, magnitude_log_tail(sketch, RICH_WINDOW, row[WEIGHT], distance, scale))
            sketch_add(sketch[RICH_WINDOW : RICH_WINDOW + BINS], distance / scale, 1.0)
            bounded = min(distance, _SCALE_CLIP * row[WINDOW_SCALE])
            row[WINDOW_SCALE] += rate * (bounded - row[WINDOW_SCALE])
        else:
            row[WINDOW_SCALE] = distance
    return best
