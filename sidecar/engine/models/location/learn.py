"""How places are learned: a point joins the place it fits, or founds a new one."""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.models.location.places import (
    COUNT,
    HEAD,
    LAST_TIME,
    LATITUDE,
    LONGITUDE,
    NOVEL,
    PLACE_WIDTH,
    SCATTER_BOTH,
    SCATTER_EAST,
    SCATTER_NORTH,
    WEIGHT,
    common_scatter,
    eastward,
    northward,
    peak_density,
    place_count,
    place_scatter,
    shift,
    shrunk_scatter,
    squared_deviations,
    student_density,
)

# Squared deviations up to which a point belongs to a place.
_JOIN = 20.0
# A place of less weight is forgotten.
_LEAST_WEIGHT = 0.05
# What it costs to forget a value's place, in nats: as much as to blur it over the globe.
_FORGETTING = 12.0


@kernel
def age(row: FloatArray, time_s: float, keep: float) -> None:
    """Let a bucket pass, once for all its values; `keep` is the share of the past that is left."""
    if row[COUNT] > 0.0 and row[LAST_TIME] == time_s:
        return
    row[COUNT] += 1.0
    row[LAST_TIME] = time_s
    row[NOVEL] *= keep
    for k in range(place_count(row)):
        place = row[HEAD + k * PLACE_WIDTH : HEAD + (k + 1) * PLACE_WIDTH]
        place[WEIGHT] *= keep
        for i in range(SCATTER_EAST, SCATTER_NORTH + 1):
            place[i] *= keep
        if place[WEIGHT] < _LEAST_WEIGHT:
            place[:] = 0.0


@kernel
def learn_point(row: FloatArray, latitude: float, longitude: float, work: FloatArray) -> None:
    """Take a point in; `work` is (WORK,) float64, overwritten."""
    common, scatter = work[:3], work[3:]
    common_scatter(row, common)
    best = -1
    densest = 0.0
    empty = True
    for k in range(place_count(row)):
        place = row[HEAD + k * PLACE_WIDTH : HEAD + (k + 1) * PLACE_WIDTH]
        if place[WEIGHT] > 0.0:
            empty = False
            peak = peak_density(place, place_scatter(place, common, scatter))
            squared = squared_deviations(place, scatter, latitude, longitude)
            density = peak * student_density(squared)
            if squared <= _JOIN and density > densest:
                best, densest = k, density
    if best < 0:
        if not empty:
            row[NOVEL] += 1.0
        best = _free_place(row, common, scatter)
        place = row[HEAD + best * PLACE_WIDTH : HEAD + (best + 1) * PLACE_WIDTH]
        place[:] = 0.0
        place[WEIGHT] = 1.0
        place[LATITUDE] = latitude
        place[LONGITUDE] = longitude
        return
    place = row[HEAD + best * PLACE_WIDTH : HEAD + (best + 1) * PLACE_WIDTH]
    _join(place, eastward(place, latitude, longitude), northward(place, latitude), 1.0)


@kernel
def _join(place: FloatArray, east: float, north: float, weight: float) -> None:
    """Add a weight at so many metres from the centre."""
    before = place[WEIGHT]
    place[WEIGHT] = before + weight
    part = before * weight / place[WEIGHT]
    place[SCATTER_EAST] += part * east * east
    place[SCATTER_BOTH] += part * east * north
    place[SCATTER_NORTH] += part * north * north
    shift(place, weight / place[WEIGHT] * east, weight / place[WEIGHT] * north)


@kernel
def _free_place(row: FloatArray, common: FloatArray, scatter: FloatArray) -> int:
    """A free place; if there is none, what costs least: two places become one, or one goes.

    The cost of one place for two is the log likelihood that their values lose.
    """
    places = place_count(row)
    for k in range(places):
        if row[HEAD + k * PLACE_WIDTH + WEIGHT] == 0.0:
            return k
    kept, freed = -1, 0
    least = math.inf
    for i in range(places):
        one = row[HEAD + i * PLACE_WIDTH : HEAD + (i + 1) * PLACE_WIDTH]
        if _FORGETTING * one[WEIGHT] < least:
            kept, freed, least = -1, i, _FORGETTING * one[WEIGHT]
        log_one = math.log(place_scatter(one, common, scatter))
        for j in range(i):
            other = row[HEAD + j * PLACE_WIDTH : HEAD + (j + 1) * PLACE_WIDTH]
            log_other = math.log(place_scatter(other, common, scatter))
            log_both = math.log(_joint_scatter(one, other, common, scatter))
            cost = one[WEIGHT] * (log_both - log_one) + other[WEIGHT] * (log_both - log_other)
            if cost < least:
                kept, freed, least = j, i, cost
    if kept >= 0:
        one = row[HEAD + kept * PLACE_WIDTH : HEAD + (kept + 1) * PLACE_WIDTH]
        other = row[HEAD + freed * PLACE_WIDTH : HEAD + (freed + 1) * PLACE_WIDTH]
        east = eastward(one, other[LATITUDE], other[LONGITUDE])
        north = northward(one, other[LATITUDE])
        weight = other[WEIGHT]
        for i in range(SCATTER_EAST, SCATTER_NORTH + 1):
            one[i] += other[i]
        _join(one, east, north, weight)
    return freed


@kernel
def _joint_scatter(
    one: FloatArray, other: FloatArray, common: FloatArray, scatter: FloatArray
) -> float:
    """Root of the determinant of the scatter that two places would have as one, m^2."""
    weight = one[WEIGHT] + other[WEIGHT]
    part = one[WEIGHT] * other[WEIGHT] / weight
    east = eastward(one, other[LATITUDE], other[LONGITUDE])
    north = northward(one, other[LATITUDE])
    return shrunk_scatter(
        weight,
        one[SCATTER_EAST] + other[SCATTER_EAST] + part * east * east,
        one[SCATTER_BOTH] + other[SCATTER_BOTH] + part * east * north,
        one[SCATTER_NORTH] + other[SCATTER_NORTH] + part * north * north,
        common,
        scatter,
    )
