"""Models of any kind whose findings leave frequent values out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sidecar.engine.arrays import BoolArray, FloatArray, IntArray
from sidecar.engine.gathering.cells import ClosedCells, SeriesKeys
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.combine import TOP, excess_of_smallest, log_of_smallest, push_smallest
from sidecar.engine.models.detector_model import (
    Array,
    Causes,
    DetectorModel,
    GrowingModel,
    HasClock,
    Stepped,
)
from sidecar.engine.models.findings import (
    ALL_EXCESS,
    ALL_LEAST,
    DETECTOR_LOG_P,
    FINDING_BUCKET,
    FINDING_LOG_P,
    FINDING_REPEATS,
    FINDING_SERIES,
    LIVE,
    NEWS_EXCESS,
    NEWS_LEAST,
)
from sidecar.engine.models.frequent import FrequentValues
from sidecar.engine.models.series.step import LOG_RECORD_CUTOFF
from sidecar.engine.rules.kernels import NO_RULES, DetectorRules

_MODEL = "model."
_FREQUENT = "frequent."


@kernel
def detector_without(
    findings: FloatArray,
    kept: BoolArray,
    left_out: FloatArray,
    detector: FloatArray,
    smallest: FloatArray,
    news: FloatArray,
) -> None:
    """What buckets come to without some of their findings; untouched where none went.

    Parameters
    ----------
    findings : (r, FINDING_WIDTH) float64
        By bucket.
    kept : (r,) bool
    left_out : (k,) float64
        Series in each bucket that are not judged.
    detector : (k, DETECTOR_WIDTH) float64
        Rewritten.
    smallest, news : (TOP,) float64
        Room to work in.
    """
    row = 0
    for b in range(len(detector)):
        smallest[:] = 0.0
        news[:] = 0.0
        gone = False
        while row < len(findings) and findings[row, FINDING_BUCKET] == b:
            if kept[row]:
                push_smallest(smallest, findings[row, FINDING_LOG_P])
                if findings[row, FINDING_REPEATS] == 0.0:
                    push_smallest(news, findings[row, FINDING_LOG_P])
            else:
                gone = True
            row += 1
        live = max(0.0, detector[b, LIVE] - left_out[b])
        detector[b, LIVE] = live
        if not gone:
            continue
        # Of the others it is known that they are no findings: the oddest is as odd as usual.
        usual = max(LOG_RECORD_CUTOFF, -math.log(live + 1.0))
        if live > 0.0:
            push_smallest(smallest, usual)
            push_smallest(news, usual)
        detector[b, DETECTOR_LOG_P] = log_of_smallest(smallest, live)
        detector[b, NEWS_EXCESS] = excess_of_smallest(news, live)
        detector[b, NEWS_LEAST] = news[0]
        detector[b, ALL_EXCESS] = excess_of_smallest(smallest, live)
        detector[b, ALL_LEAST] = smallest[0]


class WithoutFrequent:
    """Lets a model learn everything, and drops the findings of frequent values."""

    def __init__(self, model: DetectorModel, frequent: FrequentValues) -> None:
        self._model = model
        self._frequent = frequent

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
        """Score and learn k buckets."""
        stepped = self._model.step(time, cells, keys, partial=partial, plot=plot, rules=rules)
        findings = stepped.findings
        buckets = np.arange(len(time))
        # Cells and findings are asked about at once; the latter may be of empty buckets.
        of_cell = np.repeat(buckets, np.diff(cells.start))
        of_finding = findings[:, FINDING_BUCKET].astype(np.int64)
        bucket = np.concatenate([of_cell, of_finding])
        series = np.concatenate([cells.series, findings[:, FINDING_SERIES].astype(np.int32)])
        order = np.argsort(bucket, kind="stable")
        start = np.searchsorted(bucket[order], np.arange(len(time) + 1)).astype(np.int64)
        frequent = np.zeros(len(bucket), np.bool_)
        frequent[order] = self._frequent.mark(cells, keys, start, series[order])
        of_cells, of_findings = np.split(frequent, [len(of_cell)])
        left_out = np.bincount(of_cell[of_cells], minlength=len(time)).astype(np.float64)
        kept = ~of_findings
        detector_without(findings, kept, left_out, stepped.detector, *np.zeros((2, TOP)))
        return Stepped(
            findings[kept], stepped.detector, stepped.plot, _causes_of(stepped.causes, kept)
        )

    def skip(self, until_s: int) -> None:
        """Nothing is known of the time before `until_s`: it ages nothing."""
        self._model.skip(until_s)

    def shift_time(self, seconds: float, series: IntArray) -> None:
        """Shift the clock of models that have one."""
        if isinstance(self._model, HasClock):
            self._model.shift_time(seconds, series)

    def allow_growth(self, allowed: bool) -> None:
        """Whether models that grow may do so from the next buckets on."""
        if isinstance(self._model, GrowingModel):
            self._model.allow_growth(allowed)

    def keep(self, series: IntArray) -> None:
        """See `DetectorModel.keep`; how frequent values were is by value, and stays known."""
        self._model.keep(series)

    def copy(self) -> WithoutFrequent:
        """An independent copy, to be stepped without consequences."""
        return WithoutFrequent(self._model.copy(), self._frequent.copy())

    def nbytes(self) -> int:
        """Bytes of all state."""
        return self._model.nbytes() + self._frequent.nbytes()

    def save(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Plain header and arrays by name."""
        header, arrays = self._model.save()
        named = {_MODEL + name: array for name, array in arrays.items()}
        named |= {_FREQUENT + name: array for name, array in self._frequent.save().items()}
        return header, named

    def load(self, header: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Take over a saved state."""

        def part(prefix: str) -> dict[str, Array]:
            return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}

        self._model.load(header, part(_MODEL))
        self._frequent.load(part(_FREQUENT))


def _causes_of(causes: Causes, kept: BoolArray) -> Causes:
    """The causes of the findings that are kept, by their new places."""
    place = np.cumsum(kept) - 1
    rows = np.flatnonzero(kept[causes.finding])
    return Causes(
        finding=place[causes.finding[rows]],
        series=causes.series[rows],
        log_p=causes.log_p[rows],
        actual=causes.actual[rows],
        typical=causes.typical[rows],
        actual_longitude=causes.actual_longitude[rows],
        typical_longitude=causes.typical_longitude[rows],
    )
