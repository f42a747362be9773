"""The population's level in a bucket: predicted from history, then learned."""

from __future__ import annotations

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.models.population.layout import (
    BUCKETS,
    ERROR_DAY,
    ERROR_FAST,
    ERROR_SLOW,
    FAST,
    FIRST_TIME,
    SHIFT,
    SLOW,
    PopulationSettings,
)
from sidecar.engine.models.series.baseline import clip
from sidecar.engine.models.series.layout import DAY_S
from sidecar.engine.models.series.season import learn_shape, read_shape

# What all values have in common varies at least by this share of an entity's deviation.
_LEAST_SHIFT = 0.03
# Shared offsets beyond this many deviations teach no more than this.
_CLIP = 4.0
# So many peers are several, and so many deviations off is impossible.
_SEVERAL = 3.0
_IMPOSSIBLE = 3.0
# A day teaches its shape at least this share.
_DAY_RATE = 0.13


@kernel
def predict_level(row: FloatArray, shape: FloatArray, time_s: float) -> float:
    """The level that history expects at a time: its predictors mixed by how well each has done."""
    least = min(row[ERROR_SLOW], row[ERROR_FAST])
    by_day = 0.0
    if len(shape) > 0:
        least = min(least, row[ERROR_DAY])
        by_day = row[SLOW] + read_shape(shape, time_s, DAY_S)
    slow = _share(row[ERROR_SLOW], least)
    fast = _share(row[ERROR_FAST], least)
    day = _share(row[ERROR_DAY], least) if len(shape) > 0 else 0.0
    return float((slow * row[SLOW] + fast * row[FAST] + day * by_day) / (slow + fast + day))


@kernel
def _share(error: float, least: float) -> float:
    """Weight of a predictor: the fourth power of how its error compares with the least."""
    floor = 1e-3 * least + 1e-300
    share = (least + floor) / (error + floor)
    return float(share * share * share * share)


@kernel
def reliance(row: FloatArray, noise: float, common: float, peers: float) -> float:
    """How much of what peers have in common is taken for the bucket's own level, 0..1.

    Parameters
    ----------
    noise : float
        Variance of the peers' mean as an estimate.
    common, peers : float
        What they have in common, and how many they are.

    Notes
    -----
    The best linear predictor of a random effect: its variance over its own and the noise's. Where
    several peers show an effect that such a variance makes impossible, they are believed.
    """
    if noise <= 0.0:
        return 1.0
    variance = row[SHIFT]
    seen = common * common
    if peers >= _SEVERAL and seen > _IMPOSSIBLE * _IMPOSSIBLE * (variance + noise):
        variance = seen - noise
    return float(variance / (variance + noise))


@kernel
def learn_level(
    row: FloatArray,
    shape: FloatArray,
    settings: PopulationSettings,
    time_s: float,
    level: float,
    common: float,
    sigma: float,
    peers: float,
) -> None:
    """Learn from a bucket's peers.

    Parameters
    ----------
    level : float
        As predicted.
    common : float
        Robust mean of the `peers` values' residuals from it.
    sigma : float
        Deviation of one entity.
    """
    start = 1.0 / (row[BUCKETS] + 1.0)
    noise = sigma * sigma / peers
    bound = _CLIP * (row[SHIFT] + noise) ** 0.5
    seen = level + reliance(row, noise, common, peers) * common
    rate = max(settings.scale_rate, start)
    shift = clip(common, bound)
    excess = max(0.0, shift * shift - noise)
    least = _LEAST_SHIFT * sigma
    row[SHIFT] = max(least * least, row[SHIFT] + rate * (excess - row[SHIFT]))
    row[ERROR_SLOW] += rate * (min(bound, abs(seen - row[SLOW])) - row[ERROR_SLOW])
    row[ERROR_FAST] += rate * (min(bound, abs(seen - row[FAST])) - row[ERROR_FAST])
    from_slow = clip(seen - row[SLOW], bound)
    if len(shape) > 0:
        error = clip(seen - row[SLOW] - read_shape(shape, time_s, DAY_S), bound)
        row[ERROR_DAY] += rate * (abs(error) - row[ERROR_DAY])
        visits = max(1.0, DAY_S / (len(shape) * settings.span_s))
        days = (time_s - row[FIRST_TIME]) / DAY_S
        learn_shape(shape, time_s, DAY_S, error, max(1.0 / (days + 1.0), _DAY_RATE) / visits)
        # Of the rest the level learns what the shape does not hold.
        from_slow = error if days >= 1.0 else from_slow
    row[SLOW] += max(settings.slow_rate, start) * from_slow
    row[FAST] += max(settings.fast_rate, start) * (seen - row[FAST])
