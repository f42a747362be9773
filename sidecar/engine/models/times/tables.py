"""State of `time_of_day` and `time_of_week` detectors, and their way through closed buckets."""

from __future__ import annotations

import numpy as np

from sidecar.engine.arrays import IntArray
from sidecar.engine.columns import Columns
from sidecar.engine.gathering.cells import CellTimes, ClosedCells, SeriesKeys
from sidecar.engine.gathering.time_slots import slots_of
from sidecar.engine.models.detector_model import Stepped
from sidecar.engine.models.members import causes_of, members_for
from sidecar.engine.models.shared_tables import (
    NEVER,
    ZERO,
    SharedTables,
    incident_columns,
    stepped,
)
from sidecar.engine.models.times.circle import Circle, Clocks, spread_of, step_times
from sidecar.engine.models.verdicts import REPEAT_BUCKETS, Incidents, room_for
from sidecar.engine.rules.kernels import NO_RULES, DetectorRules

# Rounds of the circle over which what was learned fades by a factor e: a month, a quarter.
_DAY_ROUNDS = 30
_WEEK_ROUNDS = 13
_DAY_S = 86_400
# An incident is over after this part of the circle at the latest.
_WINDOWS = 8
_ATTRIBUTE, _MEMBER = "attribute", "member"


class TimesOnCircle(SharedTables):
    """One model for each partition and by value, pooled over the over values if there are any.

    Parameters
    ----------
    circle_s : int
        Length of the day or the week, s.
    span_s : int
        Bucket span, s.
    pooled : bool
        Whether there is an over field: findings are of its values then.
    """

    def __init__(self, circle_s: int, span_s: int, *, pooled: bool) -> None:
        slots = slots_of(circle_s)
        rounds = _DAY_ROUNDS if circle_s == _DAY_S else _WEEK_ROUNDS
        clocks = Columns(
            first=NEVER,
            last=NEVER,
            cells=ZERO,
            unit=ZERO,
            density=np.zeros(slots, np.float32),
        )
        super().__init__(
            {"clocks": (_ATTRIBUTE, clocks), "incidents": (_MEMBER, incident_columns())}
        )
        self._circle = Circle(
            length=circle_s,
            slot_s=circle_s // slots,
            memory=float(rounds * circle_s),
            window=max(span_s, min(REPEAT_BUCKETS * span_s, circle_s // _WINDOWS)),
            spread=spread_of(slots),
        )
        self._pooled = pooled

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
            attribute=(keys.partition, keys.by),
            member=(keys.partition, keys.over if self._pooled else keys.by),
        )
        member = self._ids[_MEMBER]
        members = members_for(len(member), len(cells.series))
        room = room_for(cells.start)
        times = cells.times or _of_buckets(time, cells, self._circle.length)
        filled = step_times(
            self._circle,
            rules,
            time,
            cells.start,
            cells.series,
            times.start,
            times.second,
            self._ids[_ATTRIBUTE].of_series,
            member.of_series,
            Clocks(*self._used("clocks")),
            Incidents(*self._used("incidents")),
            members,
            room,
        )
        causes = causes_of(members, room.findings[:filled], cells.series) if self._pooled else None
        return stepped(room, filled, causes)


def _of_buckets(time: IntArray, cells: ClosedCells, circle_s: int) -> CellTimes:
    """The starts of their buckets as times of cells of which nothing else is known."""
    second = np.repeat(time % circle_s, np.diff(cells.start))
    return CellTimes(np.arange(len(second) + 1), second.astype(np.float64))
