"""Custom rules asked one by one, in plain Python."""

from __future__ import annotations

import fnmatch
import math
import operator
from collections.abc import Mapping, Sequence

from sidecar.engine.rules.kernels import SKIP_MODEL_UPDATE, SKIP_RESULT
from sidecar.schema.detection_rule import DetectionRule, RuleCondition
from sidecar.schema.scheduled_event import ScheduledEvent

_OPERATORS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
_BITS = {"skip_result": SKIP_RESULT, "skip_model_update": SKIP_MODEL_UPDATE, "force_time_shift": 0}


def naive_actions(
    rules: Sequence[DetectionRule],
    events: Sequence[ScheduledEvent],
    filters: Mapping[str, Sequence[str]],
    names: Mapping[str, str],
    span_s: int,
    time_s: int,
    actual: float,
    typical: float,
) -> int:
    """Actions on the value of a series whose split fields have these `names`."""
    taken = 0
    for rule in rules:
        if _in_scope(rule, filters, names) and all(
            _holds(condition, time_s, actual, typical) for condition in rule.conditions
        ):
            for action in rule.actions:
                taken |= _BITS[action]
    for event in events:
        first = math.floor(event.start_time / 1000 / span_s) * span_s
        last = math.ceil(event.end_time / 1000 / span_s) * span_s
        if first <= time_s < last:
            taken |= SKIP_RESULT if event.skip_result else 0
            taken |= SKIP_MODEL_UPDATE if event.skip_model_update else 0
    return taken


def naive_match(items: Sequence[str], value: str) -> bool:
    """Whether an item matches; only `*` at the start and end of an item is special."""
    return any(_matches(item, value) for item in items)


def _matches(item: str, value: str) -> bool:
    if "*" not in (item[:1], item[-1:]):
        return item == value
    start = "*" if item.startswith("*") else ""
    end = "*" if item.endswith("*") else ""
    inner = "".join(f"[{c}]" if c in "*?[" else c for c in item.removeprefix("*").removesuffix("*"))
    return fnmatch.fnmatchcase(value, start + inner + end)


def _in_scope(
    rule: DetectionRule, filters: Mapping[str, Sequence[str]], names: Mapping[str, str]
) -> bool:
    for field, reference in (rule.scope or {}).items():
        found = naive_match(filters.get(reference.filter_id, ()), names[field])
        if found != (reference.filter_type == "include"):
            return False
    return True


def _holds(condition: RuleCondition, time_s: int, actual: float, typical: float) -> bool:
    value = {
        "actual": actual,
        "typical": typical,
        "diff_from_typical": abs(actual - typical),
        "time": float(time_s),
    }[condition.applies_to]
    return bool(_OPERATORS[condition.operator](value, condition.value))
