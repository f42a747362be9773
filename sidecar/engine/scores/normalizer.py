"""Raw surprises to scores of 0..100, by their rank in the history of their scope.

A scope is a level of the job: the buckets, or the values of one influencer field. Its history is a
decayed histogram of the greatest surprise of every bucket, on the log scale of probabilities. A
new bucket is held against a second histogram, in which what stands far out counts little until it
has come several times: the second incident is no less one than the first. Scores that are made
again later go by the whole history. A surprise is natural -log p less what the oddest of so many
values usually has; it may be negative.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from sidecar.engine.arrays import FloatArray, IntArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.sketch import lesson, sketch_fade, weight_beyond

# Natural logs of "so rare in this history" and of "so improbable", and the scores they allow.
_RANK_LOGS = np.log(
    np.array([1.0, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-7, 1e-10, 1e-20])
)
_RANK_SCORES = np.array([0.0, 1.0, 6.0, 20.0, 40.0, 60.0, 78.0, 88.0, 96.0, 99.0, 99.9, 100.0])
_PROBABILITY_LOGS = np.log(
    np.array([1.0, 0.1, 0.035, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-12, 1e-30])
)
_PROBABILITY_SCORES = np.array([0.0, 0.5, 5.0, 33.0, 67.0, 84.0, 92.0, 96.0, 98.5, 99.5, 100.0])
# Score of what only goes on, as a share of what it would be if it were new.
REPEAT_SHARE = 0.35
# Observations that the prior law of surprises (a standard exponential) is worth.
_PRIOR_WEIGHT = 3.0
# Buckets over which a young job's scores are let up to 100.
_YOUNG_BUCKETS = 100.0
_YOUNG_CEILING = 25.0
# What a bucket counts for at least, however far it stands out.
_LEAST_LESSON = 0.1
# What the prior law expects in so many buckets is no accident.
_LAWFUL_BUCKETS = 50.0
# Share of the history that one bucket keeps, and how often it is applied.
_KEEP = 0.9999
_FADE_EVERY = 64
# Early buckets fade with this power of the job's age.
_AGE_POWER = 1.0
# Axis of histories: least surprise (nats), bins in a nat, bins.
LEAST_SURPRISE = -8.0
BINS_PER_NAT = 2.0
HISTORY_BINS = 144
# Beyond all of history a surprise is as rare as its size says: exp(-nats).
_FALL = 1.0 / BINS_PER_NAT
_HALF_STEP = math.exp(-0.5 * _FALL)


@kernel
def piecewise(log_p: float, logs: FloatArray, scores: FloatArray) -> float:
    """Linear between the points (`logs` descend, `scores` ascend), flat outside."""
    if log_p >= logs[0]:
        return float(scores[0])
    for i in range(1, len(logs)):
        if log_p >= logs[i]:
            part = (logs[i - 1] - log_p) / (logs[i - 1] - logs[i])
            return float(scores[i - 1] + part * (scores[i] - scores[i - 1]))
    return float(scores[-1])


@kernel
def history_place(surprise: float) -> float:
    """Place of a surprise on the axis of histories, >= 0."""
    return max(0.0, (surprise - LEAST_SURPRISE) * BINS_PER_NAT)


@kernel
def history_bin(surprise: float) -> int:
    """Bin of a history that counts a surprise."""
    return min(HISTORY_BINS - 1, int(history_place(surprise)))


@njit(cache=True, nogil=True)
def history_bins(surprise: FloatArray) -> FloatArray:
    """Bins of (r,) surprises."""
    bins = np.empty(len(surprise))
    for i in range(len(surprise)):
        bins[i] = history_bin(surprise[i])
    return bins


@kernel
def fade_after(seen: float) -> float:
    """What a history keeps once it has seen so many buckets: 1 but for every so many of them."""
    if int(seen) % _FADE_EVERY:
        return 1.0
    return float(min(_KEEP**_FADE_EVERY, (seen / (seen + _FADE_EVERY)) ** _AGE_POWER))


@kernel
def history_lesson(lessons: FloatArray, weight: float, surprise: float) -> float:
    """What a bucket's greatest surprise counts for in what new buckets are held against."""
    beyond = weight_beyond(lessons, history_place(surprise), _FALL, _HALF_STEP)
    lawful = min(weight + 1.0, _LAWFUL_BUCKETS) * math.exp(-max(0.0, surprise))
    return lesson(beyond + lawful, _LEAST_LESSON)


