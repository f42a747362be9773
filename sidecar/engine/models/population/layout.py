"""Columns of an attribute's row and of an entity's, and the settings of a population detector.

An attribute is a (partition, by value); an entity is a (partition, over value).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sidecar.engine.arrays import BoolArray, CodeArray, FloatArray, IntArray
from sidecar.engine.functions import Function, Statistic
from sidecar.engine.maths.sketch import BINS
from sidecar.engine.models.population.tail import TAIL_WIDTH
from sidecar.engine.models.series.layout import DAY_S, HOUR_S, INCIDENT_BUCKETS, SIDES

# One float64 row an attribute and feature; a saved state carries the columns by name.
COLUMNS = (
    "buckets",  # buckets with values
    "values",  # values learned
    "first_time",  # s, bucket of the first value
    "settled",  # 1: it is decided whether values are compared on a log scale
    "width",  # 0: they are not; else the size under which the log scale is a straight one
    "plain_level",  # while that is open: level and mean residuals of the values
    "plain_high",
    "plain_low",
    "log_level",  # the same of the logs of positive values
    "log_high",
    "log_low",
    "positive",  # how many values were positive
    "negative",  # how many negative
    "slow",  # the population's level over days
    "fast",  # over a few buckets
    "error_slow",  # decayed absolute errors of the levels as predictions
    "error_fast",
    "error_day",
    "shift",  # decayed variance of what all values of a bucket have in common
    "scale_high",  # decayed mean of residuals over the centre
    "scale_low",  # and of those under it, as positive numbers
    "scale_all",  # decayed mean absolute residual
    "mass",  # decayed number of values behind these
    "within",  # decayed variance of single records in a cell
    "thinness",  # decayed mean of 1 / records in a cell
    "weight",  # total weight of the sketches
    "depth_high",  # the tails of the sketches, see `tail.py`
    "depth_weight_high",
    "slope_high",
    "depth_low",
    "depth_weight_low",
    "slope_low",
)
WIDTH = len(COLUMNS)

(
    BUCKETS,
    VALUES,
    FIRST_TIME,
    SETTLED,
    LOG_WIDTH,
    PLAIN_LEVEL,
    PLAIN_HIGH,
    PLAIN_LOW,
    LOG_LEVEL,
    LOG_HIGH,
    LOG_LOW,
    POSITIVE,
    NEGATIVE,
    SLOW,
    FAST,
    ERROR_SLOW,
    ERROR_FAST,
    ERROR_DAY,
    SHIFT,
    SCALE_HIGH,
    SCALE_LOW,
    SCALE_ALL,
    MASS,
    WITHIN,
    THINNESS,
    WEIGHT,
    TAIL_HIGH,
    _,
    _,
    TAIL_LOW,
    _,
    _,
) = range(WIDTH)

# Sketches of residuals over and under the centre, side by side in one float32 row.
SKETCH_HIGH = 0
SKETCH_LOW = BINS
SKETCH_WIDTH = 2 * BINS

# One float64 row an entity that was odd lately.
MEMORY_COLUMNS = (
    "seen",  # buckets with values since it is remembered
    "last_time",  # s, the last of them
    "habit",  # decayed mean of its surprise
    "habit_spread",  # and of the distance from it
    "evidence",  # surprise in excess, summed over the last buckets
    "evidence_buckets",  # how many those are
    "direction",  # 1: they are high, -1: low
    "peak",  # surprise of the running incident
    "peak_age",  # buckets since that peak
    "length",  # anomalous buckets in a row
)
MEMORY_WIDTH = len(MEMORY_COLUMNS)
(
    SEEN,
    LAST_TIME,
    HABIT,
    HABIT_SPREAD,
    EVIDENCE,
    EVIDENCE_BUCKETS,
    DIRECTION,
    PEAK,
    PEAK_AGE,
    LENGTH,
) = range(MEMORY_WIDTH)
# Of all entities of a detector: a sketch of their evidence, its weight, its tail.
EVIDENCE_WEIGHT = BINS
EVIDENCE_TAIL = BINS + 1
EVIDENCE_WIDTH = EVIDENCE_TAIL + TAIL_WIDTH
# Entities of a detector that are remembered at most.
MAX_REMEMBERED = 4096

# Records of one detector in one bucket, and causes of one record.
MAX_FINDINGS = 500
MAX_CAUSES = 10


class PopulationSettings(NamedTuple):
    """What all attributes of a detector share; rates are shares learned from one bucket.

    `side` is one of SIDE_BOTH, SIDE_HIGH, SIDE_LOW; `day_bins` is 0 where buckets are too long
    for a shape of the day.
    """

    span_s: float
    features: int
    side: int
    count_like: bool
    never_negative: bool
    is_mean: bool
    slow_rate: float
    fast_rate: float
    scale_rate: float
    sketch_keep: float
    day_bins: int
    habit_rate: float
    incident_buckets: float


def _rate(half_life_s: float, span_s: float, least_buckets: float) -> float:
    """Share to learn from each bucket, so that half of the past is gone after the half-life."""
    return float(1.0 - 0.5 ** (1.0 / max(half_life_s / span_s, least_buckets)))


def population_settings(function: Function, span_s: int) -> PopulationSettings:
    """Settings of a population detector for a bucket span in seconds."""
    return PopulationSettings(
        span_s=float(span_s),
        features=len(function.features),
        side=SIDES[function.side],
        count_like=function.is_count_like,
        never_negative=function.is_count_like or function.statistic is Statistic.VARP,
        is_mean=function.statistic in (Statistic.MEAN, Statistic.MEDIAN, Statistic.METRIC),
        slow_rate=_rate(2 * DAY_S, span_s, 40),
        fast_rate=_rate(0.5 * HOUR_S, span_s, 3),
        scale_rate=_rate(2 * DAY_S, span_s, 60),
        sketch_keep=1.0 - _rate(60 * DAY_S, span_s, 2000),
        day_bins=24 if span_s <= 6 * HOUR_S else 0,
        habit_rate=_rate(5 * DAY_S, span_s, 60),
        incident_buckets=INCIDENT_BUCKETS,
    )


class PopulationCells(NamedTuple):
    """The detector's `ClosedCells`, `records` being their count.

    `muted` (m,) tells which of them are not to be judged.
    """

    start: IntArray
    series: CodeArray
    records: FloatArray
    value: FloatArray
    variance: FloatArray
    muted: BoolArray


class PopulationState(NamedTuple):
    """All a detector knows; row of an attribute and feature is attribute * features + feature.

    `attribute` and `entity` are by series; `slot` by entity: its row of `memory`, -1 if it has
    none; `member` by row of `memory`: a series of the entity. `evidence` is (EVIDENCE_WIDTH,).
    `example` is by attribute: its first series. `shapes` are (rows, day_bins) float32,
    `sketches` (rows, SKETCH_WIDTH) float32.
    """

    rows: FloatArray
    sketches: npt.NDArray[np.float32]
    shapes: npt.NDArray[np.float32]
    attribute: CodeArray
    entity: CodeArray
    example: IntArray
    slot: CodeArray
    memory: FloatArray
    member: IntArray
    evidence: FloatArray


class PopulationWork(NamedTuple):
    """Room to work in; n is the largest number of cells in a bucket.

    By cell (n, features): `residual` from the predicted level, `centre` it is compared with. By
    cell (n,): `best` log probability, its `feature`, `following` cell of the same entity, `known`
    (1: part of an incident that is remembered already). By attribute and feature: `level`,
    `sigma`, `spread` (how far apart they are, in the usual), `peers` (their number), `common`
    (what they have in common), `learned` (rows, LEARN_WIDTH). `bounds` (rows, 2) are 95 % bounds
    in deviations, NaN until asked for. `touched` lists attributes; `head` is by entity; `found`
    (n, FOUND_WIDTH), `keys` (n,) and `order` (2, n) list anomalous entities; `worth` and
    `worth_order` are for as many entities as are remembered; `smallest`, `news` and `of_entity`
    (TOP,) are least log probabilities.
    """

    residual: FloatArray
    centre: FloatArray
    best: FloatArray
    feature: IntArray
    following: IntArray
    known: FloatArray
    level: FloatArray
    sigma: FloatArray
    spread: FloatArray
    peers: FloatArray
    common: FloatArray
    learned: FloatArray
    bounds: FloatArray
    touched: IntArray
    head: IntArray
    found: FloatArray
    keys: FloatArray
    order: IntArray
    worth: FloatArray
    worth_order: IntArray
    smallest: FloatArray
    news: FloatArray
    of_entity: FloatArray
    verdict: FloatArray
    cause_cell: IntArray
    cause_key: FloatArray


class PopulationOutput(NamedTuple):
    """Filled by the kernel; columns of the first, second and last in `models.findings`.

    `causes` has CAUSE_WIDTH columns; `plot` of length 0 switches model plot off.
    """

    findings: FloatArray
    detector: FloatArray
    causes: FloatArray
    plot: FloatArray


# Columns of an entity that was found anomalous.
FOUND_CELL, FOUND_LOG_P, FOUND_SINGLE, FOUND_MULTI, FOUND_REPEATS, FOUND_LENGTH = range(6)
FOUND_WIDTH = 6
# Columns of a cause.
CAUSE_FINDING, CAUSE_SERIES, CAUSE_LOG_P, CAUSE_ACTUAL, CAUSE_TYPICAL = range(5)
CAUSE_WIDTH = 5
# Columns of what a bucket teaches an attribute.
(
    LEARN_SIZE,
    LEARN_SIZES,
    LEARN_HIGH,
    LEARN_HIGHS,
    LEARN_LOW,
    LEARN_LOWS,
    LEARN_THIN,
    LEARN_THINS,
    LEARN_WITHIN,
    LEARN_WITHINS,
    LEARN_WEIGHT,
) = range(11)
LEARN_WIDTH = 11
