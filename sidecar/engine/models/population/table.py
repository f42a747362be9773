"""State of all attributes of a population detector, and their way through closed buckets."""

from __future__ import annotations

from typing import Any

import numpy as np

from sidecar.engine.arrays import CodeArray, FloatArray, IntArray
from sidecar.engine.functions import Function, Statistic
from sidecar.engine.gathering.cells import ClosedCells, SeriesKeys
from sidecar.engine.maths.combine import TOP
from sidecar.engine.models.detector_model import Array, Causes, Stepped
from sidecar.engine.models.findings import DETECTOR_WIDTH, FINDING_WIDTH, PLOT_WIDTH
from sidecar.engine.models.frequent import FrequentValues
from sidecar.engine.models.growing import capacity_for, enlarged
from sidecar.engine.models.population.buckets import MEMORY_FULL, step_population
from sidecar.engine.models.population.layout import (
    CAUSE_ACTUAL,
    CAUSE_FINDING,
    CAUSE_LOG_P,
    CAUSE_SERIES,
    CAUSE_TYPICAL,
    CAUSE_WIDTH,
    COLUMNS,
    EVIDENCE_WIDTH,
    FOUND_WIDTH,
    LAST_TIME,
    LEARN_WIDTH,
    MAX_CAUSES,
    MAX_FINDINGS,
    MAX_REMEMBERED,
    MEMORY_COLUMNS,
    MEMORY_WIDTH,
    SKETCH_WIDTH,
    WIDTH,
    PopulationCells,
    PopulationOutput,
    PopulationState,
    PopulationWork,
    population_settings,
)
from sidecar.engine.models.population.memory import VERDICT
from sidecar.engine.models.population.series_map import SeriesMap
from sidecar.engine.models.ruled_cells import RuledCells
from sidecar.engine.rules.kernels import NO_RULES, DetectorRules

# Rows of output that one kernel call may fill.
_OUTPUT_ROWS = 1 << 13
_FIRST_REMEMBERED = 256
_ARRAYS = ("rows", "sketches", "shapes", "memory", "member", "evidence")


