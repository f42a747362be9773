"""Known places of all series of a detector, or of its populations."""

from __future__ import annotations

from typing import Any

import numpy as np

from sidecar.engine.arrays import CodeArray, FloatArray, IntArray
from sidecar.engine.gathering.cells import ClosedCells, SeriesKeys
from sidecar.engine.models.detector_model import Array, Stepped
from sidecar.engine.models.findings import DETECTOR_WIDTH, PLOT_WIDTH
from sidecar.engine.models.growing import capacity_for, enlarged
from sidecar.engine.models.location.buckets import (
    CELL_WIDTH,
    INCIDENT_WIDTH,
    SMALL,
    step_places,
)
from sidecar.engine.models.location.findings import find_places
from sidecar.engine.models.location.places import HEAD, PLACE_WIDTH
from sidecar.engine.models.series.layout import DAY_S
from sidecar.engine.pair_table import PairTable
from sidecar.engine.rules.kernels import NO_RULES, DetectorRules

# Places that one series, and a whole population, may have.
_PLACES = 8
_POPULATION_PLACES = 32
# Half of the past is forgotten after so long, or so many buckets with data.
_HALF_LIFE_S = 60.0 * DAY_S
_LEAST_HALF_LIFE_BUCKETS = 2000.0


class LocationTable:
    """Places by (partition, by) value: of one series, or of the members of a population.

    Parameters
    ----------
    span_s : int
        Bucket span.
    population : bool
        Whether the detector has an over field: its values share the places of their partition and
        by value.
    """

    def __init__(self, span_s: int, *, population: bool) -> None:
        self._population = population
        self._keep = float(0.5 ** (1.0 / max(_HALF_LIFE_S / span_s, _LEAST_HALF_LIFE_BUCKETS)))
        self._groups = PairTable()  # (partition, by)
        self._group: IntArray = np.empty(0, np.int64)
        self._rows: FloatArray = np.zeros((0, _row_width(population)))
        self._incidents: FloatArray = np.zeros((0, INCIDENT_WIDTH))

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
        """Score and learn k buckets; there is nothing to plot."""
        del partial, plot
        self._meet(keys)
        judged = np.zeros((len(cells.series), CELL_WIDTH))
        detector = np.zeros((len(time), DETECTOR_WIDTH))
        step_places(
            rules,
            time,
            cells.start,
            cells.series,
            cells.value,
            self._group,
            self._keep,
            self._rows,
            self._incidents,
            judged,
            detector,
            np.zeros(SMALL),
        )
        findings, causes = find_places(cells, judged, keys, population=self._population)
        return Stepped(findings, detector, np.empty((0, PLOT_WIDTH)), causes)

    def _meet(self, keys: SeriesKeys) -> None:
        """Make room for new series and their groups."""
        known, series = len(self._group), len(keys.first_bucket)
        if series > known:
            new = np.arange(known, series)
            groups = self._groups_of(keys.partition[known:], keys.by[known:], new)
            self._group = np.concatenate([self._group, groups])
            groups_used = int(self._group.max()) + 1
            self._rows = enlarged(self._rows, capacity_for(groups_used, len(self._rows)))
            self._incidents = enlarged(self._incidents, capacity_for(series, len(self._incidents)))

    def _groups_of(self, partition: CodeArray, by: CodeArray, series: IntArray) -> IntArray:
        if not self._population:
            return series
        return self._groups.find_or_add(partition.astype(np.int64), by.astype(np.int64), series)

    def skip(self, until_s: int) -> None:
        """See `DetectorModel.skip`; places age with the buckets that have data alone."""

    def keep(self, series: IntArray) -> None:
        """See `DetectorModel.keep`; a population goes with its last member."""
        known = series[series < len(self._group)]
        groups, self._group = np.unique(self._group[known], return_inverse=True)
        self._group = self._group.reshape(-1).astype(np.int64)
        self._rows, self._incidents = self._rows[groups], self._incidents[known]
        if self._population:
            self._groups.load(self._groups.first[groups], self._groups.second[groups])

    def copy(self) -> LocationTable:
        """An independent copy, to be stepped without consequences."""
        twin = LocationTable.__new__(LocationTable)
        twin._population, twin._keep = self._population, self._keep
        twin._groups = PairTable()
        twin._groups.load(self._groups.first, self._groups.second)
        twin._group = self._group
        twin._rows, twin._incidents = self._rows.copy(), self._incidents.copy()
        return twin

    def nbytes(self) -> int:
        """Bytes of all state."""
        arrays = (self._group, self._rows, self._incidents)
        return self._groups.nbytes() + sum(array.nbytes for array in arrays)

    def save(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Plain header and arrays by name."""
        groups = int(self._group.max()) + 1 if len(self._group) else 0
        arrays: dict[str, Array] = {
            "group": self._group,
            "partition": self._groups.first,
            "by": self._groups.second,
            "rows": self._rows[:groups],
            "incidents": self._incidents[: len(self._group)],
        }
        return {"head": HEAD}, {name: array.copy() for name, array in arrays.items()}

    def load(self, header: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Take over a saved state.

        Rows may have been saved with other numbers of scalars and places: what is new starts at
        zero, what there is no room for is dropped.
        """
        head = int(header["head"])
        self._group = arrays["group"].astype(np.int64)
        self._groups.load(arrays["partition"], arrays["by"])
        saved = arrays["rows"]
        self._rows = np.zeros((len(saved), _row_width(self._population)))
        scalars = min(head, HEAD)
        self._rows[:, :scalars] = saved[:, :scalars]
        places = min(saved.shape[1] - head, self._rows.shape[1] - HEAD)
        self._rows[:, HEAD : HEAD + places] = saved[:, head : head + places]
        self._incidents = np.zeros((len(self._group), INCIDENT_WIDTH))
        self._incidents[:] = arrays["incidents"]


def _row_width(population: bool) -> int:
    return HEAD + PLACE_WIDTH * (_POPULATION_PLACES if population else _PLACES)
