"""Search of a period in a ring of residuals: candidate, exact length, and proof out of sample."""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel

# Slots of a ring, and bins of a shape at most.
RING_SLOTS = 512
MOST_BINS = 168
# Slots of the shortest period, and periods that the ring must hold.
_LEAST_LAG = 4
_LEAST_PERIODS = 3
# Least autocorrelation of a candidate: a share, and so many deviations of that of noise.
_LEAST_CORRELATION = 0.2
_DEVIATIONS = 3.5
# The shortest lag about as good as the best is the period, or a part of it is.
_AS_GOOD = 0.9
_MOST_PARTS = 4
_PART_AS_GOOD = 1.05
# A candidate comes after the correlation has fallen to this share of its own.
_FALLEN = 0.3
# It stands out from the lags as near as this share of it; a lag may be off by half of that.
_NEAR = 0.125
_LAG_ERROR = 0.6
# Neighbours of the best length that have a say.
_AROUND = 6
# Room for autocorrelations, and for sums and counts of a fold.
SEARCH_ROOM = RING_SLOTS // 2 + 2 * MOST_BINS


@kernel
def find_period(ring: FloatArray, filled: int, work: FloatArray) -> tuple[float, float, float]:
    """The period in the first `filled` slots, and what it leaves of the squared error.

    Parameters
    ----------
    ring : (RING_SLOTS,) float64
        Residuals at equal distances.
    work : (SEARCH_ROOM,) float64
        Room to work in.

    Returns
    -------
    tuple of float
        Slots to a period, 0.0 if there is none; how far off that may be; share of the squared
        error that is left where each half of the ring is foretold by the fold of the other.
    """
    lag = _likely_lag(ring, filled, work)
    if lag == 0:
        return 0.0, 0.0, 1.0
    error = max(_LAG_ERROR, 0.5 * _NEAR * lag)
    best, doubt = exact_period(ring, filled, float(lag), error, work)
    left = _left_by_halves(ring, filled, best, work)
    whole = best
    for parts in range(2, _MOST_PARTS + 1):
        if whole / parts < _LEAST_LAG:
            break
        period, error_of_part = exact_period(ring, filled, whole / parts, error / parts, work)
        share = _left_by_halves(ring, filled, period, work)
        if share < _PART_AS_GOOD * left:
            best, left, doubt = period, min(left, share), error_of_part
    return best, doubt, left


@kernel
def exact_period(
    ring: FloatArray, filled: int, period: float, error: float, work: FloatArray
) -> tuple[float, float]:
    """The period within `error` slots whose fold explains most of the ring, and its uncertainty.

    Neighbours in the search move the last slot's place in the fold by half a slot.
    """
    step = 0.5 * period / filled
    steps = int(error / step) + 1
    middle = 0
    most = -1.0
    for j in range(-steps, steps + 1):
        explained = _explained(ring, filled, period + j * step, work)
        if explained > most:
            most = explained
            middle = j
    squares = 0.0
    for i in range(filled):
        squares += ring[i] * ring[i]
    noise = max(squares - most, 1e-12 * squares) / max(1, filled - fold_bins(period)) + 1e-300
    # The mean of the lengths near the best by their likelihood under normal noise.
    total = mean = spread = 0.0
    for j in range(middle - _AROUND, middle + _AROUND + 1):
        explained = _explained(ring, filled, period + j * step, work)
        weight = math.exp(min(0.0, 0.5 * (explained - most) / noise))
        total += weight
        mean += weight * j
        spread += weight * j * j
    mean /= total
    spread = math.sqrt(max(0.0, spread / total - mean * mean))
    return period + mean * step, step * max(0.5, spread)


@kernel
def round_length(period_s: float, error_s: float) -> float:
    """The roundest length in hours or minutes that is as likely as the one measured, if any.

    Sources that keep a period strictly are mostly told it by people.
    """
    for unit_s in (3600.0, 1800.0, 600.0, 300.0, 60.0):
        whole = math.floor(period_s / unit_s + 0.5) * unit_s
        if whole > 0.0 and abs(whole - period_s) <= 2.0 * error_s:
            return whole
    return period_s


