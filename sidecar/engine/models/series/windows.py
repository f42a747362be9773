"""Distances of the newest values to all earlier ones, at several lengths: what is new in shape.

Three lengths: the value itself, a short and a long window. The distance of each to every earlier
stretch of the same length is kept up to date by one addition and one subtraction per lag, so a
bucket costs O(lags) whatever the length.

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
from sidecar.engine.models.series.layout import LAGS, ORIGIN, SLOW, SPREAD, WINDOWED

# Values of the two windows.
SHORT = 16
LONG = 96
# The least lag: no window is compared with one that it overlaps.
FIRST_LAG = LONG
# The distance is to the so-many-th nearest neighbour, among the nearest of each stretch of lags.
_STRETCH = 24
# Lags wanted before a distance means anything.
_LEAST_LAGS = 150
# Values of which the last one is the first with distances.
KNOWN_FROM = float(FIRST_LAG + LONG + _LEAST_LAGS)
# Values are clipped to this many spreads around the level before they enter windows.
_CLIP = 20.0
# The first values are not clipped: the level and the spread must stand.
_CLIP_FROM = 48.0
# Squares of this still add up in single precision.
_LARGEST = 1e12

# Places in the distances that `push_window` fills.
NEAREST_VALUE = 0
NEAREST_SHORT = 1
NEAREST_LONG = 2
DISTANCES = 3

RING = LAGS + FIRST_LAG + LONG


@kernel
def push_window(
    row: FloatArray, values: FloatArray, sums: FloatArray, x: float, distances: FloatArray
) -> bool:
    """Take a value in and fill `distances`, (DISTANCES,); False while history is short.

    Distances are root mean squares, in the unit of the values.

    Parameters
    ----------
    values : (2 * RING,) float32
        Past values relative to the origin; the same ring twice, to be read in one piece.
    sums : (2 * LAGS,) float32
        Squared distance of the newest short window to the one `FIRST_LAG + LAGS - 1 - j` values
        ago; then the same of the long window.
    """
    seen = int(row[WINDOWED])
    bound = _CLIP * row[SPREAD]
    level = row[SLOW] - row[ORIGIN]
    value = x - row[ORIGIN]
    if seen > _CLIP_FROM:
        value = min(level + bound, max(level - bound, value))
    value = min(_LARGEST, max(-_LARGEST, value))
    at = seen % RING
    values[at] = value
    values[at + RING] = value
    last = at + RING
    row[WINDOWED] = seen + 1.0
    known = min(LAGS, seen + 1 - FIRST_LAG - LONG)
    _slide(values, sums, last)
    # One lag a bucket is summed afresh, so that rounding never piles up.
    _sum_afresh(values, sums, last, seen % LAGS, SHORT, 0)
    _sum_afresh(values, sums, last, seen % LAGS, LONG, LAGS)
    if known < _LEAST_LAGS:
        return False
    _nearest(values, sums, last, LAGS - known, distances)
    return True


@kernel
def _slide(values: FloatArray, sums: FloatArray, last: int) -> None:
    """Move every lag's sums on by one value."""
    newest = values[last]
    left_short = values[last - SHORT]
    left_long = values[last - LONG]
    first = last - FIRST_LAG - LAGS + 1
    ahead = values[first : first + LAGS]
    behind_short = values[first - SHORT : first - SHORT + LAGS]
    behind_long = values[first - LONG : first - LONG + LAGS]
    short, long = sums[:LAGS], sums[LAGS:]
    for j in range(LAGS):
        gained = newest - ahead[j]
        squared = gained * gained
        lost_short = left_short - behind_short[j]
        lost_long = left_long - behind_long[j]
        short[j] += squared - lost_short * lost_short
        long[j] += squared - lost_long * lost_long


@kernel
def _nearest(
    values: FloatArray, sums: FloatArray, last: int, start: int, distances: FloatArray
) -> None:
    """The third nearest stretch of each length, among those from place `start` on."""
    ahead = last - FIRST_LAG - LAGS + 1
    a1 = a2 = a3 = b1 = b2 = b3 = c1 = c2 = c3 = 1e30
    # Whole stretches only, from the nearest lag backwards.
    for i in range(LAGS - _STRETCH, start - 1, -_STRETCH):
        value, short, long = _least(
            values[last],
            values[ahead + i : ahead + i + _STRETCH],
            sums[i : i + _STRETCH],
            sums[LAGS + i : LAGS + i + _STRETCH],
        )
        if value < a3:
            a1, a2, a3 = _third(a1, a2, a3, value)
        if short < b3:
            b1, b2, b3 = _third(b1, b2, b3, short)
        if long < c3:
            c1, c2, c3 = _third(c1, c2, c3, long)
    distances[NEAREST_VALUE] = a3
    distances[NEAREST_SHORT] = math.sqrt(max(0.0, b3) / SHORT)
    distances[NEAREST_LONG] = math.sqrt(max(0.0, c3) / LONG)


# No NaN gets into a ring, so that minima may be taken in any order.
@njit(cache=True, nogil=True, _nrt=False, fastmath={"nnan", "ninf", "nsz", "reassoc"})
def _least(
    newest: float, ahead: FloatArray, short: FloatArray, long: FloatArray
) -> tuple[float, float, float]:
    """Least distance of the value, least sums of both lengths, over one stretch of lags."""
    least = abs(newest - ahead[0])
    least_short = short[0]
    least_long = long[0]
    for j in range(1, _STRETCH):
        least = min(least, abs(newest - ahead[j]))
        least_short = min(least_short, short[j])
        least_long = min(least_long, long[j])
    return least, least_short, least_long


@kernel
def _third(first: float, second: float, third: float, value: float) -> tuple[float, float, float]:
    """The three least of three in order and a value under the third."""
    if value < first:
        return value, first, second
    if value < second:
        return first, value, second
    return first, second, value


@kernel
def _sum_afresh(
    values: FloatArray, sums: FloatArray, last: int, place: int, length: int, start: int
) -> None:
    """The squared distance of the newest window to the one at a place of the sums from `start`."""
    lag = FIRST_LAG + LAGS - 1 - place
    total = 0.0
    for i in range(last - length + 1, last + 1):
        difference = values[i] - values[i - lag]
        total += difference * difference
    sums[start + place] = total
