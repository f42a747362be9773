"""How a series comes by a period of its own: looked for, put on trial, trusted, and left again."""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.sketch import sketch_fade
from sidecar.engine.models.series.baseline import CLIP, clip, learning_bound, residual_floor
from sidecar.engine.models.series.found_period import (
    ERROR_OWN,
    ERROR_REST,
    FOUND_TIME,
    LEVEL,
    PERIOD,
    RECENT_OWN,
    RECENT_REST,
    RING,
    RING_ALIVE,
    RING_BASE,
    RING_FILLED,
    RING_SEEN,
    RING_START,
    RING_SUM,
    RING_WIDTH,
    SEARCH_DUE,
    SEEN,
    SHAPE,
    TRUSTED,
    change_length,
    put_on_trial,
    shape_end,
    since_anchor,
)
from sidecar.engine.models.series.layout import (
    BY_PERIOD,
    COUNT,
    DAY_S,
    ERROR,
    PREDICTORS,
    SCALE_ALL,
    SCALE_SLOW,
    WEEK_S,
    WEIGHT,
    WITHOUT_PERIOD,
    ModelSettings,
)
from sidecar.engine.models.series.period_search import (
    RING_SLOTS,
    exact_period,
    find_period,
    round_length,
)
from sidecar.engine.models.series.season import learn_shape, shape_rate

# Values before the ring begins: the level and the scale must stand.
_RING_FROM = 24.0
# Residuals enter the ring clipped to so many mean absolute ones.
_RING_CLIP = 6.0
# A ring is begun again after a gap of so many slots, and once it is so long: periods end.
_LONGEST_GAP = 64.0
_LONGEST_RING_S = 180 * DAY_S
_WIDEST_SLOT = 64.0
# The least slots of a ring that is searched; then as many again, and again.
_LEAST_SLOTS = 128
# A period goes on trial when the halves of the ring foretell each other to this share of the
# squared error.
_PERIOD_PAYS = 0.5
# A period so close to the day or the week is left to their own tests.
_NEAR_CALENDAR = 0.04
# A trial lasts so many periods and values at least and at most.
_LEAST_TRIAL, _LEAST_TRIAL_VALUES = 2.0, 24.0
_LONGEST_TRIAL, _LONGEST_TRIAL_VALUES = 6.0, 160.0
# Its error is compared over two periods, and no less than so many values.
_MEMORY_PERIODS, _MEMORY_VALUES = 2.0, 60.0
# It is trusted when its squared error is under this share of that of the mix without it, and left
# over that.
_TRUSTED_UNDER, _LEFT_OVER = 0.65, 0.95
# What is left of the memory of residuals when it comes in.
_PERIOD_KEEPS = 0.25
# Periods that the ring held when it was found.
_SEEN_BEFORE = 3.0
# The shape forgets half in five periods, and no faster than in two days.
_SHAPE_PERIODS, _SHAPE_S = 5.0, 2 * DAY_S


@kernel
def learn_period(
    row: FloatArray,
    sketch: FloatArray,
    period: FloatArray,
    settings: ModelSettings,
    time_s: float,
    x: float,
    alive: int,
    out: FloatArray,
) -> None:
    """Take a value into the ring, and into the period that was found; see `baseline.predict`."""
    if row[COUNT] < _RING_FROM:
        return
    _push_ring(row, period, settings, time_s, x, alive, out)
    if period[PERIOD] == 0.0:
        return
    _judge_period(row, sketch, period, settings, time_s, x, out)
    if period[PERIOD] == 0.0:
        return
    bound = CLIP * 1.25 * max(row[SCALE_SLOW], residual_floor(row))
    rest = clip(x - out[BY_PERIOD], learning_bound(row[COUNT], bound))
    shape = period[SHAPE : shape_end(period, settings)]
    elapsed = time_s - period[FOUND_TIME] + _SEEN_BEFORE * period[PERIOD]
    floor = 1.0 - 0.5 ** (1.0 / max(_SHAPE_PERIODS, _SHAPE_S / period[PERIOD]))
    rate = shape_rate(settings, elapsed, period[PERIOD], len(shape), floor)
    learn_shape(shape, since_anchor(row, period, time_s), period[PERIOD], rest, rate)
    period[LEVEL] += max(settings.slow_rate, 1.0 / (period[SEEN] + 2.0)) * rest


@kernel
def _judge_period(
    row: FloatArray,
    sketch: FloatArray,
    period: FloatArray,
    settings: ModelSettings,
    time_s: float,
    x: float,
    out: FloatArray,
) -> None:
    """Compare the period's errors with those of the mix without it; trust it, or leave it."""
    period[SEEN] += 1.0
    least_step = 1.0 if settings.count_like else 0.0
    bound = max(CLIP * 2.0 * max(row[SCALE_ALL], residual_floor(row)), least_step)
    own = clip(x - out[BY_PERIOD], bound) ** 2
    rest = clip(x - out[WITHOUT_PERIOD], bound) ** 2
    start_rate = 1.0 / period[SEEN]
    memory = max(_MEMORY_PERIODS * period[PERIOD] / settings.span_s, _MEMORY_VALUES)
    rate = max(1.0 - 0.5 ** (1.0 / memory), start_rate)
    period[ERROR_OWN] += rate * (own - period[ERROR_OWN])
    period[ERROR_REST] += rate * (rest - period[ERROR_REST])
    rate = max(settings.error_rate, start_rate)
    period[RECENT_OWN] += rate * (own - period[RECENT_OWN])
    period[RECENT_REST] += rate * (rest - period[RECENT_REST])
    periods = (time_s - period[FOUND_TIME]) / period[PERIOD]
    if period[TRUSTED] > 0.0:
        if period[ERROR_OWN] > _LEFT_OVER * period[ERROR_REST]:
            # What came to an end may have given way to another period.
            period[PERIOD] = 0.0
            period[RING_WIDTH] = 0.0
    elif periods >= _LEAST_TRIAL and period[SEEN] >= _LEAST_TRIAL_VALUES:
        if period[ERROR_OWN] < _TRUSTED_UNDER * period[ERROR_REST]:
            period[TRUSTED] = 1.0
            row[SCALE_SLOW] *= math.sqrt(period[ERROR_OWN] / period[ERROR_REST])
            # The residuals of before speak of a series without its period.
            sketch_fade(sketch, _PERIOD_KEEPS)
            row[WEIGHT] *= _PERIOD_KEEPS
        elif periods > _LONGEST_TRIAL and period[SEEN] > _LONGEST_TRIAL_VALUES:
            period[PERIOD] = 0.0