class PopulationTable:
    """Entities compared with one another; memory follows the attributes, not the entities.

    Beside what an attribute needs there are 4 bytes for every series, for every entity 4 and, where
    there is a by field, 28, and a bounded table of the entities that were odd lately.

    Parameters
    ----------
    has_by : bool
        Whether the detector has a by field.
    frequent : FrequentValues
        Which values are not judged because they are frequent.
    """

    def __init__(
        self, function: Function, span_s: int, frequent: FrequentValues, *, has_by: bool
    ) -> None:
        self._settings = population_settings(function, span_s)
        self._grows = function.is_count_like or function.statistic is Statistic.SUM
        self._frequent = frequent
        self._map = SeriesMap(has_by=has_by)
        self._remembered = 0
        self._allocate(0, _FIRST_REMEMBERED)

    def _allocate(self, rows: int, memory: int) -> None:
        self._rows = np.zeros((rows, WIDTH))
        self._sketches = np.zeros((rows, SKETCH_WIDTH), np.float32)
        self._shapes = np.zeros((rows, self._settings.day_bins), np.float32)
        self._memory = np.zeros((memory, MEMORY_WIDTH))
        self._member: IntArray = np.zeros(memory, np.int64)
        self._evidence = np.zeros(EVIDENCE_WIDTH)
        # By entity, its row of memory; made from `member` whenever it is missing.
        self._slot: CodeArray = np.empty(0, np.int32)

    def nbytes(self) -> int:
        """Bytes of all arrays."""
        own = sum(int(getattr(self, f"_{name}").nbytes) for name in _ARRAYS)
        return own + int(self._slot.nbytes) + self._map.nbytes() + self._frequent.nbytes()

    def copy(self) -> PopulationTable:
        """An independent copy, to be stepped without consequences."""
        twin = PopulationTable.__new__(PopulationTable)
        twin._settings, twin._grows = self._settings, self._grows
        twin._remembered = self._remembered
        twin._frequent = self._frequent.copy()
        twin._map = self._map.copy()
        for name in (*_ARRAYS, "slot"):
            setattr(twin, f"_{name}", getattr(self, f"_{name}").copy())
        return twin

    def skip(self, until_s: int) -> None:
        """Nothing is known of the time before `until_s`: it ages nothing."""
        last = self._memory[: self._remembered, LAST_TIME]
        np.maximum(last, until_s - self._settings.span_s, out=last)

    def keep(self, series: IntArray) -> None:
        """See `DetectorModel.keep`; attributes without series go too."""
        features = self._settings.features
        attributes = self._map.keep(series)
        rows = (attributes[:, None] * features + np.arange(features)).ravel()
        for name in ("rows", "sketches", "shapes"):
            setattr(self, f"_{name}", getattr(self, f"_{name}")[rows])
        member = self._member[: self._remembered]
        place = np.searchsorted(series, member)
        found = place < len(series)
        found[found] = series[place[found]] == member[found]
        alive = np.flatnonzero(found)
        self._remembered = len(alive)
        self._memory[: len(alive)] = self._memory[alive]
        self._member[: len(alive)] = place[alive]
        self._slot = self._slot[:0]

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
        """Score and learn k buckets; `partial` does not ask of counts and sums if they are low."""
        self._grow(keys)
        ruled = RuledCells(rules, time, cells)
        cells = ruled.cells
        inputs = PopulationCells(
            start=cells.start,
            series=cells.series,
            records=cells.count,
            value=cells.value,
            variance=cells.variance,
            muted=self._frequent.cells(cells, keys) | ruled.silent,
        )
        rows = int(np.diff(cells.start).max(initial=0))
        work = self._work(rows)
        output = self._output(len(time), rows, plot=plot)
        findings: list[FloatArray] = [np.empty((0, FINDING_WIDTH))]
        causes: list[FloatArray] = [np.empty((0, CAUSE_WIDTH))]
        plots: list[FloatArray] = [np.empty((0, PLOT_WIDTH))]
        done = before = 0
        while done < len(time):
            done, found, caused, plotted, self._remembered = step_population(
                self._settings,
                partial and self._grows,
                rules,
                done,
                time,
                inputs,
                self._state(),
                self._remembered,
                work,
                output,
            )
            findings.append(output.findings[:found].copy())
            causes.append(output.causes[:caused].copy())
            causes[-1][:, CAUSE_FINDING] += before
            plots.append(output.plot[:plotted].copy())
            before += found
            self._make_room()
        stepped = Stepped(
            np.concatenate(findings),
            output.detector,
            np.concatenate(plots),
            _causes(np.concatenate(causes)),
        )
        return ruled.back(stepped)

    def _state(self) -> PopulationState:
        return PopulationState(
            rows=self._rows,
            sketches=self._sketches,
            shapes=self._shapes,
            attribute=self._map.attribute,
            entity=self._map.entity,
            example=self._map.example,
            slot=self._slot,
            memory=self._memory,
            member=self._member,
            evidence=self._evidence,
        )

    def _work(self, cells: int) -> PopulationWork:
        """Room for buckets of at most so many cells."""
        features = self._settings.features
        rows, attributes = len(self._rows), self._map.attributes.size
        return PopulationWork(
            residual=np.empty((cells, features)),
            centre=np.empty((cells, features)),
            best=np.empty(cells),
            feature=np.empty(cells, np.int64),
            following=np.empty(cells, np.int64),
            known=np.empty(cells),
            level=np.empty(rows),
            sigma=np.empty(rows),
            spread=np.ones(rows),
            peers=np.zeros(rows),
            common=np.empty(rows),
            learned=np.empty((rows, LEARN_WIDTH)),
            bounds=np.empty((rows, 2)),
            touched=np.empty(attributes, np.int64),
            head=np.full(self._map.entities, -1, np.int64),
            found=np.empty((cells, FOUND_WIDTH)),
            keys=np.empty(cells),
            order=np.empty((2, cells), np.int64),
            worth=np.empty(MAX_REMEMBERED),
            worth_order=np.empty((2, MAX_REMEMBERED), np.int64),
            smallest=np.empty(TOP),
            news=np.empty(TOP),
            of_entity=np.empty(TOP),
            verdict=np.empty(VERDICT),
            cause_cell=np.empty(MAX_CAUSES, np.int64),
            cause_key=np.empty(MAX_CAUSES),
        )

    def _output(self, buckets: int, cells: int, *, plot: bool) -> PopulationOutput:
        findings = min(max(_OUTPUT_ROWS, MAX_FINDINGS), max(1, cells) * buckets)
        plots = max(_OUTPUT_ROWS, len(self._rows)) if plot else 0
        return PopulationOutput(
            findings=np.empty((findings, FINDING_WIDTH)),
            detector=np.zeros((buckets, DETECTOR_WIDTH)),
            causes=np.empty((MAX_CAUSES * findings, CAUSE_WIDTH)),
            plot=np.empty((plots, PLOT_WIDTH)),
        )

    def _grow(self, keys: SeriesKeys) -> None:
        """Make room for all series that are known."""
        self._map.extend(keys)
        wanted, rows = self._map.attributes.size * self._settings.features, len(self._rows)
        if wanted > rows:
            rows = capacity_for(wanted, rows)
            for name in ("rows", "sketches", "shapes"):
                setattr(self, f"_{name}", enlarged(getattr(self, f"_{name}"), rows))
        if len(self._slot) < self._map.entities:
            entities = max(self._map.entities, 2 * len(self._slot))
            self._slot = np.full(entities, -1, np.int32)
            member = self._member[: self._remembered]
            self._slot[self._map.entity[member]] = np.arange(self._remembered, dtype=np.int32)

    def _make_room(self) -> None:
        """Let the memory of entities grow where the kernel stopped because of it."""
        capacity = len(self._memory)
        if self._remembered >= MEMORY_FULL * capacity and capacity < MAX_REMEMBERED:
            self._memory = enlarged(self._memory, 2 * capacity)
            self._member = enlarged(self._member, 2 * capacity)

    def save(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Plain header and arrays; columns travel by name."""
        rows = self._map.attributes.size * self._settings.features
        header = {
            "columns": list(COLUMNS),
            "memory_columns": list(MEMORY_COLUMNS),
            "memory_capacity": len(self._memory),
        }
        arrays: dict[str, Array] = {
            "rows": self._rows[:rows],
            "sketches": self._sketches[:rows],
            "shapes": self._shapes[:rows],
            "memory": self._memory[: self._remembered],
            "member": self._member[: self._remembered],
            "evidence": self._evidence,
            "attribute_partition": self._map.attributes.first,
            "attribute_by": self._map.attributes.second,
            "attribute": self._map.attribute,
        }
        arrays |= {f"frequent.{name}": array for name, array in self._frequent.save().items()}
        return header, {name: array.copy() for name, array in arrays.items()}

    def load(self, header: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Take over a saved state; columns it lacks start at zero, unknown ones are dropped."""
        self._remembered = len(arrays["member"])
        self._allocate(len(arrays["rows"]), int(header["memory_capacity"]))
        for name, columns in (("rows", COLUMNS), ("memory", MEMORY_COLUMNS)):
            saved = arrays[name]
            names = header["columns" if name == "rows" else "memory_columns"]
            for place, column in enumerate(names):
                if column in columns:
                    target = getattr(self, f"_{name}")
                    target[: len(saved), columns.index(column)] = saved[:, place]
        for name in ("sketches", "shapes", "member", "evidence"):
            getattr(self, f"_{name}")[: len(arrays[name])] = arrays[name]
        self._map.load(arrays["attribute_partition"], arrays["attribute_by"], arrays["attribute"])
        prefix = "frequent."
        self._frequent.load(
            {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
        )


def _causes(rows: FloatArray) -> Causes:
    def column(place: int) -> FloatArray:
        return np.ascontiguousarray(rows[:, place])

    nothing = np.full(len(rows), np.nan)
    return Causes(
        finding=column(CAUSE_FINDING).astype(np.int64),
        series=column(CAUSE_SERIES).astype(np.int32),
        log_p=column(CAUSE_LOG_P),
        actual=column(CAUSE_ACTUAL),
        typical=column(CAUSE_TYPICAL),
        actual_longitude=nothing,
        typical_longitude=nothing,
    )
