"""Values of records as documents have them: numbers, and points of the earth."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sidecar.engine.arrays import FloatArray


def points(value: FloatArray, longitude: FloatArray) -> list[list[float]]:
    """Each value as documents have it: one number, or latitude and longitude."""
    rows = zip(value.tolist(), longitude.tolist(), strict=True)
    return [[x] if math.isnan(y) else [x, y] for x, y in rows]


def geo_results(actual: Sequence[float], typical: Sequence[float]) -> dict[str, str]:
    """Two points, (latitude, longitude) in degrees, in a form that maps can show."""
    named = (("actual_point", actual), ("typical_point", typical))
    return {name: ",".join(_decimal(degrees) for degrees in point) for name, point in named}


def _decimal(degrees: float) -> str:
    """Without an exponent, and no more digits than the number has."""
    return f"{degrees:.9f}".rstrip("0").rstrip(".")
