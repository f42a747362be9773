"""Columns of a series' state row, and the settings that all series of a detector share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sidecar.engine.arrays import FloatArray
from sidecar.engine.functions import Function, Side, Statistic
from sidecar.engine.maths.sketch import BINS

# One float64 row a series and feature. Names of columns; a saved state carries them by name.
COLUMNS = (
    "count",  # values learned
    "first_time",  # s, bucket of the first value
    "last_time",  # s, bucket of the last value
    "unit",  # a power of two that values are kept in, so that no scale is special; 0: one
    "origin",  # the first value: windows are kept relative to it
    "slow",  # level over days
    "fast",  # level over a few buckets
    "last",  # the last value
    "trend",  # level of the local line
    "slope",  # change of the local line in one bucket
    "day_fast",  # fast level of what the day's shape leaves over
    "week_fast",  # the same for the week's shape
    "error_0",  # decayed absolute errors of the predictors
    "error_1",
    "error_2",
    "error_3",
    "error_4",
    "error_5",
    "error_6",
    "error_7",
    "scale_high",  # decayed mean of residuals over the prediction
    "scale_low",  # and of those under it, as positive numbers
    "scale_all",  # decayed mean absolute residual
    "scale_slow",  # the same against the slow baseline
    "spread",  # decayed mean distance from the slow level
    "within",  # decayed variance of single records in a bucket
    "thinness",  # decayed mean of 1 / records in a bucket
    "run",  # buckets in a row beyond the clip on one side, signed
    "run_mean",  # mean residual of that run
    "test_flat",  # season test: squared error without the shape on trial
    "test_day",  # and with it
    "day_slot",  # slot of the series' daily shape, -1: none
    "week_slot",  # slot of its weekly shape, -1: none
    "wants",  # shapes that are due, as their test has passed: WANTS_DAY, WANTS_WEEK or both
    "clock_offset",  # s, how much later than the time the shapes are read and learned
    "clock_moved",  # hours of that which the series showed by itself
    "clock_later",  # evidence that its clock is an hour later than that
    "clock_earlier",  # or an hour earlier
    "multi_scale",  # decayed mean of the multi-bucket feature's magnitude
    "diff_scale",  # decayed mean of |value - last value|
    "diff_weight",  # total weight of its sketch
    "windowed",  # values that went into the windows
    "value_scale",  # decayed mean distance to the nearest earlier values
    "short_scale",  # the same of short windows
    "long_scale",  # and of long ones
    "window_weight",  # total weight of the sketches of each of these distances
    "weight",  # total weight of the sketches
    "peak",  # surprise of the running incident
    "peak_age",  # buckets since it was last odd
    "length",  # anomalous buckets in a row
    "pending_high",  # greatest z of an incident that is not over
    "pending_low",  # the same below the prediction, as a positive number
    "pending_length",  # its buckets so far
    "pending_time",  # s, when it began
    "accident_0",  # s, when the last incidents were that nothing before was like
    "accident_1",
    "accident_2",
    "accident_3",
    "accident_4",
    "accident_5",
    "accident_6",
    "accident_7",
    "ring_0",  # the last residuals against the slow baseline, in scales
    "ring_1",
    "ring_2",
    "ring_3",
    "ring_4",
    "ring_5",
    "ring_6",
    "ring_7",
    "ring_8",
    "ring_9",
    "ring_10",
    "ring_11",
)
WIDTH = len(COLUMNS)

COUNT = COLUMNS.index("count")
FIRST_TIME = COLUMNS.index("first_time")
LAST_TIME = COLUMNS.index("last_time")
UNIT = COLUMNS.index("unit")
ORIGIN = COLUMNS.index("origin")
SLOW = COLUMNS.index("slow")
FAST = COLUMNS.index("fast")
LAST = COLUMNS.index("last")
TREND = COLUMNS.index("trend")
SLOPE = COLUMNS.index("slope")
DAY_FAST = COLUMNS.index("day_fast")
WEEK_FAST = COLUMNS.index("week_fast")
ERROR = COLUMNS.index("error_0")
SCALE_HIGH = COLUMNS.index("scale_high")
SCALE_LOW = COLUMNS.index("scale_low")
SCALE_ALL = COLUMNS.index("scale_all")
SCALE_SLOW = COLUMNS.index("scale_slow")
SPREAD = COLUMNS.index("spread")
WITHIN = COLUMNS.index("within")
THINNESS = COLUMNS.index("thinness")
RUN = COLUMNS.index("run")
RUN_MEAN = COLUMNS.index("run_mean")
TEST_FLAT = COLUMNS.index("test_flat")
TEST_DAY = COLUMNS.index("test_day")
DAY_SLOT = COLUMNS.index("day_slot")
WEEK_SLOT = COLUMNS.index("week_slot")
WANTS = COLUMNS.index("wants")
CLOCK_OFFSET = COLUMNS.index("clock_offset")
CLOCK_MOVED = COLUMNS.index("clock_moved")
CLOCK_LATER = COLUMNS.index("clock_later")
CLOCK_EARLIER = COLUMNS.index("clock_earlier")
MULTI_SCALE = COLUMNS.index("multi_scale")
DIFF_SCALE = COLUMNS.index("diff_scale")
DIFF_WEIGHT = COLUMNS.index("diff_weight")
WINDOWED = COLUMNS.index("windowed")
WINDOW_SCALE = COLUMNS.index("value_scale")
WINDOW_WEIGHT = COLUMNS.index("window_weight")
WEIGHT = COLUMNS.index("weight")
PEAK_AGE = COLUMNS.index("peak_age")
PEAK = COLUMNS.index("peak")
LENGTH = COLUMNS.index("length")
PENDING_HIGH = COLUMNS.index("pending_high")
PENDING_LOW = COLUMNS.index("pending_low")
PENDING_TIME = COLUMNS.index("pending_time")
ACCIDENT = COLUMNS.index("accident_0")
PENDING_LENGTH = COLUMNS.index("pending_length")
RING = COLUMNS.index("ring_0")

# Bits of the column "wants".
WANTS_DAY, WANTS_WEEK = 1, 2

PREDICTORS = 8
# What is expected of a series at a time: the predictors' values, the mix, the slow
# baseline, and these.
BY_PERIOD = PREDICTORS + 2  # by the period that was found
WITHOUT_PERIOD = PREDICTORS + 3  # the mix without it
OUTLOOK = PREDICTORS + 4
RING_SIZE = 12
ACCIDENTS = 8

# Sketches of every series, side by side in one float32 row.
SKETCH_HIGH = 0
SKETCH_LOW = BINS
SKETCH_MULTI = 2 * BINS
SKETCH_WIDTH = 3 * BINS
# Sketches of the richer features, only in series that have them.
RICH_DIFF = 0
RICH_WINDOW = BINS  # of each of the distances in `models.windows`
RICH_WIDTH = 4 * BINS
# Lags at which the newest values are compared with earlier ones.
LAGS = 1152

# Bins of the coarse shape that the season test looks at.
COARSE_BINS = 24

# Buckets in which a surprise no greater than the last peak is the same incident, where entities
# or places are compared.
INCIDENT_BUCKETS = 192.0
# A series' incident is over once the series has been calm for so many buckets: the features that
# look at several of them have all seen its end.
_CALM_BUCKETS = 24.0

HOUR_S = 3600.0
DAY_S = 86400.0
WEEK_S = 604800.0

SIDE_BOTH, SIDE_HIGH, SIDE_LOW = 0, 1, 2
SIDES = {Side.BOTH: SIDE_BOTH, Side.HIGH: SIDE_HIGH, Side.LOW: SIDE_LOW}


def fresh_rows(rows: int) -> FloatArray:
    """State rows of series without any value."""
    fresh = np.zeros((rows, WIDTH))
    fresh[:, [DAY_SLOT, WEEK_SLOT]] = -1.0
    return fresh


class ModelSettings(NamedTuple):
    """What all series of a detector share; rates are shares learned from one bucket.

    `side` is one of SIDE_BOTH, SIDE_HIGH, SIDE_LOW. `day_bins` and `week_bins` are 0 where buckets
    are too long for such a shape.
    `rich_series` series of a detector get the richer features. Shapes are given only while the
    models `may_grow`.
    """

    span_s: float
    features: int
    side: int
    count_like: bool
    never_negative: bool
    is_mean: bool
    empty_is_zero: bool
    slow_rate: float
    fast_rate: float
    trend_rate: float
    slope_rate: float
    error_rate: float
    scale_rate: float
    test_rate: float
    sketch_keep: float
    day_bins: int
    week_bins: int
    day_rate: float
    week_rate: float
    rich_series: int
    calm_buckets: float
    may_grow: bool


def _rate(half_life_s: float, span_s: float, least_buckets: float) -> float:
    """Share to learn from each bucket, so that half of the past is gone after the half-life."""
    return float(1.0 - 0.5 ** (1.0 / max(half_life_s / span_s, least_buckets)))


def model_settings(function: Function, span_s: int, *, rich_series: int) -> ModelSettings:
    """Settings of a detector's models for a bucket span in seconds."""
    day_bins = min(96, int(DAY_S // span_s)) if span_s <= 6 * HOUR_S else 0
    week_bins = 168 if day_bins else (int(WEEK_S // span_s) if span_s <= DAY_S else 0)
    return ModelSettings(
        span_s=float(span_s),
        features=len(function.features),
        side=SIDES[function.side],
        count_like=function.is_count_like,
        never_negative=function.is_count_like
        or function.statistic in (Statistic.VARP, Statistic.INFO_CONTENT),
        is_mean=function.statistic in (Statistic.MEAN, Statistic.MEDIAN, Statistic.METRIC),
        empty_is_zero=function.empty_is_zero,
        slow_rate=_rate(2 * DAY_S, span_s, 40),
        fast_rate=_rate(0.25 * HOUR_S, span_s, 3),
        trend_rate=_rate(2 * HOUR_S, span_s, 8),
        slope_rate=_rate(8 * HOUR_S, span_s, 30),
        error_rate=_rate(12 * HOUR_S, span_s, 60),
        scale_rate=_rate(2 * DAY_S, span_s, 100),
        test_rate=_rate(2 * DAY_S, span_s, 40),
        sketch_keep=1.0 - _rate(60 * DAY_S, span_s, 2000),
        day_bins=day_bins,
        week_bins=week_bins,
        day_rate=_rate(5 * DAY_S, DAY_S, 1),
        week_rate=_rate(3 * WEEK_S, WEEK_S, 1),
        rich_series=rich_series,
        calm_buckets=_CALM_BUCKETS,
        may_grow=True,
    )
