"""Entities are compared with one another."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.engine.arrays import FloatArray
from sidecar.engine.expected_bytes import expected_bytes
from sidecar.engine.functions import FUNCTIONS, Statistic
from sidecar.engine.models.population.layout import MAX_CAUSES, MAX_REMEMBERED
from sidecar.engine.results import BucketResults
from sidecar.engine.scores.scoring import BucketScorer
from tests.engine.population.cases import (
    population_cells,
    population_job,
    population_outlier,
    scored_population,
    user_keys,
)
from tests.engine.scorer_cases import assert_same, closed, joined, part_of, times
from tests.engine.test_scoring_invariants import assert_sound

calm = settings(deadline=None, max_examples=10)
# Functions that have models of their own for populations.
_OWN = (Statistic.RARE, Statistic.FREQ_RARE, Statistic.TIME, Statistic.LAT_LONG)
FUNCTION_NAMES = sorted(
    name
    for name, function in FUNCTIONS.items()
    if function.statistic not in _OWN and "non_zero" not in name
)


def lognormal(buckets: int, users: int, seed: int = 1, spread: float = 0.4) -> FloatArray:
    generator = np.random.default_rng(seed)
    return np.exp(5.0 + spread * generator.normal(size=(buckets, users)))


def records_of(results: BucketResults, user: int, bucket: int | slice) -> list[int]:
    """Rows of a user's records in some buckets."""
    span = bucket if isinstance(bucket, slice) else slice(bucket, bucket + 1)
    records = results.records
    inside = (records.bucket >= span.start) & (records.bucket < span.stop)
    return np.flatnonzero(inside & (records.series == user)).tolist()


@pytest.mark.parametrize("function", ["sum", "mean", "count"])
@pytest.mark.parametrize("seed", [1, 2])
def test_who_is_not_like_the_others_comes_first(function: str, seed: int) -> None:
    data = population_outlier(function, seed=seed)
    results = scored_population(data.value, function, data.count)
    records = results.records
    first = int(np.argmax(records.score))
    guilty = {*records_of(results, data.thief, data.theft)}
    rising = {*records_of(results, data.riser, data.rise)}
    assert first in guilty | rising
    (theft,) = guilty
    assert records.score[theft] > 75
    assert records.multi_bucket_impact[theft] == -5.0
    assert records.score[sorted(rising)].max() > 30
    assert records.multi_bucket_impact[sorted(rising)].max() > 0
    quiet = np.ones(len(results.time), dtype=bool)
    quiet[data.theft] = quiet[data.rise] = False
    assert np.count_nonzero(results.score[quiet] > 75) < 2e-3 * len(results.time) + 1


def test_what_all_do_together_is_no_anomaly() -> None:
    values = lognormal(200, 60)
    values[150] *= 20.0
    assert scored_population(values, "mean").score[150] < 30


def test_who_does_not_join_in_is_an_anomaly() -> None:
    values = lognormal(200, 60)
    values[150] *= 20.0
    values[150, 7] /= 20.0
    records = scored_population(values, "mean").records
    row = np.flatnonzero(records.bucket == 150)[0]
    assert records.series[row] == 7
    assert records.actual[row] < records.lower[row] < records.typical[row] < records.upper[row]


def test_a_lonely_entity_is_compared_with_history() -> None:
    values = np.full((200, 60), np.nan)
    values[:150] = lognormal(150, 60)
    values[150:, 3] = lognormal(50, 1, seed=9)[:, 0]
    values[180, 3] *= 50.0
    results = scored_population(values, "mean")
    assert results.score[180] > 60
    assert results.score[150:180].max() < 50


def test_one_sees_no_anomaly_in_absence() -> None:
    values = lognormal(200, 60)
    values[150, :30] = np.nan
    results = scored_population(np.round(values), "low_count")
    assert not len(records_of(results, 3, 150))


@pytest.mark.parametrize(
    ("function", "factor", "alarms"),
    [
        ("high_mean", 20.0, True),
        ("high_mean", 0.05, False),
        ("low_mean", 20.0, False),
        ("low_mean", 0.05, True),
    ],
)
def test_one_sided_functions_see_their_side_only(
    function: str, factor: float, alarms: bool
) -> None:
    values = lognormal(200, 60)
    values[150, 7] *= factor
    assert bool(records_of(scored_population(values, function), 7, 150)) is alarms


