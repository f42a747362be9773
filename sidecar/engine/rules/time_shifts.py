"""Moving the clock of a detector's models where a rule tells it to."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from sidecar.engine.arrays import IntArray
from sidecar.engine.gathering.cells import ClosedCells, SeriesKeys
from sidecar.engine.gathering.gatherer import cells_of_buckets
from sidecar.engine.models.detector_model import Causes, DetectorModel, HasClock, Stepped
from sidecar.engine.models.findings import FINDING_BUCKET, FINDING_CELL, PLOT_BUCKET
from sidecar.engine.rules.kernels import DetectorRules


@dataclass(frozen=True, slots=True)
class TimeShift:
    """A shift of the clock before a bucket is scored.

    Attributes
    ----------
    bucket : int
        Row of the first bucket after it.
    seconds : int
    series : (n,) int64
        The series it concerns.
    """

    bucket: int
    seconds: int
    series: IntArray


def step_with_shifts(
    model: DetectorModel,
    time: IntArray,
    cells: ClosedCells,
    keys: SeriesKeys,
    *,
    partial: bool,
    plot: bool,
    rules: DetectorRules,
    shifts: list[TimeShift],
) -> Stepped:
    """`DetectorModel.step`, with the clock shifted in between.

    Parameters
    ----------
    shifts : list of TimeShift
        In order of their buckets.
    """
    if not shifts or not isinstance(model, HasClock):
        return model.step(time, cells, keys, partial=partial, plot=plot, rules=rules)
    parts: list[tuple[int, Stepped]] = []
    begins = sorted({0, *(shift.bucket for shift in shifts)})
    for begin, end in zip(begins, [*begins[1:], len(time)], strict=True):
        for shift in shifts:
            if shift.bucket == begin:
                model.shift_time(shift.seconds, shift.series)
        part = cells_of_buckets(cells, np.arange(begin, end + 1))
        stepped = model.step(time[begin:end], part, keys, partial=partial, plot=plot, rules=rules)
        parts.append((begin, stepped))
    return _joined(parts, cells.start)


def _joined(parts: list[tuple[int, Stepped]], start: IntArray) -> Stepped:
    """What consecutive stretches of buckets gave, as one; each with its first bucket."""
    findings, plots, causes = [], [], []
    before = 0
    for begin, stepped in parts:
        found, plot = stepped.findings.copy(), stepped.plot.copy()
        found[:, FINDING_BUCKET] += begin
        found[found[:, FINDING_CELL] >= 0, FINDING_CELL] += start[begin]
        plot[:, PLOT_BUCKET] += begin
        causes.append(replace(stepped.causes, finding=stepped.causes.finding + before))
        findings.append(found)
        plots.append(plot)
        before += len(found)
    return Stepped(
        findings=np.concatenate(findings),
        detector=np.concatenate([stepped.detector for _, stepped in parts]),
        plot=np.concatenate(plots),
        causes=Causes(
            **{
                column.name: np.concatenate([getattr(each, column.name) for each in causes])
                for column in fields(Causes)
            }
        ),
    )
