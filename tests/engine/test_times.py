"""`time_of_day` and `time_of_week`: records at times when there usually are none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.engine.arrays import IntArray
from sidecar.engine.models.times.circle import log_share, spread_of, usual_slot
from sidecar.schema.detector import Detector
from tests.engine.naive_rarity import share_no_denser
from tests.engine.rarity_cases import DAY_S, START_S, judge

HOUR_S = 3600
WEEK_S = 7 * DAY_S
DAY = Detector("time_of_day")
WEEK = Detector("time_of_week")
USERS = 20


def logins(days: int = 40, *, weekdays: bool = False, seed: int = 1) -> tuple[IntArray, IntArray]:
    """Some logins a day of each of 20 users, about 13:00, from 7:30 to 18:30."""
    draws = np.random.Generator(np.random.PCG64(seed))
    day, user = np.nonzero(np.ones((days, USERS)))
    each = draws.poisson(6, len(day))
    day, user = np.repeat(day, each), np.repeat(user, each)
    hour = draws.normal(13, 2.2, len(day))
    worked = (hour > 7.5) & (hour < 18.5)
    if weekdays:
        # The first of January 1970 was a Thursday.
        worked &= (START_S // DAY_S + day + 3) % 7 < 5
    time = START_S + day * DAY_S + (hour * HOUR_S).astype(np.int64)
    return time[worked], user[worked]


def planted(day: int, hour: float) -> int:
    return START_S + day * DAY_S + int(hour * HOUR_S)


SPLITS = {
    "nothing": DAY,
    "by": dataclasses.replace(DAY, by_field_name="u"),
    "partition": dataclasses.replace(DAY, partition_field_name="u"),
    "over": dataclasses.replace(DAY, over_field_name="u"),
}


@pytest.mark.parametrize("span_s", [900, HOUR_S, 6 * HOUR_S])
@pytest.mark.parametrize("detector", SPLITS.values(), ids=SPLITS)
def test_a_login_in_the_night_comes_first(detector: Detector, span_s: int) -> None:
    time, user = logins()
    night = planted(35, 3.02)
    codes = {"u": np.append(user, 5)} if detector != DAY else {}
    found = judge(detector, np.append(time, night), span_s=span_s, **codes)
    assert found[0].bucket == night // span_s * span_s
    assert found[0].actual == 3 * HOUR_S + 72
    assert 8 * HOUR_S < found[0].typical < 18 * HOUR_S
    assert {found[0].by, found[0].partition, found[0].over} <= {None, "u5"}
    assert [record for record in found[1:] if record.score > 75] == []


def test_with_an_over_field_the_cause_has_the_times() -> None:
    time, user = logins()
    found = judge(SPLITS["over"], np.append(time, planted(35, 3.02)), u=np.append(user, 5))
    ((by, probability, actual, typical),) = found[0].causes
    assert by is None
    assert (actual, typical) == (found[0].actual, found[0].typical)
    assert probability == found[0].probability


def test_a_login_on_saturday_is_odd_in_the_week_only() -> None:
    time, _ = logins(70, weekdays=True)
    saturday = next(day for day in range(60, 68) if (START_S // DAY_S + day + 3) % 7 == 5)
    events = np.append(time, planted(saturday, 13.0))
    found = judge(WEEK, events, span_s=HOUR_S)
    assert found[0].bucket == planted(saturday, 13.0)
    assert found[0].score > 75
    assert found[0].actual == planted(saturday, 13.0) % WEEK_S
    assert [r for r in judge(DAY, events, span_s=HOUR_S) if r.bucket == found[0].bucket] == []


def test_every_one_of_several_usual_times_is_usual() -> None:
    day = np.arange(60)
    times = [START_S + day * DAY_S + int(hour * HOUR_S) for hour in (2.1, 9.6, 23.9)]
    found = judge(DAY, np.append(np.concatenate(times), planted(50, 16.0)))
    assert [record.actual for record in found if record.score > 25] == [16 * HOUR_S]
    assert found[0].typical == pytest.approx(9.6 * HOUR_S, abs=900)


def test_the_nearest_usual_time_may_lie_beyond_midnight() -> None:
    times = START_S + np.arange(60) * DAY_S + int(23.9 * HOUR_S)
    found = judge(DAY, np.append(times, planted(50, 4.0)))
    assert found[0].actual == 4 * HOUR_S
    assert found[0].typical == pytest.approx(23.9 * HOUR_S, abs=900)


@pytest.mark.parametrize(("detector", "days"), [(DAY, 2), (WEEK, 14)], ids=["day", "week"])
def test_two_rounds_are_learned_before_anything_is_judged(detector: Detector, days: int) -> None:
    time, _ = logins(days)
    assert judge(detector, np.append(time, planted(days - 1, 3.0))) == []


def test_a_week_of_silence_ages_nothing() -> None:
    time, _ = logins(60)
    day = (time - START_S) // DAY_S
    away = np.append(time[(day < 40) | (day >= 54)], planted(55, 3.0))
    found = judge(DAY, away, span_s=HOUR_S)
    assert found[0].bucket == planted(55, 3.0)
    assert found[0].score > 75


@given(st.lists(st.integers(0, 95), min_size=1, max_size=60), st.integers(0, 95))
def test_the_share_is_the_mass_of_all_times_no_denser(learned: list[int], slot: int) -> None:
    spread = spread_of(96)
    density = np.zeros(96, np.float32)
    for at in learned:
        density += np.roll(spread, at).astype(np.float32)
    expected = np.log(share_no_denser(density, 1.0, slot, 0.1))
    assert log_share(density, 1.0, slot) == pytest.approx(expected, rel=1e-5, abs=1e-9)
    assert log_share(density, 1.0, slot) <= 0.0
    usual = usual_slot(density, slot)
    assert density[usual] >= density[(usual + 1) % 96]
    assert density[usual] >= density[(usual - 1) % 96]


def test_the_smoothing_spreads_all_of_a_time_evenly_to_both_sides() -> None:
    for slots in (96, 336):
        spread = spread_of(slots)
        assert spread.sum() == pytest.approx(1.0)
        np.testing.assert_allclose(spread[1:], spread[:0:-1])
        assert (np.diff(spread[: slots // 2]) < 0).all()