def test_a_mean_of_few_records_is_forgiven_more() -> None:
    generator = np.random.default_rng(3)
    count = np.where(generator.random((300, 60)) < 0.2, 1.0, 100.0)
    values = 100 + 10 * generator.normal(size=count.shape) / np.sqrt(count)
    values[290, :2] = 130.0
    count[290, :2] = 1.0, 100.0
    cells = population_cells(values, count)
    cells.variance[:] = np.where(cells.count > 1, 100.0, 0.0)
    records = (
        BucketScorer(population_job("mean")).score(closed(times(300), cells), user_keys(60)).records
    )
    odd = {
        int(records.series[i]): records.probability[i]
        for i in range(len(records.bucket))
        if records.bucket[i] == 290 and records.series[i] < 2
    }
    assert odd[1] < 1e-3 * odd.get(0, 1.0)


def test_who_is_always_odd_does_not_alarm_for_ever() -> None:
    values = lognormal(600, 100)
    values[100:, 7] *= 30.0
    results = scored_population(values, "mean")
    assert results.score[100] > 75
    assert results.score[140:].max() < 40


def test_an_incident_is_said_once() -> None:
    values = lognormal(300, 100)
    values[200:206, 7] *= 30.0
    score = scored_population(values, "mean").score
    assert score[200] > 75
    assert score[201:206].max() < 60


def test_counts_and_negative_values_have_a_scale_of_their_own() -> None:
    generator = np.random.default_rng(5)
    values = generator.normal(size=(200, 60)) * 10.0 - 3.0
    values[150, 7] = -120.0
    assert scored_population(values, "mean").score[150] > 75


@pytest.mark.parametrize("function", FUNCTION_NAMES)
def test_results_of_every_function_are_sound(function: str) -> None:
    values = np.round(lognormal(120, 12, spread=1.5))
    values[np.random.default_rng(4).random(values.shape) < 0.3] = np.nan
    cells = population_cells(values)
    features = len(FUNCTIONS[function].features)
    cells.value = np.repeat(cells.value, features, axis=1)
    results = BucketScorer(population_job(function), model_plot=True).score(
        closed(times(120), cells), user_keys(12)
    )
    assert_sound(results)
    assert len(results.records.bucket)
    plot = results.model_plot
    assert plot is not None
    assert (plot.lower <= plot.median).all()
    assert (plot.median <= plot.upper).all()
    assert np.isnan(plot.actual).all()


@calm
@given(
    st.lists(
        st.one_of(
            st.floats(allow_nan=True, allow_infinity=True),
            st.floats(0, 10),
            st.just(1.7e308),
            st.just(5e-324),
        ),
        min_size=120,
        max_size=240,
    ),
    st.sampled_from(["mean", "sum", "varp", "count"]),
)
def test_no_value_breaks_the_results(values: list[float], function: str) -> None:
    buckets = len(values) // 4
    grid = np.array(values[: 4 * buckets]).reshape(buckets, 4)
    cells = population_cells(np.nan_to_num(grid, nan=1.0))
    cells.value[:] = grid.reshape(-1, 1)
    results = BucketScorer(population_job(function), model_plot=True).score(
        closed(times(buckets), cells), user_keys(4)
    )
    assert_sound(results)


def by_and_over(attributes: int, users: int) -> tuple[np.ndarray, np.ndarray]:
    """By and over codes of all their pairs."""
    series = np.arange(attributes * users, dtype=np.int32)
    return series % attributes, series // attributes


def test_one_record_an_entity_names_its_values_most_surprising_first() -> None:
    by, over = by_and_over(14, 40)
    values = lognormal(150, 14 * 40)
    odd = np.flatnonzero(over == 5)[:12]
    values[120, odd] *= np.linspace(8.0, 30.0, 12)
    results = BucketScorer(population_job("mean", by="action")).score(
        closed(times(150), population_cells(values)), user_keys(40, by=by, over=over)
    )
    records, causes = results.records, results.records.causes
    rows = np.flatnonzero((records.bucket == 120) & (over[records.series] == 5))
    assert len(rows) == 1
    mine = causes.record == rows[0]
    assert np.count_nonzero(mine) == MAX_CAUSES
    assert set(over[causes.series[mine]].tolist()) == {5}
    assert (np.diff(causes.probability[mine]) >= 0).all()
    assert causes.series[mine][0] == records.series[rows[0]]
    assert causes.actual[mine][0] == records.actual[rows[0]]
    assert set(causes.series[mine].tolist()) <= set(odd.tolist())


def test_each_by_value_has_a_population_of_its_own() -> None:
    by, over = by_and_over(2, 50)
    values = lognormal(150, 100)
    values[:, by == 1] *= 1000.0
    values[120, 2 * 9] *= 1000.0
    results = BucketScorer(population_job("mean", by="action")).score(
        closed(times(150), population_cells(values)), user_keys(50, by=by, over=over)
    )
    assert int(np.argmax(results.score)) == 120
    assert results.score[120] > 75


