"""The expected value of a series: cheap predictors, mixed by how well each has done lately."""

from __future__ import annotations

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.models.series.clock_shift import reads_clock, watch_clock
from sidecar.engine.models.series.found_period import PERIOD, TRUSTED, by_period, period_share
from sidecar.engine.models.series.layout import (
    BY_PERIOD,
    CLOCK_OFFSET,
    COUNT,
    DAY_FAST,
    DAY_S,
    ERROR,
    FAST,
    FIRST_TIME,
    LAST,
    LAST_TIME,
    PREDICTORS,
    RING,
    RING_SIZE,
    RUN,
    RUN_MEAN,
    SCALE_ALL,
    SCALE_SLOW,
    SLOPE,
    SLOW,
    SPREAD,
    TREND,
    WEEK_FAST,
    WEEK_S,
    WITHOUT_PERIOD,
    ModelSettings,
)
from sidecar.engine.models.series.season import learn_shape, read_shape, shape_rate

# Residuals beyond this many scales teach the levels no more than this.
CLIP = 4.0
# So many buckets in a row beyond the clip, on one side, are a new level.
SHIFT_BUCKETS = 20.0
# The spread must see rare spikes of a still series, but not a single corrupt value.
_SPREAD_CLIP = 1000.0
# A predictor can be at most this much better than another in the mix's eyes.
_LEAST_SHARE = 1e-4
# So many values are learned as they are: there is no scale yet to clip them by.
SETTLE_VALUES = 6.0
_UNBOUNDED = 1e150
# Residuals are never measured finer than this share of the value: rounding is no anomaly.
RELATIVE_FLOOR = 1e-6
# Keeps a series of zeros from dividing by zero.
_LEAST_SCALE = 1e-100
# Nor finer than this share of the series' own spread.
SPREAD_FLOOR = 0.02


@kernel
def is_slow(predictor: int) -> bool:
    """Whether a predictor follows only what lasts: the slow level, with or without a shape."""
    return predictor == 0 or predictor == 4 or predictor == 6


@kernel
def predict(
    row: FloatArray,
    day: FloatArray,
    week: FloatArray,
    period: FloatArray,
    settings: ModelSettings,
    time_s: float,
    out: FloatArray,
) -> int:
    """Values that each predictor expects at a time.

    Parameters
    ----------
    day, week : float32
        Shapes of the series, of length 0 if it has none.
    period : (PERIOD_WIDTH,) float64
        State of the period that was found, of length 0 if none is looked for.
    out : (OUTLOOK,) float64
        Filled with the predictors' values, then the mix and the slow baseline; where a period was
        found also with the value by it and the mix without it.

    Returns
    -------
    int
        How many predictors are alive: 4, 6 with a daily shape only, or all.
    """
    out[0] = row[SLOW]
    out[1] = row[FAST]
    out[2] = row[LAST]
    out[3] = row[TREND] + row[SLOPE]
    alive = 4
    clock_s = time_s + row[CLOCK_OFFSET]
    by_day = 0.0
    if len(day) > 0:
        alive = 6
        by_day = read_shape(day, clock_s, DAY_S)
    if len(week) > 0:
        alive = PREDICTORS
        by_week = read_shape(week, clock_s, WEEK_S)
        if len(day) == 0:
            by_day = by_week
        out[6] = row[SLOW] + by_week
        out[7] = row[WEEK_FAST] + by_week
    if alive > 4:
        out[4] = row[SLOW] + by_day
        out[5] = row[DAY_FAST] + by_day
    least = row[ERROR]
    for i in range(1, alive):
        least = min(least, row[ERROR + i])
    floor = least * 1e-3 + 1e-300
    total = 0.0
    mix = 0.0
    slow_total = 0.0
    slow = 0.0
    for i in range(alive):
        share = (least + floor) / (row[ERROR + i] + floor)
        share = share * share
        share = max(_LEAST_SHARE, share * share)
        total += share
        mix += share * out[i]
        if is_slow(i):
            # Sharper, so that a flat level has no say once a shape is known.
            share = share * share + 1e-30
            slow_total += share
            slow += share * out[i]
    if len(period) > 0 and period[PERIOD] > 0.0:
        found = by_period(row, period, settings, time_s, out)
        out[BY_PERIOD] = found
        out[WITHOUT_PERIOD] = mix / total
        if period[TRUSTED] > 0.0:
            share = period_share(period)
            mix += total * share * found
            total += total * share
            share = share * share
            slow += slow_total * share * found
            slow_total += slow_total * share
    mix /= total
    slow /= slow_total
    if settings.never_negative:
        mix = max(0.0, mix)
        out[BY_PERIOD] = max(0.0, out[BY_PERIOD])
        out[WITHOUT_PERIOD] = max(0.0, out[WITHOUT_PERIOD])
        slow = max(0.0, slow)
    out[PREDICTORS] = mix
    out[PREDICTORS + 1] = slow
    return alive


