"""Cells under rules: what to leave out, what to learn without a word, what to judge alone."""

from __future__ import annotations

import dataclasses

import numpy as np

from sidecar.engine.arrays import BoolArray, CodeArray, FloatArray, IntArray
from sidecar.engine.gathering.cells import ClosedCells
from sidecar.engine.kernel import kernel
from sidecar.engine.models.detector_model import Stepped
from sidecar.engine.models.findings import FINDING_CELL
from sidecar.engine.rules.kernels import (
    SKIP_MODEL_UPDATE,
    SKIP_RESULT,
    DetectorRules,
    has_rules,
    rule_actions,
)


@kernel
def cell_actions(
    rules: DetectorRules,
    time: IntArray,
    start: IntArray,
    series: CodeArray,
    value: FloatArray,
    actions: IntArray,
) -> None:
    """Actions on each cell, (m,) int64, filled.

    `value` is (m, features); with several features no condition on the actual value holds.
    """
    for b in range(len(time)):
        for cell in range(start[b], start[b + 1]):
            actual = value[cell, 0] if value.shape[1] == 1 else np.nan
            actions[cell] = rule_actions(rules, series[cell], time[b], actual, np.nan)


class RuledCells:
    """Cells without those that may not be learned: these are not there at all.

    Parameters
    ----------
    judge_unlearned : bool
        The model can judge cells without learning them: only those that may not make findings
        either are left out.

    Attributes
    ----------
    cells : ClosedCells
        What is left; without times and influencers.
    silent : (m,) bool
        Which of them make no finding.
    unlearned : (m,) bool
        Which of them are judged and not learned.
    """

    __slots__ = ("_rows", "cells", "silent", "unlearned")

    def __init__(
        self,
        rules: DetectorRules,
        time: IntArray,
        cells: ClosedCells,
        *,
        judge_unlearned: bool = False,
    ) -> None:
        self.cells = cells
        self._rows: IntArray | None = None
        self.silent: BoolArray = np.zeros(len(cells.series), np.bool_)
        self.unlearned: BoolArray = self.silent
        if not has_rules(rules):
            return
        actions = np.zeros(len(cells.series), np.int64)
        cell_actions(rules, time, cells.start, cells.series, cells.value, actions)
        silent, unlearned = actions & SKIP_RESULT != 0, actions & SKIP_MODEL_UPDATE != 0
        rows = np.flatnonzero(~unlearned | (judge_unlearned & ~silent))
        self._rows = rows
        self.silent, self.unlearned = silent[rows], unlearned[rows]
        self.cells = dataclasses.replace(
            cells,
            start=np.searchsorted(rows, cells.start).astype(np.int64),
            series=cells.series[rows],
            count=cells.count[rows],
            value=cells.value[rows],
            variance=cells.variance[rows],
            influencers=[],
            times=None,
        )

    def back(self, stepped: Stepped) -> Stepped:
        """Findings of these cells as findings of the cells they were made of."""
        if self._rows is not None:
            place = stepped.findings[:, FINDING_CELL].astype(np.int64)
            stepped.findings[:, FINDING_CELL] = self._rows[place]
        return stepped
