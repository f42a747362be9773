"""Sources whose clock moves: daylight saving shifts their daily and weekly pattern by one hour."""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.models.series.layout import (
    CLOCK_EARLIER,
    CLOCK_LATER,
    CLOCK_MOVED,
    CLOCK_OFFSET,
    DAY_FAST,
    DAY_S,
    ERROR,
    FIRST_TIME,
    HOUR_S,
    RING,
    RING_SIZE,
    RUN,
    RUN_MEAN,
    SCALE_SLOW,
    SLOW,
    WEEK_FAST,
    WEEK_S,
    ModelSettings,
)
from sidecar.engine.models.series.season import read_shape

# Evidence is the squared residual, in deviations, of the shape as it is read now, less that of the
# shape an hour off. One bucket brings no more than this, and loses this much of doubt.
_MOST_EVIDENCE = 8.0
_DOUBT = 1.0
# Evidence that moves the clock.
_ENOUGH = 24.0
# Where the shape an hour off is further from the value than so many squared deviations, the clock
# has not moved by an hour, whatever else has happened.
_WRONG = 6.0
# A young shape is not yet the source's: its own faults would pass for a moved clock.
_MATURE_S = 10 * DAY_S
# Buckets shorter than this are no independent witnesses.
_WITNESS_S = 600.0
# Mean absolute deviation of a normal law to its standard deviation.
_TO_DEVIATION = 1.2533141373155003


@kernel
def reads_clock(row: FloatArray, settings: ModelSettings, time_s: float) -> bool:
    """Whether shapes tell an hour off: mature ones, in buckets no longer than that."""
    return bool(settings.span_s <= HOUR_S and time_s - row[FIRST_TIME] >= _MATURE_S)


@kernel
def watch_clock(
    row: FloatArray,
    day: FloatArray,
    week: FloatArray,
    settings: ModelSettings,
    clock_s: float,
    x: float,
    out: FloatArray,
    floor: float,
) -> None:
    """Gather evidence that the series' clock has moved by an hour, and follow it.

    Parameters
    ----------
    day, week : float32
        Shapes of the series, of length 0 if it has none; not both.
    clock_s : float
        The time as the shapes read it, s.
    out : (PREDICTORS + 2,) float64
        What the predictors expected, as `baseline.predict` filled it.
    floor : float
        Least standard deviation of a residual.
    """
    # The shape that has done better has the say.
    weekly = len(day) == 0 or (len(week) > 0 and row[ERROR + 6] < row[ERROR + 4])
    shape = week if weekly else day
    period_s = WEEK_S if weekly else DAY_S
    expected = out[6] if weekly else out[4]
    spread = max(_TO_DEVIATION * row[SCALE_SLOW], floor)
    if settings.count_like:
        spread = max(spread, math.sqrt(max(expected, 1.0)))
    now = ((x - expected) / spread) ** 2
    if now <= _DOUBT and row[CLOCK_LATER] == 0.0 and row[CLOCK_EARLIER] == 0.0:
        return
    level = expected - read_shape(shape, clock_s, period_s)
    weight = min(1.0, settings.span_s / _WITNESS_S)
    for sign in (1.0, -1.0):
        # Clocks are put forward and back again, no further.
        if sign * row[CLOCK_MOVED] > 0.0:
            continue
        there = (x - level - read_shape(shape, clock_s + sign * HOUR_S, period_s)) / spread
        there *= there
        evidence = min(_MOST_EVIDENCE, max(-_MOST_EVIDENCE, now - there - _DOUBT))
        if there > _WRONG:
            evidence = -_MOST_EVIDENCE
        column = CLOCK_LATER if sign > 0.0 else CLOCK_EARLIER
        row[column] = max(0.0, row[column] + weight * evidence)
        if row[column] >= _ENOUGH:
            _move_clock(row, sign)
            break


@kernel
def _move_clock(row: FloatArray, hours: float) -> None:
    """Read the shapes so much later from now on; what followed the old reading starts afresh."""
    row[CLOCK_OFFSET] += hours * HOUR_S
    row[CLOCK_MOVED] += hours
    row[CLOCK_LATER] = 0.0
    row[CLOCK_EARLIER] = 0.0
    row[DAY_FAST] = row[SLOW]
    row[WEEK_FAST] = row[SLOW]
    row[RUN] = 0.0
    row[RUN_MEAN] = 0.0
    for j in range(RING_SIZE):
        row[RING + j] = 0.0
