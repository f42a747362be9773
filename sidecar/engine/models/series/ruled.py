"""Judging values that may not be learned."""

from __future__ import annotations

import math

import numpy as np

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.models.series.layout import COUNT, ModelSettings
from sidecar.engine.models.series.step import (
    LOG_P,
    LOG_RECORD_CUTOFF,
    PLAIN_FEATURES,
    TYPICAL,
    bound,
    combine,
    in_own_unit,
    judge,
    to_unit,
)


@kernel
def judge_alone(
    row: FloatArray,
    sketch: FloatArray,
    day: FloatArray,
    week: FloatArray,
    period: FloatArray,
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
    if row[COUNT] == 0.0 or not math.isfinite(x):
        return False
    x = to_unit(row, x)
    judge(row, sketch, day, week, period, settings, side, time_s, x, records, predictions, verdict)
    combine(row, verdict, 0.0, PLAIN_FEATURES * settings.features)
    if bounds or verdict[LOG_P] < LOG_RECORD_CUTOFF:
        bound(row, sketch, settings, records, verdict)
    in_own_unit(row, verdict)
    return True
