"""How rare a magnitude is in a crowd: its sketch, carried on beyond the largest values.

A sketch of a crowd holds many values, so its tail has a slope of its own. It is read between two
depths; beyond the deeper one the survival falls exponentially (where values are logs: Pareto's law
for the values themselves) or by a power with the same slope there.
"""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.sketch import BINS, LEAST, sketch_place, weight_beyond
from sidecar.engine.maths.tails import log_sum

# What is read of a sketch's tail: a magnitude, the weight beyond it, and the slope of the log of
# that weight there; slope 0 while values are too few.
DEPTH, DEPTH_WEIGHT, SLOPE = range(3)
TAIL_WIDTH = 3

# The slope is read between so many of the largest values and so many times as many.
_DEEP_VALUES = 4.0
_SHALLOW_SHARE = 8.0
# Exponents of the power law: without a slope, and its bounds.
_EXPONENT = 8.0
_LEAST_EXPONENT = 3.0
_MOST_EXPONENT = 16.0
# Single values beyond the depth count at their place, and fall off fast.
_FALL = 18.0 / 3.0 * math.log(2.0)
_HALF_STEP = math.exp(-0.5 * _FALL)
_PLAIN_FALL = _EXPONENT / 3.0 * math.log(2.0)
_PLAIN_HALF_STEP = math.exp(-0.5 * _PLAIN_FALL)
# Slopes are read where sketches have three bins an octave.
_FINE_BINS = 16


@kernel
def _edge(bin_: int) -> float:
    """The least magnitude of a bin, of the fine ones."""
    return float(LEAST * 2.0 ** ((bin_ - 1.0) / 3.0))


@kernel
def read_tail(sketch: FloatArray, tail: FloatArray) -> None:
    """Fill `tail` (TAIL_WIDTH,) from a sketch (BINS,).

    Notes
    -----
    As Hill's estimator reads it from the order statistics between two ranks.
    """
    tail[SLOPE] = 0.0
    beyond = 0.0
    deep = -1
    for j in range(BINS - 1, 0, -1):
        beyond += sketch[j]
        if j > _FINE_BINS:
            continue
        if deep < 0:
            if beyond >= _DEEP_VALUES:
                deep = j
                tail[DEPTH] = _edge(j)
                tail[DEPTH_WEIGHT] = beyond
        elif beyond >= _SHALLOW_SHARE * tail[DEPTH_WEIGHT]:
            slope = math.log(beyond / tail[DEPTH_WEIGHT]) / (tail[DEPTH] - _edge(j))
            least = _LEAST_EXPONENT / tail[DEPTH]
            tail[SLOPE] = min(_MOST_EXPONENT / tail[DEPTH], max(least, slope))
            return


@kernel
def crowd_log_tail(
    sketch: FloatArray,
    total: float,
    tail: FloatArray,
    magnitude: float,
    exponential: bool,
    log_prior: float,
) -> float:
    """Natural log of P(beyond magnitude): all values so far, and a prior law worth one value.

    Parameters
    ----------
    sketch : (BINS,) float
        The sketch of this side.
    total : float
        Weight of all remembered values, both sides.
    tail : (TAIL_WIDTH,) float64
        As `read_tail` filled it.
    exponential : bool
        How the tail goes on beyond its depth: exponentially, or by a power.
    """
    place = sketch_place(magnitude)
    if tail[SLOPE] == 0.0:
        beyond = weight_beyond(sketch, place, _PLAIN_FALL, _PLAIN_HALF_STEP)
    else:
        beyond = weight_beyond(sketch, place, _FALL, _HALF_STEP)
        if magnitude > tail[DEPTH]:
            if exponential:
                log_fall = tail[SLOPE] * (magnitude - tail[DEPTH])
            else:
                log_fall = tail[SLOPE] * tail[DEPTH] * math.log(magnitude / tail[DEPTH])
            beyond = max(beyond, tail[DEPTH_WEIGHT] * math.exp(-log_fall))
    log_all = log_prior
    if beyond > 0.0:
        log_all = log_sum(log_all, math.log(beyond))
    return float(min(0.0, log_all - math.log1p(total)))
