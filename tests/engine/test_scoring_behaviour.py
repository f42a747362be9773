"""What the models make of the kinds of series that jobs have."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.engine.arrays import FloatArray
from sidecar.engine.gathering.cells import InfluencerCells
from sidecar.engine.models.series.series_table import MAX_FINDINGS
from sidecar.engine.scores.scoring import BucketScorer
from tests.engine.scorer_cases import cells_of, closed, job, keys, scored, times


def noise(buckets: int, series: int = 1, seed: int = 1) -> FloatArray:
    return np.random.default_rng(seed).normal(size=(buckets, series))


def daily(buckets: int) -> FloatArray:
    """A daily wave of 24 hourly buckets."""
    return 10.0 * np.sin(np.arange(buckets) / 24 * 2 * np.pi)[:, None]


def test_constant_series_ignores_rounding_but_not_a_change() -> None:
    values = np.full((400, 1), 5.0)
    values[350] += 5e-9
    values[380] += 0.05
    score = scored(values).score
    assert score[:380].max() < 1
    assert score[380] > 75


def test_constant_zero_series_alarms_at_its_first_value() -> None:
    values = np.zeros((400, 1))
    values[380] = 1.0
    assert scored(values).score[380] > 75


def test_daily_season_is_learned() -> None:
    values = 100 + daily(24 * 21) + 0.5 * noise(24 * 21)
    # The peak's value where the trough should be.
    values[24 * 20 + 18] = 110.0
    results = scored(values)
    assert results.score[24 * 20 + 18] > 60
    last = results.records.bucket == 24 * 20 + 18
    assert results.records.typical[last][0] == pytest.approx(90, abs=2)


def test_weekly_season_is_learned() -> None:
    hours = np.arange(24 * 7 * 6)
    weekend = (hours // 24 + 2) % 7 >= 5
    values = (
        100 + daily(len(hours)) * np.where(weekend, 0.1, 1.0)[:, None] + 0.3 * noise(len(hours))
    )
    plot = _plot(values)
    late = hours > 24 * 7 * 5
    assert np.abs(plot - values[:, 0])[late].mean() < 0.8


def _plot(values: FloatArray) -> FloatArray:
    results = BucketScorer(job("mean"), model_plot=True).score(
        closed(times(len(values)), cells_of(values)), keys(1)
    )
    assert results.model_plot is not None
    return results.model_plot.median


def test_level_shift_alarms_and_is_then_adopted() -> None:
    values = 100 + noise(600)
    values[400:] += 30
    results = scored(values)
    assert results.score[400] > 75
    assert results.score[460:].max() < 30
    assert _plot(values)[470:].mean() == pytest.approx(130, abs=1)


def test_incident_is_said_once() -> None:
    values = 100 + noise(500)
    values[400:410] += 40
    score = scored(values).score
    assert score[400] > 75
    assert score[401:410].max() < score[400]


@pytest.mark.parametrize(
    ("function", "change", "alarms"),
    [
        ("mean", 15.0, True),
        ("mean", -15.0, True),
        ("high_mean", 15.0, True),
        ("high_mean", -15.0, False),
        ("low_mean", 15.0, False),
        ("low_mean", -15.0, True),
    ],
)
def test_one_sided_functions_see_their_side_only(
    function: str, change: float, alarms: bool
) -> None:
    values = 100 + noise(400)
    values[350] += change
    score = float(scored(values, function).score[350])
    assert (score > 60) is alarms
    assert alarms or score < 5


@pytest.mark.parametrize("seed", [2, 5, 8])
def test_silence_of_a_busy_series_alarms_low_count(seed: int) -> None:
    values = np.random.default_rng(seed).poisson(20.0, (400, 1)).astype(float)
    values[350:353] = np.nan
    results = scored(values, "low_count")
    assert results.score[350] > 75
    row = np.flatnonzero(results.records.bucket == 350)[0]
    assert results.records.actual[row] == 0.0
    assert results.records.typical[row] == pytest.approx(20, abs=3)


def test_silence_says_nothing_where_empty_buckets_are_skipped() -> None:
    values = np.random.default_rng(2).poisson(20.0, (400, 1)).astype(float)
    values[350:353] = np.nan
    results = scored(values, "low_non_zero_count")
    assert not np.isin(results.records.bucket, [350, 351, 352]).any()


def test_sparse_counts_take_single_events_for_granted() -> None:
    values = np.random.default_rng(4).poisson(0.05, (2000, 1)).astype(float)
    values[values == 0] = np.nan
    values[1800] = 12.0
    score = scored(values, "count").score
    assert score[1800] > 75
    assert np.mean(score[100:1800] > 50) < 0.005


def test_new_series_do_not_cry_wolf() -> None:
    values = 100 + noise(60, series=5, seed=3)
    values[10] += 1000
    results = scored(values)
    assert not len(results.records.bucket[results.records.bucket <= 15])
    assert results.score[:19].max() == 0


def test_clean_noise_raises_no_flood() -> None:
    for series in (1, 20):
        score = scored(100 + noise(3000 // series + 600, series)).score
        assert np.mean(score > 75) < 0.01


def test_planted_spike_comes_first_among_a_thousand_partitions() -> None:
    values = 100 + noise(300, series=1000, seed=5)
    values[250, 123] += 12
    results = scored(values)
    assert int(np.argmax(results.score)) == 250
    top = np.flatnonzero(results.records.bucket == 250)[0]
    assert results.records.series[top] == 123
    assert results.records.score[top] == pytest.approx(results.score[250], abs=10)


def test_records_of_a_bucket_are_bounded() -> None:
    values = 100 + noise(120, series=2 * MAX_FINDINGS)
    values[100] += 50
    records = scored(values).records
    assert np.count_nonzero(records.bucket == 100) == MAX_FINDINGS


def test_slow_build_up_is_a_multi_bucket_anomaly() -> None:
    values = 100 + noise(700, seed=8)
    values[600:612] += 2.2
    values[650] += 12
    records = scored(values, span_s=900).records
    built_up = (records.bucket >= 605) & (records.bucket <= 612)
    assert records.multi_bucket_impact[built_up].max() > 0
    assert records.multi_bucket_impact[records.bucket == 650][0] < 0


def test_partial_buckets_are_judged_on_the_high_side_only() -> None:
    values = np.random.default_rng(2).poisson(50.0, (301, 2)).astype(float)
    values[300] = 3.0, 400.0
    buckets = closed(times(300), cells_of(values[:300]))
    partial = closed(times(301)[300:], cells_of(values[300:]))
    scorer = BucketScorer(job("count"))
    scorer.score(buckets, keys(2))
    interim = scorer.score(partial, keys(2), learn=False)
    assert interim.records.series.tolist() == [1]
    final = scorer.score(partial, keys(2))
    assert sorted(final.records.series.tolist()) == [0, 1]


def test_skipped_gap_is_not_silence() -> None:
    values = np.random.default_rng(2).poisson(20.0, (300, 1)).astype(float)
    scorer = BucketScorer(job("count"))
    scorer.score(closed(times(300), cells_of(values)), keys(1))
    later = times(5, start_s=int(times(300)[-1]) + 3600 * 1000)
    scorer.skip(int(later[0]))
    results = scorer.score(closed(later, cells_of(values[:5])), keys(1))
    assert results.score.max() < 30


@pytest.mark.parametrize("function", ["count", "sum", "mean"])
def test_the_influencer_value_that_carries_the_anomaly_is_named(function: str) -> None:
    buckets, hosts, guilty = 200, 4, 2
    generator = np.random.default_rng(6)
    count = generator.poisson(20.0, (buckets, hosts)).astype(float) + 1
    total = 10.0 * count + generator.normal(size=count.shape)
    if function == "count":
        count[150, guilty] += 500
    total[150, guilty] += 50_000
    records = count.sum(axis=1)
    value = {
        "count": records,
        "sum": total.sum(axis=1),
        "mean": total.sum(axis=1) / records,
    }[function]
    cells = cells_of(value[:, None])
    cells.count[:] = records
    one = np.ones(buckets * hosts)
    cells.influencers.append(
        InfluencerCells(
            field="host",
            cell=np.repeat(np.arange(buckets, dtype=np.int64), hosts),
            code=np.tile(np.arange(hosts, dtype=np.int32), buckets),
            count=count.ravel(),
            total=total.ravel(),
            low=one,
            high=one,
        )
    )
    config = job(function, influencers=("key", "host"))
    results = BucketScorer(config).score(closed(times(buckets), cells), keys(1))
    row = int(np.flatnonzero(results.records.bucket == 150)[0])
    assert (row, "host", (guilty,)) in results.records.influencers
    assert (row, "key", (0,)) in results.records.influencers
    in_bucket = results.influencers.bucket == 150
    assert results.influencers.field[in_bucket].tolist() == [0, 1]
    assert results.influencers.code[in_bucket].tolist() == [0, guilty]
    assert results.influencers.score[in_bucket].min() > 50
    assert results.bucket_influencers.field[results.bucket_influencers.bucket == 150].tolist() == [
        0,
        1,
    ]
    best = results.bucket_influencers.score[results.bucket_influencers.bucket == 150].max()
    assert results.score[150] == max(best, results.bucket_time_score[150])


def test_model_plot_has_every_known_series_in_every_bucket() -> None:
    values = 100 + noise(60, series=2)
    values[40, 1] = np.nan
    results = BucketScorer(job("mean"), model_plot=True).score(
        closed(times(60), cells_of(values)), keys(2)
    )
    plot = results.model_plot
    assert plot is not None
    assert len(plot.bucket) == 120
    gap = (plot.bucket == 40) & (plot.series == 1)
    assert np.isnan(plot.actual[gap]).tolist() == [True]
    assert plot.lower[gap][0] < 100 < plot.upper[gap][0]
    assert not np.isnan(plot.actual[~gap]).any()


def test_model_plot_does_not_change_results() -> None:
    values = 100 + noise(200, series=3)
    values[::7, 2] = np.nan
    plain = scored(values).score
    plotted = BucketScorer(job("mean"), model_plot=True).score(
        closed(times(200), cells_of(values)), keys(3)
    )
    np.testing.assert_array_equal(plotted.score, plain)


@pytest.mark.parametrize("buckets", [0, 1])
def test_no_cells_give_no_anomalies(buckets: int) -> None:
    none = closed(times(buckets), cells_of(np.full((buckets, 1), np.nan)))
    results = BucketScorer(job("mean")).score(none, keys(0))
    assert results.score.tolist() == [0.0] * buckets
    assert not len(results.records.bucket)
