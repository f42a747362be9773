"""What the entities of a bucket have in common, attribute by attribute."""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.models.population.layout import (
    LOG_WIDTH,
    SCALE_ALL,
    SCALE_HIGH,
    SCALE_LOW,
    SETTLED,
    THINNESS,
    WITHIN,
    PopulationCells,
    PopulationSettings,
    PopulationState,
    PopulationWork,
)
from sidecar.engine.models.population.level import predict_level
from sidecar.engine.models.population.values import from_scale, steepness, to_scale
from sidecar.engine.models.series.baseline import RELATIVE_FLOOR, clip
from sidecar.engine.models.series.residual import TO_DEVIATION

# Residuals count up to so many deviations, round by round: even a common shift of many deviations
# is found, and in the end no entity that stands apart moves the mean.
_CLIPS = (20.0, 8.0, 4.0, 2.5, 2.5)
LAST_CLIP = 2.5
# A bucket's own spread is known from its peers, and from as many that were spread as usual.
_USUAL_PEERS = 20.0
_MOST_SPREAD = 4.0
_SPREAD_CLIP = 4.0
_LARGEST_VALUE = 1e150
# `work.peers` counts from here, so that an attribute without one number is known as touched.
_TOUCHED = 1.0


@kernel
def floor_of(level: float, width: float) -> float:
    """Least deviation on the scale of comparison: rounding of the values is no anomaly."""
    return RELATIVE_FLOOR * (1.0 if width > 0.0 else abs(level)) + 1e-12


@kernel
def deviation_of(
    row: FloatArray,
    settings: PopulationSettings,
    centre: float,
    upper: bool,
    records: float,
) -> float:
    """Standard deviation of an entity's value on one side of the centre.

    Parameters
    ----------
    records : float
        Records behind the value, 0 if unknown: a mean of few is forgiven more.
    """
    side = row[SCALE_HIGH] if upper else row[SCALE_LOW]
    scale = (0.7 * side + 0.3 * row[SCALE_ALL]) * TO_DEVIATION
    variance = scale * scale
    if settings.is_mean and records > 0.0:
        variance += row[WITHIN] * max(0.0, 1.0 / records - row[THINNESS])
    width = row[LOG_WIDTH]
    floor = floor_of(centre, width)
    variance = max(variance, floor * floor)
    if settings.count_like:
        # Events that happen by themselves: their variance is at least their mean.
        mean = max(0.0, from_scale(centre, width))
        variance = max(variance, mean * steepness(mean, width))
    return math.sqrt(variance)


@kernel
def meet_peers(
    settings: PopulationSettings,
    time_s: float,
    low: int,
    high: int,
    cells: PopulationCells,
    state: PopulationState,
    work: PopulationWork,
) -> int:
    """Residuals of the cells low..high - 1, and what those of each attribute have in common.

    Returns how many attributes have values, listed in `work.touched`; `work.peers` of all others
    must be 0. What is no number to judge has the residual NaN.
    """
    features = settings.features
    touched = 0
    for i in range(low, high):
        attribute = state.attribute[cells.series[i]]
        if work.peers[attribute * features] < 0.5:
            for f in range(features):
                _open(settings, time_s, attribute * features + f, state, work)
            work.touched[touched] = attribute
            touched += 1
        for f in range(features):
            r = attribute * features + f
            x = cells.value[i, f]
            if not math.isfinite(x) or abs(x) > _LARGEST_VALUE:
                work.residual[i - low, f] = math.nan
                continue
            work.peers[r] += 1.0
            if state.rows[r, SETTLED] == 1.0:
                x = to_scale(x, state.rows[r, LOG_WIDTH])
            work.residual[i - low, f] = x - work.level[r]
    for bound in _CLIPS:
        _centre(settings, bound, low, high, touched, cells, state, work)
    _spread(settings, low, high, touched, cells, state, work)
    return touched


@kernel
def _open(
    settings: PopulationSettings,
    time_s: float,
    r: int,
    state: PopulationState,
    work: PopulationWork,
) -> None:
    row = state.rows[r]
    work.peers[r] = _TOUCHED
    work.common[r] = 0.0
    work.level[r] = 0.0
    work.sigma[r] = 0.0
    work.spread[r] = 1.0
    work.bounds[r, 0] = math.nan
    work.bounds[r, 1] = math.nan
    work.learned[r, :] = 0.0
    if row[SETTLED] == 1.0:
        level = predict_level(row, state.shapes[r], time_s)
        work.level[r] = level
        above = deviation_of(row, settings, level, True, 0.0)
        below = deviation_of(row, settings, level, False, 0.0)
        work.sigma[r] = 0.5 * (above + below)


@kernel
def _centre(
    settings: PopulationSettings,
    bound: float,
    low: int,
    high: int,
    touched: int,
    cells: PopulationCells,
    state: PopulationState,
    work: PopulationWork,
) -> None:
    """One round: move `work.common` by the mean of the clipped residuals from it."""
    features = settings.features
    for t in range(touched):
        for f in range(features):
            work.learned[work.touched[t] * features + f, 0] = 0.0
    for i in range(low, high):
        attribute = state.attribute[cells.series[i]]
        for f in range(features):
            residual = work.residual[i - low, f]
            if not math.isnan(residual):
                r = attribute * features + f
                most = bound * work.sigma[r]
                work.learned[r, 0] += clip(residual - work.common[r], most)
    for t in range(touched):
        for f in range(features):
            r = work.touched[t] * features + f
            peers = work.peers[r] - _TOUCHED
            if peers > 0.0:
                work.common[r] += work.learned[r, 0] / peers
            work.learned[r, 0] = 0.0


@kernel
def _spread(
    settings: PopulationSettings,
    low: int,
    high: int,
    touched: int,
    cells: PopulationCells,
    state: PopulationState,
    work: PopulationWork,
) -> None:
    """How far apart the peers are in this bucket, as a multiple of the usual.

    By night, when there is less of everything, they may be further apart than by day.
    """
    features = settings.features
    for i in range(low, high):
        attribute = state.attribute[cells.series[i]]
        for f in range(features):
            residual = work.residual[i - low, f]
            r = attribute * features + f
            if not math.isnan(residual) and work.sigma[r] > 0.0:
                away = abs(residual - work.common[r]) / work.sigma[r]
                work.learned[r, 0] += min(away, _SPREAD_CLIP)
    for t in range(touched):
        for f in range(features):
            r = work.touched[t] * features + f
            peers = peers_of(work, r)
            if peers > 1.0 and work.sigma[r] > 0.0:
                usual = (work.learned[r, 0] * TO_DEVIATION + _USUAL_PEERS) / (peers + _USUAL_PEERS)
                work.spread[r] = min(_MOST_SPREAD, max(1.0 / _MOST_SPREAD, usual))
                work.sigma[r] *= work.spread[r]
            work.learned[r, 0] = 0.0


@kernel
def peers_of(work: PopulationWork, r: int) -> float:
    """How many values an attribute and feature has in this bucket."""
    return float(work.peers[r] - _TOUCHED)
