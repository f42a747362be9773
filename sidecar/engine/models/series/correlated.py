"""Series of by values that move together, and values that break with the others.

With `multivariate_by_fields` the residuals of the by values of a partition are compared with one
another: a value that is ordinary for its own series is odd when another series, with which it has
always gone up and down, says that it should be elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sidecar.engine.arrays import FloatArray, IntArray
from sidecar.engine.functions import Function
from sidecar.engine.gathering.cells import ClosedCells, SeriesKeys
from sidecar.engine.maths.combine import excess_alone, log_alone
from sidecar.engine.models import findings as columns
from sidecar.engine.models.detector_model import Array, Stepped
from sidecar.engine.models.series.breaches import (
    BOUNDS_WIDTH,
    BREACH_BUCKET,
    BREACH_DEVIATION,
    BREACH_LOG_P,
    BREACH_PARTNER,
    BREACH_REPEATS,
    BREACH_SERIES,
    BREACH_TYPICAL,
    BREACH_WIDTH,
    find_breaches,
    leave_out_ruled,
)
from sidecar.engine.models.series.series_table import SeriesTable
from sidecar.engine.rules.kernels import NO_RULES, DetectorRules, has_rules

# Series that are compared with one another; later ones go without.
MOST_SERIES = 128


class CorrelatedTable:
    """Series models, and the correlations of their residuals within each partition."""

    def __init__(self, function: Function, span_s: int) -> None:
        self._table = SeriesTable(function, span_s)
        self._buckets = 0
        self._allocate(0)

    def _allocate(self, series: int) -> None:
        self._products = np.zeros((series, series))
        self._squares = np.zeros((series, series))
        self._weights = np.zeros((series, series))
        self._last_breach = np.full(series, -(10**9), np.int64)

    def step(
        self,
        time: IntArray,
        cells: ClosedCells,
        keys: SeriesKeys,
        *,
        partial: bool,
        plot: bool,
        rules: DetectorRules = NO_RULES,
    ) -> Stepped:
        """See `DetectorModel.step`; partial buckets are judged series by series only."""
        stepped = self._table.step(time, cells, keys, partial=partial, plot=True, rules=rules)
        if not partial:
            self._add_breaches(stepped, keys, time, rules)
            self._buckets += len(time)
        if not plot:
            stepped.plot = stepped.plot[:0]
        return stepped

    def _add_breaches(
        self, stepped: Stepped, keys: SeriesKeys, time: IntArray, rules: DetectorRules
    ) -> None:
        buckets = len(time)
        series = min(MOST_SERIES, len(keys.first_bucket))
        self._grow(series)
        shown = stepped.plot
        shown = shown[
            (shown[:, columns.PLOT_FEATURE] == 0) & (shown[:, columns.PLOT_SERIES] < series)
        ]
        deviation = np.maximum(
            (shown[:, columns.PLOT_UPPER] - shown[:, columns.PLOT_LOWER]) / BOUNDS_WIDTH, 1e-300
        )
        place = shown[:, columns.PLOT_BUCKET].astype(np.int64) * series
        place += shown[:, columns.PLOT_SERIES].astype(np.int64)
        z = np.full(buckets * series, np.nan)
        z[place] = (shown[:, columns.PLOT_ACTUAL] - shown[:, columns.PLOT_MEDIAN]) / deviation
        if has_rules(rules):
            leave_out_ruled(rules, time, shown, place, z)
        row_of = np.full(buckets * series, -1, np.int64)
        row_of[place] = np.arange(len(shown))
        out = np.empty((buckets * series, BREACH_WIDTH))
        found = find_breaches(
            z.reshape(buckets, series),
            np.ascontiguousarray(keys.partition[:series]),
            self._products,
            self._squares,
            self._weights,
            self._last_breach,
            self._buckets,
            out,
        )
        if found:
            breaches = out[:found]
            at = row_of[
                breaches[:, BREACH_BUCKET].astype(np.int64) * series
                + breaches[:, BREACH_SERIES].astype(np.int64)
            ]
            _join(stepped, breaches, shown[at], deviation[at])

    def _grow(self, series: int) -> None:
        before = len(self._products)
        if series <= before:
            return
        kept = self._products, self._squares, self._weights, self._last_breach
        self._allocate(series)
        self._products[:before, :before] = kept[0]
        self._squares[:before, :before] = kept[1]
        self._weights[:before, :before] = kept[2]
        self._last_breach[:before] = kept[3]

    def skip(self, until_s: int) -> None:
        """See `DetectorModel.skip`."""
        self._table.skip(until_s)

    def shift_time(self, seconds: float, series: IntArray) -> None:
        """See `HasClock.shift_time`."""
        self._table.shift_time(seconds, series)

    def allow_growth(self, allowed: bool) -> None:
        """See `GrowingModel.allow_growth`."""
        self._table.allow_growth(allowed)

    def keep(self, series: IntArray) -> None:
        """See `DetectorModel.keep`."""
        self._table.keep(series)
        compared = series[series < len(self._products)]
        square = np.ix_(compared, compared)
        self._products = self._products[square].copy()
        self._squares = self._squares[square].copy()
        self._weights = self._weights[square].copy()
        self._last_breach = self._last_breach[compared].copy()

    def copy(self) -> CorrelatedTable:
        """See `DetectorModel.copy`."""
        twin = CorrelatedTable.__new__(CorrelatedTable)
        twin._table = self._table.copy()
        twin._buckets = self._buckets
        twin._products = self._products.copy()
        twin._squares = self._squares.copy()
        twin._weights = self._weights.copy()
        twin._last_breach = self._last_breach.copy()
        return twin

    def nbytes(self) -> int:
        """See `DetectorModel.nbytes`."""
        pairs = (self._products, self._squares, self._weights, self._last_breach)
        return self._table.nbytes() + sum(int(array.nbytes) for array in pairs)

    def save(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """See `DetectorModel.save`."""
        header, arrays = self._table.save()
        arrays |= {
            "pair_products": self._products.copy(),
            "pair_squares": self._squares.copy(),
            "pair_weights": self._weights.copy(),
            "last_breach": self._last_breach.copy(),
        }
        return {**header, "correlated_buckets": self._buckets}, arrays

    def load(self, header: dict[str, Any], arrays: dict[str, Array]) -> None:
        """See `DetectorModel.load`."""
        self._table.load(header, arrays)
        self._buckets = int(header.get("correlated_buckets", 0))
        if "pair_products" in arrays:
            self._products = arrays["pair_products"]
            self._squares = arrays["pair_squares"]
            self._weights = arrays["pair_weights"]
            self._last_breach = arrays["last_breach"]


def _join(stepped: Stepped, breaches: FloatArray, shown: FloatArray, deviation: FloatArray) -> None:
    """Put breaches among the findings and into what their buckets come to.

    Parameters
    ----------
    shown : (b, PLOT_WIDTH) float64
        Model plot row of each breach.
    deviation : (b,) float64
        Standard deviation of each breach's series.
    """
    new = _as_findings(breaches, shown, deviation)
    rows = np.concatenate([stepped.findings, new])
    bucket, series = rows[:, columns.FINDING_BUCKET], rows[:, columns.FINDING_SERIES]
    order = np.lexsort((rows[:, columns.FINDING_LOG_P], series, bucket))
    same = (np.diff(bucket[order]) == 0) & (np.diff(series[order]) == 0)
    # Of a series with a finding of its own and a breach the more surprising one stays.
    rows = rows[order[np.concatenate([[True], ~same])]]
    order = np.lexsort((rows[:, columns.FINDING_LOG_P], rows[:, columns.FINDING_BUCKET]))
    stepped.findings = rows[order]
    for row in new:
        whole = stepped.detector[int(row[columns.FINDING_BUCKET])]
        live = whole[columns.LIVE]
        if live < 1.0:
            continue
        log_p = row[columns.FINDING_LOG_P]
        excess = excess_alone(log_p, live)
        whole[columns.DETECTOR_LOG_P] = min(whole[columns.DETECTOR_LOG_P], log_alone(log_p, live))
        whole[columns.ALL_EXCESS] = max(whole[columns.ALL_EXCESS], excess)
        whole[columns.ALL_LEAST] = min(whole[columns.ALL_LEAST], log_p)
        if row[columns.FINDING_REPEATS] == 0.0:
            whole[columns.NEWS_EXCESS] = max(whole[columns.NEWS_EXCESS], excess)
            whole[columns.NEWS_LEAST] = min(whole[columns.NEWS_LEAST], log_p)


def _as_findings(breaches: FloatArray, shown: FloatArray, deviation: FloatArray) -> FloatArray:
    found = np.zeros((len(breaches), columns.FINDING_WIDTH))
    typical = shown[:, columns.PLOT_MEDIAN] + breaches[:, BREACH_TYPICAL] * deviation
    around = 0.5 * BOUNDS_WIDTH * deviation * breaches[:, BREACH_DEVIATION]
    found[:, columns.FINDING_BUCKET] = breaches[:, BREACH_BUCKET]
    found[:, columns.FINDING_SERIES] = breaches[:, BREACH_SERIES]
    # Without the cell: influencers of other fields are not asked what they have to do with it.
    found[:, columns.FINDING_CELL] = -1
    found[:, columns.FINDING_LOG_P] = breaches[:, BREACH_LOG_P]
    found[:, columns.FINDING_LOG_P_SINGLE] = breaches[:, BREACH_LOG_P]
    found[:, columns.FINDING_REPEATS] = breaches[:, BREACH_REPEATS]
    found[:, columns.FINDING_ACTUAL] = shown[:, columns.PLOT_ACTUAL]
    found[:, columns.FINDING_TYPICAL] = typical
    found[:, columns.FINDING_LOWER] = typical - around
    found[:, columns.FINDING_UPPER] = typical + around
    found[:, columns.FINDING_LENGTH] = 1.0
    found[:, columns.FINDING_ACTUAL_LONGITUDE] = np.nan
    found[:, columns.FINDING_TYPICAL_LONGITUDE] = np.nan
    found[:, columns.FINDING_RARITY] = np.nan
    found[:, columns.FINDING_CORRELATED] = breaches[:, BREACH_PARTNER] + 1.0
    return found
