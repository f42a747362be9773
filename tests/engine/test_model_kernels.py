"""Kernels of the models against slow, obvious versions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.engine.functions import FUNCTIONS
from sidecar.engine.maths.combine import TOP, excess_of_smallest, log_of_smallest, push_smallest
from sidecar.engine.maths.sketch import BINS, sketch_add, sketch_log_tail, sketch_place
from sidecar.engine.maths.sketch import weight_beyond as fast_weight_beyond
from sidecar.engine.maths.tails import (
    STUDENT_DEGREES,
    log_any_of,
    log_at_least,
    log_count_tail,
    log_fisher,
    log_normal_tail,
    log_student_tail,
    log_sum,
)
from sidecar.engine.models.series.baseline import predict
from sidecar.engine.models.series.layout import (
    ERROR,
    FAST,
    LAGS,
    LAST,
    OUTLOOK,
    PREDICTORS,
    SLOPE,
    SLOW,
    SPREAD,
    TREND,
    WIDTH,
    model_settings,
)
from sidecar.engine.models.series.season import learn_shape, read_shape
from sidecar.engine.models.series.windows import (
    DISTANCES,
    FIRST_LAG,
    KNOWN_FROM,
    LONG,
    NEAREST_LONG,
    NEAREST_SHORT,
    RING,
    SHORT,
    push_window,
)
from tests.engine import naive_models


@pytest.mark.parametrize("z", [-8.0, -1.0, 0.0, 0.5, 3.0, 5.99, 6.01, 12.0, 30.0])
def test_normal_tail_agrees_with_erfc(z: float) -> None:
    expected = math.log(0.5 * math.erfc(z / math.sqrt(2.0)))
    assert log_normal_tail(z) == pytest.approx(expected, rel=2e-4)


def test_normal_tail_is_finite_far_beyond_doubles() -> None:
    assert log_normal_tail(1e4) == pytest.approx(-5e7, rel=1e-4)


@pytest.mark.parametrize("z", [0.0, 0.5, 1.0, 2.0, 4.0, 8.0])
def test_student_tail_agrees_with_integration(z: float) -> None:
    expected = math.log(naive_models.student_tail(z, STUDENT_DEGREES))
    assert log_student_tail(z) == pytest.approx(expected, rel=0.02, abs=0.01)


@pytest.mark.parametrize("upper", [True, False], ids=["upper", "lower"])
@pytest.mark.parametrize("variance", [1.0, 1.5, 4.0], ids=["poisson", "wider", "widest"])
@pytest.mark.parametrize(("x", "mean"), [(0, 0.1), (2, 0.1), (0, 9.0), (30, 9.0), (55, 40.0)])
def test_count_tail_agrees_with_summation(
    x: int, mean: float, variance: float, upper: bool
) -> None:
    expected = naive_models.count_tail(x, mean, variance * mean, upper=upper)
    assert log_count_tail(x, mean, variance * mean, upper) == pytest.approx(
        math.log(expected), rel=1e-6, abs=1e-9
    )


@pytest.mark.parametrize(
    ("j", "n", "p"), [(1, 1, 0.2), (2, 2, 0.1), (2, 20, 0.01), (5, 100, 1e-3), (8, 1000, 1e-4)]
)
def test_at_least_agrees_with_the_binomial(j: int, n: int, p: float) -> None:
    expected = math.log(naive_models.at_least(j, n, p))
    assert log_at_least(j, n, math.log(p)) == pytest.approx(expected, rel=1e-9)


@settings(deadline=None)
@given(st.floats(-700, -1e-3), st.integers(1, 100_000))
def test_sidak_is_a_probability_between_p_and_n_p(log_p: float, n: int) -> None:
    together = log_any_of(log_p, float(n))
    assert log_p - 1e-9 <= together <= min(0.0, log_p + math.log(n)) + 1e-9


def test_fisher_of_one_is_the_value_itself() -> None:
    assert log_fisher(7.0, 1) == pytest.approx(-7.0)
    # Two: exp(-t) (1 + t).
    assert log_fisher(7.0, 2) == pytest.approx(-7.0 + math.log(8.0))


@settings(deadline=None)
@given(st.floats(-1000, 0), st.floats(-1000, 0))
def test_log_sum_is_that_of_exponentials(a: float, b: float) -> None:
    assert log_sum(a, b) == pytest.approx(float(np.logaddexp(a, b)), abs=1e-12)


@settings(deadline=None)
@given(st.lists(st.floats(-50, 0), min_size=1, max_size=30))
def test_the_smallest_are_kept_in_order(values: list[float]) -> None:
    smallest = np.zeros(TOP)
    for value in values:
        push_smallest(smallest, value)
    expected = sorted([*values, *[0.0] * TOP])[:TOP]
    np.testing.assert_array_equal(smallest, expected)


@settings(deadline=None)
@given(st.lists(st.floats(-100, 0), min_size=1, max_size=40))
def test_excess_is_surprise_where_there_is_any(values: list[float]) -> None:
    smallest = np.zeros(TOP)
    for value in values:
        push_smallest(smallest, value)
    log_p = log_of_smallest(smallest, float(len(values)))
    excess = excess_of_smallest(smallest, float(len(values)))
    assert log_p <= 0.0
    assert excess <= -log_p + 1e-9
    if log_p < -4.0:
        assert excess == pytest.approx(-log_p, rel=0.05)


weights = st.lists(st.integers(0, 50), min_size=BINS, max_size=BINS)


@settings(deadline=None)
@given(weights, st.floats(0, BINS + 5))
def test_weight_beyond_agrees_with_its_definition(counts: list[int], place: float) -> None:
    fall = 1.3
    fast = fast_weight_beyond(
        np.array(counts, dtype=np.float32), place, fall, math.exp(-0.5 * fall)
    )
    expected = naive_models.weight_beyond([float(c) for c in counts], place, fall)
    assert fast == pytest.approx(expected, rel=1e-9, abs=1e-12)


@settings(deadline=None)
@given(weights, st.floats(0, BINS + 5), st.floats(0, 3))
def test_weight_beyond_never_rises(counts: list[int], place: float, step: float) -> None:
    history = np.array(counts, dtype=np.float32)
    here = fast_weight_beyond(history, place, 1.3, math.exp(-0.65))
    further = fast_weight_beyond(history, place + step, 1.3, math.exp(-0.65))
    assert 0.0 <= further <= here + 1e-6


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=100))
def test_sketch_counts_every_magnitude(magnitudes: list[float]) -> None:
    sketch = np.zeros(BINS, dtype=np.float32)
    for magnitude in magnitudes:
        sketch_add(sketch, magnitude, 1.0)
    np.testing.assert_array_equal(sketch, naive_models.sketch_of(magnitudes, sketch_place))
    assert sketch_log_tail(sketch, float(len(magnitudes)), 1e9, -30.0, 2.0) <= 0.0


def test_shape_learned_at_a_time_is_read_there() -> None:
    shape = np.zeros(24, dtype=np.float32)
    for _ in range(200):
        for hour in range(24):
            time_s = hour * 3600.0
            residual = math.sin(hour / 24 * 2 * math.pi) - read_shape(shape, time_s, 86400.0)
            learn_shape(shape, time_s, 86400.0, residual, 0.2)
    assert read_shape(shape, 6 * 3600.0, 86400.0) == pytest.approx(1.0, abs=1e-3)
    between = read_shape(shape, 6.5 * 3600.0, 86400.0)
    assert between == pytest.approx((1.0 + math.sin(7 / 24 * 2 * math.pi)) / 2, abs=1e-3)


def test_prediction_is_the_mix_by_inverse_errors() -> None:
    row = np.zeros(WIDTH)
    row[[SLOW, FAST, LAST, TREND, SLOPE]] = 10.0, 12.0, 14.0, 11.0, 0.5
    errors = np.array([1.0, 0.5, 2.0, 0.7])
    row[ERROR : ERROR + 4] = errors
    none = np.zeros(0, dtype=np.float32)
    out = np.zeros(OUTLOOK)
    settings = model_settings(FUNCTIONS["mean"], 60, rich_series=0)
    alive = predict(row, none, none, row[:0], settings, 0.0, out)
    assert alive == 4
    assert out[PREDICTORS] == pytest.approx(
        naive_models.mixed(np.array([10.0, 12.0, 14.0, 11.5]), errors)
    )
    assert out[PREDICTORS + 1] == pytest.approx(10.0)


@settings(deadline=None, max_examples=10)
@given(st.integers(int(KNOWN_FROM), 2500), st.integers(0, 2**31))
def test_distances_agree_with_brute_force(size: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=size)
    row = np.zeros(WIDTH)
    row[SPREAD] = 1.0
    ring = np.zeros(2 * RING, dtype=np.float32)
    sums = np.zeros(2 * LAGS, dtype=np.float32)
    distances = np.zeros(DISTANCES)
    for x in values:
        known = push_window(row, ring, sums, float(x), distances)
    assert known
    for place, length, found in (
        (NEAREST_SHORT, SHORT, sums[:LAGS]),
        (NEAREST_LONG, LONG, sums[LAGS:]),
    ):
        expected = naive_models.window_sums(values, length, FIRST_LAG, LAGS)
        seen = ~np.isnan(expected)
        np.testing.assert_allclose(found[seen], expected[seen], rtol=1e-3, atol=1e-2)
        # A lag counts once every length has a window at it.
        expected[np.isnan(naive_models.window_sums(values, LONG, FIRST_LAG, LAGS))] = np.nan
        nearest = math.sqrt(naive_models.third_nearest_stretch(expected, 24) / length)
        assert distances[place] == pytest.approx(nearest, rel=1e-3)


def test_distances_wait_for_history() -> None:
    row = np.zeros(WIDTH)
    ring = np.zeros(2 * RING, dtype=np.float32)
    sums = np.zeros(2 * LAGS, dtype=np.float32)
    known = [
        push_window(row, ring, sums, 1.0, np.zeros(DISTANCES)) for _ in range(int(KNOWN_FROM) + 1)
    ]
    assert known.index(True) == KNOWN_FROM - 1