@kernel
def _push_ring(
    row: FloatArray,
    period: FloatArray,
    settings: ModelSettings,
    time_s: float,
    x: float,
    alive: int,
    out: FloatArray,
) -> None:
    """Take the residual against the calendar's shapes into the open slot; a full ring is halved."""
    width_s = period[RING_WIDTH] * settings.span_s
    fresh = width_s == 0.0 or period[RING_ALIVE] != float(alive)
    if not fresh:
        fresh = time_s - period[RING_START] > (period[RING_FILLED] + _LONGEST_GAP) * width_s
    if fresh:
        _begin_ring(row, period, time_s, alive)
        width_s = settings.span_s
    place = int((time_s - period[RING_START]) / width_s)
    filled = int(period[RING_FILLED])
    while filled < place and filled < RING_SLOTS:
        period[RING + filled] = period[RING_SUM] / max(1.0, period[RING_SEEN])
        period[RING_SUM] = 0.0
        period[RING_SEEN] = 0.0
        filled += 1
        if _is_mark(filled, period[RING_WIDTH]):
            period[SEARCH_DUE] = 1.0
    period[RING_FILLED] = float(filled)
    bound = _RING_CLIP * max(row[SCALE_SLOW], residual_floor(row))
    period[RING_SUM] += clip(x - out[int(period[RING_BASE])], bound)
    period[RING_SEEN] += 1.0


@kernel
def _is_mark(filled: int, width: float) -> bool:
    """Whether a ring is searched at so many slots: twice in each doubling of its age at most."""
    young = filled in (_LEAST_SLOTS, 2 * _LEAST_SLOTS)
    return filled == RING_SLOTS or (young if width <= 1.0 else 4 * filled == 3 * RING_SLOTS)


@kernel
def _begin_ring(row: FloatArray, period: FloatArray, time_s: float, alive: int) -> None:
    base = 0
    if alive == PREDICTORS and row[ERROR + 6] < row[ERROR + 4]:
        base = 6
    elif alive > 4:
        base = 4
    period[RING_START] = time_s
    period[RING_WIDTH] = 1.0
    period[RING_FILLED] = 0.0
    period[RING_SUM] = 0.0
    period[RING_SEEN] = 0.0
    period[RING_ALIVE] = float(alive)
    period[RING_BASE] = float(base)
    period[SEARCH_DUE] = 0.0


@kernel
def search_ring(
    row: FloatArray, period: FloatArray, settings: ModelSettings, time_s: float, work: FloatArray
) -> None:
    """Look for a period where a search is due, or sharpen the one on trial.

    Parameters
    ----------
    work : (SEARCH_ROOM,) float64
        Room to work in.
    """
    period[SEARCH_DUE] = 0.0
    ring = period[RING:]
    filled = int(period[RING_FILLED])
    width_s = period[RING_WIDTH] * settings.span_s
    if period[PERIOD] > 0.0:
        slots = period[PERIOD] / width_s
        if period[TRUSTED] == 0.0 and slots >= 4.0 and slots * 3.0 <= filled:
            slots, doubt = exact_period(ring, filled, slots, slots * slots / filled, work)
            period_s = round_length(slots * width_s, doubt * width_s)
            change_length(row, period, time_s, period_s)
    else:
        slots, doubt, left = find_period(ring, filled, work)
        period_s = round_length(slots * width_s, doubt * width_s)
        if slots > 0.0 and left < _PERIOD_PAYS and not _is_calendar(period_s):
            put_on_trial(row, period, settings, time_s, period_s, work)
    if filled == RING_SLOTS:
        _halve_ring(period, settings)


@kernel
def _is_calendar(period_s: float) -> bool:
    day = abs(period_s / DAY_S - 1.0) < _NEAR_CALENDAR
    return bool(day or abs(period_s / WEEK_S - 1.0) < _NEAR_CALENDAR)


@kernel
def _halve_ring(period: FloatArray, settings: ModelSettings) -> None:
    """Join the slots in pairs, or begin again where the ring is long enough."""
    length_s = RING_SLOTS * period[RING_WIDTH] * settings.span_s
    if length_s >= _LONGEST_RING_S or period[RING_WIDTH] >= _WIDEST_SLOT:
        period[RING_WIDTH] = 0.0
        return
    # The open slot keeps its values: it is the first part of the first slot of twice the width.
    for i in range(RING_SLOTS // 2):
        period[RING + i] = 0.5 * (period[RING + 2 * i] + period[RING + 2 * i + 1])
    period[RING_WIDTH] *= 2.0
    period[RING_FILLED] = float(RING_SLOTS // 2)
