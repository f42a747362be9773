"""What is remembered of entities that were odd lately: their habit, and the running incident."""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.order import least_first
from sidecar.engine.maths.sketch import BINS, sketch_add, sketch_fade
from sidecar.engine.maths.tails import LOG_LEAST, log_student_tail
from sidecar.engine.models.population.layout import (
    DIRECTION,
    EVIDENCE,
    EVIDENCE_BUCKETS,
    EVIDENCE_TAIL,
    EVIDENCE_WEIGHT,
    HABIT,
    HABIT_SPREAD,
    LAST_TIME,
    LENGTH,
    MEMORY_WIDTH,
    PEAK,
    PEAK_AGE,
    SEEN,
    PopulationSettings,
    PopulationState,
    PopulationWork,
)
from sidecar.engine.models.population.tail import crowd_log_tail, read_tail
from sidecar.engine.models.series.residual import TO_DEVIATION
from sidecar.engine.models.series.step import LOG_ODD, LOG_RECORD_CUTOFF

# Places in the verdict on an entity.
LOG_P = 0  # log probability of the bucket for the entity
LOG_P_SINGLE = 1  # of its values alone
LOG_P_MULTI = 2  # of its last buckets together
REPEATS = 3  # 1: the same incident goes on
KNOWN = 4  # 1: its values are no news, and teach nothing about how often such values come
VERDICT = 5

# An entity comes in with the habit of an ordinary one, as if it had been seen so often: the
# surprise of an ordinary value is a standard exponential.
_ORDINARY = 1.0
_SEEN_BEFORE = 4.0
# From this mean surprise on an entity is odd by habit, fully at twice as much.
_ODD_HABIT = 2.0
# Buckets over which its habit comes to count.
_HABIT_BUCKETS = 16.0
# One bucket moves the habit by so many spreads at most.
_HABIT_CLIP = 4.0
_LEAST_SPREAD = 0.5
# What lasts for so many buckets becomes a habit, at this pace.
_NEW_HABIT_BUCKETS = 12.0
_NEW_HABIT_RATE = 0.15
# Evidence of several buckets: the surprise beyond this, and how surprising its sum s is:
# exp(-_DECAY s), where _DECAY solves E exp(_DECAY (X - _DRIFT)) = 1 for a standard exponential X.
_DRIFT = 2.0
_DECAY = 0.7968
_MOST_GAIN = 8.0
_EVIDENCE_UNIT = 2.0
_EVIDENCE_BUCKETS = 3.0
# What is left of the evidence after each bucket: about twelve of them count.
_EVIDENCE_KEEPS = 11.0 / 12.0
# An incident goes on while the surprise is no greater than this many times its peak ...
_SAME_AGAIN = 1.2
# ... and does not age while it is more than this part of it.
_STILL_THERE = 0.5
# Once it is over its peak is forgotten at this pace.
_PEAK_KEEP = 0.9


@kernel
def begin_memory(row: FloatArray, settings: PopulationSettings, time_s: float) -> None:
    """Remember an entity from now on."""
    row[:] = 0.0
    row[SEEN] = _SEEN_BEFORE
    row[HABIT] = _ORDINARY
    row[HABIT_SPREAD] = _ORDINARY
    row[LAST_TIME] = time_s - settings.span_s


@kernel
def weigh_entity(
    row: FloatArray,
    settings: PopulationSettings,
    time_s: float,
    log_p: float,
    least: float,
    direction: float,
    evidence: FloatArray,
    verdict: FloatArray,
) -> None:
    """Judge an entity that is remembered by its past too, and learn from it.

    Parameters
    ----------
    row : (MEMORY_WIDTH,) float64
    log_p : float
        Log probability of its values among those of its peers.
    least : float
        Least log probability that so young a population allows.
    direction : float
        1 where they are too high, -1 where too low.
    evidence : (EVIDENCE_WIDTH,) float64
        What evidence entities have had so far; learned.
    verdict : (VERDICT,) float64
        Filled.
    """
    elapsed = max(1.0, (time_s - row[LAST_TIME]) / settings.span_s)
    surprise = -log_p
    beside = _beside_habit(row, surprise)
    part = min(1.0, max(0.0, row[HABIT] / _ODD_HABIT - 1.0))
    own = surprise - part * (surprise - beside)
    growing = _gather_evidence(row, beside, direction, elapsed)
    multi = 0.0
    size = row[EVIDENCE] / _EVIDENCE_UNIT
    if growing and row[EVIDENCE_BUCKETS] >= _EVIDENCE_BUCKETS:
        multi = -crowd_log_tail(
            evidence[:BINS],
            evidence[EVIDENCE_WEIGHT],
            evidence[EVIDENCE_TAIL:],
            size,
            True,
            -_DECAY * row[EVIDENCE],
        )
        multi = min(multi, -least)
    best = max(own, multi)
    if multi > 0.0:
        # Two questions were asked.
        best = max(0.0, best - math.log(2.0) * min(1.0, 0.5 * best))
    verdict[LOG_P] = max(LOG_LEAST, -best)
    verdict[LOG_P_SINGLE] = -own
    verdict[LOG_P_MULTI] = -multi
    verdict[REPEATS] = 1.0 if row[PEAK] > 0.0 and best <= _SAME_AGAIN * row[PEAK] else 0.0
    if row[EVIDENCE] > 0.0 and (verdict[REPEATS] == 0.0 or -best >= LOG_RECORD_CUTOFF):
        sketch_add(evidence[:BINS], size, 1.0)
    _learn_incident(row, settings, best, elapsed)
    going_on = row[LENGTH] > 1.0 or row[HABIT] > _ODD_HABIT
    verdict[KNOWN] = 1.0 if going_on and log_p < LOG_ODD else 0.0
    _learn_habit(row, settings, surprise)
    row[LAST_TIME] = time_s


