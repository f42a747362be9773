"""Shapes of the day and of the week in bins, read and learned with linear interpolation."""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.sketch import sketch_fade
from sidecar.engine.models.layout import (
    CLOCK_OFFSET,
    COARSE_BINS,
    COUNT,
    DAY_FAST,
    DAY_S,
    DAY_SLOT,
    ERROR,
    FIRST_TIME,
    PREDICTORS,
    SCALE_SLOW,
    SLOW,
    TEST_DAY,
    TEST_FLAT,
    WANTS_DAY,
    WEEK_FAST,
    WEEK_S,
    WEIGHT,
    ModelSettings,
)

# A shape is kept when it leaves less than this share of the squared error.
_SHAPE_PAYS = 0.7
# What is left of the memory of residuals when a shape comes in.
_SHAPE_KEEPS = 0.25
# Full periods that the test wants to have seen.
_LEAST_PERIODS = 2.5


@kernel
def read_shape(shape: FloatArray, time_s: float, period_s: float) -> float:
    """Offset from the slow level at a time; linear between the bins."""
    bins = len(shape)
    place = (time_s % period_s) / period_s * bins
    left = int(place)
    part = place - left
    left = left % bins
    right = left + 1 if left + 1 < bins else 0
    return float(shape[left] * (1.0 - part) + shape[right] * part)


@kernel
def learn_shape(
    shape: FloatArray, time_s: float, period_s: float, residual: float, rate: float
) -> None:
    """Move the two bins around a time towards a residual against the shape."""
    bins = len(shape)
    place = (time_s % period_s) / period_s * bins
    left = int(place)
    part = place - left
    left = left % bins
    right = left + 1 if left + 1 < bins else 0
    shape[left] += rate * (1.0 - part) * residual
    shape[right] += rate * part * residual


@kernel
def shape_rate(
    settings: ModelSettings, elapsed_s: float, period_s: float, bins: int, floor: float
) -> float:
    """Share that one bucket teaches a shape: 1 / periods seen, at least `floor` a period."""
    visits = max(1.0, period_s / (bins * settings.span_s))
    rate = max(1.0 / (elapsed_s / period_s + 1.0), floor)
    return float(min(1.0, rate / visits * 1.5))


@kernel
def test_season(
    row: FloatArray, coarse: FloatArray, settings: ModelSettings, time_s: float, residual: float
) -> None:
    """Learn the coarse shape and ask for a fine one once the shape pays.

    Parameters
    ----------
    coarse : (COARSE_BINS,) float32
        Coarse shape of the season, offsets from the slow level.
    residual : float
        The (clipped) value less the slow level.
    """
    clock_s = time_s + row[CLOCK_OFFSET]
    place = (clock_s % settings.season_s) / settings.season_s
    bin_ = int(place * COARSE_BINS)
    left = residual - coarse[bin_]
    periods = (time_s - row[FIRST_TIME]) / settings.season_s
    if periods >= 1.0:
        rate = max(settings.test_rate, 1.0 / (row[COUNT] + 1.0))
        row[TEST_FLAT] += rate * (residual * residual - row[TEST_FLAT])
        row[TEST_DAY] += rate * (left * left - row[TEST_DAY])
    visits = max(1.0, settings.season_s / (COARSE_BINS * settings.span_s))
    coarse[bin_] += min(1.0, max(1.0 / (periods + 1.0), 0.2) / visits * 2.0) * left
    if periods >= _LEAST_PERIODS and row[TEST_DAY] < _SHAPE_PAYS * row[TEST_FLAT]:
        row[WANTS_DAY] = 1.0


@kernel
def give_shape(
    row: FloatArray,
    sketch: FloatArray,
    coarse: FloatArray,
    day: FloatArray,
    week: FloatArray,
    settings: ModelSettings,
) -> None:
    """Fill fresh daily and weekly shapes from the coarse one."""
    total = 0.0
    for j in range(COARSE_BINS):
        total += coarse[j]
    # What the coarse shape holds over all hours belongs to the level.
    shift = total / COARSE_BINS
    row[SLOW] += shift
    half = 0.5 * settings.season_s / COARSE_BINS
    for j in range(len(day)):
        day[j] = read_shape(coarse, j * DAY_S / len(day) - half, DAY_S) - shift
    for j in range(len(week)):
        time_s = j * WEEK_S / len(week)
        week[j] = read_shape(coarse, time_s - half, settings.season_s) - shift
    row[DAY_FAST] = row[SLOW]
    row[WEEK_FAST] = row[SLOW]
    gain = math.sqrt(row[TEST_DAY] / row[TEST_FLAT])
    for j in range(4, PREDICTORS):
        row[ERROR + j] = gain * row[ERROR]
    row[SCALE_SLOW] *= gain
    # The residuals of before speak of a series without its shape.
    sketch_fade(sketch, _SHAPE_KEEPS)
    row[WEIGHT] *= _SHAPE_KEEPS
    row[WANTS_DAY] = 0.0


@kernel
def give_shapes(
    rows: FloatArray,
    sketches: FloatArray,
    coarse: FloatArray,
    day_pool: FloatArray,
    week_pool: FloatArray,
    used: int,
    settings: ModelSettings,
) -> int:
    """Give a slot to each row that wants one, in order of rows; returns the slots in use."""
    for i in range(len(rows)):
        if rows[i, WANTS_DAY] == 1.0 and rows[i, DAY_SLOT] < 0.0:
            rows[i, DAY_SLOT] = float(used)
            give_shape(rows[i], sketches[i], coarse[i], day_pool[used], week_pool[used], settings)
            used += 1
    return used
