"""Shares of influencer values in the open cells of a detector."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sidecar.engine.arrays import CodeArray, FloatArray, IntArray
from sidecar.engine.columns import AnyArray, Columns
from sidecar.engine.gathering.cells import InfluencerCells
from sidecar.engine.gathering.gather_kernels import add_counts, add_extremes, add_sums
from sidecar.engine.pair_table import PairTable


class InfluencerShares:
    """Count, sum, least and greatest metric value by (cell, influencer value)."""

    __slots__ = ("_columns", "_keys", "_sums_are_weighted", "field")

    def __init__(self, field: str, *, sums_are_weighted: bool) -> None:
        self.field = field
        self._sums_are_weighted = sums_are_weighted
        self._keys = PairTable()
        self._columns = Columns(
            count=np.float64(0.0),
            total=np.float64(0.0),
            low=np.float64(np.inf),
            high=np.float64(-np.inf),
        )

    def add(
        self, cells: IntArray, code: CodeArray, value: FloatArray | None, weight: FloatArray
    ) -> None:
        """Take records over; `cells` is the cell of each record, negative where it has none."""
        codes = code.astype(np.int64)
        rows = self._keys.find_or_add(cells, codes, np.minimum(cells, codes))
        columns = self._columns
        columns.resize(self._keys.size)
        add_counts(rows, weight, columns["count"])
        if value is not None:
            sum_weight = weight if self._sums_are_weighted else weight[:0]
            add_sums(rows, value, sum_weight, columns["total"])
            add_extremes(rows, value, columns["low"], columns["high"])

    def of_cells(self, position: IntArray) -> InfluencerCells:
        """Shares of some cells; `position` is the new number of each cell, -1 if left out."""
        cell = position[self._keys.first]
        chosen = np.flatnonzero(cell >= 0)
        code = self._keys.second[chosen]
        order = np.lexsort((code, cell[chosen]))
        chosen = chosen[order]
        used = {name: self._columns.used(name)[chosen] for name in ("count", "total")}
        low, high = self._columns.used("low")[chosen], self._columns.used("high")[chosen]
        # Without a metric nothing was ever compared.
        low[np.isinf(low)] = 0.0
        high[np.isinf(high)] = 0.0
        return InfluencerCells(
            field=self.field,
            cell=cell[chosen],
            code=code[order].astype(np.int32),
            count=used["count"],
            total=used["total"],
            low=low,
            high=high,
        )

    def move_cells(self, position: IntArray) -> None:
        """Give cells new numbers; shares of cells at -1 are dropped."""
        cell = position[self._keys.first]
        kept = np.flatnonzero(cell >= 0)
        self._keys.load(cell[kept], self._keys.second[kept])
        self._columns.keep(kept)

    def nbytes(self) -> int:
        """Bytes in use."""
        return self._keys.nbytes() + self._columns.nbytes()

    def save(self) -> dict[str, AnyArray]:
        """Named arrays (views)."""
        keys = {"cell": self._keys.first, "code": self._keys.second}
        return {**keys, **self._columns.save()}

    def load(self, arrays: Mapping[str, AnyArray]) -> None:
        """Take saved arrays over."""
        none = np.empty(0, np.int64)
        self._keys.load(arrays.get("cell", none), arrays.get("code", none))
        self._columns.load(self._keys.size, arrays)
