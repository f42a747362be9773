"""The scale on which a population's values are compared: as they are, or by their logs."""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.models.population.layout import (
    BUCKETS,
    FAST,
    LOG_HIGH,
    LOG_LEVEL,
    LOG_LOW,
    LOG_WIDTH,
    MASS,
    NEGATIVE,
    PLAIN_HIGH,
    PLAIN_LEVEL,
    PLAIN_LOW,
    POSITIVE,
    SCALE_ALL,
    SCALE_HIGH,
    SCALE_LOW,
    SETTLED,
    SHIFT,
    SLOW,
    VALUES,
    PopulationSettings,
)

# Buckets and values after which it is decided.
_SETTLE_BUCKETS = 8.0
_SETTLE_VALUES = 30.0
# Share of the usual size under which the log scale is a straight one: zeros have a place too.
_WIDTH_SHARE = 0.1
# Log of the ratio of the sides' mean residuals that the plain scale may have more than the log.
_SKEW_MARGIN = 0.1
# Shares of positive and of negative values that allow logs.
_POSITIVE_SHARE = 0.9
_COUNT_POSITIVE_SHARE = 0.5
_NEGATIVE_SHARE = 0.001
# The first values count as this many at most, so that better ones soon outweigh them.
_FIRST_MASS = 200.0
# No width is under this: the greatest values over it are still doubles.
_LEAST_WIDTH = 1e-150
# Beyond this sinh is no double any more.
_LARGEST = 690.0


@kernel
def to_scale(x: float, width: float) -> float:
    """A value on the scale of comparison: itself, or asinh(x / width), which is a log far out."""
    return math.asinh(x / width) if width > 0.0 else x


@kernel
def from_scale(y: float, width: float) -> float:
    """The inverse of `to_scale`; finite."""
    return width * math.sinh(min(_LARGEST, max(-_LARGEST, y))) if width > 0.0 else y


@kernel
def steepness(x: float, width: float) -> float:
    """Derivative of `to_scale` squared: takes variances of values to those on the scale."""
    return 1.0 / (x * x + width * width) if width > 0.0 else 1.0


@kernel
def _learn_side(row: FloatArray, level: int, x: float, n: float) -> None:
    """Level and one-sided mean residuals of the first values, in three columns from `level` on."""
    if n == 0.0:
        row[level] = x
        return
    rate = 1.0 / (n + 1.0)
    residual = x - row[level]
    # Each side has seen about half of the values.
    side = level + 1 if residual >= 0.0 else level + 2
    size = abs(residual)
    spread = 0.5 * (row[level + 1] + row[level + 2])
    if n >= 8.0 and spread > 0.0:
        size = min(size, 6.0 * spread)
        residual = min(2.0 * spread, max(-2.0 * spread, residual))
    row[side] += min(1.0, 2.0 * rate) * (size - row[side])
    row[level] += rate * residual


@kernel
def learn_young(row: FloatArray, x: float) -> None:
    """Take a value of an attribute whose scale is open."""
    _learn_side(row, PLAIN_LEVEL, x, row[VALUES])
    if x > 0.0:
        _learn_side(row, LOG_LEVEL, math.log(x), row[POSITIVE])
        row[POSITIVE] += 1.0
    elif x < 0.0:
        row[NEGATIVE] += 1.0
    row[VALUES] += 1.0


@kernel
def _skew(high: float, low: float) -> float:
    least = 1e-9 * (high + low) + 1e-300
    return abs(math.log((high + least) / (low + least)))


@kernel
def settle(row: FloatArray, settings: PopulationSettings) -> None:
    """Decide on the scale once there are values enough: logs where they make the sides alike."""
    if row[BUCKETS] < _SETTLE_BUCKETS or row[VALUES] < _SETTLE_VALUES:
        return
    least = _COUNT_POSITIVE_SHARE if settings.never_negative else _POSITIVE_SHARE
    logs = row[POSITIVE] >= least * row[VALUES] and row[NEGATIVE] <= _NEGATIVE_SHARE * row[VALUES]
    if logs and not settings.never_negative:
        plain = _skew(row[PLAIN_HIGH], row[PLAIN_LOW])
        logs = _skew(row[LOG_HIGH], row[LOG_LOW]) + _SKEW_MARGIN < plain
    start = PLAIN_LEVEL
    level = row[PLAIN_LEVEL]
    if logs:
        usual = math.exp(row[LOG_LEVEL])
        row[LOG_WIDTH] = max(_LEAST_WIDTH, _WIDTH_SHARE * usual)
        start = LOG_LEVEL
        level = to_scale(usual, row[LOG_WIDTH])
    row[SLOW] = level
    row[FAST] = level
    row[SCALE_HIGH] = row[start + 1]
    row[SCALE_LOW] = row[start + 2]
    row[SCALE_ALL] = 0.5 * (row[start + 1] + row[start + 2])
    row[SHIFT] = 0.1 * row[SCALE_ALL] * row[SCALE_ALL]
    row[MASS] = min(_FIRST_MASS, row[VALUES])
    row[SETTLED] = 1.0
