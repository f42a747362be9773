"""`rare` by a field: values seldom seen in their partition, and only these."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.engine.arrays import BoolArray
from sidecar.engine.models.findings import FINDING_BUCKET, FINDING_LOG_P, FINDING_SERIES
from sidecar.engine.models.rare.rarity import memory_of
from sidecar.engine.models.rare.tables import RareInTime
from sidecar.engine.models.series.step import LOG_RECORD_CUTOFF
from sidecar.schema.detector import Detector
from tests.engine.naive_rarity import NaiveRareInTime
from tests.engine.rarity_cases import (
    SPAN_S,
    START_S,
    cells_of,
    draw,
    judge,
    keys_of,
    regulars,
)

RARE = Detector("rare", by_field_name="u")
PER_HOST = Detector("rare", by_field_name="u", partition_field_name="h")


def generator(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_rare_user_among_regular_ones_comes_first(seed: int) -> None:
    time, user = regulars(generator(seed))
    planted = START_S + 1500 * SPAN_S
    found = judge(RARE, np.append(time, planted + 7), u=np.append(user, 200))
    assert (found[0].bucket, found[0].by) == (planted, "u200")
    assert found[0].score > 75
    assert [record.score for record in found[1:] if record.score > 50] == []
    assert (found[0].actual, found[0].typical, found[0].first) == (1.0, 0.0, True)
    assert found[0].rarity > 100


@pytest.mark.parametrize("exponent", [1.1, 1.6, 2.0, 3.0])
@pytest.mark.parametrize("in_a_bucket", [5, 50])
def test_new_values_that_keep_coming_do_not_alarm(exponent: float, in_a_bucket: int) -> None:
    draws = generator()
    size = 2000 * in_a_bucket
    _, value = np.unique(draws.zipf(exponent, size) % 10_000_000, return_inverse=True)
    time = START_S + np.sort(draws.integers(0, 2000 * SPAN_S, size))
    assert [record for record in judge(RARE, time, u=value) if record.score > 75] == []


def test_a_job_full_of_one_offs_has_no_records() -> None:
    time = START_S + np.arange(5000) * (SPAN_S // 3)
    assert judge(RARE, time, u=np.arange(5000)) == []


def test_one_offs_at_a_known_rate_among_regular_values_do_not_alarm() -> None:
    draws = generator()
    time, user = regulars(draws)
    odd = np.flatnonzero(draws.random(2000) < 0.02)
    found = judge(
        RARE,
        np.append(time, START_S + odd * SPAN_S),
        u=np.append(user, 200 + np.arange(len(odd))),
    )
    assert [record for record in found if record.score > 60] == []


def test_a_value_that_returns_is_less_odd_than_a_first_one() -> None:
    time, user = regulars(generator(), buckets=1600)
    buckets = np.array([200, 1500, 1500])
    found = judge(
        RARE,
        np.append(time, START_S + buckets * SPAN_S),
        u=np.append(user, [200, 200, 201]),
    )
    late = {r.by: r for r in found if r.bucket == START_S + 1500 * SPAN_S}
    assert late["u201"].first
    assert not late["u200"].first
    assert late["u201"].probability < 0.5 * late["u200"].probability
    assert late["u201"].rarity > late["u200"].rarity


def test_what_goes_on_is_said_once() -> None:
    time, user = regulars(generator(), buckets=1600)
    going_on = START_S + (1500 + np.arange(8)) * SPAN_S
    found = judge(RARE, np.append(time, going_on), u=np.append(user, np.full(8, 200)))
    scores = {r.bucket: r.score for r in found if r.by == "u200"}
    assert scores[int(going_on[0])] > 70
    assert all(scores.get(int(later), 0.0) < 50 for later in going_on[1:])


def test_nothing_is_judged_in_the_first_twenty_buckets() -> None:
    presence = np.ones((20, 5), dtype=np.bool_)
    presence[:19, 4] = False
    time, user = draw(presence, generator())
    assert judge(RARE, time, u=user) == []


def test_a_new_partition_learns_before_it_is_judged() -> None:
    draws = generator()
    time, user = draw(draws.random((600, 10)) < 0.5, draws)
    new_time, new_user = draw(draws.random((60, 10)) < 0.5, draws)
    found = judge(
        PER_HOST,
        np.append(time, new_time + 300 * SPAN_S),
        u=np.append(user, new_user + 20),
        h=np.append(np.zeros(len(time), int), np.ones(len(new_time), int)),
    )
    assert [record for record in found if record.partition == "h1" and record.score > 25] == []


def test_partitions_have_values_of_their_own() -> None:
    draws = generator()
    time, user = draw(draws.random((800, 10)) < 0.5, draws)
    host = user % 2
    found = judge(
        PER_HOST,
        np.append(time, START_S + 700 * SPAN_S),
        u=np.append(user, 3),
        h=np.append(host, 0),
    )
    assert (found[0].partition, found[0].by, found[0].first) == ("h0", "u3", True)
    assert found[0].score > 50


@st.composite
def presences(draws: st.DrawFn) -> BoolArray:
    """(k, 6) which of six values are there: some often, some seldom, some late."""
    buckets = draws(st.integers(25, 60))
    seed = draws(st.integers(0, 2**32 - 1))
    rate = np.array([0.95, 0.9, 0.5, 0.3, 0.05, 0.02])
    return np.random.Generator(np.random.PCG64(seed)).random((buckets, 6)) < rate


SERIES = [(0, 0, -1), (1, 0, -1), (0, 1, -1), (1, 1, -1), (0, 2, -1), (1, 2, -1)]


@given(presences(), st.integers(0, 60))
@settings(max_examples=40)
def test_judges_as_the_obvious_sums_over_history_do(presence: BoolArray, cut: int) -> None:
    model, naive = RareInTime(SPAN_S), NaiveRareInTime(memory_of(SPAN_S))
    found: dict[tuple[int, int], float] = {}
    cut = min(cut, len(presence))
    for first, part in ((0, presence[:cut]), (cut, presence[cut:])):
        time = START_S + (first + np.arange(len(part))) * SPAN_S
        stepped = model.step(time, cells_of(part, {}), keys_of(SERIES), partial=False, plot=False)
        for row in stepped.findings:
            place = (first + int(row[FINDING_BUCKET]), int(row[FINDING_SERIES]))
            found[place] = float(row[FINDING_LOG_P])
    expected = {}
    for bucket, row in enumerate(presence):
        here = np.flatnonzero(row).tolist()
        judged = naive.step([SERIES[s][:2] for s in here])
        for series in here:
            log_p = judged[SERIES[series][:2]]
            if log_p is not None and log_p < LOG_RECORD_CUTOFF:
                expected[bucket, series] = log_p
    assert found == pytest.approx(expected, rel=1e-9)


def test_forgotten_values_leave_the_others_as_they_were() -> None:
    draws = generator()
    presence = draws.random((60, 6)) < 0.6
    kept = np.array([0, 2, 3, 4, 5])
    whole, pruned = RareInTime(SPAN_S), RareInTime(SPAN_S)
    before = presence.copy()
    before[:, 1] = False
    time = START_S + np.arange(60) * SPAN_S
    for model in (whole, pruned):
        model.step(time, cells_of(before, {}), keys_of(SERIES), partial=False, plot=False)
    pruned.keep(kept)
    assert pruned.nbytes() < whole.nbytes()
    after = before.copy()
    after[:30, 4] = False
    one = whole.step(time, cells_of(after, {}), keys_of(SERIES), partial=False, plot=False)
    other = pruned.step(
        time,
        cells_of(after[:, kept], {}),
        keys_of([SERIES[s] for s in kept]),
        partial=False,
        plot=False,
    )
    np.testing.assert_array_equal(one.detector, other.detector)
    np.testing.assert_array_equal(one.findings[:, FINDING_LOG_P], other.findings[:, FINDING_LOG_P])
