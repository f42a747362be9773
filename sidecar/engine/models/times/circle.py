"""`time_of_day` and `time_of_week`: how dense records usually are at their time of the circle."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sidecar.engine.arrays import CodeArray, FloatArray, IntArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.tails import log_any_of
from sidecar.engine.models.members import Members, forget_cells, list_cells
from sidecar.engine.models.series.step import LOG_RECORD_CUTOFF
from sidecar.engine.models.verdicts import (
    Incidents,
    Verdicts,
    close_bucket,
    judged,
    note_incident,
    put_finding,
)
from sidecar.engine.rules.kernels import (
    SKIP_MODEL_UPDATE,
    SKIP_RESULT,
    DetectorRules,
    has_rules,
    rule_actions,
)

# A model judges once it knows so many cells and so many rounds of the circle.
_HOLD_CELLS = 20.0
_HOLD_ROUNDS = 2
# Cells that stand for all times of which nothing is known, spread evenly over the circle.
_PRIOR = 0.1
# A time counts for its neighbours, too: slots to either side that a triangular kernel reaches, and
# the small share that fades exponentially beyond them, by a factor e in so many slots. So what
# is far from all usual times is odder than what is near.
_REACH = 4.0
_FAR_SHARE = 0.03
_FAR_SLOTS = 4.0
# Bins this close to as dense as the one looked at are no denser.
_EQUAL = 1.0 + 1e-6
# Weights are scaled down once the newest is so heavy.
_HEAVY = 1e6
# A time is usual if it is at least this dense, as a share of the densest.
_USUAL = 0.5


class Circle(NamedTuple):
    """What all models of a detector share.

    Attributes
    ----------
    length, slot_s : int
        Of the circle and of one of its slots, s.
    memory : float
        Time with records in which weights fade by a factor e, s.
    window : int
        An incident is over when nothing was found for longer, s.
    spread : (slots,) float64
        How much a time counts for the slots from its own on; sums to 1.
    """

    length: int
    slot_s: int
    memory: float
    window: int
    spread: FloatArray


def spread_of(slots: int) -> FloatArray:
    """(slots,) smoothing kernel, wrapped around the circle."""
    distance = np.minimum(np.arange(slots), slots - np.arange(slots))
    near = np.maximum(0.0, 1.0 - distance / _REACH)
    far = np.exp(-distance / _FAR_SLOTS)
    return np.asarray((1.0 - _FAR_SHARE) * near / near.sum() + _FAR_SHARE * far / far.sum())


class Clocks(NamedTuple):
    """Models; one row an attribute: a partition and by value.

    Attributes
    ----------
    first, last : (n,) int64
        First and last bucket learned, s.
    cells : (n,) float64
        Cells learned.
    unit : (n,) float64
        Weight of the newest one: it grows, so that older ones need no fading.
    density : (n, slots) float32
        Smoothed weights of the occupied (cell, slot) pairs around the circle.
    """

    first: IntArray
    last: IntArray
    cells: FloatArray
    unit: FloatArray
    density: npt.NDArray[np.float32]


@kernel
def log_share(density: FloatArray, unit: float, slot: int) -> float:
    """Log of the mass of all times no denser than a slot, (0, 1]."""
    limit = density[slot] * _EQUAL
    below = 0.0
    total = 0.0
    slots = 0
    for weight in density:
        total += weight
        if weight <= limit:
            below += weight
            slots += 1
    prior = _PRIOR * unit
    return min(0.0, math.log((below + prior * slots / len(density)) / (total + prior)))


@kernel
def usual_slot(density: FloatArray, slot: int) -> int:
    """The mode next to a slot: where it comes to uphill from the nearest usual time."""
    n = len(density)
    densest = 0.0
    for weight in density:
        densest = max(densest, weight)
    at = slot
    for distance in range(n // 2 + 1):
        later = (slot + distance) % n
        earlier = (slot - distance) % n
        at = later if density[later] >= density[earlier] else earlier
        if density[at] >= _USUAL * densest:
            break
    while True:
        later = (at + 1) % n
        earlier = (at - 1) % n
        higher = later if density[later] >= density[earlier] else earlier
        if density[higher] <= density[at]:
            return at
        at = higher


@kernel
def judge_cell(
    circle: Circle,
    clocks: Clocks,
    a: int,
    begin: int,
    end: int,
    second: FloatArray,
    members: Members,
    cell: int,
) -> None:
    """Judge the oddest time of a cell, whose slots are rows `begin` to `end` of `second`."""
    least = 0.0
    oddest = begin
    for row in range(begin, end):
        slot = int(second[row]) // circle.slot_s
        log_p = log_share(clocks.density[a], clocks.unit[a], slot)
        if log_p < least:
            least = log_p
            oddest = row
    members.log_p[cell] = log_any_of(least, float(end - begin))
    members.actual[cell] = second[oddest]


@kernel
def learn_cell(
    circle: Circle, clocks: Clocks, a: int, now: int, begin: int, end: int, second: FloatArray
) -> None:
    """Remember a cell's times; a silence of more than one round ages nothing."""
    if clocks.cells[a] == 0.0:
        clocks.first[a] = now
        clocks.last[a] = now
        clocks.unit[a] = 1.0
    density = clocks.density[a]
    elapsed = min(max(0, now - clocks.last[a]), circle.length)
    clocks.unit[a] *= math.exp(elapsed / circle.memory)
    clocks.last[a] = max(now, clocks.last[a])
    clocks.cells[a] += 1.0
    if clocks.unit[a] > _HEAVY:
        for j in range(len(density)):
            density[j] /= clocks.unit[a]
        clocks.unit[a] = 1.0
    for row in range(begin, end):
        slot = int(second[row]) // circle.slot_s
        rest = len(density) - slot
        for j in range(rest):
            density[slot + j] += clocks.unit[a] * circle.spread[j]
        for j in range(slot):
            density[j] += clocks.unit[a] * circle.spread[rest + j]


