"""Which periods other than the day and the week are found, trusted and left again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sidecar.engine.arrays import BoolArray, FloatArray, IntArray
from sidecar.engine.functions import FUNCTIONS
from sidecar.engine.models.series.found_period import PERIOD, TRUSTED
from sidecar.engine.models.series.period_search import (
    RING_SLOTS,
    SEARCH_ROOM,
    find_period,
    round_length,
)
from sidecar.engine.models.series.series_table import RICH_SERIES, SeriesTable
from sidecar.engine.scores.scoring import BucketScorer
from tests.engine.scorer_cases import assert_same, cells_of, closed, job, keys, part_of
from tests.engine.seasonal_cases import DAY_S, HOUR_S, clock, column, noise, stepped, wave

MINUTE_S = 60


def periods(table: SeriesTable) -> tuple[FloatArray, BoolArray]:
    """Of each series with room for one: its period in s (0: none), and whether it is trusted."""
    found = table.save()[1]["periods"]
    return found[:, PERIOD], found[:, TRUSTED] > 0.0


def beats(time: IntArray, period_s: float) -> FloatArray:
    """(k, 1) values that are high in a twelfth of each period."""
    values: FloatArray = np.where(time % period_s < period_s / 12, 12.0, 0.0)[:, None]
    return values


@pytest.mark.parametrize("slots", [128, 256, 512])
@pytest.mark.parametrize("period", [6.67, 9.0, 20.0, 41.3])
def test_the_period_of_a_wave_is_measured_to_half_a_slot_over_the_ring(
    period: float, slots: int
) -> None:
    ring = np.zeros(RING_SLOTS)
    ring[:slots] = np.sin(2 * np.pi * np.arange(slots) / period) + 0.2 * noise(slots)[:, 0]
    found, _, left = find_period(ring, slots, np.zeros(SEARCH_ROOM))
    assert abs(found - period) * slots / period < 1.0
    assert left < 0.5


@pytest.mark.parametrize("slots", [128, 256, 512])
@pytest.mark.parametrize("kind", ["noise", "walk", "still", "line"])
def test_no_period_is_found_where_there_is_none(kind: str, slots: int) -> None:
    for seed in range(20):
        drawn = noise(RING_SLOTS, seed=seed)[:, 0]
        ring = {
            "noise": drawn,
            "walk": np.cumsum(drawn),
            "still": 0.0 * drawn + 3.0,
            "line": np.arange(RING_SLOTS) + drawn,
        }[kind]
        assert find_period(ring, slots, np.zeros(SEARCH_ROOM))[2] > 0.5


@pytest.mark.parametrize(
    ("measured_s", "doubt_s", "length_s"),
    [(6004.0, 3.0, 6000.0), (10780.0, 15.0, 10800.0), (5555.0, 2.0, 5555.0), (5.0, 1.0, 5.0)],
)
def test_a_length_is_rounded_within_its_doubt(
    measured_s: float, doubt_s: float, length_s: float
) -> None:
    assert round_length(measured_s, doubt_s) == length_s


@pytest.mark.parametrize(
    ("shape", "span_s", "period_s", "days"),
    [
        pytest.param(wave, 300, 100 * MINUTE_S, 3, id="wave of 100 min"),
        pytest.param(wave, 300, 3 * HOUR_S, 3, id="wave of 3 h"),
        pytest.param(wave, 600, 7 * HOUR_S, 10, id="wave of 7 h"),
        pytest.param(beats, 300, 100 * MINUTE_S, 3, id="beats of 100 min"),
        pytest.param(beats, 300, 3 * HOUR_S, 3, id="beats of 3 h"),
        pytest.param(beats, 600, 7 * HOUR_S, 10, id="beats of 7 h"),
        pytest.param(beats, HOUR_S, 5 * DAY_S, 45, id="beats of 5 days"),
    ],
)
def test_a_strict_period_is_found_and_trusted(
    shape: Callable[[IntArray, float], FloatArray], span_s: int, period_s: float, days: int
) -> None:
    time = clock(days, span_s)
    table = stepped(time, 100 + shape(time, period_s) + noise(len(time)), span_s)
    found, trusted = periods(table)
    assert found[0] == pytest.approx(period_s, rel=0.01)
    assert trusted[0]


def test_a_slow_wave_that_the_last_values_foretell_as_well_is_not_trusted() -> None:
    time = clock(45, HOUR_S)
    table = stepped(time, 100 + wave(time, 5 * DAY_S) + noise(len(time)), HOUR_S)
    assert not periods(table)[1].any()


def test_noise_and_days_have_no_period_of_their_own() -> None:
    time = clock(30, 900)
    values = 100 + noise(len(time), 6)
    values[:, 3:] += wave(time)
    found, _ = periods(stepped(time, values, 900))
    assert not found.any()


def test_a_period_that_ends_is_left() -> None:
    time = clock(12, 300)
    values = 100 + wave(time, 100 * MINUTE_S) * (time < time[0] + 4 * DAY_S)[:, None]
    values += noise(len(time))
    table = stepped(time[: 4 * 288], values[: 4 * 288], 300)
    assert periods(table)[1][0]
    stepped(time[4 * 288 :], values[4 * 288 :], 300, table)
    assert periods(table)[0][0] == 0.0


def test_a_trusted_period_is_foretold() -> None:
    time = clock(5, 300)
    values = 100 + beats(time, 100 * MINUTE_S) + noise(len(time))
    scorer = BucketScorer(job("mean", span_s=300), model_plot=True)
    plot = scorer.score(closed(time, cells_of(values)), keys(1, first_s=int(time[0]))).model_plot
    assert plot is not None
    late = plot.bucket >= 4 * 288
    error = np.abs(plot.median - values[plot.bucket, 0])
    assert error[late].mean() < 1.3


def test_many_series_have_no_room_for_periods() -> None:
    time = clock(3, 300)
    values = 100 + wave(time, 100 * MINUTE_S) + noise(len(time), RICH_SERIES + 1)
    table = stepped(time, values, 300)
    assert len(table.save()[1]["periods"]) == 0


def test_a_state_of_before_periods_goes_on_without() -> None:
    time = clock(3, 300)
    table = stepped(time, 100 + wave(time, 100 * MINUTE_S) + noise(len(time)), 300)
    header, arrays = table.save()
    del arrays["periods"]
    again = SeriesTable(FUNCTIONS["mean"], 300)
    again.load(header, arrays)
    assert not periods(again)[0].any()
    assert column(again, "count")[0] == len(time)


@pytest.mark.parametrize("cut", [100, 153, 154, 200, 536, 600])
def test_saving_and_loading_amid_searches_does_not_matter(cut: int) -> None:
    time = clock(3, 300)
    values = 100 + beats(time, 100 * MINUTE_S) + noise(len(time), 3)
    values[:, 1] += wave(time, 3 * HOUR_S)[:, 0]
    buckets, names = closed(time, cells_of(values)), keys(3, first_s=int(time[0]))
    whole, parts = (BucketScorer(job("mean", span_s=300)) for _ in range(2))
    expected = whole.score(buckets, names)
    first = parts.score(part_of(buckets, 0, cut), names)
    again = BucketScorer(job("mean", span_s=300))
    again.load(*parts.save())
    rest = again.score(part_of(buckets, cut, len(time)), names)
    assert_same(np.concatenate([first.score, rest.score]), expected.score)
    assert_same(again.save(), whole.save())
