"""One bucket of one series: predict, judge, learn."""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.sketch import BINS, sketch_add, sketch_fade
from sidecar.engine.maths.tails import LOG_2, LOG_LEAST
from sidecar.engine.models.series.baseline import clip, learn_baseline, predict, residual_floor
from sidecar.engine.models.series.found_trial import learn_period
from sidecar.engine.models.series.layout import (
    COUNT,
    DAY_FAST,
    DIFF_WEIGHT,
    FAST,
    FIRST_TIME,
    LAST,
    LAST_TIME,
    LENGTH,
    MULTI_SCALE,
    ORIGIN,
    PEAK,
    PEAK_AGE,
    PREDICTORS,
    RING,
    RING_SIZE,
    SCALE_SLOW,
    SIDE_BOTH,
    SKETCH_MULTI,
    SLOW,
    SPREAD,
    TREND,
    UNIT,
    WANTS,
    WEEK_FAST,
    WEEK_SLOT,
    WEIGHT,
    WINDOW_WEIGHT,
    ModelSettings,
)
from sidecar.engine.models.series.modes import has_modes
from sidecar.engine.models.series.residual import (
    TO_DEVIATION,
    learn_residual,
    multi_log_tail,
    multi_mean,
    side_matches,
    single_log_tail,
    tail_bound,
    youth_bound,
)
from sidecar.engine.models.series.rich import RICH_FEATURES, rich_log_tail
from sidecar.engine.models.series.season import test_season
from sidecar.engine.models.series.windows import push_window

# Cells less likely than this become records.
RECORD_CUTOFF = 0.035
LOG_RECORD_CUTOFF = math.log(RECORD_CUTOFF)
# 2.5 % on each side of the 95 % bounds.
LOG_BOUND_TAIL = math.log(0.025)

# Places in the verdict of a step.
LOG_P = 0  # log probability of the bucket for the series
LOG_P_SINGLE = 1  # of the value alone
LOG_P_MULTI = 2  # of the last buckets together
REPEATS = 3  # 1: no more surprising than what the running incident has already said
TYPICAL = 4
ALIVE = 5  # predictors alive
LOWER = 6  # 95 % bounds
UPPER = 7
LOG_P_RICH = 8  # of the jump and of the distances to what was before
MODES = 9  # of records: 1 if the residuals gather around several values
VERDICT = 10

# What a step looks at without the richer features: the value and the last ones together.
PLAIN_FEATURES = 2.0
# A running incident has news once it is so much more surprising than at its peak.
_NEWS_SHARE = 1.2
# Values are bounded here, in units of the series, so that squares stay finite.
_LARGEST_VALUE = 1e100
_LARGEST_EXPONENT = 1000
_LARGEST_DOUBLE = 1.7976931348623157e308

# Sketches fade once in so many values, not at each.
_FADE_EVERY = 64
_AGE_POWER = 1.0
# Values less likely than this belong to an incident.
LOG_ODD = math.log(2e-3)
# Once an incident is over its peak is forgotten at this pace.
_PEAK_KEEP = 0.9
_RING_CLIP = 6.0
# A shift goes on while every residual since it was last odd is so many scales out.
_STILL_OUT = 3.0


@kernel
def start_series(row: FloatArray, time_s: float, x: float) -> None:
    """The first value of a series: every level starts there."""
    row[FIRST_TIME] = time_s
    row[LAST_TIME] = time_s
    row[ORIGIN] = x
    for column in (SLOW, FAST, LAST, TREND, DAY_FAST, WEEK_FAST):
        row[column] = x
    row[COUNT] = 1.0


@kernel
def judge(
    row: FloatArray,
    sketch: FloatArray,
    day: FloatArray,
    week: FloatArray,
    period: FloatArray,
    settings: ModelSettings,
    side: int,
    time_s: float,
    x: float,
    records: float,
    predictions: FloatArray,
    verdict: FloatArray,
) -> None:
    """Fill `verdict` (VERDICT,) and `predictions` (OUTLOOK,) without learning."""
    alive = predict(row, day, week, period, settings, time_s, predictions)
    mean = predictions[PREDICTORS]
    verdict[TYPICAL] = mean
    verdict[ALIVE] = float(alive)
    upper = x >= mean
    verdict[LOG_P_SINGLE] = 0.0
    if side_matches(side, x - mean):
        log_p = single_log_tail(row, sketch, settings, x, mean, records, upper)
        verdict[LOG_P_SINGLE] = min(0.0, log_p + LOG_2) if side == SIDE_BOTH else log_p

    # The mean of the last residuals, this one included.
    place = int(row[COUNT]) % RING_SIZE
    now = slow_residual(row, settings, x, predictions[PREDICTORS + 1])
    together = multi_mean(row) + (now - row[RING + place]) / RING_SIZE
    verdict[LOG_P_MULTI] = 0.0
    if side_matches(side, together) and side_matches(side, now):
        verdict[LOG_P_MULTI] = multi_log_tail(row, sketch, together)
    if side_matches(side, now) and _goes_on(row, now):
        verdict[LOG_P_MULTI] = min(verdict[LOG_P_MULTI], -row[PEAK])


