"""What must hold of every result, whatever the data."""

from __future__ import annotations

import copy
import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.engine.arrays import FloatArray
from sidecar.engine.functions import FUNCTIONS
from sidecar.engine.gathering.cells import ClosedBuckets
from sidecar.engine.results import BucketResults
from sidecar.engine.scores.scoring import BucketScorer
from tests.engine.scorer_cases import (
    START_S,
    assert_same,
    cells_of,
    closed,
    job,
    joined,
    keys,
    part_of,
    scored,
    times,
)

calm = settings(deadline=None, max_examples=12)
seeds = st.integers(0, 2**31)


def wild_values(seed: int, buckets: int, series: int) -> FloatArray:
    """Seasonal, spiky, constant and gappy series side by side."""
    generator = np.random.default_rng(seed)
    hours = np.arange(buckets)[:, None]
    values = 50 + 10 * np.sin(hours / 24 * 2 * np.pi) + generator.normal(size=(buckets, series))
    values[generator.random(values.shape) < 0.02] *= 7.0
    values[:, 0] = 5.0
    values[generator.random(values.shape) < 0.1] = np.nan
    return np.abs(values)


def wild_buckets(seed: int, buckets: int, series: int, *functions: str) -> ClosedBuckets:
    detectors = []
    for place, name in enumerate(functions):
        values = wild_values(seed + place, buckets, series)
        if FUNCTIONS[name].is_count_like:
            values = np.round(values)
        features = len(FUNCTIONS[name].features)
        if name == "lat_long":
            values, features = values % 90.0, 2
        detectors.append(cells_of(np.repeat(values[:, :, None], features, axis=2)))
    return closed(times(buckets), *detectors)


def assert_sound(results: BucketResults) -> None:
    """No NaN, probabilities in (0, 1], scores in 0..100, rows in order."""
    for table in (results, results.records, results.influencers, results.bucket_influencers):
        for name in ("probability", "score", "raw_score"):
            column = getattr(table, name, np.ones(1))
            assert np.isfinite(column).all()
            assert (column >= 0).all()
        assert (table.probability > 0).all()
        assert (table.probability <= 1).all()
        assert (table.score <= 100).all()
    records = results.records
    for name in ("actual", "typical", "multi_bucket_impact"):
        assert np.isfinite(getattr(records, name)).all()
    bounded = ~np.isnan(records.lower)
    assert (bounded == ~np.isnan(records.upper)).all()
    assert (np.abs(records.multi_bucket_impact) <= 5).all()
    assert (records.lower <= records.typical)[bounded].all()
    assert (records.typical <= records.upper)[bounded].all()
    assert (np.diff(records.bucket) >= 0).all()
    same_bucket = np.diff(records.bucket) == 0
    assert (np.diff(records.score)[same_bucket] <= 0).all()


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_results_of_every_function_are_sound(function: str) -> None:
    buckets = wild_buckets(3, 260, 4, function)
    results = BucketScorer(job(function), model_plot=True).score(buckets, keys(4))
    assert_sound(results)
    plot = results.model_plot
    assert plot is not None
    assert (plot.lower <= plot.median).all()
    assert (plot.median <= plot.upper).all()


@calm
@given(
    st.lists(
        st.one_of(
            st.floats(allow_nan=True, allow_infinity=True),
            st.floats(0, 10),
            st.just(1.7e308),
            st.just(5e-324),
        ),
        min_size=60,
        max_size=120,
    )
)
def test_no_value_breaks_the_results(values: list[float]) -> None:
    column = np.array(values)[:, None]
    cells = cells_of(np.nan_to_num(column, nan=1.0))
    cells.value[:] = column
    results = BucketScorer(job("mean"), model_plot=True).score(
        closed(times(len(values)), cells), keys(1)
    )
    assert_sound(results)


@calm
@given(seeds, st.lists(st.integers(1, 199), max_size=6))
def test_cutting_buckets_into_calls_does_not_matter(seed: int, cuts: list[int]) -> None:
    functions = ("mean", "count")
    buckets = wild_buckets(seed, 200, 3, *functions)
    names = keys(3, detectors=2)
    whole = BucketScorer(job(*functions, influencers=("key",))).score(buckets, names)
    scorer = BucketScorer(job(*functions, influencers=("key",)))
    edges = sorted({0, *cuts, 200})
    parts = [scorer.score(part_of(buckets, a, b), names) for a, b in pairwise(edges)]
    assert_same(joined(parts), joined([whole]))


