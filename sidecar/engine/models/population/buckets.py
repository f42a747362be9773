"""Step all attributes and entities of a detector through consecutive buckets, in one call."""

from __future__ import annotations

import math

from sidecar.engine.arrays import IntArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.combine import excess_alone, log_alone, log_of_smallest, push_smallest
from sidecar.engine.maths.order import least_first
from sidecar.engine.models.findings import (
    ALL_EXCESS,
    ALL_LEAST,
    DETECTOR_LOG_P,
    LIVE,
    NEWS_EXCESS,
    NEWS_LEAST,
)
from sidecar.engine.models.population.findings import typical_value, write_findings, write_plots
from sidecar.engine.models.population.judging import (
    is_ripe,
    judge_cells,
    learn_cells,
    population_youth,
)
from sidecar.engine.models.population.layout import (
    FOUND_CELL,
    FOUND_LENGTH,
    FOUND_LOG_P,
    FOUND_MULTI,
    FOUND_REPEATS,
    FOUND_SINGLE,
    LENGTH,
    LOG_WIDTH,
    MAX_CAUSES,
    MAX_FINDINGS,
    MAX_REMEMBERED,
    PopulationCells,
    PopulationOutput,
    PopulationSettings,
    PopulationState,
    PopulationWork,
)
from sidecar.engine.models.population.memory import (
    KNOWN,
    LOG_P,
    LOG_P_MULTI,
    LOG_P_SINGLE,
    REPEATS,
    begin_memory,
    forget_half,
    learn_evidence,
    weigh_entity,
)
from sidecar.engine.models.population.peers import meet_peers
from sidecar.engine.models.series.step import LOG_RECORD_CUTOFF
from sidecar.engine.rules.kernels import (
    SKIP_MODEL_UPDATE,
    SKIP_RESULT,
    DetectorRules,
    look_at_typical,
    rule_actions,
)

# The memory of entities grows, or lets some go, when it is so full after a bucket.
MEMORY_FULL = 0.75


@kernel
def step_population(
    settings: PopulationSettings,
    partial_sums: bool,
    rules: DetectorRules,
    first: int,
    time: IntArray,
    cells: PopulationCells,
    state: PopulationState,
    remembered: int,
    work: PopulationWork,
    output: PopulationOutput,
) -> tuple[int, int, int, int, int]:
    """Judge and learn buckets `first`.. until all are done or there is no room.

    Parameters
    ----------
    partial_sums : bool
        The buckets are not over, and values will still grow.
    rules : DetectorRules
        Asked here where a condition looks at the typical value; other rules have been asked.
    time : (k,) int64
        Start of each bucket, s.
    remembered : int
        Rows of `state.memory` in use.

    Returns
    -------
    tuple of int
        The first bucket not done; findings, causes and plot rows filled; rows of memory in use.
    """
    findings = 0
    causes = 0
    plotted = 0
    attributes = len(state.example)
    by_typical = look_at_typical(rules)
    for b in range(first, len(time)):
        low = cells.start[b]
        high = cells.start[b + 1]
        most = min(high - low, MAX_FINDINGS)
        if findings + most > len(output.findings):
            return b, findings, causes, plotted, remembered
        if causes + MAX_CAUSES * most > len(output.causes):
            return b, findings, causes, plotted, remembered
        if len(output.plot) > 0 and plotted + attributes * settings.features > len(output.plot):
            return b, findings, causes, plotted, remembered
        now = float(time[b])
        touched = meet_peers(settings, now, low, high, cells, state, work)
        judge_cells(settings, partial_sums, low, high, cells, state, work)
        if by_typical:
            _ask_rules(settings, rules, time[b], low, high, cells, state, work)
        judged, found, remembered = _weigh_entities(
            settings, now, low, high, cells, state, remembered, work
        )
        learn_evidence(state.evidence, settings, judged)
        row = output.detector[b]
        row[LIVE] = judged
        # Only the oddest counts: several mildly odd entities of a bucket are no independent
        # evidence, as what all have in common is never known exactly.
        row[DETECTOR_LOG_P] = log_alone(work.smallest[0], judged)
        row[NEWS_EXCESS] = excess_alone(work.news[0], judged)
        row[NEWS_LEAST] = work.news[0]
        row[ALL_EXCESS] = excess_alone(work.smallest[0], judged)
        row[ALL_LEAST] = work.smallest[0]
        least_first(work.keys, found, work.order)
        kept = min(found, MAX_FINDINGS)
        causes = write_findings(
            settings, b, low, kept, cells, state, work, output, findings, causes
        )
        findings += kept
        if len(output.plot) > 0:
            plotted = write_plots(settings, b, now, state, work, output, plotted)
        learn_cells(settings, now, low, high, touched, cells, state, work)
        for i in range(low, high):
            work.head[state.entity[cells.series[i]]] = -1
        if remembered >= MEMORY_FULL * len(state.memory):
            if len(state.memory) < MAX_REMEMBERED:
                return b + 1, findings, causes, plotted, remembered
            remembered = forget_half(settings, now, remembered, state, work)
    return len(time), findings, causes, plotted, remembered


@kernel
def _ask_rules(
    settings: PopulationSettings,
    rules: DetectorRules,
    time_s: int,
    low: int,
    high: int,
    cells: PopulationCells,
    state: PopulationState,
    work: PopulationWork,
) -> None:
    """Mute judged cells, or keep them out of what is learned, by their typical values.

    What a value has taught of the level that all entities share in this bucket stays.
    """
    for i in range(low, high):
        cell = i - low
        f = work.feature[cell]
        centre = work.centre[cell, f]
        if math.isnan(centre):
            continue
        r = state.attribute[cells.series[i]] * settings.features + f
        typical = typical_value(settings, centre, state.rows[r, LOG_WIDTH])
        actions = rule_actions(rules, cells.series[i], time_s, cells.value[i, f], typical)
        if actions & SKIP_RESULT:
            cells.muted[i] = True
        if actions & SKIP_MODEL_UPDATE:
            for feature in range(settings.features):
                work.residual[cell, feature] = math.nan


