"""Richer features for detectors of few series: jumps, unseen values, unseen shapes.

Each is a magnitude that is ranked in its own history, so that a p-value means the same for all.
"""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.sketch import BINS, sketch_add
from sidecar.engine.models.series.baseline import residual_floor
from sidecar.engine.models.series.layout import (
    COUNT,
    DIFF_SCALE,
    DIFF_WEIGHT,
    LAST,
    RICH_DIFF,
    RICH_WINDOW,
    RING_SIZE,
    WINDOW_SCALE,
    WINDOW_WEIGHT,
    WINDOWED,
    ModelSettings,
)
from sidecar.engine.models.series.residual import magnitude_log_tail, youth_bound
from sidecar.engine.models.series.windows import DISTANCES, KNOWN_FROM

# What the jump and the distances count for among the features: they are far from independent.
RICH_FEATURES = 2.0
# Scales of features learn no more than this many of themselves at once.
_SCALE_CLIP = 30.0
# What is beyond all of history is at most as rare as this power of 1 / (values in it).
_RANK_POWER = 1.5
# Distances that a scale averages before they are judged and remembered.
_SETTLE = 10.0


@kernel
def lawless_bound(weight: float) -> float:
    """Least log probability that a magnitude without a law may claim after so many values.

    A first distance after only zeros, as in counts near zero, is unseen, but no miracle.
    """
    return -_RANK_POWER * math.log(weight + 1.0)


@kernel
def rich_log_tail(
    row: FloatArray,
    sketch: FloatArray,
    settings: ModelSettings,
    x: float,
    known: bool,
    distances: FloatArray,
) -> float:
    """Least log tail of the richer features at a value, learning them as it goes.

    Parameters
    ----------
    sketch : (RICH_WIDTH,) float32
    known : bool
        Whether `push_window` had enough history to fill `distances`.
    distances : (DISTANCES,) float64
    """
    n = row[COUNT]
    rate = max(settings.scale_rate, 1.0 / (n + 1.0))
    best = 0.0

    jump = abs(x - row[LAST])
    floor = residual_floor(row)
    if n >= RING_SIZE:
        scale = max(row[DIFF_SCALE], floor)
        log_tail = magnitude_log_tail(sketch, RICH_DIFF, row[DIFF_WEIGHT], jump, scale)
        best = min(best, max(lawless_bound(row[DIFF_WEIGHT]), log_tail))
        sketch_add(sketch[RICH_DIFF : RICH_DIFF + BINS], jump / scale, 1.0)
        row[DIFF_WEIGHT] += 1.0
    if row[DIFF_SCALE] > 0.0:
        jump = min(jump, _SCALE_CLIP * row[DIFF_SCALE])
    row[DIFF_SCALE] += rate * (jump - row[DIFF_SCALE])

    if known:
        age = row[WINDOWED] - KNOWN_FROM + 1.0
        rate = max(settings.scale_rate, 1.0 / age)
        least = max(youth_bound(age), lawless_bound(row[WINDOW_WEIGHT]))
        for k in range(DISTANCES):
            distance = distances[k]
            place = WINDOW_SCALE + k
            if age > _SETTLE:
                scale = max(row[place], floor)
                start = RICH_WINDOW + k * BINS
                log_tail = magnitude_log_tail(sketch, start, row[WINDOW_WEIGHT], distance, scale)
                best = min(best, max(least, log_tail))
                sketch_add(sketch[start : start + BINS], distance / scale, 1.0)
            if row[place] > 0.0:
                distance = min(distance, _SCALE_CLIP * row[place])
            row[place] += rate * (distance - row[place])
        if age > _SETTLE:
            row[WINDOW_WEIGHT] += 1.0
    return best
