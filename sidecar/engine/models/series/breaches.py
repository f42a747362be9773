"""Values that break with the series they have always moved with: the kernels."""

from __future__ import annotations

import math

from sidecar.engine.arrays import CodeArray, FloatArray, IntArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.tails import LOG_2, LOG_LEAST, log_student_tail
from sidecar.engine.models import findings as columns
from sidecar.engine.models.series.step import LOG_RECORD_CUTOFF
from sidecar.engine.rules.kernels import DetectorRules, rule_actions

# Buckets that a pair must have shared, and how alike they must have been.
_LEAST_SHARED = 50.0
_LEAST_CORRELATION = 0.8
# What a residual can teach at most, in deviations, and what is left of the past a bucket later.
_CLIP = 4.0
_KEEP = 0.998
# 95 % bounds of a normal law are so many deviations apart.
BOUNDS_WIDTH = 3.92
# A breach so soon after another of the same series is the same incident.
_INCIDENT_BUCKETS = 12

# Columns of a breach.
(
    BREACH_BUCKET,
    BREACH_SERIES,
    BREACH_PARTNER,
    BREACH_LOG_P,
    BREACH_TYPICAL,
    BREACH_DEVIATION,
    BREACH_REPEATS,
) = range(7)
BREACH_WIDTH = 7


@kernel
def find_breaches(
    z: FloatArray,
    partition: CodeArray,
    products: FloatArray,
    squares: FloatArray,
    weights: FloatArray,
    last_breach: IntArray,
    first_bucket: int,
    out: FloatArray,
) -> int:
    """Judge residuals by those of the best correlated series, then learn from them.

    Parameters
    ----------
    z : (k, n) float64
        Residuals in deviations, NaN where there was no value.
    partition : (n,) int32
        Only series of the same partition are compared.
    products, squares, weights : (n, n) float64
        Decayed sums over the buckets that series i and j shared: z_i z_j, z_i^2, and their number.
    last_breach : (n,) int64
        Number of the bucket of the last breach, counted over the job's life.
    first_bucket : int
        Number of the first of these buckets.
    out : (k * n, BREACH_WIDTH) float64
        Filled: bucket, series, partner, log probability, residual expected, deviation, repeats.

    Returns
    -------
    int
        Breaches found.
    """
    found = 0
    n = z.shape[1]
    for b in range(z.shape[0]):
        for i in range(n):
            if not math.isfinite(z[b, i]):
                continue
            best = _LEAST_CORRELATION
            partner = -1
            correlation = 0.0
            tried = 0
            for j in range(n):
                if j == i or partition[j] != partition[i] or not math.isfinite(z[b, j]):
                    continue
                if weights[i, j] < _LEAST_SHARED or squares[i, j] <= 0.0 or squares[j, i] <= 0.0:
                    continue
                tried += 1
                r = products[i, j] / math.sqrt(squares[i, j] * squares[j, i])
                if abs(r) > best:
                    best = abs(r)
                    partner = j
                    correlation = r
            if partner < 0:
                continue
            left = math.sqrt(max(1e-3, 1.0 - correlation * correlation))
            expected = correlation * z[b, partner]
            surprise = abs(z[b, i] - expected) / left
            log_p = log_student_tail(surprise) + LOG_2 + math.log(float(tried))
            if log_p < LOG_RECORD_CUTOFF and surprise > abs(z[b, i]):
                number = first_bucket + b
                out[found, BREACH_BUCKET] = b
                out[found, BREACH_SERIES] = i
                out[found, BREACH_PARTNER] = partner
                out[found, BREACH_LOG_P] = max(LOG_LEAST, log_p)
                out[found, BREACH_TYPICAL] = expected
                out[found, BREACH_DEVIATION] = left
                out[found, BREACH_REPEATS] = (
                    1.0 if number - last_breach[i] <= _INCIDENT_BUCKETS else 0.0
                )
                last_breach[i] = number
                found += 1
        for i in range(n):
            if not math.isfinite(z[b, i]):
                continue
            mine = min(_CLIP, max(-_CLIP, z[b, i]))
            for j in range(n):
                if j == i or partition[j] != partition[i] or not math.isfinite(z[b, j]):
                    continue
                other = min(_CLIP, max(-_CLIP, z[b, j]))
                products[i, j] = _KEEP * products[i, j] + mine * other
                squares[i, j] = _KEEP * squares[i, j] + mine * mine
                weights[i, j] = _KEEP * weights[i, j] + 1.0
    return found


@kernel
def leave_out_ruled(
    rules: DetectorRules, time: IntArray, shown: FloatArray, place: IntArray, z: FloatArray
) -> None:
    """Take the residuals of values under rules away: they are neither judged nor learned.

    `shown` are model plot rows, (p, PLOT_WIDTH); `place` the place of each in `z`.
    """
    for i in range(len(shown)):
        actions = rule_actions(
            rules,
            int(shown[i, columns.PLOT_SERIES]),
            time[int(shown[i, columns.PLOT_BUCKET])],
            shown[i, columns.PLOT_ACTUAL],
            shown[i, columns.PLOT_MEDIAN],
        )
        if actions != 0:
            z[place[i]] = math.nan