@kernel
def _weigh_entities(
    settings: PopulationSettings,
    time_s: float,
    low: int,
    high: int,
    cells: PopulationCells,
    state: PopulationState,
    remembered: int,
    work: PopulationWork,
) -> tuple[float, int, int]:
    """Join each entity's cells, weigh it with what is remembered of it.

    Fills `work.found` and `work.keys`, `work.smallest` and `work.news`. Returns how many entities
    count, how many of them are anomalous, and how many are remembered now.
    """
    work.smallest[:] = 0.0
    work.news[:] = 0.0
    judged = 0.0
    found = 0
    # Backwards, so that the cells of an entity follow one another in their order.
    for i in range(high - 1, low - 1, -1):
        entity = state.entity[cells.series[i]]
        work.following[i - low] = work.head[entity]
        work.head[entity] = i - low
    for i in range(low, high):
        entity = state.entity[cells.series[i]]
        cell = i - low
        work.known[cell] = 0.0
        if work.head[entity] != cell:
            continue
        top, counts = _join_cells(settings, low, cell, cells, state, work)
        if top < 0:
            continue
        verdict = work.verdict
        log_p = work.of_entity[0]
        slot = state.slot[entity]
        if slot < 0 and log_p < LOG_RECORD_CUTOFF and remembered < len(state.memory):
            slot = remembered
            remembered += 1
            state.slot[entity] = slot
            state.member[slot] = cells.series[i]
            begin_memory(state.memory[slot], settings, time_s)
        length = 1.0
        if slot >= 0:
            direction = _direction(low, top, settings, cells, state, work)
            r = state.attribute[cells.series[low + top]] * settings.features + work.feature[top]
            weigh_entity(
                state.memory[slot],
                settings,
                time_s,
                log_p,
                population_youth(state.rows[r]),
                direction,
                state.evidence,
                verdict,
            )
            length = state.memory[slot, LENGTH]
        else:
            verdict[LOG_P] = log_p
            verdict[LOG_P_SINGLE] = log_p
            verdict[LOG_P_MULTI] = 0.0
            verdict[REPEATS] = 0.0
            verdict[KNOWN] = 0.0
        odd = verdict[LOG_P] < LOG_RECORD_CUTOFF
        if verdict[KNOWN] == 1.0:
            _mark_known(cell, work)
        if not counts:
            continue
        judged += 1.0
        push_smallest(work.smallest, verdict[LOG_P])
        if verdict[REPEATS] == 0.0:
            push_smallest(work.news, verdict[LOG_P])
        if odd:
            work.keys[found] = verdict[LOG_P]
            work.found[found, FOUND_CELL] = top
            work.found[found, FOUND_LOG_P] = verdict[LOG_P]
            work.found[found, FOUND_SINGLE] = verdict[LOG_P_SINGLE]
            work.found[found, FOUND_MULTI] = verdict[LOG_P_MULTI]
            work.found[found, FOUND_REPEATS] = verdict[REPEATS]
            work.found[found, FOUND_LENGTH] = length
            found += 1
    return judged, found, remembered


@kernel
def _join_cells(
    settings: PopulationSettings,
    low: int,
    head: int,
    cells: PopulationCells,
    state: PopulationState,
    work: PopulationWork,
) -> tuple[int, bool]:
    """The log probability of an entity's cells together, in `work.of_entity[0]`.

    Returns its most surprising cell, -1 if none was judged, and whether the judgement counts:
    cells of young attributes teach what an entity's habit is, where there are no others.
    """
    counts = False
    cell = head
    while cell >= 0:
        if _is_judged(low, cell, cells, work):
            counts = counts or is_ripe(settings, low + cell, cell, cells, state, work)
        cell = work.following[cell]
    top = -1
    n = 0.0
    work.of_entity[:] = 0.0
    cell = head
    while cell >= 0:
        if _is_judged(low, cell, cells, work) and (
            not counts or is_ripe(settings, low + cell, cell, cells, state, work)
        ):
            n += 1.0
            push_smallest(work.of_entity, work.best[cell])
            if top < 0 or work.best[cell] < work.best[top]:
                top = cell
        cell = work.following[cell]
    if n > 1.0:
        work.of_entity[0] = log_of_smallest(work.of_entity, n)
    return top, counts


@kernel
def _is_judged(low: int, cell: int, cells: PopulationCells, work: PopulationWork) -> bool:
    return bool(work.best[cell] <= 0.0 and not cells.muted[low + cell])


@kernel
def _direction(
    low: int,
    cell: int,
    settings: PopulationSettings,
    cells: PopulationCells,
    state: PopulationState,
    work: PopulationWork,
) -> float:
    """1 if the cell's value is over what it is compared with, else -1."""
    f = work.feature[cell]
    r = state.attribute[cells.series[low + cell]] * settings.features + f
    value = work.level[r] + work.residual[cell, f]
    return 1.0 if value >= work.centre[cell, f] else -1.0


@kernel
def _mark_known(head: int, work: PopulationWork) -> None:
    """The cells of a running incident are learned with care: they are no independent values."""
    cell = head
    while cell >= 0:
        work.known[cell] = 1.0
        cell = work.following[cell]
