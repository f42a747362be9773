"""Incidents that come again, after a smaller one, or early: how loudly is each said at first.

Severity is read from scores: 75 is critical, 50 is major. Every spike planted here stands far
out of its series, so it should be said loudly whatever was said before; only what happens all the
time should become quiet, and only what goes on should be said once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.scorer_input import closed_buckets, mean_config, series_keys
from sidecar.engine.arrays import BoolArray, FloatArray, IntArray
from sidecar.engine.scores.scoring import BucketScorer
from sidecar.schema.analysis_config import AnalysisConfig

Generator = np.random.Generator
# Deviations and first buckets of spikes, in order; each lasts so many buckets.
Plan = list[tuple[float, int, int]]

SEEDS = 6
_SPAN_S = 900
_START_S = 1_706_486_400
_DAY_BUCKETS = 96
_LEVEL = 100.0
_BASES = (("mean", "flat"), ("mean", "daily"), ("count", "flat"), ("count", "daily"))
# After a planted bucket the series is on its way back: neither planted nor normal.
_AFTERMATH = 24
# No score before this bucket is counted as a false alarm.
_JUDGED_FROM = 20


@dataclass(frozen=True, slots=True)
class Pattern:
    """A way for incidents to come; `quiet` ones should not be said, at least not often."""

    name: str
    buckets: int
    plan: Callable[[Generator, int], Plan]
    quiet: bool = False


def _apart(generator: Generator, first: int, last: int, spikes: int, least: int) -> list[int]:
    """Random places of spikes, ascending, at least so many buckets apart."""
    room = last - first - least * (spikes - 1)
    at = np.sort(generator.integers(0, room, spikes))
    return [int(first + a + least * i) for i, a in enumerate(at)]


def _again(size: float, least: int = 30) -> Callable[[Generator, int], Plan]:
    def plan(generator: Generator, buckets: int) -> Plan:
        spikes = int(generator.integers(2, 7))
        return [(size, at, 1) for at in _apart(generator, 100, buckets - 20, spikes, least)]

    return plan


def _long_again(generator: Generator, buckets: int) -> Plan:
    """Incidents of several buckets each; only how loudly they begin is looked at."""
    places = _apart(generator, 100, buckets - 60, 3, 80)
    return [(12.0, at, int(generator.integers(4, 16))) for at in places]


def _blip_then_spike(generator: Generator, _buckets: int) -> Plan:
    return [(6.0, int(generator.integers(30, 90)), 1), (12.0, int(generator.integers(200, 300)), 1)]


def _early(size: float) -> Callable[[Generator, int], Plan]:
    def plan(generator: Generator, _buckets: int) -> Plan:
        return [(size, int(generator.integers(60, 150)), 1)]

    return plan


def _usual(every: int) -> Callable[[Generator, int], Plan]:
    """Spikes at random, as often as makes them a habit."""

    def plan(generator: Generator, buckets: int) -> Plan:
        return [(12.0, int(at), 1) for at in np.flatnonzero(generator.random(buckets) < 1 / every)]

    return plan


def _one_long(generator: Generator, _buckets: int) -> Plan:
    return [(12.0, int(generator.integers(300, 400)), 48)]


PATTERNS = (
    Pattern("spikes of 60, 2-6 in 500", 500, _again(60.0)),
    Pattern("spikes of 12, 2-6 in 500", 500, _again(12.0)),
    Pattern("spikes of 12, 2-6 in 2000", 2000, _again(12.0)),
    Pattern("incidents of 4-15 buckets", 1000, _long_again),
    Pattern("blip of 6, then 12", 320, _blip_then_spike),
    Pattern("12 at an age of 60-150", 200, _early(12.0)),
    Pattern("60 at an age of 60-150", 200, _early(60.0)),
    Pattern("usual: one bucket in 20", 2000, _usual(20), quiet=True),
    Pattern("one incident of 48 buckets", 1000, _one_long, quiet=True),
)


@dataclass(frozen=True, slots=True)
class Said:
    """Initial bucket scores: of each planted spike in order, and of all normal buckets."""

    planted: FloatArray
    normal: FloatArray
    inside: FloatArray


def values_of(generator: Generator, base: str, function: str, buckets: int, n: int) -> FloatArray:
    """(buckets, n) values of deviation about 1 (mean) or of a Poisson law (count)."""
    wave = np.sin(2 * np.pi * np.arange(buckets)[:, None] / _DAY_BUCKETS + generator.random(n) * 6)
    height = 8.0 if base == "daily" else 0.0
    if function == "count":
        return generator.poisson(_LEVEL + 2 * height * wave).astype(np.float64)
    return np.asarray(_LEVEL + height * wave + generator.normal(size=(buckets, n)))


def config_of(function: str) -> AnalysisConfig:
    """A job of one detector, partitioned by `key`."""
    return mean_config(_SPAN_S, function=function)


def run(pattern: Pattern, function: str, base: str, series: int, seed: int) -> Said:
    """One run: all spikes go to one series of `series`."""
    generator = np.random.Generator(np.random.PCG64([seed, series, pattern.buckets]))
    values = values_of(generator, base, function, pattern.buckets, series)
    deviation = np.sqrt(_LEVEL) if function == "count" else 1.0
    near: BoolArray = np.zeros(pattern.buckets, dtype=np.bool_)
    inside: BoolArray = np.zeros(pattern.buckets, dtype=np.bool_)
    plan = pattern.plan(generator, pattern.buckets)
    for size, first, length in plan:
        values[first : first + length, 0] += size * deviation
        near[first : first + length + _AFTERMATH] = True
        inside[first : first + length] = True
    time: IntArray = _START_S + np.arange(pattern.buckets, dtype=np.int64) * _SPAN_S
    scorer = BucketScorer(config_of(function))
    score = scorer.score(closed_buckets(time, values), series_keys(series, _START_S)).score
    return Said(
        np.array([score[first : first + min(3, length)].max() for _, first, length in plan]),
        score[_JUDGED_FROM:][~near[_JUDGED_FROM:]],
        score[inside],
    )


def print_recurrent() -> None:
    """Print a line for each pattern and number of series, over all seeds and bases."""
    print(
        f"incidents that come again or early, {SEEDS} seeds x {len(_BASES)} kinds of data: "
        "initial bucket score"
    )
    print("  of the first, the second and later ones (median, tenth percentile); share of them")
    print("  at 75 and 50; normal buckets in 1,000 at 50 and 75")
    for pattern in PATTERNS:
        for series in (1, 20):
            said = [
                run(pattern, function, base, series, seed)
                for function, base in _BASES
                for seed in range(SEEDS)
            ]
            normal = np.concatenate([each.normal for each in said])
            false = f"{1000 * np.mean(normal >= 50):6.2f} {1000 * np.mean(normal >= 75):6.2f}"
            name = f"  {pattern.name:28} {series:3d} "
            if pattern.quiet:
                half = np.concatenate([each.inside[len(each.inside) // 2 :] for each in said])
                loud = np.mean([np.count_nonzero(each.inside >= 75) for each in said])
                text = (
                    f"  later half of planted buckets: {np.mean(half >= 50):.2f} at 50, "
                    f"{np.mean(half >= 75):.2f} at 75; {loud:.1f} at 75 in each"
                )
            else:
                groups = [
                    np.concatenate([each.planted[place] for each in said])
                    for place in (slice(0, 1), slice(1, 2), slice(2, None))
                ]
                text = "".join(
                    f"{np.median(g):5.0f}/{np.percentile(g, 10):3.0f}" if len(g) else " " * 9
                    for g in groups
                )
                every = np.concatenate(groups)
                text += f"   {np.mean(every >= 75):.2f} {np.mean(every >= 50):.2f}"
            print(f"{name}{text}  {false}", flush=True)


if __name__ == "__main__":
    print_recurrent()
