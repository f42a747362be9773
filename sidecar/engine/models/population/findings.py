"""Findings, causes and model plot rows of a judged bucket."""

from __future__ import annotations

import math

from sidecar.engine.arrays import FloatArray
from sidecar.engine.kernel import kernel
from sidecar.engine.models.findings import (
    FINDING_ACTUAL,
    FINDING_ACTUAL_LONGITUDE,
    FINDING_BUCKET,
    FINDING_CELL,
    FINDING_FEATURE,
    FINDING_LENGTH,
    FINDING_LOG_P,
    FINDING_LOG_P_MULTI,
    FINDING_LOG_P_SINGLE,
    FINDING_LOWER,
    FINDING_RARITY,
    FINDING_REPEATS,
    FINDING_SERIES,
    FINDING_THIN,
    FINDING_TYPICAL,
    FINDING_TYPICAL_LONGITUDE,
    FINDING_UPPER,
    PLOT_ACTUAL,
    PLOT_BUCKET,
    PLOT_FEATURE,
    PLOT_LOWER,
    PLOT_MEDIAN,
    PLOT_SERIES,
    PLOT_UPPER,
)
from sidecar.engine.models.population.judging import bound_of, is_ripe
from sidecar.engine.models.population.layout import (
    CAUSE_ACTUAL,
    CAUSE_FINDING,
    CAUSE_LOG_P,
    CAUSE_SERIES,
    CAUSE_TYPICAL,
    FOUND_CELL,
    FOUND_LENGTH,
    FOUND_LOG_P,
    FOUND_MULTI,
    FOUND_REPEATS,
    FOUND_SINGLE,
    LOG_WIDTH,
    MAX_CAUSES,
    SETTLED,
    THINNESS,
    PopulationCells,
    PopulationOutput,
    PopulationSettings,
    PopulationState,
    PopulationWork,
)
from sidecar.engine.models.population.level import predict_level, reliance
from sidecar.engine.models.population.peers import deviation_of, peers_of
from sidecar.engine.models.population.values import from_scale
from sidecar.engine.models.series.step import LOG_RECORD_CUTOFF


@kernel
def typical_value(settings: PopulationSettings, centre: float, width: float) -> float:
    """The value at a place on the scale of comparison."""
    value = from_scale(centre, width)
    return max(0.0, value) if settings.never_negative else value


@kernel
def _bound(
    settings: PopulationSettings,
    r: int,
    centre: float,
    records: float,
    upper: bool,
    state: PopulationState,
    work: PopulationWork,
) -> float:
    """One of the 95 % bounds of an entity's value."""
    row = state.rows[r]
    away = bound_of(row, state.sketches[r], work, r, upper)
    away *= deviation_of(row, settings, centre, upper, records) * work.spread[r]
    return typical_value(settings, centre + away if upper else centre - away, row[LOG_WIDTH])


@kernel
def write_findings(
    settings: PopulationSettings,
    bucket: int,
    low: int,
    kept: int,
    cells: PopulationCells,
    state: PopulationState,
    work: PopulationWork,
    output: PopulationOutput,
    first: int,
    causes: int,
) -> int:
    """Write the first `kept` of `work.order` from row `first` on; returns the causes filled."""
    for i in range(kept):
        found = work.found[work.order[0, i]]
        cell = int(found[FOUND_CELL])
        at = low + cell
        f = work.feature[cell]
        r = state.attribute[cells.series[at]] * settings.features + f
        row = state.rows[r]
        records = cells.records[at]
        centre = work.centre[cell, f]
        out = output.findings[first + i]
        # Columns that populations do not judge hold 0.
        out[:] = 0.0
        out[FINDING_BUCKET] = bucket
        out[FINDING_SERIES] = cells.series[at]
        out[FINDING_CELL] = at
        out[FINDING_FEATURE] = f
        out[FINDING_LOG_P] = found[FOUND_LOG_P]
        out[FINDING_LOG_P_SINGLE] = found[FOUND_SINGLE]
        out[FINDING_LOG_P_MULTI] = found[FOUND_MULTI]
        out[FINDING_REPEATS] = found[FOUND_REPEATS]
        out[FINDING_ACTUAL] = cells.value[at, f]
        out[FINDING_TYPICAL] = typical_value(settings, centre, row[LOG_WIDTH])
        out[FINDING_LOWER] = _bound(settings, r, centre, records, False, state, work)
        out[FINDING_UPPER] = _bound(settings, r, centre, records, True, state, work)
        out[FINDING_LENGTH] = found[FOUND_LENGTH]
        thin = settings.is_mean and records > 0.0
        thin = thin and 1.0 / records > 2.0 * row[THINNESS]
        out[FINDING_THIN] = 1.0 if thin else 0.0
        out[FINDING_ACTUAL_LONGITUDE] = math.nan
        out[FINDING_TYPICAL_LONGITUDE] = math.nan
        out[FINDING_RARITY] = math.nan
        causes = _write_causes(settings, low, cell, first + i, cells, state, work, output, causes)
    return causes


