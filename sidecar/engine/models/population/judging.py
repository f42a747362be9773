"""How odd each entity's value is among its peers, and what their values teach."""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.sketch import BINS, sketch_add, sketch_fade
from sidecar.engine.maths.tails import LOG_2, log_student_tail
from sidecar.engine.models.population.layout import (
    BUCKETS,
    FIRST_TIME,
    LEARN_HIGH,
    LEARN_HIGHS,
    LEARN_LOW,
    LEARN_LOWS,
    LEARN_SIZE,
    LEARN_SIZES,
    LEARN_THIN,
    LEARN_THINS,
    LEARN_WEIGHT,
    LEARN_WITHIN,
    LEARN_WITHINS,
    LOG_WIDTH,
    MASS,
    SCALE_ALL,
    SCALE_HIGH,
    SCALE_LOW,
    SETTLED,
    SHIFT,
    SKETCH_HIGH,
    SKETCH_LOW,
    TAIL_HIGH,
    TAIL_LOW,
    THINNESS,
    VALUES,
    WEIGHT,
    WITHIN,
    PopulationCells,
    PopulationSettings,
    PopulationState,
    PopulationWork,
)
from sidecar.engine.models.population.level import learn_level, reliance
from sidecar.engine.models.population.peers import LAST_CLIP, deviation_of, peers_of
from sidecar.engine.models.population.tail import TAIL_WIDTH, crowd_log_tail, read_tail
from sidecar.engine.models.population.values import learn_young, settle, steepness
from sidecar.engine.models.series.baseline import CLIP, clip
from sidecar.engine.models.series.layout import SIDE_BOTH
from sidecar.engine.models.series.residual import side_matches, youth_bound
from sidecar.engine.models.series.step import LOG_BOUND_TAIL

# Buckets of an attribute before its entities are judged.
HOLD_BUCKETS = 20.0
# A bucket of many peers counts as this many values of a series, as to how early to trust history.
_VALUES_A_BUCKET = 3.0
# Under one deviation nothing is worth a tail.
_BODY = 1.0
_BODY_SLOPE = 1.15
# Sketches fade once in so many buckets; early values fade with the attribute's age.
_FADE_EVERY = 16
# Variances beyond this are no numbers to learn from.
_LARGEST_VARIANCE = 1e290
# float32 weights count by ones up to here.
_MOST_WEIGHT = 4e6


@kernel
def _tail(row: FloatArray, sketch: FloatArray, z: float, upper: bool) -> float:
    """Natural log of P(an entity at least `z` deviations off on this side)."""
    if z < _BODY:
        return float(-LOG_2 - z * _BODY_SLOPE)
    start = SKETCH_HIGH if upper else SKETCH_LOW
    tail = TAIL_HIGH if upper else TAIL_LOW
    return float(
        crowd_log_tail(
            sketch[start : start + BINS],
            row[WEIGHT],
            row[tail : tail + TAIL_WIDTH],
            z,
            row[LOG_WIDTH] > 0.0,
            log_student_tail(z),
        )
    )


@kernel
def bound_of(
    row: FloatArray, sketch: FloatArray, work: PopulationWork, r: int, upper: bool
) -> float:
    """Deviations within which 97.5 % of the entities are on one side; kept for the bucket."""
    place = 1 if upper else 0
    if math.isnan(work.bounds[r, place]):
        low, high = 0.0, 64.0
        for _ in range(24):
            z = 0.5 * (low + high)
            if _tail(row, sketch, z, upper) > LOG_BOUND_TAIL:
                low = z
            else:
                high = z
        work.bounds[r, place] = high
    return float(work.bounds[r, place])


@kernel
def population_youth(row: FloatArray) -> float:
    """Least log probability that an attribute with so little history allows."""
    return float(youth_bound(min(row[VALUES], _VALUES_A_BUCKET * row[BUCKETS])))


