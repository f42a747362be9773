"""`rare` and `freq_rare` over a field: entities with by values that few others show."""

from __future__ import annotations

import math

from sidecar.engine.arrays import BoolArray, CodeArray, FloatArray, IntArray
from sidecar.engine.kernel import kernel
from sidecar.engine.models.members import Members, forget_cells, list_cells
from sidecar.engine.models.rare.entity import find_causes, judge_entity, rank_cells
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