@kernel
def _goes_on(row: FloatArray, now: float) -> bool:
    """Whether a series is still where its incident took it, as far from what is usual."""
    age = int(row[PEAK_AGE])
    if row[PEAK] < -LOG_ODD or age >= RING_SIZE - 1:
        return False
    newest = int(row[COUNT]) - 1
    least = abs(now)
    for j in range(age + 1):
        before = row[RING + (newest - j) % RING_SIZE]
        least = min(least, before if now > 0.0 else -before)
    return least >= _STILL_OUT


@kernel
def slow_residual(row: FloatArray, settings: ModelSettings, x: float, slow: float) -> float:
    """Residual against the slow baseline in scales, bounded."""
    scale = max(row[SCALE_SLOW] * TO_DEVIATION, residual_floor(row))
    if settings.count_like:
        scale = max(scale, math.sqrt(max(slow, 1e-4)))
    return float(clip((x - slow) / scale, _RING_CLIP))


@kernel
def combine(row: FloatArray, verdict: FloatArray, log_rich: float, kinds: float) -> None:
    """One log probability from the least of so many features, and what of it is news."""
    best = min(verdict[LOG_P_SINGLE], min(verdict[LOG_P_MULTI], log_rich))
    log_p = min(0.0, best + math.log(kinds) * _few(best))
    log_p = max(log_p, youth_bound(row[COUNT]))
    log_p = max(LOG_LEAST, log_p)
    verdict[LOG_P] = log_p
    verdict[REPEATS] = 1.0 if -log_p <= _NEWS_SHARE * row[PEAK] else 0.0


@kernel
def _few(log_p: float) -> float:
    """Share of the correction for several features: all of it once the value is odd at all."""
    return min(1.0, -log_p / 2.0)


@kernel
def learn(
    row: FloatArray,
    sketch: FloatArray,
    rich_sketch: FloatArray,
    coarse: FloatArray,
    day: FloatArray,
    week: FloatArray,
    period: FloatArray,
    settings: ModelSettings,
    time_s: float,
    x: float,
    records: float,
    within: float,
    predictions: FloatArray,
    verdict: FloatArray,
) -> None:
    """Take a judged value into the state; `predictions` and `verdict` as `judge` left them."""
    n = row[COUNT]
    slow = predictions[PREDICTORS + 1]
    place = int(n) % RING_SIZE
    row[RING + place] = slow_residual(row, settings, x, slow)
    together = abs(multi_mean(row))
    if n >= RING_SIZE:
        scale = max(row[MULTI_SCALE], 0.05)
        sketch_add(sketch[SKETCH_MULTI : SKETCH_MULTI + BINS], together / scale, 1.0)
    rate = max(settings.scale_rate, 1.0 / (n + 1.0))
    row[MULTI_SCALE] += rate * (together - row[MULTI_SCALE])

    if settings.week_bins > 0 and row[WEEK_SLOT] < 0.0 and row[WANTS] == 0.0:
        bound = 6.0 * max(row[SCALE_SLOW], residual_floor(row))
        base = predictions[4] if len(day) > 0 else row[SLOW]
        test_season(row, coarse, settings, time_s, clip(x - base, bound), len(rich_sketch) > 0)
    odd = verdict[LOG_P_SINGLE] < LOG_ODD
    learn_residual(row, sketch, settings, time_s, x, predictions[PREDICTORS], records, within, odd)
    if len(period) > 0:
        learn_period(row, sketch, period, settings, time_s, x, int(verdict[ALIVE]), predictions)
    learn_baseline(row, day, week, settings, time_s, x, int(verdict[ALIVE]), predictions)
    if int(n) % _FADE_EVERY == 0:
        # Young series mend their ways: early values fade with a power of the series' age.
        keep = min(settings.sketch_keep**_FADE_EVERY, (n / (n + _FADE_EVERY)) ** _AGE_POWER)
        sketch_fade(sketch, keep)
        sketch_fade(rich_sketch, keep)
        row[WEIGHT] *= keep
        row[DIFF_WEIGHT] *= keep
        row[WINDOW_WEIGHT] *= keep
    row[COUNT] = n + 1.0
    row[LAST_TIME] = time_s

    _learn_incident(row, -verdict[LOG_P], settings.calm_buckets)
    row[LENGTH] = row[LENGTH] + 1.0 if verdict[LOG_P] < LOG_RECORD_CUTOFF else 0.0


@kernel
def _learn_incident(row: FloatArray, surprise: float, buckets: float) -> None:
    """Keep the peak of the running incident; it is over after so many calm buckets."""
    if surprise > row[PEAK]:
        row[PEAK] = surprise
    if surprise >= min(row[PEAK], -LOG_ODD):
        row[PEAK_AGE] = 0.0
        return
    row[PEAK_AGE] += 1.0
    if row[PEAK_AGE] > buckets:
        row[PEAK] *= _PEAK_KEEP


