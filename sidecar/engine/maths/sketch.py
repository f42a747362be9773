"""Decayed histograms of magnitudes on a log axis, and the tails read from them.

A sketch is a run of `BINS` float32 weights. Bin 0 holds everything under `LEAST`; the last one
everything beyond its lower edge. Beyond the remembered values the tail goes on as a Pareto tail of
one observation, so that a surprise beyond all of history has a size of its own.
"""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.tails import log_sum

BINS = 32
# Lower edge of bin 1, in units of the scale.
LEAST = 0.35
# Fine bins up to about 11 scales; coarse ones beyond, for series that are still but for spikes.
_FINE_PER_OCTAVE = 3.0
_FINE_END = 16.0
_COARSE_PER_OCTAVE = 0.75
# Exponent of the tail beyond the remembered values; in the coarse part a quarter of it.
TAIL_EXPONENT = 8.0
# Observations that this tail is worth.
TAIL_WEIGHT = 1.0

_FALL = TAIL_EXPONENT / _FINE_PER_OCTAVE * math.log(2.0)
_HALF_STEP = math.exp(-0.5 * _FALL)
_FINE_PER_E = _FINE_PER_OCTAVE / math.log(2.0)
_COARSE_SHARE = _COARSE_PER_OCTAVE / _FINE_PER_OCTAVE
_LOG_LEAST = math.log(LEAST)


@kernel
def sketch_place(magnitude: float) -> float:
    """Place of a magnitude on the sketch's axis: bin plus part of the bin; at least 0."""
    if magnitude <= LEAST:
        return max(0.0, magnitude / LEAST)
    place = 1.0 + _FINE_PER_E * (math.log(magnitude) - _LOG_LEAST)
    if place <= _FINE_END:
        return place
    return _FINE_END + (place - _FINE_END) * _COARSE_SHARE


@kernel
def sketch_edge(bin_: int) -> float:
    """Magnitude at which a bin begins."""
    if bin_ == 0:
        return 0.0
    place = float(bin_)
    if place > _FINE_END:
        place = _FINE_END + (place - _FINE_END) / _COARSE_SHARE
    return math.exp((place - 1.0) / _FINE_PER_E) * LEAST


@kernel
def sketch_add(weights: FloatArray, magnitude: float, weight: float) -> None:
    """Remember a magnitude >= 0."""
    weights[min(BINS - 1, int(sketch_place(magnitude)))] += weight


@kernel
def weight_beyond(weights: FloatArray, place: float, fall: float, half_step: float) -> float:
    """Weight of what is remembered at or beyond a place, with the tail of one observation.

    Continuous and falling in `place`.

    Parameters
    ----------
    weights : (bins,) float32
        A histogram.
    place : float
        Bin and part of the bin, >= 0; may lie beyond the last bin.
    fall : float
        How fast the tail falls: natural log per bin.
    half_step : float
        exp(-fall / 2).
    """
    last = len(weights) - 1
    bin_ = min(last, int(place))
    part = place - bin_
    step = half_step * half_step
    tail = 0.0
    for j in range(1, bin_):
        tail = min(TAIL_WEIGHT, tail * step + weights[j] * half_step)
    here = weights[bin_]
    if bin_ == last:
        # No upper edge: what lies here goes on as a tail from the lower edge.
        return float((tail + here) * math.exp(-fall * part))
    above = 0.0
    for j in range(bin_ + 1, last + 1):
        above += weights[j]
    fading = tail * math.exp(-fall * part) if tail > 0.0 else 0.0
    if bin_ > 0:
        fallen = tail * step
        fading += part * (min(TAIL_WEIGHT, fallen + here * half_step) - fallen)
    return float(fading + here * (1.0 - part) + above)


@kernel
def lesson(expected: float, least: float) -> float:
    """Weight of an observation in a history that would expect so many at or beyond it.

    One far beyond all others is an accident until it comes again: a first teaches the `least`,
    each further one about as much as all before it, until it takes part in what is usual. What
    lies close to the others counts in full.
    """
    return min(1.0, least + expected + 4.0 * expected * expected)


@kernel
def sketch_beyond(weights: FloatArray, magnitude: float) -> float:
    """Weight of remembered magnitudes at least this large, with the tail beyond them."""
    return float(weight_beyond(weights, sketch_place(magnitude), _FALL, _HALF_STEP))


@kernel
def sketch_log_tail(
    weights: FloatArray, total: float, magnitude: float, log_prior: float, prior_weight: float
) -> float:
    """Natural log of P(beyond magnitude): history and a prior law, mixed by their weights.

    Parameters
    ----------
    weights : (BINS,) float32
        The sketch of this side.
    total : float
        Weight of all remembered values, both sides.
    log_prior : float
        Log tail of the prior law at the same place.
    prior_weight : float
        How many observations the prior law is worth, > 0.
    """
    log_all = log_prior + math.log(prior_weight)
    beyond = sketch_beyond(weights, magnitude)
    if beyond > 0.0:
        log_all = log_sum(log_all, math.log(beyond))
    return min(0.0, log_all - math.log(prior_weight + total))


@kernel
def sketch_fade(weights: FloatArray, factor: float) -> None:
    """Let every remembered weight fade by `factor`."""
    for j in range(len(weights)):
        weights[j] *= factor
