"""Tail probabilities in the log domain: scalar kernels that stay finite far below 1e-300."""

from __future__ import annotations

import math

from sidecar.engine.kernel import kernel

# Degrees of freedom of the residuals' prior law: heavier than normal, finite variance and kurtosis.
STUDENT_DEGREES = 6.0
# Beyond this many standard deviations erfc loses digits; the asymptotic series has none to lose.
_ASYMPTOTIC_FROM = 6.0
# No probability is reported below this: the least normal double is about 2e-308.
LOG_LEAST = -690.0
LOG_2 = math.log(2.0)
# Terms of a discrete tail sum: its ratio is under one half from some 50 terms on, for means < 50.
_MAX_TERMS = 400


@kernel
def log_normal_tail(z: float) -> float:
    """Natural log of P(Z >= z) for a standard normal Z, for any finite `z`.

    References
    ----------
    .. [1] Abramowitz & Stegun, Handbook of Mathematical Functions, 26.2.12.
    """
    if z < _ASYMPTOTIC_FROM:
        return math.log(0.5 * math.erfc(z * 0.7071067811865476))
    w = 1.0 / (z * z)
    series = 1.0 - w * (1.0 - 3.0 * w * (1.0 - 5.0 * w * (1.0 - 7.0 * w)))
    return -0.5 * z * z - math.log(z * 2.5066282746310002) + math.log(series)


@kernel
def log_student_tail(z: float) -> float:
    """Natural log of P(T >= z), T a Student t with `STUDENT_DEGREES`, scaled to variance one.

    Notes
    -----
    Wallace's normal transform [1]_, within about 1 % of the exact log tail.

    References
    ----------
    .. [1] D. L. Wallace, Bounds on normal approximations to Student's and the chi-square
       distributions, Ann. Math. Statist. 30 (1959).
    """
    nu = STUDENT_DEGREES
    t = z * math.sqrt(nu / (nu - 2.0))
    u = math.sqrt(nu * math.log1p(t * t / nu)) * (8.0 * nu + 1.0) / (8.0 * nu + 3.0)
    return float(log_normal_tail(u if z >= 0.0 else -u))


@kernel
def log_count_pmf(x: float, mean: float, variance: float) -> float:
    """Natural log of P(X = x), X negative binomial, or Poisson where variance is about the mean."""
    if variance <= mean * 1.02:
        return x * math.log(mean) - mean - math.lgamma(x + 1.0)
    size = mean * mean / (variance - mean)
    return (
        math.lgamma(x + size)
        - math.lgamma(size)
        - math.lgamma(x + 1.0)
        + size * math.log(size / (size + mean))
        + x * math.log(mean / (size + mean))
    )


@kernel
def log_count_tail(x: float, mean: float, variance: float, upper: bool) -> float:
    """Natural log of a mid-p tail of counts: P(X beyond x) + P(X = x) / 2.

    Parameters
    ----------
    x : float
        Whole and >= 0.
    mean, variance : float
        Positive; a variance under the mean counts as the mean (Poisson).
    upper : bool
        Which tail.
    """
    over = variance - mean
    size = 0.0 if over <= 0.02 * mean else mean * mean / over
    total = 0.5
    term = 1.0
    k = x
    for _ in range(_MAX_TERMS):
        if upper:
            # pmf(k + 1) / pmf(k)
            if size > 0.0:
                term *= (k + size) / (k + 1.0) * mean / (size + mean)
            else:
                term *= mean / (k + 1.0)
            k += 1.0
        else:
            if k <= 0.0:
                break
            if size > 0.0:
                term *= k / (k - 1.0 + size) * (size + mean) / mean
            else:
                term *= k / mean
            k -= 1.0
        total += term
        if term < 1e-12 * total:
            break
    return float(min(0.0, log_count_pmf(x, mean, variance) + math.log(total)))


@kernel
def log_sum(a: float, b: float) -> float:
    """log(exp(a) + exp(b)) without overflow."""
    if a < b:
        a, b = b, a
    if b < a - 40.0:
        return a
    return a + math.log1p(math.exp(b - a))


@kernel
def log_any_of(log_p: float, n: float) -> float:
    """log(1 - (1 - p)^n): the least of `n` independent p-values is at most p (Sidak)."""
    if n <= 1.0:
        return min(0.0, log_p)
    if log_p < -30.0:
        # The first-order term is exact to 1e-13 n here.
        together = log_p + math.log(n)
        if together < -20.0:
            return together
    if log_p >= 0.0:
        return 0.0
    p = math.exp(log_p)
    return min(0.0, math.log(-math.expm1(n * math.log1p(-p)))) if p < 1.0 else 0.0


@kernel
def log_at_least(j: int, n: float, log_p: float) -> float:
    """Natural log of P(at least `j` of `n` independent p-values are <= p), for n p < j / 2.

    A p too large for that gives 0: so many mild values are no news.
    """
    if log_p >= 0.0:
        return 0.0
    p = math.exp(log_p)
    if n * p >= 0.5 * j:
        return 0.0
    choose = math.lgamma(n + 1.0) - math.lgamma(j + 1.0) - math.lgamma(n - j + 1.0)
    odds = p / (1.0 - p)
    total = 1.0
    term = 1.0
    i = float(j)
    while i < n:
        term *= (n - i) / (i + 1.0) * odds
        total += term
        i += 1.0
        if term < 1e-12 * total:
            break
    return min(0.0, choose + j * log_p + (n - j) * math.log1p(-p) + math.log(total))


@kernel
def log_fisher(total: float, m: int) -> float:
    """Natural log of P(sum of `m` standard exponentials >= total): Fisher's combination."""
    if total <= 0.0:
        return 0.0
    log_term = 0.0
    log_all = 0.0
    for i in range(1, m):
        log_term += math.log(total / i)
        log_all = log_sum(log_all, log_term)
    return min(0.0, log_all - total)
