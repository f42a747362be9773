"""How probable it is that something so rare turns up at all.

What turns up is sorted into classes by how often it was seen before: class 0 was never seen, each
further class about 1.4 times as often as the one before it. A decayed histogram remembers in how
many buckets the rarest thing was of which class *at that time*. So where new values keep
coming, their rate is known and they surprise no more; where there were none for long, the first
one does.
"""

from __future__ import annotations

import math

from sidecar.engine.kernel import kernel

CLASSES = 40
# Nothing is judged before so many buckets: at first everything is new.
HOLD_BUCKETS = 20
# Sightings and trials that stand for what is not known yet: a Beta prior that expects rarity.
_PRIOR = 0.03
_PRIOR_TRIALS = 1.0
# The first buckets, when everything was new, fade with this power of the age.
_AGE_POWER = 3.0
# Memory, s, and its limits in buckets.
_MEMORY_S = 90 * 86_400
_LEAST_MEMORY = 2000.0
_MOST_MEMORY = 50_000.0


def memory_of(span_s: int) -> float:
    """Buckets over which sightings fade by a factor e."""
    return min(_MOST_MEMORY, max(_LEAST_MEMORY, _MEMORY_S / span_s))


@kernel
def class_of(seen: float) -> int:
    """Class of what was seen so many (decayed) times; negative: never."""
    if seen < 0.0:
        return 0
    return min(CLASSES - 1, 1 + int(2.0 * math.log2(1.0 + seen)))


@kernel
def keep_share(age: float, memory: float) -> float:
    """Share of a histogram that the bucket after `age` buckets leaves of it."""
    return float(min(1.0 - 1.0 / memory, (age / (age + 1.0)) ** _AGE_POWER))


@kernel
def trials(age: float, memory: float) -> float:
    """Decayed number of buckets, of `age` in all, that sightings are compared with."""
    return memory * -math.expm1(-age / memory)


@kernel
def chance(sightings: float, tried: float) -> float:
    """Probability in (0, 1] that it happens again, from decayed counts."""
    return float(min(1.0, (sightings + _PRIOR) / (tried + _PRIOR_TRIALS)))
