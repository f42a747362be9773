"""What the models of a detector are to the scorer, whatever its function."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

from sidecar.engine.arrays import CodeArray, FloatArray, IntArray
from sidecar.engine.gathering.cells import ClosedCells, SeriesKeys
from sidecar.engine.rules.kernels import NO_RULES, DetectorRules

Array = npt.NDArray[Any]


@dataclass(slots=True)
class Causes:
    """The cells behind findings of a population; c rows sorted by finding, most surprising first.

    Attributes
    ----------
    finding : (c,) int64
        Row of `Stepped.findings`.
    series : (c,) int32
        Series of the cell (its partition, by and over values).
    log_p, actual, typical : (c,) float64
    actual_longitude, typical_longitude : (c,) float64
        Second coordinates, NaN unless the function has two.
    """

    finding: IntArray
    series: CodeArray
    log_p: FloatArray
    actual: FloatArray
    typical: FloatArray
    actual_longitude: FloatArray
    typical_longitude: FloatArray

    @classmethod
    def none(cls) -> Self:
        """No causes: what every detector without an over field has."""
        empty = np.empty(0)
        rows = np.empty(0, np.int64)
        return cls(rows, rows.astype(np.int32), empty, empty, empty, empty, empty)


@dataclass(slots=True)
class Stepped:
    """What k buckets of one detector gave.

    Attributes
    ----------
    findings : (r, FINDING_WIDTH) float64
        Anomalous cells, by bucket, then most surprising first; columns in `models.findings`.
    detector : (k, DETECTOR_WIDTH) float64
        What each bucket comes to; columns in `models.findings`.
    plot : (p, PLOT_WIDTH) float64
        Bounds of every series, empty unless asked for.
    causes : Causes
        Of populations: the cells behind each finding.
    """

    findings: FloatArray
    detector: FloatArray
    plot: FloatArray
    causes: Causes = field(default_factory=Causes.none)


class DetectorModel(Protocol):
    """Models of one detector: closed buckets in, findings out; learns as it goes."""

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
        """Score and learn k buckets.

        Parameters
        ----------
        time : (k,) int64
            Start of each bucket, s.
        keys : SeriesKeys
            All series known by the last of the buckets, or later.
        partial : bool
            The buckets are not over: what more records may still mend is not judged.
        plot : bool
            Whether the bounds of every series are wanted.
        rules : DetectorRules
            Which values make no finding (and do not count in `Stepped.detector`), and which are
            not learned: ask `rule_actions` for each value that was judged, before it is learned.
        """

    def skip(self, until_s: int) -> None:
        """Nothing is known of the time before `until_s`: it ages nothing."""

    def keep(self, series: IntArray) -> None:
        """Forget all series but these (ascending), which get the ids 0, 1, ... in this order."""

    def copy(self) -> Self:
        """An independent copy, to be stepped without consequences."""

    def nbytes(self) -> int:
        """Bytes of all state."""

    def save(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Plain header and arrays by name."""

    def load(self, header: dict[str, Any], arrays: dict[str, Array]) -> None:
        """Take over a saved state; what it lacks gets defaults, what is unknown is dropped."""


@runtime_checkable
class GrowingModel(Protocol):
    """Models that give series more state the better they know them."""

    def allow_growth(self, allowed: bool) -> None:
        """Whether they may do so from the next buckets on; what series have they keep."""


@runtime_checkable
class HasClock(Protocol):
    """Models that know seasons; others have nothing to shift."""

    def shift_time(self, seconds: float, series: IntArray) -> None:
        """Read the seasons of some series so many seconds later from now on.

        Series that the models have not met have nothing to shift.
        """
