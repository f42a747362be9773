"""State of `rare` and `freq_rare` detectors, and their way through closed buckets."""

from __future__ import annotations

import numpy as np

from sidecar.engine.arrays import IntArray
from sidecar.engine.columns import Columns
from sidecar.engine.gathering.cells import ClosedCells, SeriesKeys
from sidecar.engine.models.detector_model import Stepped
from sidecar.engine.models.members import causes_of, members_for
from sidecar.engine.models.rare.in_population import step_in_population
from sidecar.engine.models.rare.in_time import UNMET, Bucket, Partitions, Values, step_in_time
from sidecar.engine.models.rare.population_state import (
    Attributes,
    Entities,
    Populations,
    Showings,
    Split,
    Work,
)
from sidecar.engine.models.rare.rarity import CLASSES, memory_of
from sidecar.engine.models.ruled_cells import RuledCells
from sidecar.engine.models.shared_tables import (
    NEVER,
    SERIES,
    ZERO,
    SharedTables,
    incident_columns,
    stepped,
)
from sidecar.engine.models.verdicts import Incidents, room_for
from sidecar.engine.rules.kernels import NO_RULES, DetectorRules

_PARTITION, _ATTRIBUTE, _ENTITY = "partition", "attribute", "entity"


class RareInTime(SharedTables):
    """`rare` without an over field."""

    def __init__(self, span_s: int) -> None:
        values = Columns(seen=ZERO, last=NEVER, run=NEVER)
        partitions = Columns(
            buckets=NEVER, weight=ZERO, sightings=ZERO, values=ZERO, classes=np.zeros(CLASSES)
        )
        super().__init__({"values": (SERIES, values), "partitions": (_PARTITION, partitions)})
        self._memory = memory_of(span_s)

    def keep(self, series: IntArray) -> None:
        """See `DetectorModel.keep`; the partitions have fewer values then."""
        super().keep(series)
        known = self._ids[_PARTITION].of_series[self._columns["values"].used("last") > 0]
        partitions = self._columns["partitions"]
        partitions.used("values")[:] = np.bincount(known, minlength=partitions.size)

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
        """Score and learn k buckets; partial ones are judged by what they have."""
        self._meet(partition=(keys.partition, None))
        partition = self._ids[_PARTITION]
        ruled = RuledCells(rules, time, cells, judge_unlearned=True)
        cells = ruled.cells
        room = room_for(cells.start)
        filled = step_in_time(
            self._memory,
            cells.start,
            cells.series,
            ruled.silent,
            ruled.unlearned,
            partition.of_series,
            Values(*self._used("values")),
            Partitions(*self._used("partitions")),
            Bucket(
                np.empty(len(partition), np.int64),
                np.full(len(partition), UNMET, np.int64),
                *np.empty((3, len(partition))),
            ),
            room,
        )
        return ruled.back(stepped(room, filled))


class RareInPopulation(SharedTables):
    """`rare` and `freq_rare` (`frequent`) over the entities of a population."""

    def __init__(self, span_s: int, *, frequent: bool) -> None:
        populations = Columns(
            buckets=NEVER,
            weight=ZERO,
            entities=ZERO,
            classes=np.zeros(CLASSES),
            amounts=np.zeros(CLASSES),
        )
        super().__init__(
            {
                "showings": (SERIES, Columns(seen=ZERO, last=NEVER)),
                "attributes": (_ATTRIBUTE, Columns(entities=ZERO, last=NEVER)),
                "entities": (_ENTITY, Columns(seen=ZERO, last=NEVER)),
                "incidents": (_ENTITY, incident_columns()),
                "populations": (_PARTITION, populations),
            }
        )
        self._frequent = frequent
        self._memory = memory_of(span_s)

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
        """Score and learn k buckets; partial ones are judged by what they have."""
        self._meet(
            partition=(keys.partition, None),
            attribute=(keys.partition, keys.by),
            entity=(keys.partition, keys.over),
        )
        partition, entity = self._ids[_PARTITION], self._ids[_ENTITY]
        ruled = RuledCells(rules, time, cells)
        cells = ruled.cells
        members = members_for(len(entity), len(cells.series))
        room = room_for(cells.start)
        filled = step_in_population(
            self._frequent,
            self._memory,
            cells.start,
            cells.series,
            cells.count,
            ruled.silent,
            Split(partition.of_series, self._ids[_ATTRIBUTE].of_series, entity.of_series),
            Showings(*self._used("showings")),
            Attributes(*self._used("attributes")),
            Entities(*self._used("entities")),
            Incidents(*self._used("incidents")),
            Populations(*self._used("populations")),
            members,
            _work(len(partition)),
            room,
        )
        causes = causes_of(members, room.findings[:filled], cells.series)
        return ruled.back(stepped(room, filled, causes))


def _work(partitions: int) -> Work:
    return Work(
        active=np.empty(partitions, np.int64),
        keep=np.full(partitions, -1.0),
        weight=np.zeros(partitions),
        classes=np.zeros((partitions, CLASSES)),
        amounts=np.zeros((partitions, CLASSES)),
        by_class=np.zeros(CLASSES),
        verdict=np.zeros(3),
    )
