"""The state of a period found in a series, and what the series' value is by it."""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.models.series.layout import (
    CLOCK_MOVED,
    CLOCK_OFFSET,
    HOUR_S,
    SLOW,
    ModelSettings,
)
from sidecar.engine.models.series.period_search import MOST_BINS, RING_SLOTS, fold, fold_bins
from sidecar.engine.models.series.season import read_shape

# Places in the state, one float64 row a series; the row of a series without one is of length 0.
PERIOD = 0  # s; 0: none found
ANCHOR = 1  # s, where a period began
BASE = 2  # the predictor that the shape goes on top of: 0 slow level, 4 day, 6 week
LEVEL = 3  # the slow level that is left over
SEEN = 4  # values since the period was found
FOUND_TIME = 5  # s, when that was
TRUSTED = 6  # 1: takes part in the mix; 0: on trial
ERROR_OWN = 7  # decayed squared error over two periods and more
ERROR_REST = 8  # and that of the mix without it
RECENT_OWN = 9  # the same two with the other predictors' memory
RING_START = 10  # s
RING_WIDTH = 11  # buckets to a slot; 0: not begun
RING_FILLED = 12  # slots
RING_SUM = 13  # of the residuals in the open slot
RING_SEEN = 14  # and their number
RING_ALIVE = 15  # predictors that were alive when the ring began
RING_BASE = 16  # the predictor that its residuals are against
RECENT_REST = 17
SEARCH_DUE = 18  # 1: the ring has so many slots more that it should be searched
SHAPE = 19
RING = SHAPE + MOST_BINS
PERIOD_WIDTH = RING + RING_SLOTS

# The least share of a squared error, so that none is divided by zero.
_TINY = 1e-4


@kernel
def shape_end(period: FloatArray, settings: ModelSettings) -> int:
    """Where the bins in use end: there is one a bucket, as far as there is room."""
    return SHAPE + fold_bins(period[PERIOD] / settings.span_s)


@kernel
def since_anchor(row: FloatArray, period: FloatArray, time_s: float) -> float:
    """Seconds by which a period is read.

    It follows the clock shifts that were told, not those that the daily shape has shown: those of
    daylight saving are no business of a cycle that is no day.
    """
    told_s = row[CLOCK_OFFSET] - HOUR_S * row[CLOCK_MOVED]
    return float(time_s + told_s - period[ANCHOR])


@kernel
def by_period(
    row: FloatArray, period: FloatArray, settings: ModelSettings, time_s: float, out: FloatArray
) -> float:
    """The value expected at a time; `out` holds the other predictors' values."""
    at = since_anchor(row, period, time_s)
    shape = read_shape(period[SHAPE : shape_end(period, settings)], at, period[PERIOD])
    calendar = out[int(period[BASE])] - row[SLOW]
    return float(period[LEVEL] + calendar + shape)


@kernel
def period_share(period: FloatArray) -> float:
    """Weight of the value by the period in a mix where all others together weigh one.

    It grows with how much better it has been over some periods, and falls at once where it is
    worse of late, as after a change of level.
    """
    better = period[ERROR_REST] / (period[ERROR_OWN] + _TINY * period[ERROR_REST] + 1e-300)
    of_late = period[RECENT_REST] / (period[RECENT_OWN] + 1e-300)
    better *= min(1.0, of_late)
    return float(better * better)


@kernel
def put_on_trial(
    row: FloatArray,
    period: FloatArray,
    settings: ModelSettings,
    time_s: float,
    period_s: float,
    work: FloatArray,
) -> None:
    """Take a period in seconds over from the ring, shape and all.

    Parameters
    ----------
    work : (SEARCH_ROOM,) float64
        Room to work in.
    """
    width_s = period[RING_WIDTH] * settings.span_s
    told_s = row[CLOCK_OFFSET] - HOUR_S * row[CLOCK_MOVED]
    slots = period_s / width_s
    period[PERIOD] = period_s
    # A slot stands for the middle of its buckets.
    period[ANCHOR] = period[RING_START] + 0.5 * (width_s - settings.span_s) + told_s
    period[BASE] = period[RING_BASE]
    period[LEVEL] = row[SLOW]
    period[SEEN] = 0.0
    period[FOUND_TIME] = time_s
    period[TRUSTED] = 0.0
    bins = fold_bins(slots)
    means, counts = work[-MOST_BINS:][:bins], work[-2 * MOST_BINS :][:bins]
    fold(period[RING:], 0, int(period[RING_FILLED]), slots, means, counts)
    total = 0.0
    for j in range(bins):
        if counts[j] > 0.0:
            means[j] /= counts[j]
        elif j > 0:
            means[j] = means[j - 1]
        total += means[j]
    shape = period[SHAPE : shape_end(period, settings)]
    for j in range(len(shape)):
        shape[j] = read_shape(means, float(j), float(len(shape))) - total / bins


@kernel
def change_length(row: FloatArray, period: FloatArray, time_s: float, period_s: float) -> None:
    """Go on with another length from where in the period the series is now."""
    turns = since_anchor(row, period, time_s) / period[PERIOD]
    part = turns - math.floor(turns)
    period[ANCHOR] += since_anchor(row, period, time_s) - part * period_s
    period[PERIOD] = period_s
