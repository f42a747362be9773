"""Incidents that come again are said again; those that come all the time are not."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.engine.arrays import FloatArray
from sidecar.engine.maths.sketch import lesson
from tests.engine.scorer_cases import scored

SPAN_S = 900


def with_spikes(places: list[int], buckets: int = 500, seed: int = 1) -> FloatArray:
    values = 100 + np.random.default_rng(seed).normal(size=(buckets, 1))
    values[places] += 60
    return values


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_second_spike_is_still_a_major_one(seed: int) -> None:
    score = scored(with_spikes([200, 350], seed=seed), span_s=SPAN_S).score
    assert score[200] > 75
    assert score[350] > 50


@pytest.mark.parametrize("age", [100, 150])
def test_a_spike_in_a_young_series_is_said_loudly(age: int) -> None:
    assert scored(with_spikes([age]), span_s=SPAN_S).score[age] > 75


def test_spikes_at_random_all_the_time_become_usual() -> None:
    places = np.flatnonzero(np.random.default_rng(4).random(2000) < 1 / 20).tolist()
    score = scored(with_spikes(places, 2000), span_s=SPAN_S).score
    assert np.mean(score[[place for place in places if place > 1000]] > 50) < 0.1


def test_the_more_is_expected_the_more_is_learned_but_never_more_than_one() -> None:
    weights = [lesson(expected, 0.001) for expected in (0.0, 0.01, 0.1, 0.5, 1.0, 50.0)]
    assert weights == sorted(weights)
    assert 0.0 < weights[0] < 0.01
    assert weights[-1] == 1.0
