"""Which seasons the models find, and what they pay for them."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.engine.arrays import FloatArray, IntArray
from sidecar.engine.expected_bytes import expected_bytes
from sidecar.engine.functions import FUNCTIONS
from sidecar.engine.models.series.series_table import RICH_SERIES, SeriesTable
from sidecar.engine.scores.scoring import BucketScorer
from tests.engine.scorer_cases import assert_same, cells_of, closed, job, keys, part_of
from tests.engine.seasonal_cases import DAY_S, HOUR_S, clock, column, noise, stepped, wave

MANY = RICH_SERIES + 6


def shaped(table: SeriesTable) -> tuple[int, ...]:
    """How many series have a daily shape, and how many a weekly one."""
    return tuple(int((column(table, f"{kind}_slot") >= 0).sum()) for kind in ("day", "week"))


def working_week(time: IntArray, series: int) -> FloatArray:
    """(k, n) values of series with quiet weekends."""
    weekend = ((time // DAY_S + 3) % 7 >= 5)[:, None]
    return 100 + wave(time) - 12.0 * weekend + noise(len(time), series)


def test_noise_has_no_season() -> None:
    time = clock(40, HOUR_S)
    assert shaped(stepped(time, 100 + noise(len(time), MANY), HOUR_S)) == (0, 0)


@pytest.mark.parametrize("span_s", [900, HOUR_S], ids=["15m", "1h"])
def test_a_daily_series_among_many_pays_for_no_week(span_s: int) -> None:
    time = clock(28, span_s)
    daily = 100 + wave(time) + noise(len(time), MANY)
    assert shaped(stepped(time, daily, span_s)) == (MANY, 0)
    assert shaped(stepped(time, working_week(time, MANY), span_s)) == (MANY, MANY)


def test_few_series_have_the_week_with_the_day() -> None:
    time = clock(5, HOUR_S)
    assert shaped(stepped(time, 100 + wave(time) + noise(len(time), 2), HOUR_S)) == (2, 2)


def test_long_buckets_have_a_week_only() -> None:
    time = clock(60, DAY_S // 2)
    values = working_week(time, MANY) - wave(time)
    assert shaped(stepped(time, values, DAY_S // 2)) == (0, MANY)


def test_a_quiet_weekend_among_many_is_foretold_once_known() -> None:
    time = clock(35, HOUR_S)
    values = working_week(time, MANY)
    scorer = BucketScorer(job("mean"), model_plot=True)
    plot = scorer.score(closed(time, cells_of(values)), keys(MANY, first_s=int(time[0]))).model_plot
    assert plot is not None
    late = plot.bucket >= 28 * 24
    error = np.abs(plot.median - values[plot.bucket, plot.series])
    assert error[late].mean() < 1.6


@pytest.mark.parametrize("days", [1, 6, 28])
def test_the_size_is_what_is_in_use(days: int) -> None:
    time = clock(days, HOUR_S)
    values = working_week(time, 100)
    table = stepped(time, values, HOUR_S)
    by_piece = SeriesTable(FUNCTIONS["mean"], HOUR_S)
    for cut in range(0, len(time), 7):
        known = min(100, 10 + cut * 20)
        stepped(time[cut : cut + 7], values[cut : cut + 7, :known], HOUR_S, by_piece)
    again = SeriesTable(FUNCTIONS["mean"], HOUR_S)
    again.load(*table.save())
    assert table.nbytes() == by_piece.nbytes() == again.nbytes() == table.copy().nbytes()
    config = job("mean")
    expected = expected_bytes(config.detectors[0], config, attributes=100, entities=0)
    assert table.nbytes() < 1.3 * expected


def test_without_growth_no_series_gets_shapes_or_windows() -> None:
    time = clock(21, HOUR_S)
    values = 100 + wave(time) + noise(len(time), 3)
    table = SeriesTable(FUNCTIONS["mean"], HOUR_S)
    table.allow_growth(False)
    stepped(time[:200], values[:200], HOUR_S, table)
    again = SeriesTable(FUNCTIONS["mean"], HOUR_S)
    again.load(*table.save())
    stepped(time[200:400], values[200:400], HOUR_S, again)
    assert shaped(again) == (0, 0)
    assert len(again.save()[1]["window_values"]) == 0
    again.allow_growth(True)
    stepped(time[400:], values[400:], HOUR_S, again)
    assert shaped(again) == (3, 3)
    assert len(again.save()[1]["window_values"]) == 3


def mixed_seasons(series: int) -> tuple[IntArray, FloatArray]:
    """(k,) hours of some weeks and (k, n) values of series of different seasons."""
    time = clock(32, HOUR_S)
    values = 100 + noise(len(time), series)
    for place in range(series):
        if place % 3:
            values[:, place] += wave(time, (DAY_S, 7 * DAY_S)[place % 3 - 1])[:, 0] + place
    values[:, 1::2] = working_week(time, len(values[0, 1::2]))
    values[600, 2] += 30.0
    return time, values


@pytest.mark.parametrize("cut", [30, 100, 260, 500, 700])
@pytest.mark.parametrize("series", [4, MANY], ids=["few", "many"])
def test_saving_and_loading_amid_tests_does_not_matter(cut: int, series: int) -> None:
    time, values = mixed_seasons(series)
    buckets = closed(time, cells_of(values))
    names = keys(series, first_s=int(time[0]))
    whole, parts = BucketScorer(job("mean")), BucketScorer(job("mean"))
    expected = whole.score(buckets, names)
    first = parts.score(part_of(buckets, 0, cut), names)
    again = BucketScorer(job("mean"))
    again.load(*parts.save())
    rest = again.score(part_of(buckets, cut, len(time)), names)
    assert_same(np.concatenate([first.score, rest.score]), expected.score)
    assert_same(again.save(), whole.save())


def test_order_of_seasonal_series_does_not_matter() -> None:
    time, values = mixed_seasons(MANY)
    order = np.random.default_rng(1).permutation(MANY)
    names = keys(MANY, first_s=int(time[0]))
    plain = BucketScorer(job("mean")).score(closed(time, cells_of(values)), names)
    mixed = BucketScorer(job("mean")).score(closed(time, cells_of(values[:, order])), names)
    assert_same(mixed.score, plain.score)
    ours, theirs = plain.records, mixed.records
    first = set(zip(ours.bucket.tolist(), ours.series.tolist(), ours.probability, strict=True))
    series = order[theirs.series].tolist()
    assert first == set(zip(theirs.bucket.tolist(), series, theirs.probability, strict=True))


def test_forgetting_series_keeps_the_seasons_of_the_others() -> None:
    time, values = mixed_seasons(8)
    kept = np.array([1, 3, 6])
    table = stepped(time[:600], values[:600], HOUR_S)
    table.keep(kept)
    values = values[:, kept]
    alone = stepped(time[:600], values[:600], HOUR_S)
    names = keys(3, first_s=int(time[0]))[0]
    rest = [
        each.step(time[600:], cells_of(values[600:]), names, partial=False, plot=True)
        for each in (table, alone)
    ]
    assert_same(rest[0], rest[1])
    assert table.nbytes() == alone.nbytes()


@pytest.mark.parametrize("span_s", [900, HOUR_S], ids=["15m", "1h"])
@pytest.mark.parametrize("change", ["level", "double", "flat", "ramp begins", "ramp ends"])
def test_a_changed_series_is_soon_its_own_new_normal(change: str, span_s: int) -> None:
    time = clock(42, span_s)
    days = np.arange(len(time)) / (DAY_S / span_s)
    new = days >= 28
    shape = wave(time)[:, 0]
    values = {
        "level": shape + 30.0 * new,
        "double": shape * np.where(new, 2.0, 1.0),
        "flat": shape * ~new,
        "ramp begins": shape + np.where(new, days - 28, 0) * 10.0,
        "ramp ends": shape + np.minimum(days, 28) * 10.0,
    }[change][:, None]
    results = BucketScorer(job("mean", span_s=span_s)).score(
        closed(time, cells_of(100 + values + noise(len(time)))), keys(1, first_s=int(time[0]))
    )
    per_day = DAY_S // span_s
    at = 28 * per_day
    assert np.count_nonzero(results.score[at : at + per_day] > 50) <= 15
    assert np.count_nonzero(results.score[at + 3 * per_day : at + 7 * per_day] > 50) <= 6
