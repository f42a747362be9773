"""Compiled rules against the obvious version."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.gathering.cells import SeriesKeys
from sidecar.engine.rules.filter_items import FilterItems
from sidecar.engine.rules.job_rules import JobRules
from sidecar.engine.rules.kernels import (
    NO_RULES,
    SKIP_MODEL_UPDATE,
    SKIP_RESULT,
    DetectorRules,
    has_rules,
    rule_actions,
)
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detection_rule import DetectionRule, FilterRef, RuleCondition
from sidecar.schema.detector import Detector
from sidecar.schema.scheduled_event import ScheduledEvent
from tests.engine.gathering import seconds
from tests.engine.rules.naive_rules import naive_actions, naive_match

SPAN = 60
FIELDS = ("p", "b", "o")
BOTH = SKIP_RESULT | SKIP_MODEL_UPDATE


def detector(*rules: DetectionRule) -> Detector:
    return Detector(
        "mean",
        field_name="v",
        partition_field_name="p",
        by_field_name="b",
        over_field_name="o",
        custom_rules=rules,
    )


def job_rules(*rules: DetectionRule) -> JobRules:
    return JobRules(AnalysisConfig(seconds(SPAN), (detector(*rules),)))


def keys_of(*series: tuple[str, str, str]) -> tuple[SeriesKeys, dict[str, FieldDictionary]]:
    """Series of (partition, by, over) names; an empty name is a missing value."""
    dictionaries = {field: FieldDictionary() for field in FIELDS}
    columns = [
        np.array([dictionaries[field].code(name) if name else -1 for name in names], np.int32)
        for field, names in zip(FIELDS, zip(*series, strict=True), strict=True)
    ]
    return SeriesKeys(*columns, np.full(len(series), -SPAN, np.int64)), dictionaries


def compiled(
    rules: JobRules, *series: tuple[str, str, str], time: tuple[int, ...] = (0,)
) -> DetectorRules:
    keys, dictionaries = keys_of(*(series or [("p", "b", "o")]))
    (in_force,) = rules.in_force(np.array(time, np.int64), [keys], dictionaries)
    return in_force.rules


def when(applies_to: str, operator: str, value: float) -> RuleCondition:
    return RuleCondition(applies_to, operator, value)


# --- conditions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "below", "at", "above"),
    [
        ("gt", False, False, True),
        ("gte", False, True, True),
        ("lt", True, False, False),
        ("lte", True, True, False),
    ],
)
@pytest.mark.parametrize("applies_to", ["actual", "typical", "diff_from_typical", "time"])
def test_a_condition_compares(
    applies_to: str, operator: str, below: bool, at: bool, above: bool
) -> None:
    rules = compiled(job_rules(DetectionRule(conditions=(when(applies_to, operator, 120.0),))))

    def holds(x: int) -> bool:
        given: dict[str, tuple[int, float, float]] = {
            "actual": (0, x, 1e9),
            "typical": (0, 1e9, x),
            "diff_from_typical": (0, 500.0 - x, 500.0),
            "time": (x, 1e9, 1e9),
        }
        return rule_actions(rules, 0, *given[applies_to]) == SKIP_RESULT

    assert [holds(60), holds(120), holds(180)] == [below, at, above]


@pytest.mark.parametrize(
    ("actions", "taken"),
    [
        (("skip_result",), SKIP_RESULT),
        (("skip_model_update",), SKIP_MODEL_UPDATE),
        (("skip_result", "skip_model_update"), BOTH),
        (("force_time_shift",), 0),
    ],
)
def test_the_actions_are_those_of_the_rule(actions: tuple[str, ...], taken: int) -> None:
    condition = when("actual", "gt", 0.0)
    rules = compiled(job_rules(DetectionRule(actions, conditions=(condition,))))
    assert rule_actions(rules, 0, 0, 1.0, 0.0) == taken


def test_all_conditions_of_a_rule_must_hold_and_any_rule_will_do() -> None:
    rules = compiled(
        job_rules(
            DetectionRule(conditions=(when("actual", "gt", 5.0), when("actual", "lt", 10.0))),
            DetectionRule(("skip_model_update",), conditions=(when("actual", "gte", 9.0),)),
        )
    )
    taken = [rule_actions(rules, 0, 0, x, 0.0) for x in (5.0, 6.0, 9.0, 10.0)]
    assert taken == [0, SKIP_RESULT, BOTH, SKIP_MODEL_UPDATE]


@pytest.mark.parametrize("applies_to", ["typical", "diff_from_typical"])
@pytest.mark.parametrize("operator", ["gt", "lt"])
def test_no_condition_holds_on_what_a_model_does_not_know(applies_to: str, operator: str) -> None:
    rules = compiled(job_rules(DetectionRule(conditions=(when(applies_to, operator, 0.0),))))
    assert rule_actions(rules, 0, 0, 1.0, np.nan) == 0


def test_without_rules_there_is_nothing_to_ask() -> None:
    assert not has_rules(NO_RULES)
    assert not has_rules(compiled(job_rules()))
    assert rule_actions(NO_RULES, 0, 0, 1.0, 0.0) == 0


# --- scopes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "inside"),
    [
        ({"b": FilterRef("f")}, [True, False, True, False]),
        ({"b": FilterRef("f", "exclude")}, [False, True, False, True]),
        ({"b": FilterRef("f"), "p": FilterRef("g")}, [True, False, False, False]),
        ({"o": FilterRef("g"), "p": FilterRef("g", "exclude")}, [False, False, True, False]),
        ({"b": FilterRef("unknown")}, [False] * 4),
        ({"b": FilterRef("unknown", "exclude")}, [True] * 4),
    ],
    ids=["in", "not in", "two fields", "in and not in", "no such filter", "not in no such filter"],
)
def test_a_scope_chooses_series(scope: dict[str, FilterRef], inside: list[bool]) -> None:
    rules = job_rules(DetectionRule(scope=scope))
    rules.set_filters({"f": ["web", "db"], "g": ["east"]})
    arrays = compiled(
        rules,
        ("east", "web", "x"),
        ("east", "mail", "x"),
        ("west", "db", "east"),
        ("west", "", "x"),
    )
    assert [rule_actions(arrays, s, 0, 1.0, 0.0) == SKIP_RESULT for s in range(4)] == inside


def test_series_that_come_up_later_are_looked_up_too() -> None:
    rules = job_rules(DetectionRule(scope={"b": FilterRef("f")}))
    rules.set_filters({"f": ["b1*"]})
    keys, dictionaries = keys_of(*(("p", f"b{i}", "o") for i in range(200)))
    time = np.zeros(1, np.int64)
    for known in (1, 3, 40, 200):
        part = SeriesKeys(*(getattr(keys, name)[:known] for name in keys.__slots__))
        (in_force,) = rules.in_force(time, [part], dictionaries)
        inside = [rule_actions(in_force.rules, s, 0, 1.0, 0.0) > 0 for s in range(known)]
        assert inside == [str(s).startswith("1") for s in range(known)]


def test_changed_filters_count_for_known_series() -> None:
    rules = job_rules(DetectionRule(scope={"b": FilterRef("f")}))
    assert rule_actions(compiled(rules), 0, 0, 1.0, 0.0) == 0
    rules.set_filters({"f": ["b"]})
    assert rule_actions(compiled(rules), 0, 0, 1.0, 0.0) == SKIP_RESULT
    rules.set_filters({"f": []})
    assert rule_actions(compiled(rules), 0, 0, 1.0, 0.0) == 0


@pytest.mark.parametrize(
    ("item", "matching", "others"),
    [
        ("web", ["web"], ["Web", "webs", "a web", ""]),
        ("web*", ["web", "web.example"], ["a web", "we"]),
        ("*.com", ["a.com", ".com"], ["a.com.", "acom"]),
        ("*evil*", ["evil", "an evil one", "evils"], ["e vil"]),
        ("*", ["", "anything"], []),
        ("**", ["", "anything"], []),
        ("a*b", ["a*b"], ["ab", "axb"]),
        ("", [""], ["a"]),
        ("**a", ["x*a", "*a"], ["a"]),
    ],
)
def test_an_item_matches(item: str, matching: list[str], others: list[str]) -> None:
    items = FilterItems([item])
    assert [v for v in (*matching, *others) if items.match(v)] == matching


@given(
    st.lists(st.text("ab*", max_size=4), max_size=5),
    st.text("ab*", max_size=6),
)
def test_many_items_match_as_each_alone(items: list[str], value: str) -> None:
    assert FilterItems(items).match(value) == naive_match(items, value)


# --- events -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "covered"),
    [
        (60_000, 120_000, [60]),
        (60_001, 120_001, [60, 120]),
        (119_999, 120_000, [60]),
        (0, 240_000, [0, 60, 120, 180]),
        (-1, 1, [0]),
    ],
)
def test_an_event_covers_every_bucket_that_it_touches(
    start_ms: int, end_ms: int, covered: list[int]
) -> None:
    rules = job_rules()
    rules.set_events([ScheduledEvent("down", start_ms, end_ms)])
    times = np.arange(0, 300, 60)
    arrays = compiled(rules)
    assert [t for t in times.tolist() if rule_actions(arrays, 0, t, 1.0, 0.0) == BOTH] == covered
    assert rules.descriptions(times) == [(t // 60, "down") for t in covered]


@pytest.mark.parametrize("skip_result", [True, False])
@pytest.mark.parametrize("skip_model_update", [True, False])
def test_an_event_says_what_it_skips(skip_result: bool, skip_model_update: bool) -> None:
    rules = job_rules()
    rules.set_events([ScheduledEvent("e", 0, 1, "", "", skip_result, skip_model_update)])
    expected = SKIP_RESULT * skip_result + SKIP_MODEL_UPDATE * skip_model_update
    assert rule_actions(compiled(rules), 0, 0, 1.0, 0.0) == expected


def test_descriptions_come_in_order_of_the_events() -> None:
    rules = job_rules()
    rules.set_events([ScheduledEvent("b", 60_000, 180_000), ScheduledEvent("a", 0, 120_000)])
    times = np.arange(0, 240, 60)
    assert rules.descriptions(times) == [(0, "a"), (1, "a"), (1, "b"), (2, "b")]


# --- everything -------------------------------------------------------------------------------

VALUES = (-5.0, 0.0, 59.0, 60.0, 119.5, 120.0, 1e300, -1e300)
conditions = st.builds(
    RuleCondition,
    st.sampled_from(["actual", "typical", "diff_from_typical", "time"]),
    st.sampled_from(["gt", "gte", "lt", "lte"]),
    st.sampled_from(VALUES),
)
scopes = st.dictionaries(
    st.sampled_from(FIELDS),
    st.builds(FilterRef, st.sampled_from(["f", "g"]), st.sampled_from(["include", "exclude"])),
    max_size=2,
)
actions = st.sets(
    st.sampled_from(["skip_result", "skip_model_update", "force_time_shift"]), min_size=1
)
rule_lists = st.lists(
    st.builds(
        DetectionRule,
        actions.map(lambda chosen: tuple(sorted(chosen))),
        scopes,
        st.lists(conditions, max_size=3).map(tuple),
    ),
    max_size=4,
)
events = st.lists(
    st.builds(
        ScheduledEvent,
        st.just("e"),
        st.integers(-200_000, 200_000),
        st.integers(-200_000, 400_000),
        skip_result=st.booleans(),
        skip_model_update=st.booleans(),
    ),
    max_size=4,
)
NAMES = ["", "a", "ab", "ba", "b"]


@given(rule_lists, events, st.lists(st.sampled_from(["a", "*b", "a*", "*a*", "b"])), st.data())
@settings(deadline=None)
def test_compiled_rules_act_as_obvious_ones(
    rules: list[DetectionRule],
    happening: list[ScheduledEvent],
    items: list[str],
    data: st.DataObject,
) -> None:
    series = data.draw(st.lists(st.tuples(*[st.sampled_from(NAMES)] * 3), min_size=1, max_size=4))
    in_force = job_rules(*rules)
    in_force.set_filters({"f": items, "g": ["a"]})
    in_force.set_events(happening)
    arrays = compiled(in_force, *series)
    for _ in range(10):
        place = data.draw(st.integers(0, len(series) - 1))
        time_s = 60 * data.draw(st.integers(-4, 8))
        actual = data.draw(st.sampled_from(VALUES))
        typical = data.draw(st.sampled_from([*VALUES, float("nan")]))
        names: dict[str, Any] = dict(zip(FIELDS, series[place], strict=True))
        filters = {"f": items, "g": ["a"]}
        assert rule_actions(arrays, place, time_s, actual, typical) == naive_actions(
            rules, happening, filters, names, SPAN, time_s, actual, typical
        )
