"""Rules and events as the arrays that kernels read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sidecar.engine.rules.kernels import (
    ACTUAL,
    DIFF_FROM_TYPICAL,
    GT,
    GTE,
    LT,
    LTE,
    NO_RULES,
    SKIP_MODEL_UPDATE,
    SKIP_RESULT,
    TYPICAL,
    DetectorRules,
)
from sidecar.schema.detection_rule import DetectionRule, FilterRef, RuleCondition
from sidecar.schema.scheduled_event import ScheduledEvent

# Earlier and later than any bucket.
_ALWAYS_FROM = -(1 << 62)
_ALWAYS_UNTIL = 1 << 62

_ACTIONS = {"skip_result": SKIP_RESULT, "skip_model_update": SKIP_MODEL_UPDATE}
_APPLIES_TO = {"actual": ACTUAL, "typical": TYPICAL, "diff_from_typical": DIFF_FROM_TYPICAL}
_OPERATORS = {"gt": GT, "gte": GTE, "lt": LT, "lte": LTE}

Scope = tuple[tuple[str, FilterRef], ...]


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One rule or event.

    `start` and `end` bound the bucket times at which it holds, epoch seconds, [start, end);
    `conditions` are those on values. `actions` are bits, `shift_s` moves the clock of the models
    once, 0 for no shift; `name` tells events apart that are alike otherwise.
    """

    start: int
    end: int
    actions: int
    scope: Scope = ()
    conditions: tuple[RuleCondition, ...] = ()
    shift_s: int = 0
    name: str = ""


def compile_rule(rule: DetectionRule) -> CompiledRule:
    """The rule with its conditions on the time as a range of bucket times."""
    start, end = _ALWAYS_FROM, _ALWAYS_UNTIL
    for condition in rule.conditions:
        if condition.applies_to == "time":
            low, high = _time_range(condition.operator, condition.value)
            start, end = max(start, low), min(end, high)
    return CompiledRule(
        start=start,
        end=end,
        actions=sum(_ACTIONS.get(action, 0) for action in set(rule.actions)),
        scope=tuple(sorted((rule.scope or {}).items())),
        conditions=tuple(c for c in rule.conditions if c.applies_to != "time"),
        shift_s=(rule.time_shift_s() or 0) if "force_time_shift" in rule.actions else 0,
    )


def compile_event(event: ScheduledEvent, span_s: int) -> CompiledRule:
    """The event, from the bucket in which it begins to the one in which it ends."""
    span_ms = span_s * 1000
    return CompiledRule(
        start=event.start_time // span_ms * span_s,
        end=-(-event.end_time // span_ms) * span_s,
        actions=SKIP_RESULT * event.skip_result + SKIP_MODEL_UPDATE * event.skip_model_update,
        shift_s=event.force_time_shift or 0,
        name=event.event_id or event.description,
    )


def _time_range(operator: str, value: float) -> tuple[int, int]:
    """Whole seconds [start, end) that compare so."""
    if math.isnan(value):
        return 0, 0
    least = min(max(value, float(_ALWAYS_FROM)), float(_ALWAYS_UNTIL))
    match operator:
        case "gt":
            return math.floor(least) + 1, _ALWAYS_UNTIL
        case "gte":
            return math.ceil(least), _ALWAYS_UNTIL
        case "lt":
            return _ALWAYS_FROM, math.ceil(least)
        case _:
            return _ALWAYS_FROM, math.floor(least) + 1


def rule_arrays(rules: Iterable[CompiledRule]) -> tuple[DetectorRules, list[Scope]]:
    """Arrays of all rules that act on values, and the scope behind each row of `scopes`.

    `scopes` itself is left without columns.
    """
    acting = [rule for rule in rules if rule.actions and rule.start < rule.end]
    by_time = [rule for rule in acting if not rule.scope and not rule.conditions]
    others = [rule for rule in acting if rule.scope or rule.conditions]
    scopes = list(dict.fromkeys(rule.scope for rule in others if rule.scope))
    conditions = [condition for rule in others for condition in rule.conditions]
    timeline, timeline_actions = _timeline(by_time)
    arrays = DetectorRules(
        timeline=_ints(timeline),
        timeline_actions=_ints(timeline_actions),
        actions=_ints([rule.actions for rule in others]),
        start=_ints([rule.start for rule in others]),
        end=_ints([rule.end for rule in others]),
        scope=_ints([scopes.index(rule.scope) if rule.scope else -1 for rule in others]),
        first=np.cumsum([0, *(len(rule.conditions) for rule in others)], dtype=np.int64),
        applies_to=_ints([_APPLIES_TO[c.applies_to] for c in conditions]),
        operator=_ints([_OPERATORS[c.operator] for c in conditions]),
        value=np.array([c.value for c in conditions], dtype=np.float64),
        scopes=NO_RULES.scopes,
    )
    return arrays, scopes


def _timeline(rules: Sequence[CompiledRule]) -> tuple[list[int], list[int]]:
    """Times at which the actions of the rules that hold change, and the actions from then on."""
    changes: dict[int, list[tuple[int, int]]] = {}
    for rule in rules:
        changes.setdefault(rule.start, []).append((rule.actions, 1))
        changes.setdefault(rule.end, []).append((rule.actions, -1))
    holding = dict.fromkeys((SKIP_RESULT, SKIP_MODEL_UPDATE), 0)
    times, actions = [], []
    for time in sorted(changes):
        for bits, step in changes[time]:
            for bit in holding:
                holding[bit] += step if bits & bit else 0
        times.append(time)
        actions.append(sum(bit for bit, rules_holding in holding.items() if rules_holding))
    return times, actions


def _ints(values: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)
