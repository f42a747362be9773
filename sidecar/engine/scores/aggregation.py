"""Probabilities up the tree: series to detector (in the step kernels), detectors to bucket."""

from __future__ import annotations

import numpy as np
from numba import njit

from sidecar.engine.arrays import CodeArray, FloatArray, IntArray
from sidecar.engine.maths.combine import TOP, excess_alone, log_of_smallest, push_smallest
from sidecar.engine.models.findings import (
    ALL_EXCESS,
    ALL_LEAST,
    DETECTOR_LOG_P,
    LIVE,
    NEWS_EXCESS,
    NEWS_LEAST,
)

# Several detectors together must be this much more surprising (nats) than their oddest alone.
_TOGETHER_MARGIN = 1.0


@njit(cache=True, nogil=True)
def join_detectors(detectors: FloatArray, out: FloatArray) -> None:
    """Combine the detectors of each bucket.

    Parameters
    ----------
    detectors : (d, k, DETECTOR_WIDTH) float64
        What each detector's buckets came to; columns in `models.findings`.
    out : (k, DETECTOR_WIDTH) float64
        Filled with the same for the buckets as a whole.
    """
    smallest = np.empty(TOP, dtype=np.float64)
    for b in range(out.shape[0]):
        smallest[:] = 0.0
        out[b] = 0.0
        judging = 0.0
        news = -1e300
        everything = -1e300
        for d in range(detectors.shape[0]):
            one = detectors[d, b]
            if one[LIVE] == 0.0:
                continue
            judging += 1.0
            out[b, LIVE] += one[LIVE]
            out[b, NEWS_LEAST] = min(out[b, NEWS_LEAST], one[NEWS_LEAST])
            out[b, ALL_LEAST] = min(out[b, ALL_LEAST], one[ALL_LEAST])
            news = max(news, one[NEWS_EXCESS])
            everything = max(everything, one[ALL_EXCESS])
            push_smallest(smallest, one[DETECTOR_LOG_P])
        if judging == 0.0:
            continue
        log_p = log_of_smallest(smallest, judging)
        out[b, DETECTOR_LOG_P] = log_p
        out[b, NEWS_EXCESS] = excess_alone(-news, judging)
        out[b, ALL_EXCESS] = excess_alone(-everything, judging)
        if judging > 1.0:
            out[b, ALL_EXCESS] = max(out[b, ALL_EXCESS], -log_p - _TOGETHER_MARGIN)


@njit(cache=True, nogil=True)
def record_excess(
    bucket: IntArray, detector: CodeArray, log_p: FloatArray, detectors: FloatArray, out: FloatArray
) -> None:
    """The bucket's surprise beyond the usual had each record been its only anomaly.

    So the most anomalous record of a bucket scores as its bucket does.

    Parameters
    ----------
    bucket, detector, log_p : (r,)
        Of each record.
    detectors : (d, k, DETECTOR_WIDTH) float64
        What each detector's buckets came to.
    out : (r,) float64
        Filled.
    """
    for i in range(len(bucket)):
        judging = 0.0
        for d in range(detectors.shape[0]):
            if detectors[d, bucket[i], LIVE] > 0.0:
                judging += 1.0
        alone = excess_alone(log_p[i], detectors[detector[i], bucket[i], LIVE])
        out[i] = excess_alone(-alone, judging)