@calm
@given(seeds, st.integers(1, 219))
def test_saving_and_loading_in_the_middle_does_not_matter(seed: int, cut: int) -> None:
    functions = ("metric", "sum")
    config = job(*functions, influencers=("key",))
    buckets = wild_buckets(seed, 220, 3, *functions)
    names = keys(3, detectors=2)
    scorer = BucketScorer(config)
    scorer.score(part_of(buckets, 0, cut), names)
    header, arrays = scorer.save()
    rest = part_of(buckets, cut, 220)
    expected = scorer.score(rest, names)
    restored = BucketScorer(config)
    restored.load(json.loads(json.dumps(header)), arrays)
    assert_same(restored.score(rest, names), expected)
    assert_same(restored.save(), scorer.save())


@calm
@given(seeds, st.integers(30, 150))
def test_interim_results_change_nothing(seed: int, cut: int) -> None:
    config = job("mean", "count", influencers=("key",))
    buckets = wild_buckets(seed, 160, 3, "mean", "count")
    names = keys(3, detectors=2)
    scorer = BucketScorer(config)
    scorer.score(part_of(buckets, 0, cut), names)
    before = copy.deepcopy(scorer.save())
    size = scorer.nbytes()
    interim = scorer.score(part_of(buckets, cut, 160), names, learn=False)
    assert interim.is_interim
    assert_sound(interim)
    assert_same(scorer.save(), before)
    assert scorer.nbytes() == size


@calm
@given(seeds, st.integers(-900, 900), st.sampled_from(["mean", "sum", "min", "median", "varp"]))
def test_a_power_of_two_as_unit_changes_nothing(seed: int, power: int, function: str) -> None:
    values = wild_values(seed, 420, 2)
    plain, scaled = scored(values, function), scored(np.ldexp(values, power), function)
    assert_same(scaled.score, plain.score)
    assert_same(scaled.records.probability, plain.records.probability)
    assert_same(scaled.records.score, plain.records.score)
    for name in ("actual", "typical", "lower", "upper"):
        assert_same(getattr(scaled.records, name), np.ldexp(getattr(plain.records, name), power))


@calm
@given(seeds, st.floats(1e-3, 1e3), st.floats(-1e3, 1e3))
def test_scale_and_shift_leave_scores_as_they_were(seed: int, scale: float, shift: float) -> None:
    values = wild_values(seed, 420, 2)[:, 1:]
    plain = scored(values)
    moved = scored(values * scale + shift * scale)
    # Windows are kept in single precision.
    np.testing.assert_allclose(moved.score, plain.score, atol=0.05)


@calm
@given(seeds, st.permutations(range(5)))
def test_order_of_series_does_not_matter(seed: int, order: list[int]) -> None:
    values = wild_values(seed, 200, 5)
    values[150, 3] = 400.0
    plain = scored(values)
    mixed = scored(values[:, order])
    assert_same(mixed.score, plain.score)
    by_series = {(b, order[s]): p for b, s, p in _rows(mixed)}
    assert by_series == {(b, s): p for b, s, p in _rows(plain)}


def _rows(results: BucketResults) -> list[tuple[int, int, float]]:
    records = results.records
    return list(
        zip(
            records.bucket.tolist(),
            records.series.tolist(),
            records.probability.tolist(),
            strict=True,
        )
    )


def test_series_that_come_up_later_do_not_change_earlier_buckets() -> None:
    values = wild_values(1, 120, 30)
    values[:60, 20:] = np.nan
    buckets = closed(times(120), cells_of(values))
    late = keys(30)
    late[0].first_bucket[20:] = START_S + 60 * 3600
    whole = BucketScorer(job("sum")).score(buckets, late)
    scorer = BucketScorer(job("sum"))
    first = scorer.score(part_of(buckets, 0, 60), keys(20))
    second = scorer.score(part_of(buckets, 60, 120), late)
    assert_same(joined([first, second]), joined([whole]))


def test_state_is_plain_and_grows_with_series() -> None:
    scorer = BucketScorer(job("mean"))
    empty = scorer.nbytes()
    scorer.score(closed(times(30), cells_of(wild_values(1, 30, 400))), keys(400))
    assert empty < scorer.nbytes() < empty + 400 * 1500
    header, arrays = scorer.save()
    json.dumps(header)
    assert all(isinstance(array, np.ndarray) for array in arrays.values())


def test_unknown_columns_of_a_saved_state_are_dropped() -> None:
    buckets = wild_buckets(1, 100, 2, "mean")
    scorer = BucketScorer(job("mean"))
    scorer.score(buckets, keys(2))
    header, arrays = scorer.save()
    expected = scorer.save()
    newer: dict[str, Any] = json.loads(json.dumps(header))
    newer["detectors"][0]["columns"].insert(0, "of another version")
    rows = arrays["detector.0.rows"]
    arrays["detector.0.rows"] = np.hstack([np.ones((len(rows), 1)), rows])
    restored = BucketScorer(job("mean"))
    restored.load(newer, arrays)
    assert_same(restored.save(), expected)
