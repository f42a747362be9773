"""Generated jobs with a planted anomaly each: its rank, and false alarms beside it.

Every scenario runs as a whole job, records in, results out, with several seeds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.arrays import CodeArray, FloatArray, IntArray
from sidecar.engine.record_frame import RecordFrame
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from sidecar.schema.job import DataDescription, Job
from sidecar.schema.units import TimeValue

START_S = 1_706_486_400
HOUR_S = 3600
DAY_S = 86_400
SEEDS = 5
_FRAME = 100_000


@dataclass(slots=True)
class Planted:
    """Records of one run, in order of time, and where the anomaly is.

    Attributes
    ----------
    numbers, codes : mapping of field name to (n,) column
        `codes` count from 0; the value's name is `<field>-<code>`.
    first_s, last_s : int
        Buckets that begin in [first_s, last_s] may report it; first_s > last_s: nothing planted.
    who : mapping of field name to code
        Split values that the record of the anomaly must have.
    """

    time: IntArray
    numbers: dict[str, FloatArray] = field(default_factory=dict)
    codes: dict[str, CodeArray] = field(default_factory=dict)
    first_s: int = 1
    last_s: int = 0
    who: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of data, the detector that watches it, and what is planted."""

    name: str
    detector: Detector
    span_s: int
    make: Callable[[np.random.Generator], Planted]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to; `rank` is 1 for the top record, 0 when nothing was planted or found."""

    rank: int
    score: float
    false_50: float
    false_75: float


def _wave(time: IntArray) -> FloatArray:
    return np.sin(2 * np.pi * (time % DAY_S) / DAY_S)


def _regular(days: int, every_s: int) -> IntArray:
    return START_S + np.arange(days * DAY_S // every_s, dtype=np.int64) * every_s


def _metric(
    generator: np.random.Generator, change: Callable[[IntArray, FloatArray, int], tuple[int, int]]
) -> Planted:
    """Three weeks of a seasonal metric, changed from some hour of the last week on."""
    time = _regular(21, 300)
    value = 100 + 20 * _wave(time) + 2 * generator.standard_normal(len(time))
    at = START_S + 15 * DAY_S + int(generator.integers(0, 5 * 24)) * HOUR_S
    first, last = change(time, value, at)
    return Planted(time, {"value": value}, {}, first, last)


def season_and_spike(generator: np.random.Generator) -> Planted:
    """An hour well above the season of its time of day."""

    def change(time: IntArray, value: FloatArray, at: int) -> tuple[int, int]:
        value[(time >= at) & (time < at + HOUR_S)] += 18
        return at, at + HOUR_S

    return _metric(generator, change)


def season_and_dip(generator: np.random.Generator) -> Planted:
    """An hour well under the season of its time of day, though within all values seen."""

    def change(time: IntArray, value: FloatArray, at: int) -> tuple[int, int]:
        value[(time >= at) & (time < at + HOUR_S)] -= 14
        return at, at + HOUR_S

    return _metric(generator, change)


def level_shift(generator: np.random.Generator) -> Planted:
    """Everything from some hour on lies higher; after a day that is the new normal."""

    def change(time: IntArray, value: FloatArray, at: int) -> tuple[int, int]:
        value[time >= at] += 15
        return at, at + DAY_S

    return _metric(generator, change)


def drift(generator: np.random.Generator) -> Planted:
    """The metric doubles over two weeks: nothing is wrong."""

    def change(time: IntArray, value: FloatArray, at: int) -> tuple[int, int]:
        value += 100 * np.clip((time - START_S - 5 * DAY_S) / (14 * DAY_S), 0, 1)
        return 1, 0

    return _metric(generator, change)


def silent_source(generator: np.random.Generator) -> Planted:
    """One of 50 sources, each with a rate of its own, says nothing for three hours."""
    sources, days = 50, 14
    per_hour = generator.uniform(30, 120, sources)
    hours = np.arange(days * 24)
    busy = 1 + 0.5 * np.sin(2 * np.pi * hours / 24)
    counts = generator.poisson(per_hour[None, :] * busy[:, None])
    silent = int(generator.integers(0, sources))
    hour = 24 * 11 + int(generator.integers(0, 48))
    counts[hour : hour + 3, silent] = 0
    cell = np.repeat(np.arange(counts.size), counts.ravel())
    source = (cell % sources).astype(np.int32)
    time = START_S + cell // sources * HOUR_S + generator.integers(0, HOUR_S, len(cell))
    order = np.argsort(time, kind="stable")
    first = START_S + hour * HOUR_S
    return Planted(
        time[order],
        {},
        {"source": source[order]},
        first,
        first + 3 * HOUR_S,
        {"source": silent},
    )


def rare_user(generator: np.random.Generator) -> Planted:
    """200 users who come and go by a law of their own; one name that was never seen."""
    users, records, days = 200, 60_000, 20
    weight = 1 / np.arange(1, users + 1) ** 0.8
    user = generator.choice(users, records, p=weight / weight.sum()).astype(np.int32)
    time = np.sort(START_S + generator.integers(0, days * DAY_S, records))
    at = records * 4 // 5 + int(generator.integers(0, records // 10))
    user[at] = users
    bucket = int(time[at]) // HOUR_S * HOUR_S
    return Planted(time, {}, {"user": user}, bucket, bucket, {"user": users})


def population_outlier(generator: np.random.Generator) -> Planted:
    """400 clients that send lognormal amounts by day; one sends forty times as much in one hour."""
    clients, days = 400, 10
    hours = np.arange(days * 24)
    active = 0.15 + 0.1 * np.sin(2 * np.pi * hours / 24)
    present = generator.random((len(hours), clients)) < active[:, None]
    hour, client = np.nonzero(present)
    own = generator.lognormal(0, 0.4, clients)
    value = 1000 * own[client] * generator.lognormal(0, 0.5, len(client))
    late = np.flatnonzero((hour >= 24 * 8) & (value < 1500) & (value > 700))
    at = int(generator.choice(late))
    value[at] *= 40
    time = START_S + hour * HOUR_S + generator.integers(0, HOUR_S, len(hour))
    order = np.argsort(time, kind="stable")
    first = START_S + int(hour[at]) * HOUR_S
    return Planted(
        time[order],
        {"bytes": value[order]},
        {"client": client[order].astype(np.int32)},
        first,
        first,
        {"client": int(client[at])},
    )


SCENARIOS = (
    Scenario("season + spike", Detector("mean", field_name="value"), 900, season_and_spike),
    Scenario("season + dip", Detector("mean", field_name="value"), 900, season_and_dip),
    Scenario("level shift", Detector("mean", field_name="value"), 900, level_shift),
    Scenario("drift, nothing wrong", Detector("mean", field_name="value"), 900, drift),
    Scenario(
        "silent source",
        Detector("low_count", partition_field_name="source"),
        HOUR_S,
        silent_source,
    ),
    Scenario("rare user", Detector("rare", by_field_name="user"), HOUR_S, rare_user),
    Scenario(
        "population outlier",
        Detector("high_sum", field_name="bytes", over_field_name="client"),
        HOUR_S,
        population_outlier,
    ),
)


def run(scenario: Scenario, seed: int) -> Outcome:
    """One run of a scenario."""
    planted = scenario.make(np.random.Generator(np.random.PCG64(seed)))
    config = AnalysisConfig(
        TimeValue(scenario.span_s * 1000, f"{scenario.span_s}s"), (scenario.detector,)
    )
    job = AnomalyJob(Job("benchmark", config, DataDescription()))
    for name, codes in planted.codes.items():
        for code in range(int(codes.max()) + 1):
            job.dictionaries[name].code(f"{name}-{code}")
    scores: list[FloatArray] = []
    hits: list[FloatArray] = []
    buckets = 0
    for first in range(0, len(planted.time), _FRAME):
        rows = slice(first, first + _FRAME)
        frame = RecordFrame(
            planted.time[rows],
            {name: column[rows] for name, column in planted.numbers.items()},
            {name: column[rows] for name, column in planted.codes.items()},
        )
        for block in job.process(frame):
            buckets += len(block.time)
            scores.append(block.records.score)
            hits.append(_is_planted(planted, job, block.time[block.records.bucket], block.records))
    score, hit = np.concatenate(scores), np.concatenate(hits).astype(bool)
    of_planted = score[hit].max(initial=0.0)
    others = score[~hit]
    return Outcome(
        rank=int(np.count_nonzero(others > of_planted)) + 1 if of_planted > 0 else 0,
        score=float(of_planted),
        false_50=1000 * float(np.count_nonzero(others > 50)) / buckets,
        false_75=1000 * float(np.count_nonzero(others > 75)) / buckets,
    )


def _is_planted(planted: Planted, job: AnomalyJob, time: IntArray, records: object) -> FloatArray:
    """(r,) 1 where a record is of the planted buckets and names whom it should."""
    hit = (time >= planted.first_s) & (time <= planted.last_s)
    series = records.series  # type: ignore[attr-defined]
    for name, code in planted.who.items():
        detector = job.job.analysis_config.detectors[0]
        fields = (
            detector.partition_field_name,
            detector.by_field_name,
            detector.over_field_name,
        )
        names = job.series_names(0, series)[fields.index(name)]
        hit &= np.array([value == f"{name}-{code}" for value in names], dtype=bool)
    return hit.astype(np.float64)


def print_known_truth() -> None:
    """Print a line for each scenario, over all seeds."""
    print(
        f"known truth, {SEEDS} seeds: rank of the planted record (1 is best, 0 not found), "
        "its least score, false alarms per 1,000 buckets"
    )
    print(f"  {'':22} {'ranks':20} {'score':>6} {'over 50':>8} {'over 75':>8}")
    for scenario in SCENARIOS:
        outcomes = [run(scenario, seed) for seed in range(SEEDS)]
        ranks = " ".join(str(each.rank) for each in outcomes)
        nothing = scenario.make is drift
        print(
            f"  {scenario.name:22} {'-' if nothing else ranks:20} "
            f"{'-' if nothing else format(min(each.score for each in outcomes), '.1f'):>6} "
            f"{np.mean([each.false_50 for each in outcomes]):8.2f} "
            f"{np.mean([each.false_75 for each in outcomes]):8.2f}",
            flush=True,
        )
