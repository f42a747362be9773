"""Shapes of the day and of the week in bins, read and learned with linear interpolation."""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.sketch import sketch_fade
from sidecar.engine.models.series.layout import (
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
    WANTS,
    WANTS_DAY,
    WANTS_WEEK,
    WEEK_FAST,
    WEEK_S,
    WEEK_SLOT,
    WEIGHT,
    ModelSettings,
)

# A shape is kept when it leaves less than this share of the squared error.
_SHAPE_PAYS = 0.7
# What is left of the memory of residuals when a shape comes in.
_SHAPE_KEEPS = 0.25
# Periods that the test wants to have seen; a week beside a day is told by its second weekend.
_LEAST_PERIODS = 2.5
_LEAST_WEEKS = 1.9


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
    row: FloatArray,
    coarse: FloatArray,
    settings: ModelSettings,
    time_s: float,
    residual: float,
    few: bool,
) -> None:
    """Learn the coarse shape on trial and ask for a fine one once it pays.

    The day is tried first, then the week; where series are `few` it comes with the day: memory
    does not matter, and it is a second, smoother opinion.

    Parameters
    ----------
    coarse : (COARSE_BINS,) float32
        Coarse shape on trial, offsets from the slow level.
    residual : float
        The (clipped) value less the slow level and the daily shape.
    """
    weekly = settings.day_bins == 0 or row[DAY_SLOT] >= 0.0
    period_s = WEEK_S if weekly else DAY_S
    clock_s = time_s + row[CLOCK_OFFSET]
    place = (clock_s % period_s) / period_s
    bin_ = int(place * COARSE_BINS)
    left = residual - coarse[bin_]
    periods = (time_s - row[FIRST_TIME]) / period_s
    if periods >= 1.0:
        rate = max(settings.test_rate, 1.0 / (row[COUNT] + 1.0))
        row[TEST_FLAT] += rate * (residual * residual - row[TEST_FLAT])
        row[TEST_DAY] += rate * (left * left - row[TEST_DAY])
    visits = max(1.0, period_s / (COARSE_BINS * settings.span_s))
    coarse[bin_] += min(1.0, max(1.0 / (periods + 1.0), 0.2) / visits * 2.0) * left
    least = _LEAST_WEEKS if row[DAY_SLOT] >= 0.0 else _LEAST_PERIODS
    passed = periods >= least and row[TEST_DAY] < _SHAPE_PAYS * row[TEST_FLAT]
    if passed and settings.may_grow:
        row[WANTS] = WANTS_WEEK if weekly else WANTS_DAY + (WANTS_WEEK if few else 0)


@kernel
def give_shape(
    row: FloatArray,
    sketch: FloatArray,
    coarse: FloatArray,
    day: FloatArray,
    week: FloatArray,
    fresh_day: bool,
    period_s: float,
) -> None:
    """Fill fresh shapes from the coarse one, which is over with that.

    Parameters
    ----------
    day, week : float32
        Of length 0 if the series has none.
    fresh_day : bool
        Whether the daily shape is a fresh one; a fresh weekly one goes on top of one that is not.
    period_s : float
        Period of the coarse shape, s.
    """
    total = 0.0
    for j in range(COARSE_BINS):
        total += coarse[j]
    # What the coarse shape holds over all its bins belongs to the level.
    shift = total / COARSE_BINS
    row[SLOW] += shift
    half = 0.5 * period_s / COARSE_BINS
    if fresh_day:
        for j in range(len(day)):
            day[j] = read_shape(coarse, j * DAY_S / len(day) - half, DAY_S) - shift
    known_day = len(day) > 0 and not fresh_day
    for j in range(len(week)):
        time_s = j * WEEK_S / len(week)
        week[j] = read_shape(coarse, time_s - half, period_s) - shift
        if known_day:
            week[j] += read_shape(day, time_s, DAY_S)
    row[DAY_FAST] = row[SLOW]
    row[WEEK_FAST] = row[SLOW]
    gain = math.sqrt(row[TEST_DAY] / row[TEST_FLAT])
    before = row[ERROR + 4] if known_day else row[ERROR]
    for j in range(6 if known_day else 4, PREDICTORS):
        row[ERROR + j] = gain * before
    row[SCALE_SLOW] *= gain
    # The residuals of before speak of a series without its shape.
    sketch_fade(sketch, _SHAPE_KEEPS)
    row[WEIGHT] *= _SHAPE_KEEPS
    row[WANTS] = 0.0
    row[TEST_FLAT] = 0.0
    row[TEST_DAY] = 0.0
    coarse[:] = 0.0


@kernel
def give_shapes(
    rows: FloatArray,
    sketches: FloatArray,
    coarse: FloatArray,
    day_pool: FloatArray,
    week_pool: FloatArray,
    days: int,
    weeks: int,
) -> None:
    """Give each row the slots that it wants, in order of rows, from so many slots on."""
    for i in range(len(rows)):
        wants = int(rows[i, WANTS])
        if wants == 0:
            continue
        fresh_day = wants & WANTS_DAY != 0
        if fresh_day:
            rows[i, DAY_SLOT] = float(days)
            days += 1
        if wants & WANTS_WEEK:
            rows[i, WEEK_SLOT] = float(weeks)
            weeks += 1
        day = day_pool[int(rows[i, DAY_SLOT])] if rows[i, DAY_SLOT] >= 0.0 else day_pool[0, :0]
        week = week_pool[int(rows[i, WEEK_SLOT])] if wants & WANTS_WEEK else week_pool[0, :0]
        period_s = DAY_S if fresh_day else WEEK_S
        give_shape(rows[i], sketches[i], coarse[i], day, week, fresh_day, period_s)
