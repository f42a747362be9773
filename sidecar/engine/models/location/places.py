"""A row of known places: a few Gaussian clusters, each on the plane that touches the Earth there.

One float64 row holds `HEAD` scalars, then `PLACE_WIDTH` columns for each place; a place of weight
0 is free. How many places there are follows from the length of the row.
"""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel

# Scalars of a row.
COUNT = 0  # buckets learned
LAST_TIME = 1  # s, bucket learned last
NOVEL = 2  # decayed number of values at a new place
HEAD = 3

# Columns of a place.
WEIGHT = 0  # decayed number of values
LATITUDE = 1  # of the centre, degrees
LONGITUDE = 2
SCATTER_EAST = 3  # decayed sums of squares and products of the distances from it, m^2
SCATTER_BOTH = 4
SCATTER_NORTH = 5
PLACE_WIDTH = 6

EARTH_RADIUS_M = 6_371_008.8
# Deviation of a place before anything is known of places, and how many values that is worth.
PRIOR_DEVIATION_M = 500.0
_PRIOR_VALUES = 4.0
# How many values the usual scatter of the row's places is worth to each of them.
_COMMON_VALUES = 3.0
# Degrees of freedom of the Student law around a place: positions err with heavy tails.
STUDENT = 4.0
# No place is smaller: what receivers err by.
_LEAST_DEVIATION_M = 50.0


@kernel
def place_count(row: FloatArray) -> int:
    """Places a row has room for."""
    return (len(row) - HEAD) // PLACE_WIDTH


@kernel
def wrapped(longitude: float) -> float:
    """The same longitude, or difference of two, in -180..180 degrees."""
    return (longitude + 180.0) % 360.0 - 180.0


@kernel
def eastward(place: FloatArray, latitude: float, longitude: float) -> float:
    """Metres from a place's centre eastward to a point, the short way round."""
    middle = math.radians(0.5 * (place[LATITUDE] + latitude))
    degrees = wrapped(longitude - place[LONGITUDE])
    return EARTH_RADIUS_M * math.cos(middle) * math.radians(degrees)


@kernel
def northward(place: FloatArray, latitude: float) -> float:
    """Metres from a place's centre northward to a latitude."""
    return EARTH_RADIUS_M * math.radians(latitude - place[LATITUDE])


@kernel
def shift(place: FloatArray, east: float, north: float) -> None:
    """Move the centre by so many metres."""
    latitude = place[LATITUDE]
    place[LATITUDE] = min(90.0, max(-90.0, latitude + math.degrees(north / EARTH_RADIUS_M)))
    middle = math.radians(0.5 * (latitude + place[LATITUDE]))
    degrees = math.degrees(east / (EARTH_RADIUS_M * max(1e-6, math.cos(middle))))
    place[LONGITUDE] = wrapped(place[LONGITUDE] + degrees)


@kernel
def distance(latitude: float, longitude: float, other: float, other_longitude: float) -> float:
    """Metres along the great circle between two points (haversine formula)."""
    north = math.sin(0.5 * math.radians(other - latitude))
    east = math.sin(0.5 * math.radians(other_longitude - longitude))
    part = math.cos(math.radians(latitude)) * math.cos(math.radians(other)) * east * east
    return 2.0 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, north * north + part)))


@kernel
def common_scatter(row: FloatArray, common: FloatArray) -> None:
    """Fill `common`, (3,), with the usual variances of the row's places: east, both, north; m^2."""
    prior = _PRIOR_VALUES * PRIOR_DEVIATION_M * PRIOR_DEVIATION_M
    values = _PRIOR_VALUES
    common[0] = prior
    common[1] = 0.0
    common[2] = prior
    for k in range(place_count(row)):
        at = HEAD + k * PLACE_WIDTH
        # The first value of a place has no distance from it.
        values += max(0.0, row[at + WEIGHT] - 1.0)
        for i in range(3):
            common[i] += row[at + SCATTER_EAST + i]
    for i in range(3):
        common[i] /= values


@kernel
def place_scatter(place: FloatArray, common: FloatArray, out: FloatArray) -> float:
    """Fill `out`, (3,), with the variances of a place, and return the root of their determinant.

    A place of few values takes the usual scatter of the others.
    """
    return shrunk_scatter(
        place[WEIGHT],
        place[SCATTER_EAST],
        place[SCATTER_BOTH],
        place[SCATTER_NORTH],
        common,
        out,
    )


@kernel
def shrunk_scatter(
    weight: float, east: float, both: float, north: float, common: FloatArray, out: FloatArray
) -> float:
    """The same from a place's weight and its sums of squares."""
    values = weight + _COMMON_VALUES
    out[0] = (east + _COMMON_VALUES * common[0]) / values
    out[1] = (both + _COMMON_VALUES * common[1]) / values
    out[2] = (north + _COMMON_VALUES * common[2]) / values
    out[0] += _LEAST_DEVIATION_M * _LEAST_DEVIATION_M
    out[2] += _LEAST_DEVIATION_M * _LEAST_DEVIATION_M
    return math.sqrt(out[0] * out[2] - out[1] * out[1])


@kernel
def squared_deviations(
    place: FloatArray, scatter: FloatArray, latitude: float, longitude: float
) -> float:
    """Squared distance of a point from a place in deviations, (Mahalanobis); no unit.

    The centre of a place of few values is uncertain itself.
    """
    east = eastward(place, latitude, longitude)
    north = northward(place, latitude)
    determinant = scatter[0] * scatter[2] - scatter[1] * scatter[1]
    squared = (
        scatter[2] * east * east - 2.0 * scatter[1] * east * north + scatter[0] * north * north
    )
    return float(squared / determinant / (1.0 + 1.0 / place[WEIGHT]))


@kernel
def peak_density(place: FloatArray, deviation: float) -> float:
    """Density of the place's law at its centre, times its weight; `deviation` of `place_scatter`.

    Up to a factor that all places share.
    """
    return float(place[WEIGHT] / deviation / (1.0 + 1.0 / place[WEIGHT]))


@kernel
def student_density(squared: float) -> float:
    """Density of the law around a place, as a share of that at its centre.

    A bivariate Student law with `STUDENT` degrees, whose variances are the place's scatter.
    """
    return float((1.0 + squared / (STUDENT - 2.0)) ** (-0.5 * STUDENT - 1.0))