@kernel
def bound(
    row: FloatArray,
    sketch: FloatArray,
    settings: ModelSettings,
    records: float,
    verdict: FloatArray,
) -> None:
    """The 95 % bounds around the typical value."""
    mean = verdict[TYPICAL]
    verdict[LOWER] = tail_bound(row, sketch, settings, mean, records, False, LOG_BOUND_TAIL)
    verdict[UPPER] = tail_bound(row, sketch, settings, mean, records, True, LOG_BOUND_TAIL)


@kernel
def expect(
    row: FloatArray,
    sketch: FloatArray,
    day: FloatArray,
    week: FloatArray,
    period: FloatArray,
    settings: ModelSettings,
    time_s: float,
    predictions: FloatArray,
    verdict: FloatArray,
) -> None:
    """What a started series would show at a time without a value: typical and bounds."""
    predict(row, day, week, period, settings, time_s, predictions)
    verdict[TYPICAL] = predictions[PREDICTORS]
    bound(row, sketch, settings, 0.0, verdict)
    in_own_unit(row, verdict)


@kernel
def step(
    row: FloatArray,
    sketch: FloatArray,
    coarse: FloatArray,
    day: FloatArray,
    week: FloatArray,
    period: FloatArray,
    rich_sketch: FloatArray,
    window_values: FloatArray,
    window_sums: FloatArray,
    settings: ModelSettings,
    side: int,
    time_s: float,
    x: float,
    records: float,
    within: float,
    bounds: bool,
    predictions: FloatArray,
    distances: FloatArray,
    verdict: FloatArray,
) -> bool:
    """Judge a value, then learn from it; False if the value is not a number to judge.

    `rich_sketch`, the window arrays and `period` have length 0 for series without the richer
    features. The 95 % bounds are computed for values that become records, and for all if `bounds`.
    """
    if not math.isfinite(x):
        return False
    if not settings.count_like:
        _choose_unit(row, x)
    x = to_unit(row, x)
    if row[UNIT] > 0.0:
        within = within / row[UNIT] / row[UNIT]
    within = min(within, _LARGEST_VALUE) if within > 0.0 else 0.0
    rich = len(rich_sketch) > 0
    first = row[COUNT] == 0.0
    if first:
        start_series(row, time_s, x)
    known = rich and push_window(row, window_values, window_sums, x, distances)
    if first:
        verdict[:] = 0.0
        verdict[TYPICAL] = x
        verdict[LOWER] = x
        verdict[UPPER] = x
        in_own_unit(row, verdict)
        return True
    judge(row, sketch, day, week, period, settings, side, time_s, x, records, predictions, verdict)
    log_rich = 0.0
    kinds = PLAIN_FEATURES
    if rich:
        log_rich = rich_log_tail(row, rich_sketch, settings, x, known, distances)
        kinds += RICH_FEATURES
        slow = predictions[PREDICTORS + 1]
        if not side_matches(side, x - slow):
            log_rich = 0.0
    verdict[LOG_P_RICH] = log_rich
    combine(row, verdict, log_rich, kinds * settings.features)
    if bounds or verdict[LOG_P] < LOG_RECORD_CUTOFF:
        bound(row, sketch, settings, records, verdict)
    several = verdict[LOG_P] < LOG_RECORD_CUTOFF and not settings.count_like and has_modes(sketch)
    verdict[MODES] = 1.0 if several else 0.0
    learn(
        row,
        sketch,
        rich_sketch,
        coarse,
        day,
        week,
        period,
        settings,
        time_s,
        x,
        records,
        within,
        predictions,
        verdict,
    )
    in_own_unit(row, verdict)
    return True


@kernel
def _choose_unit(row: FloatArray, x: float) -> None:
    """Take the size of the first value that is not zero as the series' unit."""
    if x != 0.0 and row[LAST] == 0.0 and row[SLOW] == 0.0 and row[SPREAD] == 0.0:
        exponent = min(_LARGEST_EXPONENT, max(-_LARGEST_EXPONENT, math.frexp(x)[1]))
        row[UNIT] = math.ldexp(1.0, exponent)


@kernel
def to_unit(row: FloatArray, x: float) -> float:
    """A value in the unit of the series, bounded."""
    if row[UNIT] > 0.0:
        x /= row[UNIT]
    return float(clip(x, _LARGEST_VALUE))


@kernel
def in_own_unit(row: FloatArray, verdict: FloatArray) -> None:
    """Give the values of a verdict in the unit that the series came in."""
    if row[UNIT] > 0.0:
        for place in (TYPICAL, LOWER, UPPER):
            verdict[place] = clip(verdict[place] * row[UNIT], _LARGEST_DOUBLE)