@kernel
def _write_causes(
    settings: PopulationSettings,
    low: int,
    top: int,
    finding: int,
    cells: PopulationCells,
    state: PopulationState,
    work: PopulationWork,
    output: PopulationOutput,
    causes: int,
) -> int:
    """The most surprising cells of an entity, of the feature that its record speaks of."""
    f = work.feature[top]
    n = 0
    cell = work.head[state.entity[cells.series[low + top]]]
    while cell >= 0:
        odd = work.best[cell] < LOG_RECORD_CUTOFF and not cells.muted[low + cell]
        odd = odd and work.feature[cell] == f
        if cell == top or (odd and is_ripe(settings, low + cell, cell, cells, state, work)):
            n = _insert(cell, work.best[cell], n, work)
        cell = work.following[cell]
    for j in range(n):
        cell = work.cause_cell[j]
        at = low + cell
        r = state.attribute[cells.series[at]] * settings.features + f
        out = output.causes[causes + j]
        out[CAUSE_FINDING] = finding
        out[CAUSE_SERIES] = cells.series[at]
        out[CAUSE_LOG_P] = min(0.0, work.best[cell])
        out[CAUSE_ACTUAL] = cells.value[at, f]
        out[CAUSE_TYPICAL] = typical_value(settings, work.centre[cell, f], state.rows[r, LOG_WIDTH])
    return causes + n


@kernel
def _insert(cell: int, log_p: float, n: int, work: PopulationWork) -> int:
    """Keep the MAX_CAUSES least, ascending, equal ones in their order; returns how many."""
    if n == MAX_CAUSES and log_p >= work.cause_key[n - 1]:
        return n
    j = min(n, MAX_CAUSES - 1)
    while j > 0 and work.cause_key[j - 1] > log_p:
        work.cause_key[j] = work.cause_key[j - 1]
        work.cause_cell[j] = work.cause_cell[j - 1]
        j -= 1
    work.cause_key[j] = log_p
    work.cause_cell[j] = cell
    return min(n + 1, MAX_CAUSES)


@kernel
def write_plots(
    settings: PopulationSettings,
    bucket: int,
    time_s: float,
    state: PopulationState,
    work: PopulationWork,
    output: PopulationOutput,
    first: int,
) -> int:
    """The bounds of an entity's value for every attribute, no entity named; rows filled then."""
    for attribute in range(len(state.example)):
        for f in range(settings.features):
            r = attribute * settings.features + f
            row = state.rows[r]
            if row[SETTLED] == 0.0:
                continue
            centre = _level_now(row, state.shapes[r], time_s, r, work)
            out = output.plot[first]
            out[PLOT_BUCKET] = bucket
            out[PLOT_SERIES] = state.example[attribute]
            out[PLOT_FEATURE] = f
            out[PLOT_LOWER] = _bound(settings, r, centre, 0.0, False, state, work)
            out[PLOT_MEDIAN] = typical_value(settings, centre, row[LOG_WIDTH])
            out[PLOT_UPPER] = _bound(settings, r, centre, 0.0, True, state, work)
            out[PLOT_ACTUAL] = math.nan
            first += 1
    return first


@kernel
def _level_now(
    row: FloatArray, shape: FloatArray, time_s: float, r: int, work: PopulationWork
) -> float:
    """The level that entities are compared with in a bucket, with or without peers."""
    if work.peers[r] == 0.0:
        # Nobody is there: what was asked of the bounds in another bucket does not hold now.
        work.bounds[r, :] = math.nan
        work.spread[r] = 1.0
        return predict_level(row, shape, time_s)
    peers = peers_of(work, r)
    if peers == 0.0:
        return float(work.level[r])
    noise = work.sigma[r] * work.sigma[r] / peers
    return float(work.level[r] + reliance(row, noise, work.common[r], peers) * work.common[r])