@kernel
def score_of(
    history: FloatArray, weight: float, seen: float, surprise: float, log_p: float
) -> float:
    """Score of a surprise against a scope's history, 0..100.

    `log_p` is the log probability of the oddest value behind it: its own size bounds the score,
    while its rank in the history of the scope says how common such a value is in so many.
    """
    beyond = weight_beyond(history, history_place(surprise), _FALL, _HALF_STEP)
    prior = _PRIOR_WEIGHT * math.exp(-max(0.0, surprise))
    rank = math.log((prior + beyond) / (_PRIOR_WEIGHT + weight) + 1e-300)
    score = piecewise(rank, _RANK_LOGS, _RANK_SCORES)
    score = min(score, piecewise(log_p, _PROBABILITY_LOGS, _PROBABILITY_SCORES))
    young = _YOUNG_CEILING + (100.0 - _YOUNG_CEILING) * min(1.0, seen / _YOUNG_BUCKETS)
    return float(min(score, young))


@kernel
def score_rows(
    history: FloatArray,
    lessons: FloatArray,
    totals: FloatArray,
    buckets: int,
    bucket: IntArray,
    surprise: FloatArray,
    log_p: FloatArray,
    greatest: FloatArray,
    score: FloatArray,
) -> None:
    """Score rows bucket by bucket, then let the history learn each bucket's greatest.

    Parameters
    ----------
    history, lessons : (HISTORY_BINS,) float32
        All that was, and what rows are held against.
    totals : (2,) float64
        Weight of the history, buckets seen.
    bucket : (r,) int64
        Bucket of each row, ascending.
    surprise, log_p, score : (r,) float64
        Surprises; log probabilities of the oddest value behind each; scores, filled.
    greatest : (buckets,) float64
        What the history learns of each bucket.
    """
    row = 0
    for b in range(buckets):
        first = row
        while row < len(bucket) and bucket[row] == b:
            # A bucket and its only record are one question.
            if row > first and surprise[row] == surprise[row - 1] and log_p[row] == log_p[row - 1]:
                score[row] = score[row - 1]
            else:
                score[row] = score_of(lessons, totals[0], totals[1], surprise[row], log_p[row])
            row += 1
        bin_ = history_bin(greatest[b])
        lessons[bin_] += history_lesson(lessons, totals[0], greatest[b])
        history[bin_] += 1.0
        totals[0] += 1.0
        totals[1] += 1.0
        keep = fade_after(totals[1])
        if keep < 1.0:
            sketch_fade(history, keep)
            sketch_fade(lessons, keep)
            totals[0] *= keep


class Normalizer:
    """One scope's history and the scores read from it."""

    __slots__ = ("_history", "_lessons", "_totals")

    def __init__(self) -> None:
        self._history: npt.NDArray[np.float32] = np.zeros(HISTORY_BINS, dtype=np.float32)
        self._lessons: npt.NDArray[np.float32] = np.zeros(HISTORY_BINS, dtype=np.float32)
        self._totals: FloatArray = np.zeros(2)

    @property
    def history(self) -> npt.NDArray[np.float32]:
        """(HISTORY_BINS,) weights."""
        return self._history

    @property
    def totals(self) -> FloatArray:
        """(2,) weight of the history, buckets seen."""
        return self._totals

    def score(
        self,
        bucket: IntArray,
        surprise: FloatArray,
        log_p: FloatArray,
        greatest: FloatArray,
        marks: Sequence[int] = (),
    ) -> tuple[FloatArray, list[Normalizer]]:
        """Scores of rows of consecutive buckets, each against the history before its bucket.

        Parameters
        ----------
        bucket : (r,) int64
            Ascending.
        surprise : (r,) float64
            Surprises beyond the usual, nats.
        log_p : (r,) float64
            Log probability of the oddest single value behind each row.
        greatest : (k,) float64
            Greatest surprise of every bucket; the history learns these.
        marks : sequence of int
            Buckets, ascending, after which a copy of the scope is wanted.

        Returns
        -------
        (r,) scores, and the copies.
        """
        score = np.zeros(len(surprise))
        copies: list[Normalizer] = []
        first = 0
        for last in (*(mark + 1 for mark in marks), len(greatest)):
            begin, end = np.searchsorted(bucket, [first, last])
            score_rows(
                self._history,
                self._lessons,
                self._totals,
                last - first,
                bucket[begin:end] - first,
                surprise[begin:end],
                log_p[begin:end],
                greatest[first:last],
                score[begin:end],
            )
            if len(copies) < len(marks):
                copies.append(self.copy())
            first = last
        return score, copies

    def copy(self) -> Normalizer:
        """An independent copy."""
        twin = Normalizer()
        twin._history[:] = self._history
        twin._lessons[:] = self._lessons
        twin._totals[:] = self._totals
        return twin

    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return int(self._history.nbytes + self._lessons.nbytes + self._totals.nbytes)

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays, by name."""
        return {
            "history": self._history.copy(),
            "lessons": self._lessons.copy(),
            "totals": self._totals.copy(),
        }

    def load(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Take over saved arrays."""
        self._history[:] = arrays["history"]
        self._lessons[:] = arrays.get("lessons", arrays["history"])
        self._totals[:] = arrays["totals"]