@kernel
def residual_floor(row: FloatArray) -> float:
    """Least scale of a residual: rounding of the values, and a share of their spread."""
    size = max(abs(row[SLOW]), abs(row[LAST]))
    return float(max(RELATIVE_FLOOR * size, SPREAD_FLOOR * row[SPREAD]) + _LEAST_SCALE)


@kernel
def clip(residual: float, bound: float) -> float:
    """A residual bounded on both sides."""
    return min(bound, max(-bound, residual))


@kernel
def learning_bound(values: float, bound: float) -> float:
    """What residuals are clipped to when learned after so many values."""
    return bound if values >= SETTLE_VALUES else _UNBOUNDED


@kernel
def learn_baseline(
    row: FloatArray,
    day: FloatArray,
    week: FloatArray,
    settings: ModelSettings,
    time_s: float,
    x: float,
    alive: int,
    out: FloatArray,
) -> None:
    """Move every predictor towards a value; `out` as `predict` filled it for this time."""
    n = row[COUNT]
    steps = min(1000.0, max(1.0, (time_s - row[LAST_TIME]) / settings.span_s))
    start_rate = 1.0 / (n + 1.0)
    floor = residual_floor(row)
    least_step = 1.0 if settings.count_like else 0.0

    # Errors first: they speak of the predictions as they stood.
    error_rate = max(settings.error_rate, start_rate)
    bound = learning_bound(n, max(CLIP * 2.0 * max(row[SCALE_ALL], floor), least_step))
    for i in range(alive):
        error = min(abs(x - out[i]), max(bound, 3.0 * row[ERROR + i]))
        row[ERROR + i] += error_rate * (error - row[ERROR + i])

    slow_baseline = out[PREDICTORS + 1]
    bound = learning_bound(n, max(CLIP * 1.25 * max(row[SCALE_SLOW], floor), least_step))
    residual = x - slow_baseline
    step = clip(residual, bound)
    _watch_shift(row, residual, bound)
    row[SCALE_SLOW] += max(settings.scale_rate, start_rate) * (abs(step) - row[SCALE_SLOW])

    slow_rate = max(min(0.5, settings.slow_rate * steps), start_rate)
    row[SLOW] += slow_rate * step
    far = abs(x - row[SLOW])
    if row[SPREAD] > 0.0:
        far = min(far, _SPREAD_CLIP * row[SPREAD])
    row[SPREAD] += max(settings.scale_rate, start_rate) * (far - row[SPREAD])
    fast_rate = max(min(1.0, settings.fast_rate * steps), start_rate)
    row[FAST] += fast_rate * clip(x - row[FAST], bound)
    row[LAST] = x
    trend_error = clip(x - out[3], bound)
    row[TREND] = out[3] + max(settings.trend_rate, start_rate) * trend_error
    row[SLOPE] = 0.999 * row[SLOPE] + settings.trend_rate * settings.slope_rate * trend_error
    if alive > 4:
        elapsed = time_s - row[FIRST_TIME]
        clock_s = time_s + row[CLOCK_OFFSET]
        if len(day) > 0:
            rate = shape_rate(settings, elapsed, DAY_S, len(day), settings.day_rate)
            learn_shape(day, clock_s, DAY_S, clip(x - out[4], bound), rate)
            row[DAY_FAST] += fast_rate * clip(x - out[5], bound)
        if len(week) > 0:
            rate = shape_rate(settings, elapsed, WEEK_S, len(week), settings.week_rate)
            learn_shape(week, clock_s, WEEK_S, clip(x - out[6], bound), rate)
            row[WEEK_FAST] += fast_rate * clip(x - out[7], bound)
        if reads_clock(row, settings, time_s):
            watch_clock(row, day, week, settings, clock_s, x, out, floor)
    if abs(row[RUN]) >= SHIFT_BUCKETS:
        _adopt_shift(row)


@kernel
def _watch_shift(row: FloatArray, residual: float, bound: float) -> None:
    """Count buckets in a row beyond the clip on one side, and average them."""
    if residual > bound and row[RUN] >= 0.0:
        row[RUN] += 1.0
    elif residual < -bound and row[RUN] <= 0.0:
        row[RUN] -= 1.0
    else:
        row[RUN] = 0.0
        row[RUN_MEAN] = 0.0
        return
    row[RUN_MEAN] += (residual - row[RUN_MEAN]) / abs(row[RUN])


@kernel
def _adopt_shift(row: FloatArray) -> None:
    """Take the mean of the run as the new level."""
    shift = row[RUN_MEAN]
    row[SLOW] += shift
    row[DAY_FAST] = row[SLOW]
    row[WEEK_FAST] = row[SLOW]
    row[FAST] = row[LAST]
    row[TREND] = row[LAST]
    row[SLOPE] = 0.0
    row[RUN] = 0.0
    row[RUN_MEAN] = 0.0
    for j in range(RING_SIZE):
        row[RING + j] = 0.0
