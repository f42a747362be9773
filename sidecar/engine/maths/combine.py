"""One probability out of many: the oddest of n, or several odd ones together."""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.tails import LOG_2, LOG_LEAST, log_any_of, log_at_least

# The so many smallest probabilities of a bucket are looked at together.
TOP = 8


@kernel
def push_smallest(smallest: FloatArray, log_p: float) -> None:
    """Keep the least values seen: `smallest` ascends, (TOP,) float64, at first all 0."""
    if log_p >= smallest[TOP - 1]:
        return
    i = TOP - 1
    while i > 0 and smallest[i - 1] > log_p:
        smallest[i] = smallest[i - 1]
        i -= 1
    smallest[i] = log_p


@kernel
def log_of_smallest(smallest: FloatArray, n: float) -> float:
    """Log probability of the smallest of `n` independent p-values being so small.

    Notes
    -----
    Either the least of all is too small (Sidak), or the j-th smallest, j = 2..TOP, is: the chance
    that j of n fall under it is a binomial tail. Half of the significance goes to the first
    question, half to all others, so the result is a probability again.
    """
    if n < 1.0:
        return 0.0
    if n == 1.0:
        return float(min(0.0, smallest[0]))
    best = log_any_of(smallest[0], n)
    others = min(TOP, int(n))
    for j in range(2, others + 1):
        best = min(best, log_at_least(j, n, smallest[j - 1]) + math.log(others - 1.0))
    return float(max(LOG_LEAST, min(0.0, best + LOG_2)))


@kernel
def log_alone(log_p: float, n: float) -> float:
    """What `log_of_smallest` gives when only this one of `n` values is odd."""
    if n <= 1.0:
        return min(0.0, log_p)
    return float(min(0.0, log_any_of(log_p, n) + LOG_2))


@kernel
def excess_alone(log_p: float, n: float) -> float:
    """Surprise of one of `n` values beyond what the oddest of so many usually has.

    About -`log_alone` where that is positive; but it goes on below 0, where every probability
    of a crowd is 1 and says nothing, so that crowds can still be ranked by it.
    """
    return -log_p - math.log(n) - LOG_2 if n > 1.0 else -log_p


@kernel
def excess_of_smallest(smallest: FloatArray, n: float) -> float:
    """The same of the oddest of `n` values, or of several odd ones together."""
    if n <= 1.0:
        return float(-smallest[0])
    best = excess_alone(smallest[0], n)
    others = min(TOP, int(n))
    for j in range(2, others + 1):
        together = log_at_least(j, n, smallest[j - 1])
        if together < 0.0:
            best = max(best, -together - math.log(others - 1.0) - LOG_2)
    return float(best)
