"""What single series of many kinds get: calibrated, said once, and unlike the past."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.engine.arrays import FloatArray
from tests.engine.scorer_cases import scored

SPAN_S = 900
DAY = 96


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def clean_values(kind: str, buckets: int, series: int) -> FloatArray:
    """Independent noise of a law, with a season where the kind says so."""
    generator = rng()
    shape = (buckets, series)
    wave = np.sin(2 * np.pi * np.arange(buckets) / DAY)[:, None]
    laws = {
        "normal": lambda: 100 + generator.normal(size=shape),
        "lognormal": lambda: np.exp(generator.normal(size=shape)),
        "exponential": lambda: generator.exponential(size=shape),
        "poisson": lambda: generator.poisson(1.0, shape).astype(float),
        "few values": lambda: generator.choice([1.0, 2.0, 3.0, 5.0], size=shape),
        "two modes": lambda: (
            np.where(generator.random(shape) < 0.4, 20.0, 80.0) + generator.normal(size=shape)
        ),
        "seasonal": lambda: 100 + 10 * wave + generator.normal(size=shape),
    }
    return np.asarray(laws[kind]())


@pytest.mark.parametrize("series", [12, 40], ids=["few series", "many series"])
@pytest.mark.parametrize(
    "kind",
    ["normal", "lognormal", "exponential", "poisson", "few values", "two modes", "seasonal"],
)
def test_probabilities_of_clean_data_are_no_smaller_than_they_say(kind: str, series: int) -> None:
    buckets, first = 1500, 300
    records = scored(clean_values(kind, buckets, series), span_s=SPAN_S).records
    probability = records.probability[records.bucket >= first]
    judged = (buckets - first) * series
    for level in (0.035, 0.01, 0.001):
        # The season's shape is still being learned: some leave for that and for chance.
        allowed = 1.5 * level * judged + 3 * np.sqrt(level * judged)
        assert np.count_nonzero(probability < level) <= allowed


@pytest.mark.parametrize("change", [6.0, -20.0], ids=["up", "down"])
def test_a_level_shift_is_said_once(change: float) -> None:
    values = 100 + rng().normal(size=(900, 1))
    values[500:] += change
    score = scored(values, span_s=SPAN_S).score
    assert score[500] > 60
    assert np.count_nonzero(score[501:] > 40) == 0
    assert score[550:].max() < 40


@pytest.mark.parametrize("gap", [100, 300])
def test_data_that_come_back_after_a_gap_do_not_alarm(gap: int) -> None:
    values = 100 + rng().normal(size=(1000, 1))
    values[400 : 400 + gap] = np.nan
    back = 400 + gap
    assert scored(values, span_s=SPAN_S).score[back : back + 100].max() < 40


@pytest.mark.parametrize("huge", [1e300, -1e300, 1e-300])
def test_a_value_of_another_magnitude_is_an_anomaly_once(huge: float) -> None:
    values = 100 + rng().normal(size=(800, 1))
    values[500] = huge
    results = scored(values, span_s=SPAN_S)
    assert results.score[500] > 90
    assert results.score[501:].max() < 40
    row = np.flatnonzero(results.records.bucket == 500)[0]
    assert results.records.actual[row] == huge


def test_young_series_do_not_cry_wolf() -> None:
    values = np.hstack([100 + rng().normal(size=(80, 10)), rng().exponential(size=(80, 10))])
    for column in range(values.shape[1]):
        assert scored(values[:, [column]], span_s=SPAN_S).score.max() < 50


def test_one_odd_cycle_of_a_machine_is_found() -> None:
    phase = 2 * np.pi * np.arange(1500) / 40
    values = np.sin(phase) + 0.5 * np.sin(2 * phase) + 0.03 * rng().normal(size=1500)
    values[1000:1040] = values[1000:1040][::-1].copy()
    score = scored(values[:, None], span_s=60).score
    assert int(np.argmax(score[400:])) + 400 in range(1000, 1060)


def test_a_value_between_two_modes_is_the_least_probable() -> None:
    values = clean_values("two modes", 1500, 1)
    values[1000] = 50.0
    results = scored(values, span_s=SPAN_S)
    assert int(np.argmax(results.raw_score)) == 1000
    row = np.flatnonzero(results.records.bucket == 1000)[0]
    assert results.records.multimodal[row]
    assert results.records.characteristics_impact[row] >= 2


def test_noise_around_one_value_is_not_called_multimodal() -> None:
    values = 100 + rng().normal(size=(1500, 1))
    values[1000] += 12
    assert not scored(values, span_s=SPAN_S).records.multimodal.any()
