"""One entity of a population in one bucket: how rare what it shows is, and which of it."""

from __future__ import annotations

import math

from sidecar.engine.arrays import BoolArray, CodeArray, FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.tails import LOG_2
from sidecar.engine.models.members import Members
from sidecar.engine.models.rare.population_state import Attributes, Entities, Split, Work
from sidecar.engine.models.rare.rarity import CLASSES, chance, class_of

# So few other entities (decayed) are none.
_NOBODY = 0.05
# A value that an entity shows in this share of its buckets, seen at least so often, is its habit:
# however few others have it, it is no news of this entity.
_HABIT_SHARE = 0.05
_LEAST_HABIT = 3.0
# Prior of how much more there is once there is something: shares of a geometric law.
_PRIOR_MORE = 1.0
_PRIOR_ALL = 2.0


@kernel
def amount_of(total: float, frequent: bool) -> float:
    """How much of something there is, from 1: how many values, or the magnitude of records."""
    return 1.0 + math.log2(max(1.0, total)) if frequent else total


@kernel
def rank_cells(
    frequent: bool,
    e: int,
    series: CodeArray,
    count: FloatArray,
    silent: BoolArray,
    split: Split,
    attributes: Attributes,
    entities: Entities,
    members: Members,
    by_class: FloatArray,
) -> None:
    """Sum up by class what an entity shows.

    Leaves in `log_p` of its cells -1 less the class, 0 where the value is its habit, and in
    `typical` how many others show the value. A silent cell is as a habit.
    """
    by_class[:] = 0.0
    cell = members.first[e]
    while cell >= 0:
        seen = members.actual[cell]
        others = attributes.entities[split.attribute[series[cell]]] - 1.0
        members.actual[cell] = count[cell] if frequent else 1.0
        members.typical[cell] = others
        habit = seen >= _LEAST_HABIT and seen >= _HABIT_SHARE * entities.seen[e]
        if habit or silent[cell]:
            members.log_p[cell] = 0.0
        else:
            rank = class_of(others if others > _NOBODY else -1.0)
            members.log_p[cell] = -1.0 - rank
            by_class[rank] += members.actual[cell]
        cell = members.following[cell]


@kernel
def judge_entity(
    frequent: bool,
    classes: FloatArray,
    amounts: FloatArray,
    weight: float,
    work: Work,
    new_classes: FloatArray,
    new_amounts: FloatArray,
) -> int:
    """How improbable it is to show so much that is so rare; notes what is learned of it.

    For every class: an entity shows something of it or rarer with a known chance, and then
    the more of it the less probable, geometrically, as fast as history says. `work.verdict`
    becomes log probability, and amount and usual amount of the class where it is least.

    Returns
    -------
    int
        The class where it is least, CLASSES where there is nothing to judge.
    """
    work.verdict[:] = 0.0
    often = 0.0
    much = 0.0
    total = 0.0
    learned = 0.0
    oddest = CLASSES
    for c in range(CLASSES):
        often += classes[c]
        much += amounts[c]
        if work.by_class[c] == 0.0:
            continue
        if total == 0.0:
            new_classes[c] += 1.0
        total += work.by_class[c]
        amount = amount_of(total, frequent)
        log_p = math.log(chance(often, weight))
        if amount > 1.0:
            more = (max(0.0, much - often) + _PRIOR_MORE) / (much + _PRIOR_ALL)
            log_p = min(log_p, log_p + (amount - 1.0) * math.log(more) + LOG_2)
        if oddest == CLASSES or log_p < work.verdict[0]:
            work.verdict[0] = log_p
            work.verdict[1] = total
            work.verdict[2] = much / (weight + 1.0)
            oddest = c
        # One excess must not make the next ones usual.
        bounded = min(amount, 2.0 * (much + _PRIOR_ALL) / (often + 1.0))
        new_amounts[c] += max(0.0, bounded - learned)
        learned = max(learned, bounded)
    return oddest


@kernel
def find_causes(
    e: int, oddest: int, classes: FloatArray, weight: float, everyone: float, members: Members
) -> int:
    """Log probability and usual share of an entity's cells up to class `oddest`, 0 of others.

    Returns the most surprising cell.
    """
    best = int(members.first[e])
    cell = best
    while cell >= 0:
        rank = int(-1.0 - members.log_p[cell])
        if members.log_p[cell] == 0.0 or rank > oddest:
            members.log_p[cell] = 0.0
        else:
            often = 0.0
            for c in range(rank + 1):
                often += classes[c]
            members.log_p[cell] = math.log(chance(often, weight))
        members.typical[cell] = min(1.0, members.typical[cell] / max(1.0, everyone - 1.0))
        if members.log_p[cell] < members.log_p[best]:
            best = cell
        cell = members.following[cell]
    return best
