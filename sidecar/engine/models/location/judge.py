"""How likely a point is for somebody whose places are known."""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.tails import LOG_LEAST
from sidecar.engine.models.location.places import (
    COUNT,
    HEAD,
    LATITUDE,
    LONGITUDE,
    NOVEL,
    PLACE_WIDTH,
    STUDENT,
    WEIGHT,
    common_scatter,
    distance,
    peak_density,
    place_count,
    place_scatter,
    squared_deviations,
    student_density,
)
from sidecar.engine.models.series.residual import youth_bound

# Values at new places that the prior is worth.
_NOVEL_PRIOR = 0.5
# A new place so near is no journey, however small the places are.
_NEAR_M = 1000.0

# Places in the verdict.
LOG_P = 0
TYPICAL_LATITUDE = 1
TYPICAL_LONGITUDE = 2
VERDICT = 3

# Room to work in: usual scatter, scatter of one place.
WORK = 6


@kernel
def judge_point(
    row: FloatArray, latitude: float, longitude: float, work: FloatArray, verdict: FloatArray
) -> None:
    """Log probability of a point no more expected than this one, and the nearest place.

    Parameters
    ----------
    row : (HEAD + places * PLACE_WIDTH,) float64
        Known places.
    latitude, longitude : float
        Degrees.
    work, verdict : (WORK,), (VERDICT,) float64
        Overwritten.

    Notes
    -----
    Known places are a mixture of bivariate Student laws; the probability is the mass of all their
    points that are less dense than this one. For one law with density ratio r to its peak this is
    r^(nu / (nu + 2)). To that comes the probability of a new place, which falls with the distance
    from the nearest known one as human journeys do [1]_, in units of how far apart the places of
    this row are.

    References
    ----------
    .. [1] D. Brockmann, L. Hufnagel, T. Geisel, The scaling laws of human travel, Nature 439
       (2006).
    """
    verdict[LOG_P] = 0.0
    verdict[TYPICAL_LATITUDE] = latitude
    verdict[TYPICAL_LONGITUDE] = longitude
    common, scatter = work[:3], work[3:]
    common_scatter(row, common)
    total = 0.0
    nearest = -1
    least = 0.0
    for k in range(place_count(row)):
        place = row[HEAD + k * PLACE_WIDTH : HEAD + (k + 1) * PLACE_WIDTH]
        if place[WEIGHT] > 0.0:
            total += place[WEIGHT]
            metres = distance(latitude, longitude, place[LATITUDE], place[LONGITUDE])
            if nearest < 0 or metres < least:
                nearest, least = k, metres
    if nearest < 0:
        return
    near = row[HEAD + nearest * PLACE_WIDTH : HEAD + (nearest + 1) * PLACE_WIDTH]
    verdict[TYPICAL_LATITUDE] = near[LATITUDE]
    verdict[TYPICAL_LONGITUDE] = near[LONGITUDE]
    density = 0.0
    apart = _NEAR_M
    for k in range(place_count(row)):
        place = row[HEAD + k * PLACE_WIDTH : HEAD + (k + 1) * PLACE_WIDTH]
        if place[WEIGHT] > 0.0:
            peak = peak_density(place, place_scatter(place, common, scatter))
            squared = squared_deviations(place, scatter, latitude, longitude)
            density += peak * student_density(squared)
            apart += (
                place[WEIGHT]
                / total
                * distance(near[LATITUDE], near[LONGITUDE], place[LATITUDE], place[LONGITUDE])
            )
            if k == nearest:
                apart += math.sqrt(scatter[0] + scatter[2])
    known = 0.0
    for k in range(place_count(row)):
        place = row[HEAD + k * PLACE_WIDTH : HEAD + (k + 1) * PLACE_WIDTH]
        if place[WEIGHT] > 0.0:
            peak = peak_density(place, place_scatter(place, common, scatter))
            known += place[WEIGHT] * min(1.0, density / peak) ** (STUDENT / (STUDENT + 2.0))
    new = (row[NOVEL] + _NOVEL_PRIOR) / (total + 1.0)
    p = (1.0 - min(1.0, new)) * known / total + min(1.0, new) / (1.0 + least / apart)
    log_p = math.log(max(1e-300, min(1.0, p)))
    verdict[LOG_P] = max(LOG_LEAST, max(log_p, youth_bound(row[COUNT])))