@kernel
def judge_cells(
    settings: PopulationSettings,
    partial_sums: bool,
    low: int,
    high: int,
    cells: PopulationCells,
    state: PopulationState,
    work: PopulationWork,
) -> None:
    """Compare each value with its peers, itself left out.

    Fills `work.centre`, NaN while the attribute's scale is open, `work.best` and `work.feature`.
    Of partial sums it is not yet asked how small they are.
    """
    features = settings.features
    side = settings.side
    corrected = math.log(float(features))
    for i in range(low, high):
        cell = i - low
        work.best[cell] = 1.0
        work.feature[cell] = 0
        for f in range(features):
            r = state.attribute[cells.series[i]] * features + f
            work.centre[cell, f] = math.nan
            residual = work.residual[cell, f]
            row = state.rows[r]
            if row[SETTLED] == 0.0 or math.isnan(residual):
                continue
            others = peers_of(work, r) - 1.0
            common = work.common[r]
            doubt = row[SHIFT]
            offset = 0.0
            if others > 0.0:
                noise = work.sigma[r] * work.sigma[r] / others
                own = clip(residual - common, LAST_CLIP * work.sigma[r])
                part = reliance(row, noise, common, others)
                offset = part * (common - own / others)
                doubt = part * noise
            if partial_sums:
                offset = max(0.0, offset)
            centre = work.level[r] + offset
            work.centre[cell, f] = centre
            distance = residual - offset
            log_p = 0.0
            if side_matches(side, distance) and not (partial_sums and distance < 0.0):
                upper = distance >= 0.0
                sd = deviation_of(row, settings, centre, upper, cells.records[i])
                sd *= work.spread[r]
                z = abs(distance) / math.sqrt(sd * sd + doubt)
                log_p = _tail(row, state.sketches[r], z, upper)
                if side == SIDE_BOTH:
                    log_p += LOG_2
                log_p = min(0.0, log_p + corrected * min(1.0, -0.5 * log_p))
                log_p = max(log_p, population_youth(row))
            if log_p < work.best[cell]:
                work.best[cell] = log_p
                work.feature[cell] = f


@kernel
def is_ripe(
    settings: PopulationSettings,
    i: int,
    cell: int,
    cells: PopulationCells,
    state: PopulationState,
    work: PopulationWork,
) -> bool:
    """Whether a judged cell's attribute is old enough for its judgement to count."""
    r = state.attribute[cells.series[i]] * settings.features + work.feature[cell]
    return bool(state.rows[r, BUCKETS] >= HOLD_BUCKETS)


@kernel
def learn_cells(
    settings: PopulationSettings,
    time_s: float,
    low: int,
    high: int,
    touched: int,
    cells: PopulationCells,
    state: PopulationState,
    work: PopulationWork,
) -> None:
    """Learn a judged bucket; the attributes are untouched again then."""
    features = settings.features
    for i in range(low, high):
        cell = i - low
        for f in range(features):
            residual = work.residual[cell, f]
            if math.isnan(residual):
                continue
            r = state.attribute[cells.series[i]] * features + f
            if state.rows[r, SETTLED] == 0.0:
                if state.rows[r, BUCKETS] == 0.0:
                    state.rows[r, FIRST_TIME] = time_s
                learn_young(state.rows[r], cells.value[i, f])
            else:
                _learn_value(settings, i, cell, f, r, cells, state, work)
    for t in range(touched):
        for f in range(features):
            r = work.touched[t] * features + f
            peers = peers_of(work, r)
            if peers > 0.0:
                _learn_bucket(settings, time_s, peers, r, state, work)
            work.peers[r] = 0.0


