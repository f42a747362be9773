"""Rare values and times of the day in the slow, obvious way: sums over the whole history."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np

from sidecar.engine.models.rare.rarity import CLASSES, HOLD_BUCKETS, chance, class_of, keep_share

Key = tuple[int, int]  # (partition, value)


def decayed(dates: list[int], now: int, memory: float) -> float:
    return sum(math.exp(-(now - date) / memory) for date in dates)


def weighed(history: list[int], memory: float) -> tuple[list[float], float]:
    """Decayed number of buckets by class, and in all, from the class of every bucket."""
    classes, total = [0.0] * CLASSES, 0.0
    for age, rank in enumerate(history):
        keep = math.prod(keep_share(float(later), memory) for later in range(age + 1, len(history)))
        classes[rank] += keep
        total += keep
    return classes, total


class NaiveRareInTime:
    """Log probability of every value in every bucket, None while its partition learns."""

    def __init__(self, memory: float) -> None:
        self.memory = memory
        self.history: dict[int, list[int]] = defaultdict(list)
        self.dates: dict[Key, list[int]] = defaultdict(list)

    def step(self, present: list[Key]) -> dict[Key, float | None]:
        judged: dict[Key, float | None] = {}
        ranks: dict[int, list[int]] = defaultdict(list)
        for key in present:
            history = self.history[key[0]]
            age = len(history)
            seen = decayed(self.dates[key], age, self.memory) if self.dates[key] else -1.0
            ranks[key[0]].append(class_of(seen))
            judged[key] = None
            if age >= HOLD_BUCKETS:
                classes, total = weighed(history, self.memory)
                tried = self.memory * (1 - math.exp(-age / self.memory))
                own = max(0.0, seen) / (tried + 1.0)
                so_rare = chance(sum(classes[: ranks[key[0]][-1] + 1]), total)
                judged[key] = math.log(max(so_rare, own))
        for key in present:
            self.dates[key].append(len(self.history[key[0]]) + 1)
        for partition, classes_seen in ranks.items():
            self.history[partition].append(min(classes_seen))
        return judged


class NaiveShowings:
    """Who showed what and when, in one partition."""

    def __init__(self, memory: float) -> None:
        self.memory = memory
        self.dates: dict[tuple[int, int], list[int]] = defaultdict(list)  # (by, over)
        self.presence: dict[int, list[int]] = defaultdict(list)

    def show(self, now: int, pairs: list[tuple[int, int]]) -> None:
        for pair in pairs:
            self.dates[pair].append(now)
        for over in {over for _, over in pairs}:
            self.presence[over].append(now)

    def others(self, by: int, over: int, now: int) -> float:
        """Decayed number of other entities that have shown a value."""
        return sum(
            math.exp(-(now - shown[-1]) / self.memory)
            for (value, entity), shown in self.dates.items()
            if value == by and entity != over and shown
        )

    def is_habit(self, by: int, over: int, now: int) -> bool:
        """Whether an entity had shown a value often before now."""
        before = [date for date in self.dates[by, over] if date < now]
        seen = decayed(before, now, self.memory)
        return seen >= 3 and seen >= 0.05 * decayed(self.presence[over], now, self.memory)


def share_no_denser(density: np.ndarray, unit: float, slot: int, prior: float) -> float:
    """Mass of all slots no denser than one, with a prior of `prior` units spread evenly."""
    every = density.astype(np.float64) + prior * unit / len(density)
    return float(every[density <= density[slot] * (1 + 1e-6)].sum() / every.sum())
