"""Slow, obvious versions of the model kernels."""

from __future__ import annotations

import math

import numpy as np

from sidecar.engine.arrays import FloatArray
from sidecar.engine.maths.sketch import BINS, TAIL_WEIGHT


def integral(function, start: float, end: float, steps: int = 20_000) -> float:
    """Simpson's rule."""
    x = np.linspace(start, end, 2 * steps + 1)
    weights = np.ones(len(x))
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    return float((weights * function(x)).sum() * (x[1] - x[0]) / 3.0)


def student_tail(z: float, degrees: float) -> float:
    """P(T >= z) of a Student law of variance one, by integration of its density."""
    t = z * math.sqrt(degrees / (degrees - 2.0))
    constant = math.gamma((degrees + 1) / 2) / (
        math.sqrt(degrees * math.pi) * math.gamma(degrees / 2)
    )
    # u = 1 / x maps the endless tail to a finite piece.
    body = integral(lambda x: constant * (1 + x * x / degrees) ** (-(degrees + 1) / 2), 0, t)
    return 0.5 - body


def count_pmf(x: int, mean: float, variance: float) -> float:
    """Negative binomial, or Poisson where the variance is about the mean."""
    if variance <= mean * 1.02:
        return math.exp(x * math.log(mean) - mean - math.lgamma(x + 1))
    p = mean / variance
    size = mean * p / (1 - p)
    log_choose = math.lgamma(x + size) - math.lgamma(size) - math.lgamma(x + 1)
    return math.exp(log_choose + size * math.log(p) + x * math.log1p(-p))


def count_tail(x: int, mean: float, variance: float, *, upper: bool) -> float:
    """Mid-p tail by plain summation."""
    beyond = range(x + 1, x + 2000) if upper else range(x)
    half = 0.5 * count_pmf(x, mean, variance)
    return half + math.fsum(count_pmf(k, mean, variance) for k in beyond)


def at_least(j: int, n: int, p: float) -> float:
    """P(at least j of n fall under p)."""
    return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(j, n + 1))


def weight_beyond(weights: list[float], place: float, fall: float) -> float:
    """Weight at or beyond a place, and the tail of at most one observation from below it."""
    last = len(weights) - 1
    bin_ = min(last, int(place))
    part = place - bin_

    def tail_at(edge: int) -> float:
        tail = 0.0
        for j in range(1, edge):
            tail = min(TAIL_WEIGHT, tail * math.exp(-fall) + weights[j] * math.exp(-fall / 2))
        return tail

    if bin_ == last:
        return (tail_at(last) + weights[last]) * math.exp(-fall * part)
    whole = sum(weights[bin_ + 1 :]) + weights[bin_] * (1 - part)
    fading = tail_at(bin_) * math.exp(-fall * part)
    if bin_ > 0:
        fading += part * (tail_at(bin_ + 1) - tail_at(bin_) * math.exp(-fall))
    return whole + fading


def window_sums(values: FloatArray, length: int, first_lag: int, lags: int) -> FloatArray:
    """Squared distance of the last window to each earlier one, farthest lag first; NaN: none."""
    sums = np.full(lags, np.nan)
    newest = values[-length:]
    for place in range(lags):
        lag = first_lag + lags - 1 - place
        if len(values) >= length + lag:
            sums[place] = float(((newest - values[len(values) - length - lag : -lag]) ** 2).sum())
    return sums


def third_nearest_stretch(sums: FloatArray, stretch: int) -> float:
    """Third-least of the least values of the stretches of which every value is known."""
    stretches = [sums[i : i + stretch] for i in range(0, len(sums), stretch)]
    return sorted(float(s.min()) for s in stretches if not np.isnan(s).any())[2]


def mixed(values: FloatArray, errors: FloatArray) -> float:
    """Predictors mixed by the fourth power of their inverse error."""
    floor = errors.min() * 1e-3 + 1e-300
    shares = np.maximum(1e-4, ((errors.min() + floor) / (errors + floor)) ** 4)
    return float((shares * values).sum() / shares.sum())


def sketch_of(magnitudes: list[float], place) -> FloatArray:
    """Histogram of magnitudes on a sketch's axis."""
    weights = np.zeros(BINS, dtype=np.float32)
    for magnitude in magnitudes:
        weights[min(BINS - 1, int(place(magnitude)))] += 1.0
    return weights