@kernel
def learn_evidence(evidence: FloatArray, settings: PopulationSettings, judged: float) -> None:
    """Count the entities of a bucket, with and without evidence; the past fades."""
    if judged > 0.0:
        sketch_fade(evidence[:EVIDENCE_TAIL], settings.sketch_keep)
        evidence[EVIDENCE_WEIGHT] += judged
        read_tail(evidence[:BINS], evidence[EVIDENCE_TAIL:])


@kernel
def _beside_habit(row: FloatArray, surprise: float) -> float:
    """The surprise that is left when it is measured by the entity's habit."""
    part = min(1.0, (row[SEEN] - _SEEN_BEFORE) / _HABIT_BUCKETS)
    deviation = TO_DEVIATION * max(row[HABIT_SPREAD], _LEAST_SPREAD)
    own = -log_student_tail((surprise - row[HABIT]) / deviation)
    return float(surprise - part * (surprise - min(surprise, own)))


@kernel
def _gather_evidence(row: FloatArray, surprise: float, direction: float, elapsed: float) -> bool:
    """Add up what the last buckets have beyond the usual, all in one direction; if it grew."""
    gain = min(surprise, _MOST_GAIN) - _DRIFT
    if gain > 0.0 and direction != row[DIRECTION]:
        row[DIRECTION] = direction
        row[EVIDENCE] = 0.0
        row[EVIDENCE_BUCKETS] = 0.0
    row[EVIDENCE] = row[EVIDENCE] * _EVIDENCE_KEEPS**elapsed + gain
    row[EVIDENCE_BUCKETS] += 1.0
    if row[EVIDENCE] <= 0.0:
        row[EVIDENCE] = 0.0
        row[EVIDENCE_BUCKETS] = 0.0
    return bool(gain > 0.0)


@kernel
def _learn_incident(
    row: FloatArray, settings: PopulationSettings, surprise: float, elapsed: float
) -> None:
    anomalous = -surprise < LOG_RECORD_CUTOFF
    if anomalous:
        row[LENGTH] = row[LENGTH] + 1.0 if elapsed <= 1.0 else 1.0
    else:
        row[LENGTH] = 0.0
    if anomalous and surprise > row[PEAK]:
        row[PEAK] = surprise
        row[PEAK_AGE] = 0.0
    elif anomalous and surprise > _STILL_THERE * row[PEAK]:
        row[PEAK_AGE] = 0.0
    elif row[PEAK] > 0.0:
        row[PEAK_AGE] += elapsed
        if row[PEAK_AGE] > settings.incident_buckets:
            row[PEAK] *= _PEAK_KEEP**elapsed


@kernel
def _learn_habit(row: FloatArray, settings: PopulationSettings, surprise: float) -> None:
    rate = max(settings.habit_rate, 1.0 / (row[SEEN] + 1.0))
    spread = max(row[HABIT_SPREAD], _LEAST_SPREAD)
    if row[LENGTH] >= _NEW_HABIT_BUCKETS:
        rate = max(rate, _NEW_HABIT_RATE)
    surprise = min(surprise, row[HABIT] + _HABIT_CLIP * spread)
    row[HABIT_SPREAD] += rate * (abs(surprise - row[HABIT]) - row[HABIT_SPREAD])
    row[HABIT] += rate * (surprise - row[HABIT])
    row[SEEN] += 1.0


@kernel
def forget_half(
    settings: PopulationSettings,
    time_s: float,
    used: int,
    state: PopulationState,
    work: PopulationWork,
) -> int:
    """Drop the less notable half of the entities remembered; returns how many are left.

    Notable is who is odd by habit or had an incident, less so with the time since.
    """
    for m in range(used):
        row = state.memory[m]
        idle = (time_s - row[LAST_TIME]) / settings.span_s / settings.incident_buckets
        work.worth[m] = (row[HABIT] + row[PEAK]) * 0.5**idle
    least_first(work.worth, used, work.worth_order)
    for i in range(used // 2):
        work.worth[work.worth_order[0, i]] = -1.0
    kept = 0
    for m in range(used):
        entity = state.entity[state.member[m]]
        if work.worth[m] < 0.0:
            state.slot[entity] = -1
            continue
        if kept < m:
            for column in range(MEMORY_WIDTH):
                state.memory[kept, column] = state.memory[m, column]
            state.member[kept] = state.member[m]
        state.slot[entity] = kept
        kept += 1
    return kept
