"""What a series remembers of its residuals, and of incidents: as one, and with care."""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.sketch import BINS, lesson, sketch_add, sketch_beyond
from sidecar.engine.maths.tails import log_student_tail
from sidecar.engine.models.series.layout import (
    ACCIDENT,
    ACCIDENTS,
    DAY_S,
    HOUR_S,
    PENDING_HIGH,
    PENDING_LENGTH,
    PENDING_LOW,
    PENDING_TIME,
    SKETCH_HIGH,
    SKETCH_LOW,
    WEEK_S,
    WEIGHT,
    ModelSettings,
)

# Scales beyond which it does not matter how many there are; squares stay finite.
LARGEST_SCALES = 1e6
# An incident is taken for the new normal after so many buckets.
_PENDING_BUCKETS = 12.0
# What the prior law expects in so many values is no accident.
_LAWFUL_VALUES = 50.0
# What a residual teaches at least, however far it stands out.
_LEAST_LESSON = 0.05
# What teaches less than this is an accident.
_ACCIDENT_LESSON = 0.5


@kernel
def learn_size(
    row: FloatArray,
    sketch: FloatArray,
    settings: ModelSettings,
    time_s: float,
    z: float,
    odd: bool,
) -> None:
    """Remember a residual of `z` deviations.

    The values of an incident (`odd` ones in a row) are remembered as one on each side, once it is
    over: they are no independent observations, and must not make its own later buckets look common.
    """
    if odd and row[PENDING_LENGTH] < _PENDING_BUCKETS:
        if row[PENDING_LENGTH] == 0.0:
            row[PENDING_TIME] = time_s
        row[PENDING_LENGTH] += 1.0
        row[PENDING_HIGH] = max(row[PENDING_HIGH], z)
        row[PENDING_LOW] = max(row[PENDING_LOW], -z)
        return
    if row[PENDING_LENGTH] > 0.0:
        _remember_incident(row, sketch, settings)
    start = SKETCH_HIGH if z >= 0.0 else SKETCH_LOW
    side = sketch[start : start + BINS]
    sketch_add(side, abs(z), _lesson(row, side, abs(z)))
    row[WEIGHT] += 1.0


@kernel
def _remember_incident(row: FloatArray, sketch: FloatArray, settings: ModelSettings) -> None:
    """Remember the greatest residuals of an incident that is over."""
    high = sketch[SKETCH_HIGH : SKETCH_HIGH + BINS]
    low = sketch[SKETCH_LOW : SKETCH_LOW + BINS]
    of_high = _lesson(row, high, row[PENDING_HIGH])
    of_low = _lesson(row, low, row[PENDING_LOW])
    if min(of_high, of_low) < _ACCIDENT_LESSON and settings.day_bins > 0:
        if _is_regular(row, row[PENDING_TIME], settings.span_s):
            of_high, of_low = 1.0, 1.0
        _note_accident(row, row[PENDING_TIME], settings.span_s)
    if row[PENDING_HIGH] > 0.0:
        sketch_add(high, row[PENDING_HIGH], of_high)
    if row[PENDING_LOW] > 0.0:
        sketch_add(low, row[PENDING_LOW], of_low)
    row[WEIGHT] += 1.0
    row[PENDING_LENGTH] = 0.0
    row[PENDING_HIGH] = 0.0
    row[PENDING_LOW] = 0.0


@kernel
def _lesson(row: FloatArray, side: FloatArray, size: float) -> float:
    """Weight with which a residual of so many deviations is remembered."""
    size = min(LARGEST_SCALES, size)
    lawful = min(row[WEIGHT] + 1.0, _LAWFUL_VALUES) * math.exp(log_student_tail(size))
    return float(lesson(sketch_beyond(side, size) + lawful, _LEAST_LESSON))


@kernel
def _is_regular(row: FloatArray, time_s: float, span_s: float) -> bool:
    """Whether there was an accident at about this time a day or a week before."""
    slack = max(HOUR_S, span_s)
    for i in range(ACCIDENTS):
        passed = time_s - row[ACCIDENT + i]
        if abs(passed - DAY_S) <= slack or abs(passed - WEEK_S) <= slack:
            return True
    return False


@kernel
def _note_accident(row: FloatArray, time_s: float, span_s: float) -> None:
    """Note when an accident was, in place of the earliest; of those close together, the first."""
    place = 0
    for i in range(ACCIDENTS):
        if time_s - row[ACCIDENT + i] <= max(HOUR_S, span_s):
            return
        if row[ACCIDENT + i] < row[ACCIDENT + place]:
            place = i
    row[ACCIDENT + place] = time_s
