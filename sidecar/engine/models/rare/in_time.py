"""`rare` without an over field: by values that are seldom seen in their partition."""

from __future__ import annotations

import math
from typing import NamedTuple

from sidecar.engine.arrays import BoolArray, CodeArray, FloatArray, IntArray
from sidecar.engine.kernel import kernel
from sidecar.engine.models.findings import FINDING_FIRST, FINDING_RARITY
from sidecar.engine.models.rare.rarity import (
    CLASSES,
    HOLD_BUCKETS,
    chance,
    class_of,
    keep_share,
    trials,
)
from sidecar.engine.models.series.step import LOG_RECORD_CUTOFF
from sidecar.engine.models.verdicts import (
    REPEAT_BUCKETS,
    Verdicts,
    close_bucket,
    judged,
    put_finding,
)

# Rarest class of a partition without any cell in the bucket.
UNMET = CLASSES + 1


class Values(NamedTuple):
    """By values; rows are series.

    Attributes
    ----------
    seen : (n,) float64
        Decayed number of buckets with the value.
    last : (n,) int64
        Active buckets of the partition when it was last seen, that one included; 0: never.
    run : (n,) int64
        Anomalous buckets of the running incident.
    """

    seen: FloatArray
    last: IntArray
    run: IntArray


class Partitions(NamedTuple):
    """Partitions; only buckets in which a partition has records count for it.

    Attributes
    ----------
    buckets : (g,) int64
        Active buckets so far.
    weight : (g,) float64
        The same, decayed as `classes` are.
    sightings, values : (g,) float64
        Decayed number of (bucket, value) pairs; number of values.
    classes : (g, CLASSES) float64
        Decayed number of buckets by class of their rarest value.
    """

    buckets: IntArray
    weight: FloatArray
    sightings: FloatArray
    values: FloatArray
    classes: FloatArray


class Bucket(NamedTuple):
    """Room for one bucket: by partition, and the partitions (`active`) that have cells in it.

    `rarest` is UNMET where there was no cell yet, CLASSES where none was learned; `usual` is how
    often the mean value was seen; `least` and `news` are log probabilities.
    """

    active: IntArray
    rarest: IntArray
    usual: FloatArray
    least: FloatArray
    news: FloatArray


@kernel
def judge(sightings: FloatArray, rank: int, tried: float, own: float) -> float:
    """Log probability of a bucket with a value of class `rank` or rarer.

    A value is itself among those as rare as it is: `own`, its share of buckets, is the least.
    """
    total = 0.0
    for j in range(rank + 1):
        total += sightings[j]
    return math.log(max(chance(total, tried), own))


@kernel
def step_in_time(
    memory: float,
    start: IntArray,
    series: CodeArray,
    silent: BoolArray,
    unlearned: BoolArray,
    group: CodeArray,
    values: Values,
    partitions: Partitions,
    bucket: Bucket,
    room: Verdicts,
) -> int:
    """Judge and learn all buckets of a block.

    Parameters
    ----------
    memory : float
        Buckets over which sightings fade by a factor e.
    start, series
        The detector's `ClosedCells`.
    silent : (m,) bool
        Cells that are learned and not judged.
    unlearned : (m,) bool
        Cells that are judged and not learned: nothing is as if they had been.
    group : (n,) int32
        Partition of each series.

    Returns
    -------
    int
        Findings filled.
    """
    filled = 0
    for b in range(len(start) - 1):
        active = 0
        found = 0
        live = 0
        for cell in range(start[b], start[b + 1]):
            s = series[cell]
            g = group[s]
            if bucket.rarest[g] == UNMET:
                bucket.active[active] = g
                active += 1
                bucket.rarest[g] = CLASSES
                sightings = partitions.sightings[g] * (1.0 - 1.0 / memory)
                bucket.usual[g] = (sightings + 1.0) / (partitions.values[g] + 1.0)
                bucket.least[g] = 0.0
                bucket.news[g] = 0.0
            learns = not unlearned[cell]
            if learns and bucket.rarest[g] == CLASSES:
                partitions.sightings[g] *= 1.0 - 1.0 / memory
            age = partitions.buckets[g]
            first = values.last[s] == 0
            seen = -1.0
            if not first:
                seen = values.seen[s] * math.exp(-(age - values.last[s]) / memory)
            rank = class_of(seen)
            length = 0
            if age >= HOLD_BUCKETS and not silent[cell]:
                own = max(0.0, seen) / (trials(age, memory) + 1.0)
                log_p = judge(partitions.classes[g], rank, partitions.weight[g], own)
                if log_p < LOG_RECORD_CUTOFF:
                    goes_on = not first and age - values.last[s] < REPEAT_BUCKETS
                    length = values.run[s] + 1 if goes_on else 1
                    put_finding(room, found, b, s, cell, log_p, length, goes_on, 1.0, own)
                    room.found[found, FINDING_FIRST] = 1.0 if first else 0.0
                    room.found[found, FINDING_RARITY] = bucket.usual[g] / (max(0.0, seen) + 1.0)
                    found += 1
                bucket.least[g] = min(bucket.least[g], log_p)
                if length <= 1:
                    bucket.news[g] = min(bucket.news[g], log_p)
            if not learns:
                continue
            bucket.rarest[g] = min(bucket.rarest[g], rank)
            values.run[s] = length
            values.seen[s] = max(0.0, seen) + 1.0
            values.last[s] = age + 1
            partitions.sightings[g] += 1.0
            partitions.values[g] += 1.0 if first else 0.0
        for i in range(active):
            g = bucket.active[i]
            if partitions.buckets[g] >= HOLD_BUCKETS:
                live += 1
                judged(room, bucket.least[g], bucket.news[g])
            rarest = bucket.rarest[g]
            bucket.rarest[g] = UNMET
            if rarest == CLASSES:
                continue
            keep = keep_share(float(partitions.buckets[g]), memory)
            for c in range(CLASSES):
                partitions.classes[g, c] *= keep
            partitions.weight[g] = partitions.weight[g] * keep + 1.0
            partitions.classes[g, rarest] += 1.0
            partitions.buckets[g] += 1
        filled = close_bucket(room, b, live, found, filled)
    return filled
