"""Whether a series' remembered residuals gather around several values instead of one."""

from __future__ import annotations

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.sketch import BINS, sketch_edge
from sidecar.engine.models.series.layout import SKETCH_HIGH, SKETCH_LOW

# Remembered values wanted before their law is spoken of.
_LEAST_WEIGHT = 60.0
# A mode holds at least this share of all values ...
_LEAST_SHARE = 0.1
# ... and between two modes the density falls to at most this share of either.
_VALLEY = 0.25
# Bins of both sides in one line; the middle one is bin 0 of both.
_LINE = 2 * BINS - 1


@kernel
def _weight(sketch: FloatArray, place: int) -> float:
    bin_ = place - (BINS - 1)
    if bin_ == 0:
        return float(sketch[SKETCH_HIGH] + sketch[SKETCH_LOW])
    return float(sketch[SKETCH_HIGH + bin_] if bin_ > 0 else sketch[SKETCH_LOW - bin_])


@kernel
def _density(sketch: FloatArray, place: int) -> float:
    bin_ = abs(place - (BINS - 1))
    width = sketch_edge(bin_ + 1) - sketch_edge(bin_)
    return _weight(sketch, place) / (2.0 * width if bin_ == 0 else width)


@kernel
def has_modes(sketch: FloatArray) -> bool:
    """Whether there is a second mode on either side of the densest residuals.

    Parameters
    ----------
    sketch : (SKETCH_WIDTH,) float32
        The sketches of a series.
    """
    total = 0.0
    top = 0
    highest = 0.0
    for place in range(_LINE):
        total += _weight(sketch, place)
        density = _density(sketch, place)
        if density > highest:
            highest, top = density, place
    if total < _LEAST_WEIGHT:
        return False
    return _second_mode(sketch, top, 1, total) or _second_mode(sketch, top, -1, total)


@kernel
def _second_mode(sketch: FloatArray, top: int, way: int, total: float) -> bool:
    """Whether beyond a valley on one side of the highest bin there is another mode."""
    valley = _density(sketch, top)
    beyond = 0.0
    peak = 0.0
    place = top + way
    while 0 <= place < _LINE:
        density = _density(sketch, place)
        if density < valley:
            valley = density
            beyond = 0.0
            peak = 0.0
        else:
            beyond += _weight(sketch, place)
            peak = max(peak, density)
        if beyond >= _LEAST_SHARE * total and valley <= _VALLEY * peak:
            return True
        place += way
    return False
