"""Step all series of a detector through consecutive buckets, one call for many buckets."""

from __future__ import annotations

import numpy as np

from sidecar.engine.arrays import CodeArray, FloatArray, IntArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.combine import TOP, excess_of_smallest, log_of_smallest, push_smallest
from sidecar.engine.maths.order import least_first
from sidecar.engine.models.findings import (
    ALL_EXCESS,
    ALL_LEAST,
    DETECTOR_LOG_P,
    FINDING_ACTUAL,
    FINDING_ACTUAL_LONGITUDE,
    FINDING_BUCKET,
    FINDING_CELL,
    FINDING_CHARACTERISTICS,
    FINDING_CORRELATED,
    FINDING_FEATURE,
    FINDING_FIRST,
    FINDING_LENGTH,
    FINDING_LOG_P,
    FINDING_LOG_P_MULTI,
    FINDING_LOG_P_SINGLE,
    FINDING_LOWER,
    FINDING_MODES,
    FINDING_RARITY,
    FINDING_REPEATS,
    FINDING_SERIES,
    FINDING_THIN,
    FINDING_TYPICAL,
    FINDING_TYPICAL_LONGITUDE,
    FINDING_UPPER,
    FINDING_WIDTH,
    LIVE,
    NEWS_EXCESS,
    NEWS_LEAST,
    PLOT_ACTUAL,
    PLOT_BUCKET,
    PLOT_FEATURE,
    PLOT_LOWER,
    PLOT_MEDIAN,
    PLOT_SERIES,
    PLOT_UPPER,
)
from sidecar.engine.models.series.found_period import SEARCH_DUE
from sidecar.engine.models.series.found_trial import search_ring
from sidecar.engine.models.series.layout import (
    COUNT,
    DAY_SLOT,
    LENGTH,
    OUTLOOK,
    PEAK,
    PEAK_AGE,
    THINNESS,
    WANTS,
    WEEK_SLOT,
    ModelSettings,
)
from sidecar.engine.models.series.period_search import SEARCH_ROOM
from sidecar.engine.models.series.residual import HOLD_VALUES
from sidecar.engine.models.series.ruled import judge_alone
from sidecar.engine.models.series.step import (
    LOG_P,
    LOG_P_MULTI,
    LOG_P_RICH,
    LOG_P_SINGLE,
    LOG_RECORD_CUTOFF,
    LOWER,
    MODES,
    REPEATS,
    TYPICAL,
    UPPER,
    VERDICT,
    expect,
    step,
)
from sidecar.engine.models.series.windows import DISTANCES
from sidecar.engine.rules.kernels import (
    SKIP_MODEL_UPDATE,
    SKIP_RESULT,
    DetectorRules,
    has_rules,
    look_at_typical,
    rule_actions,
)

# Room for the small arrays of a step: predictions, verdict, distances, two lists of the smallest.
SMALL = OUTLOOK + VERDICT + 2 * TOP + DISTANCES + SEARCH_ROOM


@kernel
def write_plot(
    out: FloatArray, bucket: int, series: int, feature: int, verdict: FloatArray, actual: float
) -> None:
    """Fill a model plot row, (PLOT_WIDTH,), from a verdict with bounds."""
    out[PLOT_BUCKET] = bucket
    out[PLOT_SERIES] = series
    out[PLOT_FEATURE] = feature
    out[PLOT_LOWER] = verdict[LOWER]
    out[PLOT_MEDIAN] = verdict[TYPICAL]
    out[PLOT_UPPER] = verdict[UPPER]
    out[PLOT_ACTUAL] = actual


