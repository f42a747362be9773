"""`rare` and `freq_rare` over a field: entities with by values that few others show."""

from __future__ import annotations

import math

from sidecar.engine.arrays import BoolArray, CodeArray, FloatArray, IntArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.tails import LOG_2
from sidecar.engine.models.members import Members, forget_cells, list_cells
from sidecar.engine.models.rare.population_state import (
    Attributes,
    Entities,
    Populations,
    Showings,
    Split,
    Work,
)
from sidecar.engine.models.rare.rarity import (
    CLASSES,
    HOLD_BUCKETS,
    chance,
    class_of,
    keep_share,
)
from sidecar.engine.models.series.step import LOG_RECORD_CUTOFF
from sidecar.engine.models.verdicts import (
    REPEAT_BUCKETS,
    Incidents,
    Verdicts,
    close_bucket,
    judged,
    note_incident,
    put_finding,
)

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
def show(
    memory: float,
    cell: int,
    s: int,
    age: int,
    split: Split,
    showings: Showings,
    attributes: Attributes,
    members: Members,
) -> None:
    """Count an entity for an attribute; leaves in `actual` how often it showed it before."""
    a = split.attribute[s]
    others = attributes.entities[a] * math.exp(-(age - attributes.last[a]) / memory)
    seen = 0.0
    if showings.last[s] > 0:
        stays = math.exp(-(age - showings.last[s]) / memory)
        others = max(0.0, others - stays)
        seen = showings.seen[s] * stays
    attributes.entities[a] = others + 1.0
    attributes.last[a] = age
    showings.seen[s] = seen + 1.0
    showings.last[s] = age
    members.actual[cell] = seen


@kernel
def arrive(memory: float, e: int, age: int, entities: Entities) -> float:
    """Count an entity in the bucket; returns how much that adds to the entities of its partition.

    Its decayed number of buckets, this one included, is in `seen` then.
    """
    stays = 0.0
    if entities.last[e] > 0:
        stays = math.exp(-(age - entities.last[e]) / memory)
    entities.seen[e] = entities.seen[e] * stays + 1.0
    entities.last[e] = age
    return 1.0 - stays


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


@kernel
def learn_populations(populations: Populations, work: Work, active: int) -> None:
    """Let what the bucket showed into the history of its partitions."""
    for i in range(active):
        g = work.active[i]
        keep = work.keep[g]
        for c in range(CLASSES):
            populations.classes[g, c] = populations.classes[g, c] * keep + work.classes[g, c]
            populations.amounts[g, c] = populations.amounts[g, c] * keep + work.amounts[g, c]
            work.classes[g, c] = 0.0
            work.amounts[g, c] = 0.0
        populations.weight[g] = populations.weight[g] * keep + work.weight[g]
        populations.buckets[g] += 1
        work.weight[g] = 0.0
        work.keep[g] = -1.0


@kernel
def step_in_population(
    frequent: bool,
    memory: float,
    start: IntArray,
    series: CodeArray,
    count: FloatArray,
    silent: BoolArray,
    split: Split,
    showings: Showings,
    attributes: Attributes,
    entities: Entities,
    incidents: Incidents,
    populations: Populations,
    members: Members,
    work: Work,
    room: Verdicts,
) -> int:
    """Judge and learn all buckets of a block; returns the findings filled.

    An entity is compared with what all others show, in this bucket too: what all begin to show at
    once is not rare.

    Parameters
    ----------
    frequent : bool
        Weigh values by their records (`freq_rare`).
    memory : float
        Buckets over which sightings fade by a factor e.
    start, series, count
        The detector's `ClosedCells`.
    silent : (m,) bool
        Cells that count for others and make no finding.
    members
        `log_p`, `actual` and `typical` of the cells of findings are filled for the causes.
    """
    filled = 0
    for b in range(len(start) - 1):
        present = list_cells(members, split.entity, series, start[b], start[b + 1])
        active = 0
        for cell in range(start[b], start[b + 1]):
            s = series[cell]
            g = split.partition[s]
            if work.keep[g] < 0.0:
                work.active[active] = g
                active += 1
                work.keep[g] = keep_share(float(populations.buckets[g]), memory)
                populations.entities[g] *= 1.0 - 1.0 / memory
            age = populations.buckets[g] + 1
            show(memory, cell, s, age, split, showings, attributes, members)
        for i in range(present):
            e = members.present[i]
            g = split.partition[series[members.first[e]]]
            populations.entities[g] += arrive(memory, e, populations.buckets[g] + 1, entities)
        found = 0
        live = 0
        for i in range(present):
            e = members.present[i]
            g = split.partition[series[members.first[e]]]
            age = populations.buckets[g] + 1
            rank_cells(
                frequent,
                e,
                series,
                count,
                silent,
                split,
                attributes,
                entities,
                members,
                work.by_class,
            )
            oddest = judge_entity(
                frequent,
                populations.classes[g],
                populations.amounts[g],
                populations.weight[g],
                work,
                work.classes[g],
                work.amounts[g],
            )
            work.weight[g] += 1.0
            if age <= HOLD_BUCKETS:
                continue
            live += 1
            log_p = work.verdict[0]
            news = log_p
            if oddest < CLASSES and log_p < LOG_RECORD_CUTOFF:
                repeats = note_incident(incidents, e, age, REPEAT_BUCKETS, log_p)
                cell = find_causes(
                    e,
                    oddest,
                    populations.classes[g],
                    populations.weight[g],
                    populations.entities[g],
                    members,
                )
                put_finding(
                    room,
                    found,
                    b,
                    series[cell],
                    cell,
                    log_p,
                    incidents.run[e],
                    repeats,
                    work.verdict[1],
                    work.verdict[2],
                )
                found += 1
                news = 0.0 if repeats else log_p
            judged(room, log_p, news)
        learn_populations(populations, work, active)
        forget_cells(members, present)
        filled = close_bucket(room, b, live, found, filled)
    return filled