@kernel
def _learn_value(
    settings: PopulationSettings,
    i: int,
    cell: int,
    f: int,
    r: int,
    cells: PopulationCells,
    state: PopulationState,
    work: PopulationWork,
) -> None:
    """Add one value to what its bucket teaches; that of a known incident is no news."""
    row = state.rows[r]
    learned = work.learned[r]
    centre = work.centre[cell, f]
    distance = work.level[r] + work.residual[cell, f] - centre
    upper = distance >= 0.0
    records = cells.records[i]
    sd = deviation_of(row, settings, centre, upper, records)
    usual = deviation_of(row, settings, centre, upper, 0.0)
    z = abs(distance) / (sd * work.spread[r])
    size = min(CLIP, z) * usual
    learned[LEARN_SIZE] += size
    learned[LEARN_SIZES] += 1.0
    if upper:
        learned[LEARN_HIGH] += size
        learned[LEARN_HIGHS] += 1.0
    else:
        learned[LEARN_LOW] += size
        learned[LEARN_LOWS] += 1.0
    if settings.is_mean and records > 0.0:
        learned[LEARN_THIN] += 1.0 / records
        learned[LEARN_THINS] += 1.0
        if records > 1.0 and cells.variance[i] < _LARGEST_VARIANCE:
            within = cells.variance[i] * records / (records - 1.0)
            learned[LEARN_WITHIN] += within * steepness(cells.value[i, f], row[LOG_WIDTH])
            learned[LEARN_WITHINS] += 1.0
    if work.known[cell] == 0.0:
        start = SKETCH_HIGH if upper else SKETCH_LOW
        sketch_add(state.sketches[r, start : start + BINS], z, 1.0)
        learned[LEARN_WEIGHT] += 1.0


@kernel
def _towards(row: FloatArray, column: int, total: float, n: float, mass: float) -> None:
    """Move a decayed mean of `mass` values towards `n` new ones with this total."""
    if n > 0.0:
        row[column] += n / (mass + n) * (total / n - row[column])


@kernel
def _learn_bucket(
    settings: PopulationSettings,
    time_s: float,
    peers: float,
    r: int,
    state: PopulationState,
    work: PopulationWork,
) -> None:
    row = state.rows[r]
    learned = work.learned[r]
    if row[SETTLED] == 0.0:
        row[BUCKETS] += 1.0
        settle(row, settings)
        return
    learn_level(
        row,
        state.shapes[r],
        settings,
        time_s,
        work.level[r],
        work.common[r],
        work.sigma[r],
        peers,
    )
    mass = row[MASS] * (1.0 - settings.scale_rate)
    _towards(row, SCALE_ALL, learned[LEARN_SIZE], learned[LEARN_SIZES], mass)
    # A side learns from its own residuals only: about half of them.
    _towards(row, SCALE_HIGH, learned[LEARN_HIGH], learned[LEARN_HIGHS], 0.5 * mass)
    _towards(row, SCALE_LOW, learned[LEARN_LOW], learned[LEARN_LOWS], 0.5 * mass)
    _towards(row, THINNESS, learned[LEARN_THIN], learned[LEARN_THINS], mass)
    _towards(row, WITHIN, learned[LEARN_WITHIN], learned[LEARN_WITHINS], mass)
    row[MASS] = mass + peers
    row[WEIGHT] += learned[LEARN_WEIGHT]
    sketch = state.sketches[r]
    read_tail(sketch[SKETCH_HIGH : SKETCH_HIGH + BINS], row[TAIL_HIGH : TAIL_HIGH + TAIL_WIDTH])
    read_tail(sketch[SKETCH_LOW : SKETCH_LOW + BINS], row[TAIL_LOW : TAIL_LOW + TAIL_WIDTH])
    row[VALUES] += peers
    buckets = row[BUCKETS]
    if int(buckets) % _FADE_EVERY == 0:
        keep = min(settings.sketch_keep**_FADE_EVERY, buckets / (buckets + _FADE_EVERY))
        if row[WEIGHT] > _MOST_WEIGHT:
            keep = min(keep, _MOST_WEIGHT / row[WEIGHT])
        sketch_fade(state.sketches[r], keep)
        row[WEIGHT] *= keep
    row[BUCKETS] = buckets + 1.0