@kernel
def step_buckets(
    settings: ModelSettings,
    side: int,
    rules: DetectorRules,
    first: int,
    time: IntArray,
    start: IntArray,
    series: CodeArray,
    count: FloatArray,
    value: FloatArray,
    variance: FloatArray,
    first_bucket: IntArray,
    rows: FloatArray,
    sketches: FloatArray,
    coarse: FloatArray,
    day_pool: FloatArray,
    week_pool: FloatArray,
    rich_sketches: FloatArray,
    window_values: FloatArray,
    window_sums: FloatArray,
    periods: FloatArray,
    max_findings: int,
    findings: FloatArray,
    detector: FloatArray,
    plot: FloatArray,
    scratch: FloatArray,
    keys: FloatArray,
    order: IntArray,
    small: FloatArray,
) -> tuple[int, int, int]:
    """Score buckets `first`.. until all are done, an output is full or a series wants a shape.

    Parameters
    ----------
    rules : DetectorRules
        Which values make no finding, and which are not learned.
    time : (k,) int64
        Start of each bucket, s.
    start, series, count, value, variance
        The detector's `ClosedCells`.
    first_bucket : (n_series,) int64
        When each series came up, s.
    rows, sketches, coarse : (n_series * features, ...)
        State; row of a series and feature is series * features + feature.
    day_pool, week_pool : (slots, bins) float32
        Shapes of the series that have one.
    rich_sketches, window_values, window_sums, periods : (rich rows, ...)
        State of the richer features; used while no more series than that are known.
    findings : (capacity, FINDING_WIDTH) float64
        Filled; at most `max_findings` a bucket, most surprising first.
    detector : (k, DETECTOR_WIDTH) float64
        Filled: what each bucket comes to.
    plot : (capacity, PLOT_WIDTH) float64
        Filled with every known series' bounds; length 0 switches it off.
    scratch, keys, order, small : (n_series, FINDING_WIDTH), (n_series,), (2, n_series), (SMALL,)
        Room to work in.

    Returns
    -------
    tuple of int
        The first bucket not done, findings filled, plot rows filled.
    """
    features = settings.features
    n_series = len(first_bucket)
    predictions = small[:OUTLOOK]
    verdict = small[OUTLOOK : OUTLOOK + VERDICT]
    search_room = small[SMALL - SEARCH_ROOM :]
    small = small[: SMALL - SEARCH_ROOM]
    distances = small[OUTLOOK + VERDICT : -2 * TOP]
    smallest = small[-2 * TOP : -TOP]
    news = small[-TOP:]
    plotted = len(plot) > 0
    every = settings.empty_is_zero or plotted
    ruled = has_rules(rules)
    by_typical = look_at_typical(rules)
    peak = peak_age = 0.0
    found_all = 0
    plot_rows = 0
    for b in range(first, len(time)):
        if found_all + min(n_series, max_findings) > len(findings):
            return b, found_all, plot_rows
        if plotted and plot_rows + n_series * features > len(plot):
            return b, found_all, plot_rows
        now = float(time[b])
        cell = start[b]
        end = start[b + 1]
        known = 0
        if len(rich_sketches) > 0:
            for s in range(n_series):
                if first_bucket[s] <= time[b]:
                    known += 1
        found = 0
        judged = 0.0
        wanted = False
        smallest[:] = 0.0
        news[:] = 0.0
        s = -1
        while True:
            # The next series: of the cells, or of all known ones where empty means zero.
            if every:
                s += 1
                while cell < end and series[cell] < s:
                    cell += 1
                if s >= n_series:
                    break
                at = cell if cell < end and series[cell] == s else -1
                if at < 0 and first_bucket[s] > time[b]:
                    continue
                if at < 0 and not settings.empty_is_zero:
                    for f in range(features):
                        r = s * features + f
                        if rows[r, COUNT] > 0.0:
                            day_slot, week_slot = int(rows[r, DAY_SLOT]), int(rows[r, WEEK_SLOT])
                            day = day_pool[day_slot] if day_slot >= 0 else day_pool[0, :0]
                            week = week_pool[week_slot] if week_slot >= 0 else week_pool[0, :0]
                            rich = r < len(rich_sketches) and known <= settings.rich_series
                            period = periods[r] if rich else rows[r, :0]
                            expect(
                                rows[r],
                                sketches[r],
                                day,
                                week,
                                period,
                                settings,
                                now,
                                predictions,
                                verdict,
                            )
                            write_plot(plot[plot_rows], b, s, f, verdict, np.nan)
                            plot_rows += 1
                    continue
            else:
                if cell >= end:
                    break
                at = cell
                s = series[cell]
                cell += 1
            records = count[at] if at >= 0 else 0.0
            within = variance[at] if at >= 0 else 0.0
            best = 1.0
            mature = False
            for f in range(features):
                r = s * features + f
                x = value[at, f] if at >= 0 else 0.0
                day_slot, week_slot = int(rows[r, DAY_SLOT]), int(rows[r, WEEK_SLOT])
                day = day_pool[day_slot] if day_slot >= 0 else day_pool[0, :0]
                week = week_pool[week_slot] if week_slot >= 0 else week_pool[0, :0]
                rich = r < len(rich_sketches) and known <= settings.rich_series
                rich_sketch = rich_sketches[r] if rich else sketches[r, :0]
                values = window_values[r] if rich else sketches[r, :0]
                sums = window_sums[r] if rich else sketches[r, :0]
                period = periods[r] if rich else rows[r, :0]
                actions = 0
                if ruled:
                    peak, peak_age = rows[r, PEAK], rows[r, PEAK_AGE]
                    if not by_typical:
                        actions = rule_actions(rules, s, time[b], x, np.nan)
                    if by_typical or actions & SKIP_MODEL_UPDATE:
                        judged_alone = judge_alone(
                            rows[r],
                            sketches[r],
                            day,
                            week,
                            period,
                            settings,
                            side,
                            now,
                            x,
                            records,
                            plotted,
                            predictions,
                            verdict,
                        )
                        if by_typical:
                            actions = rule_actions(rules, s, time[b], x, verdict[TYPICAL])
                        if actions & SKIP_MODEL_UPDATE and not judged_alone:
                            continue
                if actions & SKIP_MODEL_UPDATE == 0 and not step(
                    rows[r],
                    sketches[r],
                    coarse[r],
                    day,
                    week,
                    period,
                    rich_sketch,
                    values,
                    sums,
                    settings,
                    side,
                    now,
                    x,
                    records,
                    within,
                    plotted,
                    predictions,
                    distances,
                    verdict,
                ):
                    continue
                if rich and period[SEARCH_DUE] != 0.0:
                    search_ring(rows[r], period, settings, now, search_room)
                wanted = wanted or rows[r, WANTS] != 0.0
                if plotted:
                    write_plot(plot[plot_rows], b, s, f, verdict, x)
                    plot_rows += 1
                if actions & SKIP_RESULT:
                    # What was not said is no incident that later values could repeat.
                    rows[r, PEAK], rows[r, PEAK_AGE] = peak, peak_age
                    continue
                mature = mature or rows[r, COUNT] > HOLD_VALUES
                if verdict[LOG_P] < best:
                    best = verdict[LOG_P]
                    keys[found] = best
                    scratch[found, FINDING_BUCKET] = b
                    scratch[found, FINDING_SERIES] = s
                    scratch[found, FINDING_CELL] = at
                    scratch[found, FINDING_FEATURE] = f
                    scratch[found, FINDING_LOG_P] = verdict[LOG_P]
                    scratch[found, FINDING_LOG_P_SINGLE] = verdict[LOG_P_SINGLE]
                    scratch[found, FINDING_LOG_P_MULTI] = verdict[LOG_P_MULTI]
                    scratch[found, FINDING_REPEATS] = verdict[REPEATS]
                    scratch[found, FINDING_ACTUAL] = x
                    scratch[found, FINDING_TYPICAL] = verdict[TYPICAL]
                    scratch[found, FINDING_LOWER] = verdict[LOWER]
                    scratch[found, FINDING_UPPER] = verdict[UPPER]
                    scratch[found, FINDING_LENGTH] = rows[r, LENGTH]
                    thin = settings.is_mean and records > 0.0
                    thin = thin and 1.0 / records > 2.0 * rows[r, THINNESS]
                    scratch[found, FINDING_THIN] = 1.0 if thin else 0.0
                    scratch[found, FINDING_ACTUAL_LONGITUDE] = np.nan
                    scratch[found, FINDING_TYPICAL_LONGITUDE] = np.nan
                    scratch[found, FINDING_FIRST] = 0.0
                    scratch[found, FINDING_RARITY] = np.nan
                    scratch[found, FINDING_CHARACTERISTICS] = verdict[LOG_P_RICH]
                    scratch[found, FINDING_MODES] = verdict[MODES]
                    scratch[found, FINDING_CORRELATED] = 0.0
            if mature:
                judged += 1.0
                push_smallest(smallest, best)
                if scratch[found, FINDING_REPEATS] == 0.0:
                    push_smallest(news, best)
            if best < LOG_RECORD_CUTOFF:
                found += 1
        detector[b, LIVE] = judged
        detector[b, DETECTOR_LOG_P] = log_of_smallest(smallest, judged)
        detector[b, NEWS_EXCESS] = excess_of_smallest(news, judged)
        detector[b, NEWS_LEAST] = news[0]
        detector[b, ALL_EXCESS] = excess_of_smallest(smallest, judged)
        detector[b, ALL_LEAST] = smallest[0]
        least_first(keys, found, order)
        kept = min(found, max_findings)
        for i in range(kept):
            for column in range(FINDING_WIDTH):
                findings[found_all + i, column] = scratch[order[0, i], column]
        found_all += kept
        if wanted:
            return b + 1, found_all, plot_rows
    return len(time), found_all, plot_rows
