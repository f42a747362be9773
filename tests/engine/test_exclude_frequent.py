"""Frequent values are learned from, but not part of the results."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from sidecar.engine.arrays import CodeArray, FloatArray
from sidecar.engine.gathering.cells import SeriesKeys
from sidecar.engine.models.detector_model import GrowingModel, HasClock
from sidecar.engine.models.of_detector import model_of
from sidecar.engine.results import BucketResults
from sidecar.engine.scores.scoring import BucketScorer
from sidecar.schema.analysis_config import AnalysisConfig
from tests.engine.population.cases import population_cells, population_job, user_keys
from tests.engine.scorer_cases import assert_same, cells_of, closed, job, part_of, times

BUCKETS, ODD = 200, 150


def noise(series: int, seed: int = 1) -> FloatArray:
    return 100.0 + np.random.default_rng(seed).normal(size=(BUCKETS, series))


def by_job(exclude: str | None, function: str = "mean") -> AnalysisConfig:
    config = job(function)
    detector = dataclasses.replace(
        config.detectors[0],
        partition_field_name=None,
        by_field_name="key",
        exclude_frequent=exclude,
    )
    return dataclasses.replace(config, detectors=(detector,))


def by_keys(series: int) -> list[SeriesKeys]:
    return user_keys(
        series,
        by=np.arange(series, dtype=np.int32),
        over=np.full(series, -1, np.int32),
    )


def odd_series(results: BucketResults) -> set[int]:
    """Who has records in the odd bucket."""
    return set(results.records.series[results.records.bucket == ODD].tolist())


@pytest.mark.parametrize(
    ("exclude", "expected"),
    [(None, {0, 1}), ("none", {0, 1}), ("by", {1}), ("all", {1}), ("over", {0, 1})],
)
def test_a_by_value_that_most_buckets_have_is_left_out(
    exclude: str | None, expected: set[int]
) -> None:
    values = noise(2)
    values[np.arange(BUCKETS) % 3 > 0, 1] = np.nan
    values[ODD] = 200.0
    results = BucketScorer(by_job(exclude)).score(
        closed(times(BUCKETS), cells_of(values)), by_keys(2)
    )
    assert odd_series(results) == expected
    assert results.score[ODD] > 20


def test_a_bucket_with_nothing_else_is_not_anomalous() -> None:
    values = noise(2)
    values[ODD, 0] = 200.0
    results = BucketScorer(by_job("by")).score(closed(times(BUCKETS), cells_of(values)), by_keys(2))
    assert results.score[ODD] == 0.0
    assert not odd_series(results)


def test_the_silence_of_a_frequent_value_is_left_out_too() -> None:
    values = np.random.default_rng(2).poisson(50.0, (BUCKETS, 1)).astype(float)
    values[ODD] = np.nan
    for exclude, expected in ((None, {0}), ("by", set[int]())):
        results = BucketScorer(by_job(exclude, "count")).score(
            closed(times(BUCKETS), cells_of(values)), by_keys(1)
        )
        assert odd_series(results) == expected


def population(exclude: str, values: FloatArray, by: CodeArray, over: CodeArray) -> BucketResults:
    return BucketScorer(population_job("mean", by="action", exclude=exclude)).score(
        closed(times(BUCKETS), population_cells(values)),
        user_keys(0, by=by, over=over),
    )


@pytest.mark.parametrize(
    ("exclude", "expected"),
    [("none", {0, 1, 2, 3}), ("by", {1, 3}), ("over", {2, 3}), ("all", {3})],
)
def test_frequent_values_of_populations_are_left_out(exclude: str, expected: set[int]) -> None:
    # Each of 40 users does action 0, one user in ten action 1 in a bucket; users 0 and 1 are
    # always there, the others in two buckets of five.
    generator = np.random.default_rng(3)
    series = np.arange(80)
    by, over = (series % 2).astype(np.int32), (series // 2).astype(np.int32)
    values = 100.0 + generator.normal(size=(BUCKETS, 80))
    away = generator.random((BUCKETS, 40)) < 0.6
    away[:, :2] = False
    away[ODD, 2:4] = False
    values[:, by == 0] = np.where(away, np.nan, values[:, by == 0])
    seldom = generator.random((BUCKETS, 40)) < 0.9
    seldom[ODD] = False
    values[:, by == 1] = np.where(away | seldom, np.nan, values[:, by == 1])
    # A frequent and a rarer action of a frequent user, the same of a rarer one.
    odd = [0, 1, 4, 5]
    values[ODD, odd] = 200.0
    results = population(exclude, values, by, over)
    causes = results.records.causes
    mine = results.records.bucket[causes.record] == ODD
    named = {odd.index(s) for s in causes.series[mine].tolist() if s in odd}
    assert named == expected


def test_a_restored_filter_goes_on_as_before() -> None:
    values = noise(3)
    values[np.arange(BUCKETS) % 3 > 0, 1] = np.nan
    values[ODD] = 200.0
    whole = closed(times(BUCKETS), cells_of(values))
    scorer = BucketScorer(by_job("by"))
    scorer.score(part_of(whole, 0, 77), by_keys(3))
    header, arrays = scorer.save()
    rest = part_of(whole, 77, BUCKETS)
    interim = scorer.score(rest, by_keys(3), learn=False)
    expected = scorer.score(rest, by_keys(3))
    restored = BucketScorer(by_job("by"))
    restored.load(json.loads(json.dumps(header)), arrays)
    assert_same(restored.score(rest, by_keys(3)), expected)
    interim.is_interim = expected.is_interim
    np.testing.assert_array_equal(interim.records.series, expected.records.series)


def test_clocks_and_growth_reach_the_model_behind() -> None:
    config = by_job("by")
    model = model_of(config.detectors[0], config)
    assert isinstance(model, HasClock)
    assert isinstance(model, GrowingModel)
    model.step(times(2), cells_of(noise(1)[:2]), by_keys(1)[0], partial=False, plot=False)
    model.shift_time(60.0, np.array([0]))
    model.allow_growth(False)
    header, arrays = model.save()
    assert arrays["model.rows"][0, header["columns"].index("clock_offset")] == 60.0
    assert header["may_grow"] is False
