"""How odd a residual is: two-sided scale, a prior law, and the series' own history of residuals."""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.sketch import BINS, sketch_log_tail
from sidecar.engine.maths.tails import LOG_2, LOG_LEAST, log_count_tail, log_student_tail
from sidecar.engine.models.series.baseline import CLIP, clip, learning_bound, residual_floor
from sidecar.engine.models.series.layout import (
    COUNT,
    MULTI_SCALE,
    RING,
    RING_SIZE,
    SCALE_ALL,
    SCALE_HIGH,
    SCALE_LOW,
    SIDE_BOTH,
    SIDE_HIGH,
    SKETCH_HIGH,
    SKETCH_LOW,
    SKETCH_MULTI,
    THINNESS,
    WEIGHT,
    WITHIN,
    ModelSettings,
)
from sidecar.engine.models.series.memory import LARGEST_SCALES, learn_size

# Mean absolute deviation of a normal law to its standard deviation.
TO_DEVIATION = 1.2533141373155003
# Nothing under one deviation is worth a tail: a straight line joins the prior law there.
_BODY = 1.0
_MAGNITUDE_BODY = 1.2
_BODY_SLOPE = 1.15
_MAGNITUDE_SLOPE = 0.92
# Observations that the prior law of residuals is worth.
PRIOR_WEIGHT = 1.0
# Counts up to this mean get exact discrete tails.
_EXACT_COUNTS = 50.0
# Values of a series before it is judged at all.
HOLD_VALUES = 20.0
# Values of a series before its residuals are remembered: its scale must stand first.
_SKETCH_FROM = 12.0
# Over how many values the bound on young series' surprise is released.
_RELEASE_VALUES = 100.0


@kernel
def deviation(
    row: FloatArray, settings: ModelSettings, mean: float, upper: bool, records: float
) -> float:
    """Standard deviation of the value on one side of its prediction.

    Parameters
    ----------
    mean : float
        The prediction.
    records : float
        Records in the bucket: a mean of few is forgiven more.
    """
    side = row[SCALE_HIGH] if upper else row[SCALE_LOW]
    scale = (0.7 * side + 0.3 * row[SCALE_ALL]) * TO_DEVIATION
    variance = scale * scale
    if settings.is_mean and records > 0.0:
        variance += row[WITHIN] * max(0.0, 1.0 / records - row[THINNESS])
    floor = residual_floor(row)
    variance = max(variance, floor * floor)
    if settings.count_like:
        variance = max(variance, mean, 1e-4)
    return math.sqrt(variance)


@kernel
def single_log_tail(
    row: FloatArray,
    sketch: FloatArray,
    settings: ModelSettings,
    x: float,
    mean: float,
    records: float,
    upper: bool,
) -> float:
    """Natural log of the probability of a value at least as far from `mean` as `x`, on its side."""
    spread = deviation(row, settings, mean, upper, records)
    z = min(LARGEST_SCALES, abs(x - mean) / spread)
    if z < _BODY:
        return float(-LOG_2 - z * _BODY_SLOPE)
    lawful = settings.count_like and max(x, mean) < _EXACT_COUNTS
    if lawful:
        log_prior = log_count_tail(math.floor(x + 0.5), max(mean, 1e-3), spread * spread, upper)
    else:
        log_prior = log_student_tail(z)
    start = SKETCH_HIGH if upper else SKETCH_LOW
    log_tail = sketch_log_tail(
        sketch[start : start + BINS], row[WEIGHT], z, log_prior, PRIOR_WEIGHT
    )
    # Small counts have a law that is better known than the tail of any history: silence of a
    # busy source is no less odd for having been busy a short time only.
    if lawful and log_prior < log_tail:
        log_tail = 0.5 * (log_tail + log_prior)
    return float(log_tail)


@kernel
def multi_mean(row: FloatArray) -> float:
    """Mean of the last residuals against the slow baseline, in scales."""
    total = 0.0
    for j in range(RING_SIZE):
        total += row[RING + j]
    return total / RING_SIZE


