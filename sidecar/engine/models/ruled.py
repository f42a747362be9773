"""Judging values that may not be learned."""

from __future__ import annotations

import math

import numpy as np

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.models.layout import COUNT, ModelSettings
from sidecar.engine.models.step import (
    LOG_P,
    LOG_RECORD_CUTOFF,
    TYPICAL,
    bound,
    combine,
    judge,
)


@kernel
def judge_alone(
    row: FloatArray,
    sketch: FloatArray,
    day: FloatArray,
    week: FloatArray,
    settings: ModelSettings,
    side: int,
    time_s: float,
    x: float,
    records: float,
    bounds: bool,
    predictions: FloatArray,
    verdict: FloatArray,
) -> bool:
    """Judge a value and learn nothing; False if there is nothing to judge it by.

    The richer features, which cannot be had without learning, take no part. In a series that has
    not begun the typical value is NaN.
    """
    verdict[:] = 0.0
    verdict[TYPICAL] = np.nan
    if row[COUNT] == 0.0 or not math.isfinite(x) or abs(x) > 1e150:
        return False
    judge(row, sketch, day, week, settings, side, time_s, x, records, predictions, verdict)
    combine(row, verdict, 0.0, settings)
    if bounds or verdict[LOG_P] < LOG_RECORD_CUTOFF:
        bound(row, sketch, settings, records, verdict)
    return True