def test_partial_buckets_are_judged_on_the_high_side_only() -> None:
    generator = np.random.default_rng(2)
    values = generator.poisson(50.0, (201, 30)).astype(float)
    values[200] = 5.0
    values[200, 3] = 600.0
    scorer = BucketScorer(population_job("count"))
    cells = population_cells(values)
    whole = closed(times(201), cells)
    scorer.score(part_of(whole, 0, 200), user_keys(30))
    interim = scorer.score(part_of(whole, 200, 201), user_keys(30), learn=False)
    assert interim.records.series.tolist() == [3]


def wild(seed: int, buckets: int = 160) -> FloatArray:
    """Users of two by values: gaps, spikes and one who is odd for long."""
    values = lognormal(buckets, 24, seed=seed)
    generator = np.random.default_rng(seed)
    values[generator.random(values.shape) < 0.03] *= 40.0
    values[generator.random(values.shape) < 0.2] = np.nan
    values[buckets // 2 :, 3] *= 30.0
    return values


@calm
@given(st.integers(0, 2**31), st.lists(st.integers(1, 159), max_size=5))
def test_cutting_buckets_into_calls_does_not_matter(seed: int, cuts: list[int]) -> None:
    by, over = by_and_over(2, 12)
    config = population_job("mean", by="action", exclude="all")
    whole = closed(times(160), population_cells(wild(seed)))
    names = user_keys(12, by=by, over=over)
    expected = BucketScorer(config).score(whole, names)
    scorer = BucketScorer(config)
    edges = sorted({0, *cuts, 160})
    parts = [scorer.score(part_of(whole, a, b), names) for a, b in pairwise(edges)]
    assert_same(joined(parts), joined([expected]))


@calm
@given(st.integers(0, 2**31), st.integers(1, 159))
def test_saving_and_loading_in_the_middle_does_not_matter(seed: int, cut: int) -> None:
    by, over = by_and_over(2, 12)
    config = population_job("mean", by="action", exclude="all")
    whole = closed(times(160), population_cells(wild(seed)))
    names = user_keys(12, by=by, over=over)
    scorer = BucketScorer(config)
    scorer.score(part_of(whole, 0, cut), names)
    header, arrays = scorer.save()
    rest = part_of(whole, cut, 160)
    expected = scorer.score(rest, names)
    restored = BucketScorer(config)
    restored.load(json.loads(json.dumps(header)), arrays)
    assert_same(restored.score(rest, names), expected)


def test_forgetting_series_leaves_the_others_as_they_were() -> None:
    values = wild(3)
    by, over = by_and_over(2, 12)
    values[:, (over == 1) | (by == 1)] = np.nan
    values[:5, over == 1] = 1.0
    config = population_job("mean", by="action")
    whole = closed(times(160), population_cells(values))
    scorer = BucketScorer(config)
    names = user_keys(12, by=by, over=over)
    scorer.score(part_of(whole, 0, 100), names)
    expected = BucketScorer(config)
    expected.load(*scorer.save())
    kept = np.flatnonzero((by == 0) & (over != 1))
    scorer.keep([kept.astype(np.int64)])
    rest = part_of(whole, 100, 160)
    place = np.searchsorted(kept, rest.detectors[0].series).astype(np.int32)
    before = expected.score(rest, names)
    rest.detectors[0].series = place
    after = scorer.score(rest, user_keys(12, by=by[kept], over=over[kept]))
    np.testing.assert_array_equal(after.score, before.score)
    np.testing.assert_array_equal(kept[after.records.series], before.records.series)
    assert scorer.nbytes() < expected.nbytes()


def test_memory_of_odd_entities_is_bounded() -> None:
    users = 3 * MAX_REMEMBERED
    config = population_job("mean")
    scorer = BucketScorer(config)
    names = user_keys(users)
    scorer.score(closed(times(30), population_cells(lognormal(30, users))), names)
    before = scorer.nbytes()
    later = closed(times(60), population_cells(lognormal(60, users)))
    scorer.score(part_of(later, 30, 60), names)
    assert scorer.nbytes() <= before + 150 * MAX_REMEMBERED


def test_the_size_of_a_population_is_as_expected() -> None:
    users = 2000
    config = population_job("mean")
    table = BucketScorer(config)
    table.score(closed(times(40), population_cells(lognormal(40, users))), user_keys(users))
    expected = expected_bytes(config.detectors[0], config, attributes=1.0, entities=float(users))
    assert 0.3 * expected < table.nbytes() < 3.0 * expected