@kernel
def magnitude_log_tail(
    sketch: FloatArray, start: int, weight: float, value: float, scale: float
) -> float:
    """Natural log of P(a positive feature at least this large), by its own history.

    Parameters
    ----------
    start : int
        First bin of the feature's sketch.
    scale : float
        The feature's decayed mean.
    """
    ratio = min(LARGEST_SCALES, value / scale)
    if ratio < _MAGNITUDE_BODY:
        return -ratio * _MAGNITUDE_SLOPE
    # The mean of |normal| is 0.8 deviations.
    log_prior = min(0.0, log_student_tail(ratio * 0.8) + LOG_2)
    return float(
        sketch_log_tail(sketch[start : start + BINS], weight, ratio, log_prior, PRIOR_WEIGHT)
    )


@kernel
def youth_bound(values: float) -> float:
    """Least log probability that a series with so few values may claim.

    About 1 / (n + 1) at first, released as history grows; 0 while it is held back.
    """
    if values < HOLD_VALUES:
        return 0.0
    part = values / _RELEASE_VALUES
    return max(LOG_LEAST, -math.log(values + 1.0) * (1.0 + part * part))


@kernel
def side_matches(side: int, signed: float) -> bool:
    """Whether a deviation of this sign is on the detector's side."""
    if side == SIDE_BOTH:
        return True
    return signed > 0.0 if side == SIDE_HIGH else signed < 0.0


@kernel
def learn_residual(
    row: FloatArray,
    sketch: FloatArray,
    settings: ModelSettings,
    time_s: float,
    x: float,
    mean: float,
    records: float,
    within: float,
    odd: bool,
) -> None:
    """Learn the scale of residuals and remember how large this one was, `odd` or not."""
    n = row[COUNT]
    residual = x - mean
    rate = max(settings.scale_rate, 1.0 / (n + 1.0))
    if n >= _SKETCH_FROM:
        z = residual / deviation(row, settings, mean, residual >= 0.0, records)
        learn_size(row, sketch, settings, time_s, z, odd)
    floor = residual_floor(row)
    bound = learning_bound(n, CLIP * TO_DEVIATION * max(row[SCALE_ALL], floor))
    if settings.count_like:
        bound = max(bound, 1.0)
    size = abs(clip(residual, bound))
    row[SCALE_ALL] += rate * (size - row[SCALE_ALL])
    # A side learns from its own residuals only, so at about twice the rate.
    rate = min(1.0, 2.0 * rate)
    if residual > 0.0:
        row[SCALE_HIGH] += rate * (size - row[SCALE_HIGH])
    elif residual < 0.0:
        row[SCALE_LOW] += rate * (size - row[SCALE_LOW])
    if settings.is_mean and records > 0.0:
        thin = 1.0 / records
        row[THINNESS] += rate * (thin - row[THINNESS])
        if records > 1.0:
            unbiased = within * records / (records - 1.0)
            row[WITHIN] += rate * (unbiased - row[WITHIN])


@kernel
def tail_bound(
    row: FloatArray,
    sketch: FloatArray,
    settings: ModelSettings,
    mean: float,
    records: float,
    upper: bool,
    log_tail: float,
) -> float:
    """The value whose tail probability on one side is `exp(log_tail)`, by bisection."""
    spread = deviation(row, settings, mean, upper, records)
    start = SKETCH_HIGH if upper else SKETCH_LOW
    low, high = 0.0, 64.0
    for _ in range(24):
        z = 0.5 * (low + high)
        found = sketch_log_tail(
            sketch[start : start + BINS], row[WEIGHT], z, log_student_tail(z), PRIOR_WEIGHT
        )
        if found > log_tail:
            low = z
        else:
            high = z
    bound = mean + (high if upper else -high) * spread
    if settings.never_negative:
        bound = max(0.0, bound)
    return float(bound)


@kernel
def multi_log_tail(row: FloatArray, sketch: FloatArray, value: float) -> float:
    """Natural log of P(|mean of the last residuals| at least as large)."""
    return float(
        magnitude_log_tail(
            sketch, SKETCH_MULTI, row[WEIGHT], abs(value), max(row[MULTI_SCALE], 0.05)
        )
    )
