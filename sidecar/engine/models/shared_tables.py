"""State whose rows are series, or what several series share: columns and ids by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from sidecar.engine.arrays import CodeArray, IntArray
from sidecar.engine.columns import AnyArray, Columns, under, within
from sidecar.engine.models.detector_model import Array, Causes, Stepped
from sidecar.engine.models.findings import PLOT_WIDTH
from sidecar.engine.models.split_ids import SplitIds
from sidecar.engine.models.verdicts import Verdicts

# The kind of rows that are the series themselves.
SERIES = "series"
# What columns of amounts, and of counts and times, begin with.
ZERO = np.float64(0.0)
NEVER = np.int64(0)


def incident_columns() -> Columns:
    """The columns of `verdicts.Incidents`, in their order."""
    return Columns(run=NEVER, found=NEVER, peak=ZERO)


def stepped(room: Verdicts, filled: int, causes: Causes | None = None) -> Stepped:
    """What a kernel left in `room`, `filled` findings; such models have nothing to plot."""
    no_plot = np.empty((0, PLOT_WIDTH))
    return Stepped(room.findings[:filled], room.detector, no_plot, causes or Causes.none())


class SharedTables:
    """Named columns and ids; what growth, copies, sizes and saved states are made of.

    Parameters
    ----------
    tables : mapping of name to (kind, Columns)
        Empty tables; the rows of each are `SERIES` or of a kind with ids of its own.
    """

    def __init__(self, tables: Mapping[str, tuple[str, Columns]]) -> None:
        self._kinds = {name: kind for name, (kind, _) in tables.items()}
        self._columns = {name: columns for name, (_, columns) in tables.items()}
        self._ids = {kind: SplitIds() for kind in self._kinds.values() if kind != SERIES}
        self._series = 0

    def _meet(self, **splits: tuple[CodeArray, CodeArray | None]) -> None:
        """Make room for new series; by kind the split values of all series that make its ids."""
        for kind, (first, second) in splits.items():
            self._ids[kind].meet(first, second)
            self._series = len(first)
        for name, columns in self._columns.items():
            columns.resize(self._rows(self._kinds[name]))

    def _rows(self, kind: str) -> int:
        return self._series if kind == SERIES else len(self._ids[kind])

    def _used(self, name: str) -> list[AnyArray]:
        """Columns of a table in the order in which they were named (views)."""
        return list(self._columns[name].save().values())

    def skip(self, until_s: int) -> None:
        """Only buckets with records count: a gap changes nothing."""

    def keep(self, series: IntArray) -> None:
        """See `DetectorModel.keep`; what no series belongs to any more is forgotten with them."""
        series = series[series < self._series]
        kept = {kind: ids.keep(series) for kind, ids in self._ids.items()}
        kept[SERIES] = series
        for name, columns in self._columns.items():
            columns.keep(kept[self._kinds[name]])
        self._series = len(series)

    def copy(self) -> Self:
        """An independent copy, to be stepped without consequences."""
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._columns = {name: columns.copy() for name, columns in self._columns.items()}
        twin._ids = {name: ids.copy() for name, ids in self._ids.items()}
        return twin

    def nbytes(self) -> int:
        """Bytes of all state."""
        tables = sum(columns.nbytes() for columns in self._columns.values())
        return tables + sum(ids.nbytes() for ids in self._ids.values())

    def save(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Plain header and arrays by name."""
        arrays: dict[str, Array] = {}
        for name, columns in self._columns.items():
            arrays |= under(name, {n: array.copy() for n, array in columns.save().items()})
        for kind, ids in self._ids.items():
            arrays |= under(f"ids/{kind}", ids.save())
        return {"series": self._series}, arrays

    def load(self, header: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Take over a saved state; what it lacks gets defaults, what is unknown is dropped."""
        self._series = int(header["series"])
        for kind, ids in self._ids.items():
            ids.load(within(arrays, f"ids/{kind}"))
        for name, columns in self._columns.items():
            columns.load(self._rows(self._kinds[name]), within(arrays, name))