@kernel
def step_times(
    circle: Circle,
    rules: DetectorRules,
    time: IntArray,
    start: IntArray,
    series: CodeArray,
    slot_start: IntArray,
    second: FloatArray,
    attribute: CodeArray,
    member: CodeArray,
    clocks: Clocks,
    incidents: Incidents,
    members: Members,
    room: Verdicts,
) -> int:
    """Judge and learn all buckets of a block; returns the findings filled.

    Parameters
    ----------
    rules : DetectorRules
        Which times make no finding and are not learned; asked about the oddest time of a cell.
    time : (k,) int64
        Start of each bucket, s.
    start, series
        The detector's `ClosedCells`.
    slot_start, second
        Their `CellTimes`.
    attribute, member : (n,) int32
        Of each series: its model; what it is a finding of (an over value, or the series itself).
    members
        `log_p`, `actual` and `typical` of the cells of findings are filled for the causes.
    """
    filled = 0
    ruled = has_rules(rules)
    for b in range(len(time)):
        now = time[b]
        present = list_cells(members, member, series, start[b], start[b + 1])
        found = 0
        live = 0
        least = 0.0
        news = 0.0
        for i in range(present):
            m = members.present[i]
            known = 0
            best = members.first[m]
            cell = best
            while cell >= 0:
                a = attribute[series[cell]]
                old = now - clocks.first[a] >= _HOLD_ROUNDS * circle.length
                if old and clocks.cells[a] >= _HOLD_CELLS:
                    begin, end = slot_start[cell], slot_start[cell + 1]
                    judge_cell(circle, clocks, a, begin, end, second, members, cell)
                    slot = int(members.actual[cell]) // circle.slot_s
                    if ruled:
                        usual = usual_slot(clocks.density[a], slot)
                        members.typical[cell] = (usual + 0.5) * circle.slot_s
                    if ruled and SKIP_RESULT & rule_actions(
                        rules, series[cell], now, members.actual[cell], members.typical[cell]
                    ):
                        members.log_p[cell] = 0.0
                    else:
                        known += 1
                    if members.log_p[cell] < members.log_p[best]:
                        best = cell
                elif ruled:
                    members.actual[cell] = second[slot_start[cell]]
                    members.typical[cell] = np.nan
                cell = members.following[cell]
            if known == 0:
                continue
            live += 1
            log_p = log_any_of(members.log_p[best], float(known))
            repeats = False
            if log_p < LOG_RECORD_CUTOFF:
                repeats = note_incident(incidents, m, now, circle.window, log_p)
                cell = members.first[m]
                while cell >= 0:
                    if members.log_p[cell] < 0.0:
                        density = clocks.density[attribute[series[cell]]]
                        slot = usual_slot(density, int(members.actual[cell]) // circle.slot_s)
                        members.typical[cell] = (slot + 0.5) * circle.slot_s
                    cell = members.following[cell]
                put_finding(
                    room,
                    found,
                    b,
                    series[best],
                    best,
                    log_p,
                    incidents.run[m],
                    repeats,
                    members.actual[best],
                    members.typical[best],
                )
                found += 1
            least = min(least, log_p)
            news = news if repeats else min(news, log_p)
        # All that happens in a bucket happens at about the same time: several odd series are no
        # evidence beyond that of the oddest.
        judged(room, least, news)
        for cell in range(start[b], start[b + 1]):
            a = attribute[series[cell]]
            if ruled and SKIP_MODEL_UPDATE & rule_actions(
                rules, series[cell], now, members.actual[cell], members.typical[cell]
            ):
                continue
            learn_cell(circle, clocks, a, now, slot_start[cell], slot_start[cell + 1], second)
        forget_cells(members, present)
        filled = close_bucket(room, b, live, found, filled)
    return filled
