"""Clocks of models shift once, before the first bucket that a rule holds for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from sidecar.engine.arrays import IntArray
from sidecar.engine.functions import FUNCTIONS
from sidecar.engine.gathering.cells import ClosedCells, SeriesKeys
from sidecar.engine.models.detector_model import Stepped
from sidecar.engine.models.series.series_table import SeriesTable
from sidecar.engine.rules.job_rules import JobRules
from sidecar.engine.rules.kernels import NO_RULES, DetectorRules
from sidecar.engine.rules.time_shifts import TimeShift, step_with_shifts
from sidecar.schema.detection_rule import DetectionRule, FilterRef, RuleCondition
from sidecar.schema.scheduled_event import ScheduledEvent
from tests.engine.rules.test_compiled_rules import job_rules, keys_of
from tests.engine.scorer_cases import HOUR_S, assert_same, cells_of, keys, times

ALL = [0, 1]


@dataclass
class ClockModel(SeriesTable):
    """Series that note what they are told of the time."""

    said: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(FUNCTIONS["mean"], HOUR_S)

    def shift_time(self, seconds: float, series: IntArray | None = None) -> None:
        assert series is not None
        self.said.append((seconds, series.tolist()))

    def step(
        self,
        time: IntArray,
        cells: ClosedCells,
        keys: SeriesKeys,
        *,
        partial: bool,
        plot: bool,
        rules: DetectorRules = NO_RULES,
    ) -> Stepped:
        self.said.append(len(time))
        return super().step(time, cells, keys, partial=partial, plot=plot, rules=rules)


def test_the_clock_shifts_between_the_buckets() -> None:
    values = 100 + np.random.Generator(np.random.PCG64(1)).standard_normal((300, 3))
    values[[120, 201, 299], 1] = 200.0
    model = ClockModel()
    everybody = np.arange(3)
    shifts = [
        TimeShift(150, 3600, everybody),
        TimeShift(150, -60, np.array([2])),
        TimeShift(201, 5, everybody),
    ]
    arguments = (times(300), cells_of(values), keys(3)[0])
    shifted = step_with_shifts(
        model, *arguments, partial=False, plot=True, rules=NO_RULES, shifts=shifts
    )
    assert model.said == [150, (3600, [0, 1, 2]), (-60, [2]), 51, (5, [0, 1, 2]), 99]
    # This clock only notes it, so the results are those of one step.
    plain = SeriesTable(FUNCTIONS["mean"], HOUR_S)
    assert_same(shifted, plain.step(*arguments, partial=False, plot=True))
    assert len(shifted.findings) > 2


def shifting(seconds: int, start: int, end: int, scope: bool = False) -> DetectionRule:
    return DetectionRule(
        ("force_time_shift",),
        {"b": FilterRef("f")} if scope else None,
        (RuleCondition("time", "gte", start), RuleCondition("time", "lt", end)),
        {"force_time_shift": {"time_shift_amount": seconds}},
    )


def due(rules: JobRules, *time: int, learn: bool = True) -> list[tuple[int, int, list[int]]]:
    """(bucket, seconds, series) of the shifts in a block of buckets."""
    series, dictionaries = keys_of(("p", "b", "o"), ("p", "c", "o"))
    (in_force,) = rules.in_force(np.array(time, np.int64), [series], dictionaries, learn=learn)
    return [(s.bucket, s.seconds, s.series.tolist()) for s in in_force.shifts]


def test_a_rule_shifts_once_when_it_begins_to_hold() -> None:
    rules = job_rules(shifting(3600, 120, 300))
    assert due(rules, 0, 60) == []
    assert due(rules, 60, 120, 180, learn=False) == [(1, 3600, ALL)]
    assert due(rules, 60, 120, 180) == [(1, 3600, ALL)]
    assert due(rules, 240) == []


def test_a_rule_that_is_over_shifts_nothing() -> None:
    assert due(job_rules(shifting(3600, 120, 300)), 300, 360) == []


def test_a_scope_chooses_whose_clock_shifts() -> None:
    rules = job_rules(shifting(3600, 120, 300, scope=True))
    rules.set_filters({"f": ["c"]})
    assert due(rules, 120) == [(0, 3600, [1])]


def test_series_that_come_up_later_keep_their_clock() -> None:
    rules = job_rules(shifting(3600, 120, 300))
    series, dictionaries = keys_of(("p", "b", "o"), ("p", "c", "o"))
    series.first_bucket[:] = 60, 120
    (in_force,) = rules.in_force(np.array([60, 120]), [series], dictionaries)
    assert [s.series.tolist() for s in in_force.shifts] == [[0]]


def test_an_event_shifts_and_skips_what_it_says() -> None:
    rules = job_rules()
    rules.set_events([ScheduledEvent("spring", 90_000, 180_000, "c", "e", False, False, -3600)])
    assert due(rules, 0, 60) == [(1, -3600, ALL)]
    assert due(rules, 120) == []


def test_what_was_shifted_is_remembered_by_the_state_and_through_changes() -> None:
    rules = job_rules(shifting(3600, 120, 300))
    assert due(rules, 120) == [(0, 3600, ALL)]
    restored = job_rules()
    restored.load(rules.save())
    assert due(restored, 180) == []
    restored.set_custom_rules(((),))
    restored.set_custom_rules(((shifting(3600, 120, 300), shifting(60, 180, 300)),))
    assert due(restored, 180) == [(0, 60, ALL)]


@pytest.mark.parametrize("applies_to", ["actual", "typical", "diff_from_typical"])
def test_conditions_on_values_shift_no_clock(applies_to: str) -> None:
    condition = RuleCondition(applies_to, "gt", 0.0)
    amount = {"time_shift_amount": 5}
    rule = DetectionRule(("force_time_shift",), conditions=(condition,), params=amount)
    assert due(job_rules(rule), 0, 60) == []
