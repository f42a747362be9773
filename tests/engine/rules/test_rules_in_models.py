"""What rules keep out of results and out of the models of series."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sidecar.engine.arrays import FloatArray
from sidecar.engine.functions import FUNCTIONS
from sidecar.engine.models import findings as columns
from sidecar.engine.models.series.series_table import SeriesTable
from sidecar.engine.rules.job_rules import JobRules
from sidecar.engine.rules.kernels import NO_RULES, SKIP_MODEL_UPDATE, SKIP_RESULT, DetectorRules
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detection_rule import DetectionRule, RuleCondition
from sidecar.schema.detector import Detector
from sidecar.schema.scheduled_event import ScheduledEvent
from sidecar.schema.units import TimeValue
from tests.engine.scorer_cases import HOUR_S, START_S, cells_of, keys, times

BUCKETS = 24 * 21
ODD = (100, 250, 251, 400)


def series_of(function: str) -> FloatArray:
    """(BUCKETS, 2) values with a daily wave; spikes in the first series at `ODD`."""
    generator = np.random.Generator(np.random.PCG64(5))
    hour = np.arange(BUCKETS)[:, None]
    values = 100 + 30 * np.sin(hour * np.pi / 12) + generator.standard_normal((BUCKETS, 2))
    if FUNCTIONS[function].is_count_like:
        values = np.rint(values)
    values[list(ODD), 0] += 900.0
    return np.asarray(values)


def rules_of(
    function: str, rules: tuple[DetectionRule, ...] = (), events: tuple[ScheduledEvent, ...] = ()
) -> DetectorRules:
    detector = Detector(function, field_name="value", custom_rules=rules)
    in_force = JobRules(AnalysisConfig(TimeValue(HOUR_S * 1000, "1h"), (detector,)))
    in_force.set_events(events)
    return in_force.in_force(times(1), keys(2), {})[0].rules


def over(value: float, *actions: str) -> DetectionRule:
    return DetectionRule(actions, conditions=(RuleCondition("actual", "gt", value),))


def event(first: int, last: int, **members: Any) -> ScheduledEvent:
    start, end = (1000 * (START_S + bucket * HOUR_S) for bucket in (first, last))
    return ScheduledEvent("down", start, end, **members)


def state(table: SeriesTable) -> dict[str, bytes]:
    header, arrays = table.save()
    return {"header": repr(header).encode()} | {n: a.tobytes() for n, a in arrays.items()}


@pytest.mark.parametrize("function", ["mean", "non_zero_count", "min"])
@pytest.mark.parametrize("actions", [("skip_model_update",), ("skip_model_update", "skip_result")])
def test_a_value_that_is_not_learned_leaves_the_state_as_if_it_had_never_been(
    function: str, actions: tuple[str, ...]
) -> None:
    values = series_of(function)
    ruled, unruled = (SeriesTable(FUNCTIONS[function], HOUR_S) for _ in range(2))
    rules = rules_of(function, (over(500.0, *actions),))
    seen = ruled.step(
        times(BUCKETS), cells_of(values), keys(2)[0], partial=False, plot=False, rules=rules
    )
    without = values.copy()
    without[list(ODD), 0] = np.nan
    unruled.step(times(BUCKETS), cells_of(without), keys(2)[0], partial=False, plot=False)
    assert state(ruled) == state(unruled)
    found = {
        int(row[columns.FINDING_BUCKET])
        for row in seen.findings
        if row[columns.FINDING_ACTUAL] > 500.0
    }
    assert found == (set() if "skip_result" in actions else set(ODD))


@pytest.mark.parametrize("function", ["count", "mean", "sum", "metric"])
def test_buckets_of_an_event_leave_the_state_as_if_they_had_never_been(function: str) -> None:
    values = series_of(function)
    if function == "metric":
        values = np.stack([values] * 3, axis=2)
    outside = [b for b in range(BUCKETS) if not 240 <= b < 260]
    ruled, unruled = (SeriesTable(FUNCTIONS[function], HOUR_S) for _ in range(2))
    seen = ruled.step(
        times(BUCKETS),
        cells_of(values),
        keys(2)[0],
        partial=False,
        plot=False,
        rules=rules_of(function, events=(event(240, 260),)),
    )
    expected = unruled.step(
        times(BUCKETS)[outside], cells_of(values[outside]), keys(2)[0], partial=False, plot=False
    )
    assert state(ruled) == state(unruled)
    assert np.all(seen.detector[240:260] == 0.0)
    np.testing.assert_array_equal(seen.detector[outside], expected.detector)


def test_a_series_that_begins_in_an_event_begins_after_it() -> None:
    values = np.full((50, 1), 7.0)
    ruled = SeriesTable(FUNCTIONS["mean"], HOUR_S)
    ruled.step(
        times(50),
        cells_of(values),
        keys(1)[0],
        partial=False,
        plot=True,
        rules=rules_of("mean", events=(event(0, 40),)),
    )
    unruled = SeriesTable(FUNCTIONS["mean"], HOUR_S)
    unruled.step(times(50)[40:], cells_of(values[40:]), keys(1)[0], partial=False, plot=True)
    assert state(ruled) == state(unruled)


@pytest.mark.parametrize("function", ["mean", "count"])
def test_a_result_that_is_skipped_is_learned_and_counts_nowhere(function: str) -> None:
    values = series_of(function)
    ruled, unruled = (SeriesTable(FUNCTIONS[function], HOUR_S) for _ in range(2))
    rules = rules_of(function, (over(500.0, "skip_result"),))
    arguments = (times(BUCKETS), cells_of(values), keys(2)[0])
    seen = ruled.step(*arguments, partial=False, plot=True, rules=rules)
    expected = unruled.step(*arguments, partial=False, plot=True)
    # The bounds show what was learned.
    np.testing.assert_array_equal(seen.plot, expected.plot)
    assert not np.any(seen.findings[:, columns.FINDING_ACTUAL] > 500.0)
    assert np.any(expected.findings[:, columns.FINDING_ACTUAL] > 500.0)
    assert seen.detector[list(ODD), columns.LIVE].tolist() == [1.0] * len(ODD)
    assert expected.detector[list(ODD), columns.LIVE].tolist() == [2.0] * len(ODD)
    log_p = columns.DETECTOR_LOG_P
    assert np.all(seen.detector[list(ODD), log_p] > expected.detector[list(ODD), log_p])


def test_what_was_not_said_is_no_incident_that_others_repeat() -> None:
    """A spike beside a skipped greater one is news."""
    values = series_of("mean")
    values[list(ODD), 0] -= 900.0
    values[300, 0], values[301, 0] = 900.0, 450.0
    arguments = (times(BUCKETS), cells_of(values), keys(2)[0])
    rules = rules_of("mean", (over(500.0, "skip_result"),))

    def repeats(in_force: DetectorRules) -> list[float]:
        table = SeriesTable(FUNCTIONS["mean"], HOUR_S)
        found = table.step(*arguments, partial=False, plot=False, rules=in_force).findings
        rows = found[:, columns.FINDING_BUCKET] == 301
        return list(found[rows, columns.FINDING_REPEATS])

    assert repeats(NO_RULES) == [1.0]
    assert repeats(rules) == [0.0]


@pytest.mark.parametrize("actions", [SKIP_RESULT, SKIP_MODEL_UPDATE])
def test_conditions_see_the_typical_value(actions: int) -> None:
    values = series_of("mean")
    names = {SKIP_RESULT: "skip_result", SKIP_MODEL_UPDATE: "skip_model_update"}
    condition = RuleCondition("diff_from_typical", "gt", 300.0)
    rules = rules_of("mean", (DetectionRule((names[actions],), conditions=(condition,)),))
    table = SeriesTable(FUNCTIONS["mean"], HOUR_S)
    seen = table.step(
        times(BUCKETS), cells_of(values), keys(2)[0], partial=False, plot=False, rules=rules
    )
    spikes = np.isin(seen.findings[:, columns.FINDING_BUCKET], ODD)
    spikes &= seen.findings[:, columns.FINDING_ACTUAL] > 500.0
    assert np.count_nonzero(spikes) == (0 if actions == SKIP_RESULT else len(ODD))
