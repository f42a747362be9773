"""Compiled rules of one detector, and the kernel that asks them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sidecar.engine.arrays import BoolArray, FloatArray, IntArray
from sidecar.engine.kernel import kernel

# What a rule does with a value: bits of one number.
SKIP_RESULT = 1  # no record, and no part in the bucket's and influencers' scores
SKIP_MODEL_UPDATE = 2  # the model does not learn it

# What a condition looks at.
ACTUAL = 0
TYPICAL = 1
DIFF_FROM_TYPICAL = 2

# How it compares.
GT = 0
GTE = 1
LT = 2
LTE = 3


class DetectorRules(NamedTuple):
    """The rules of one detector; none at all in `NO_RULES`.

    Rules that look at the time alone have become the timeline; conditions on the time of the other
    rules their `start` and `end`.

    Attributes
    ----------
    timeline, timeline_actions : (t,) int64
        From timeline[i] on (epoch seconds, ascending) these actions are taken on every series.
    actions : (r,) int64
        Of each other rule.
    start, end : (r,) int64
        The bucket times at which it holds, [start, end).
    scope : (r,) int64
        Row of `scopes`; -1: it holds for every series.
    first : (r + 1,) int64
        Its conditions are first[i] : first[i + 1]; all of them must hold.
    applies_to, operator : (c,) int64
    value : (c,) float64
    scopes : (s, at least n_series) bool
        Whether a series is in the scope.
    """

    timeline: IntArray
    timeline_actions: IntArray
    actions: IntArray
    start: IntArray
    end: IntArray
    scope: IntArray
    first: IntArray
    applies_to: IntArray
    operator: IntArray
    value: FloatArray
    scopes: BoolArray


_NONE = np.zeros(0, dtype=np.int64)
NO_RULES = DetectorRules(
    timeline=_NONE,
    timeline_actions=_NONE,
    actions=_NONE,
    start=_NONE,
    end=_NONE,
    scope=_NONE,
    first=np.zeros(1, dtype=np.int64),
    applies_to=_NONE,
    operator=_NONE,
    value=np.zeros(0),
    scopes=np.zeros((0, 0), dtype=np.bool_),
)


@kernel
def has_rules(rules: DetectorRules) -> bool:
    """Whether `rule_actions` can ever be anything but 0: ask once, outside the loops."""
    return len(rules.timeline) + len(rules.actions) > 0


@kernel
def look_at_typical(rules: DetectorRules) -> bool:
    """Whether a condition needs the typical value; the others can be asked before judging."""
    others = 0
    for c in range(len(rules.applies_to)):
        others += rules.applies_to[c] != ACTUAL
    return others > 0


@kernel
def rule_actions(
    rules: DetectorRules, series: int, time_s: int, actual: float, typical: float
) -> int:
    """Actions to take on a value: SKIP_RESULT and SKIP_MODEL_UPDATE, added up.

    Models ask when a value is judged and not yet learned, inside `if ruled:` where `ruled` is
    `has_rules(rules)`, asked once. With SKIP_RESULT the value makes no finding and is not counted
    among the series judged; with SKIP_MODEL_UPDATE it leaves the state as if it had never been.

    Parameters
    ----------
    series : int
        Its id; any where the detector is not split.
    time_s : int
        Start of its bucket.
    actual, typical : float
        NaN where there is none, as for functions whose rules may look at the time alone: no
        condition on it holds then.
    """
    taken = _at(rules, time_s)
    for i in range(len(rules.actions)):
        if rules.actions[i] & ~taken == 0:
            continue
        if time_s < rules.start[i] or time_s >= rules.end[i]:
            continue
        if rules.scope[i] >= 0 and not rules.scopes[rules.scope[i], series]:
            continue
        if _all_hold(rules, i, actual, typical):
            taken |= rules.actions[i]
    return taken


@kernel
def _at(rules: DetectorRules, time_s: int) -> int:
    """Actions of the timeline at a time."""
    low, high = 0, len(rules.timeline)
    while low < high:
        middle = (low + high) // 2
        if rules.timeline[middle] <= time_s:
            low = middle + 1
        else:
            high = middle
    return rules.timeline_actions[low - 1] if low > 0 else 0


@kernel
def _all_hold(rules: DetectorRules, rule: int, actual: float, typical: float) -> bool:
    for c in range(rules.first[rule], rules.first[rule + 1]):
        x = actual
        if rules.applies_to[c] == TYPICAL:
            x = typical
        elif rules.applies_to[c] == DIFF_FROM_TYPICAL:
            x = abs(actual - typical)
        if math.isnan(x):
            return False
        value = rules.value[c]
        operator = rules.operator[c]
        if operator == GT:
            holds = x > value
        elif operator == GTE:
            holds = x >= value
        elif operator == LT:
            holds = x < value
        else:
            holds = x <= value
        if not holds:
            return False
    return True
