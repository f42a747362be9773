"""`rare` and `freq_rare` over a field: entities that show what few others do."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.engine.arrays import IntArray
from sidecar.engine.models.findings import FINDING_CELL, FINDING_SERIES, LIVE
from sidecar.engine.models.members import MAX_CAUSES, causes_of, list_cells, members_for
from sidecar.engine.models.rare.rarity import HOLD_BUCKETS, class_of, memory_of
from sidecar.engine.models.rare.tables import RareInPopulation
from sidecar.schema.detector import Detector
from tests.engine.naive_rarity import NaiveShowings, weighed
from tests.engine.rarity_cases import SPAN_S, START_S, cells_of, judge, keys_of

RARE = Detector("rare", by_field_name="p", over_field_name="h")
FREQUENT = Detector("freq_rare", by_field_name="p", over_field_name="h")
BUCKETS = 800
AT = START_S + 700 * SPAN_S


def hosts(seed: int = 1) -> tuple[IntArray, IntArray, IntArray]:
    """Times, processes and hosts: 100 hosts share 25 processes, some of them seldom run."""
    draws = np.random.Generator(np.random.PCG64(seed))
    size = 60_000
    time = START_S + np.sort(draws.integers(0, BUCKETS * SPAN_S, size))
    return time, np.minimum(draws.geometric(0.2, size), 25) - 1, draws.integers(0, 100, size)


def with_more(time: IntArray, process: IntArray, host: IntArray) -> dict[str, IntArray]:
    """The usual events and these."""
    usual = hosts()
    t, p, h = (np.append(a, b) for a, b in zip(usual, (time, process, host), strict=True))
    return {"time": t, "p": p, "h": h}


@pytest.mark.parametrize("detector", [RARE, FREQUENT], ids=lambda d: str(d.function))
def test_a_process_that_nobody_else_has_comes_first(detector: Detector) -> None:
    found = judge(detector, **with_more(np.array([AT]), np.array([41]), np.array([7])))
    assert (found[0].bucket, found[0].over, found[0].by) == (AT, "h7", "p41")
    assert found[0].score > 75
    assert [record for record in found[1:] if record.score > 75] == []
    by, probability, actual, typical = found[0].causes[0]
    assert (by, actual, typical) == ("p41", 1.0, 0.0)
    assert probability == pytest.approx(found[0].probability)


def test_what_all_begin_to_do_at_once_is_not_rare() -> None:
    everyone = np.arange(90)
    found = judge(RARE, **with_more(AT + everyone, np.full(90, 45), everyone))
    assert [record for record in found if record.bucket == AT and record.score > 25] == []


def test_the_habit_of_one_entity_is_no_news() -> None:
    own = START_S + np.arange(BUCKETS) * SPAN_S + 3
    found = judge(RARE, **with_more(own, np.full(BUCKETS, 50), np.full(BUCKETS, 11)))
    late = [r for r in found if r.by == "p50" and r.bucket > START_S + 100 * SPAN_S]
    assert late == []


def test_several_rare_values_are_odder_than_one() -> None:
    one = judge(RARE, **with_more(np.array([AT]), np.array([41]), np.array([7])))
    many = judge(RARE, **with_more(AT + np.arange(30), 41 + np.arange(30), np.full(30, 7)))
    assert many[0].over == "h7"
    assert many[0].actual == 30.0
    assert many[0].probability < 1e-3 * one[0].probability
    assert len(many[0].causes) == MAX_CAUSES


def test_only_freq_rare_minds_how_often_a_rare_value_comes() -> None:
    events = with_more(AT + np.arange(200), np.full(200, 41), np.full(200, 7))
    once = with_more(np.array([AT]), np.array([41]), np.array([7]))
    assert judge(RARE, **events)[0].probability == judge(RARE, **once)[0].probability
    assert judge(FREQUENT, **events)[0].probability < 0.1 * judge(FREQUENT, **once)[0].probability
    assert judge(FREQUENT, **events)[0].causes[0][2] == 200.0


SERIES = [(0, by, over) for by in range(4) for over in range(5)]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_learns_what_the_obvious_sums_over_history_say(seed: int) -> None:
    draws = np.random.Generator(np.random.PCG64(seed))
    rate = np.repeat([0.9, 0.3, 0.05, 0.01], 5)
    presence = draws.random((40, len(SERIES))) < rate
    presence[:, 0] = True
    model, memory = RareInPopulation(SPAN_S, frequent=False), memory_of(SPAN_S)
    time = START_S + np.arange(len(presence)) * SPAN_S
    stepped = model.step(time, cells_of(presence, {}), keys_of(SERIES), partial=False, plot=False)
    naive = NaiveShowings(memory)
    rarest: list[list[int]] = []
    for now, row in enumerate(presence, start=1):
        pairs = [SERIES[s][1:] for s in np.flatnonzero(row).tolist()]
        naive.show(now, pairs)
        ranks: dict[int, list[int]] = defaultdict(list)
        for by, over in pairs:
            others = naive.others(by, over, now)
            if not naive.is_habit(by, over, now):
                ranks[over].append(class_of(others if others > 0.05 else -1.0))
        rarest.append([min(each) for each in ranks.values()])
        live = len({over for _, over in pairs}) if now > HOLD_BUCKETS else 0
        assert stepped.detector[now - 1, LIVE] == live
    _, arrays = model.save()
    expected = np.zeros_like(arrays["populations/classes"][0])
    for age, ranks_then in enumerate(rarest):
        share, _ = weighed([0] * age + [1] + [0] * (len(rarest) - age - 1), memory)
        for rank in ranks_then:
            expected[rank] += share[1]
    np.testing.assert_allclose(arrays["populations/classes"][0], expected, rtol=1e-9, atol=1e-12)
    for place, by in enumerate(range(4)):
        every = naive.others(by, -1, len(presence))
        assert math.isclose(_entities(arrays, place, memory), every, rel_tol=1e-9, abs_tol=1e-12)


def _entities(arrays: dict[str, np.ndarray], attribute: int, memory: float) -> float:
    """Decayed number of entities with an attribute, at the end."""
    entities = float(arrays["attributes/entities"][attribute])
    elapsed = 40 - int(arrays["attributes/last"][attribute])
    return entities * math.exp(-elapsed / memory)


def test_causes_are_the_oddest_cells_of_the_member_in_order() -> None:
    draws = np.random.Generator(np.random.PCG64(5))
    member = draws.integers(0, 3, 40).astype(np.int32)
    series = np.arange(40, dtype=np.int32)
    members = members_for(3, 40)
    list_cells(members, member, series, 0, 40)
    members.log_p[:] = np.where(draws.random(40) < 0.8, -draws.random(40), 0.0)
    findings = np.zeros((3, 18))
    findings[:, FINDING_CELL] = [np.flatnonzero(member == m)[-1] for m in (2, 0, 1)]
    findings[:, FINDING_SERIES] = findings[:, FINDING_CELL]
    causes = causes_of(members, findings, series)
    for row, m in enumerate((2, 0, 1)):
        cells = [int(c) for c in np.flatnonzero(member == m) if members.log_p[c] < 0.0]
        expected = sorted(cells, key=lambda c: float(members.log_p[c]))[:MAX_CAUSES]
        assert causes.series[causes.finding == row].tolist() == expected