@kernel
def fold(
    ring: FloatArray, first: int, last: int, period: float, sums: FloatArray, counts: FloatArray
) -> None:
    """Sums and counts of slots first..last - 1 by the nearest of so many places in the period."""
    bins = len(sums)
    sums[:] = 0.0
    counts[:] = 0.0
    for i in range(first, last):
        bin_ = _bin_of(i, period, bins)
        sums[bin_] += ring[i]
        counts[bin_] += 1.0


@kernel
def fold_bins(period: float) -> int:
    """Bins of a fold of a period in slots: one a slot, as far as there is room."""
    return min(MOST_BINS, max(_LEAST_LAG, int(period)))


@kernel
def _bin_of(slot: int, period: float, bins: int) -> int:
    turns = slot / period
    return int((turns - math.floor(turns)) * bins + 0.5) % bins


@kernel
def _likely_lag(ring: FloatArray, filled: int, work: FloatArray) -> int:
    """The shortest lag about as good as the best, 0 if the ring repeats itself at none."""
    mean = 0.0
    for i in range(filled):
        mean += ring[i]
    mean /= filled
    variance = 0.0
    for i in range(filled):
        variance += (ring[i] - mean) ** 2
    if variance <= 0.0:
        return 0
    longest = filled // _LEAST_PERIODS
    furthest = int(longest * (1.0 + _NEAR)) + 1
    for lag in range(1, furthest + 1):
        # Four sums side by side: one alone waits for each addition to end.
        total = second = third = fourth = 0.0
        last = filled - (filled - lag) % 4
        for i in range(lag, last, 4):
            total += (ring[i] - mean) * (ring[i - lag] - mean)
            second += (ring[i + 1] - mean) * (ring[i + 1 - lag] - mean)
            third += (ring[i + 2] - mean) * (ring[i + 2 - lag] - mean)
            fourth += (ring[i + 3] - mean) * (ring[i + 3 - lag] - mean)
        for i in range(last, filled):
            total += (ring[i] - mean) * (ring[i - lag] - mean)
        total += second + third + fourth
        work[lag] = total / variance * filled / (filled - lag)
    least = max(_LEAST_CORRELATION, _DEVIATIONS / math.sqrt(filled))
    best = 0.0
    for lag in range(_LEAST_LAG, longest + 1):
        if _stands_out(work, lag):
            best = max(best, work[lag])
    if best < least:
        return 0
    fallen = False
    for lag in range(1, longest + 1):
        fallen = fallen or work[lag] < _FALLEN * best
        good = lag >= _LEAST_LAG and work[lag] >= max(least, _AS_GOOD * best)
        if fallen and good and _stands_out(work, lag):
            return lag
    return 0


@kernel
def _stands_out(correlation: FloatArray, lag: int) -> bool:
    near = max(1, int(_NEAR * lag))
    for other in range(lag - near, lag + near + 1):
        if correlation[other] > correlation[lag]:
            return False
    return True


@kernel
def _explained(ring: FloatArray, filled: int, period: float, work: FloatArray) -> float:
    """Sum over the bins of a fold of squared sum by count: more is better."""
    bins = fold_bins(period)
    sums, counts = work[-MOST_BINS:][:bins], work[-2 * MOST_BINS :][:bins]
    fold(ring, 0, filled, period, sums, counts)
    total = 0.0
    for j in range(bins):
        if counts[j] > 0.0:
            total += sums[j] * sums[j] / counts[j]
    return total


@kernel
def _left_by_halves(ring: FloatArray, filled: int, period: float, work: FloatArray) -> float:
    """Share of the squared error that folds of the one half leave in the other."""
    bins = fold_bins(period)
    sums, counts = work[-MOST_BINS:][:bins], work[-2 * MOST_BINS :][:bins]
    half = filled // 2
    left = 0.0
    mean = 0.0
    for i in range(filled):
        mean += ring[i]
    mean /= filled
    flat = 0.0
    for i in range(filled):
        flat += (ring[i] - mean) ** 2
    for part in range(2):
        if part == 0:
            fold(ring, 0, half, period, sums, counts)
        else:
            fold(ring, half, filled, period, sums, counts)
        first = half if part == 0 else 0
        last = filled if part == 0 else half
        for i in range(first, last):
            bin_ = _bin_of(i, period, bins)
            expected = sums[bin_] / counts[bin_] if counts[bin_] > 0.0 else mean
            left += (ring[i] - expected) ** 2
    return left / flat if flat > 0.0 else 1.0
