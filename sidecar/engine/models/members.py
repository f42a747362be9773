"""Members of a population in one bucket: which cells are whose, and which cause a finding."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sidecar.engine.arrays import CodeArray, FloatArray, IntArray
from sidecar.engine.kernel import kernel
from sidecar.engine.models.detector_model import Causes
from sidecar.engine.models.findings import FINDING_CELL

# Most causes of a finding.
MAX_CAUSES = 10
_END = -1


class Members(NamedTuple):
    """Lists of cells by member, for the buckets of one block.

    Attributes
    ----------
    first, last : (members,) int64
        First and last cell of each member in the bucket at hand, -1: none.
    present : (most cells in a bucket,) int64
        Members that have cells in it.
    following : (m,) int64
        The next cell of the same member and bucket, -1: none. Kept for all buckets.
    leading : (m,) int64
        The first cell of the same member and bucket. Kept for all buckets.
    log_p, actual, typical : (m,) float64
        What was found of each cell by itself; a `log_p` of 0 makes no cause.
    """

    first: IntArray
    last: IntArray
    present: IntArray
    following: IntArray
    leading: IntArray
    log_p: FloatArray
    actual: FloatArray
    typical: FloatArray


def members_for(members: int, cells: int) -> Members:
    """Room for the cells of a block."""
    return Members(
        first=np.full(members, _END, np.int64),
        last=np.full(members, _END, np.int64),
        present=np.empty(min(members, cells), np.int64),
        following=np.full(cells, _END, np.int64),
        leading=np.empty(cells, np.int64),
        log_p=np.zeros(cells),
        actual=np.zeros(cells),
        typical=np.zeros(cells),
    )


@kernel
def list_cells(room: Members, member: CodeArray, series: CodeArray, begin: int, end: int) -> int:
    """List the cells of a bucket by member; returns how many members are present."""
    present = 0
    for cell in range(begin, end):
        m = member[series[cell]]
        if room.first[m] < 0:
            room.present[present] = m
            present += 1
            room.first[m] = cell
        else:
            room.following[room.last[m]] = cell
        room.last[m] = cell
        room.leading[cell] = room.first[m]
    return present


@kernel
def forget_cells(room: Members, present: int) -> None:
    """Make room for the next bucket."""
    for i in range(present):
        room.first[room.present[i]] = -1


@kernel
def oddest_cells(room: Members, findings: FloatArray, finding: IntArray, cause: IntArray) -> int:
    """Fill finding and cell of each cause, most surprising first; returns how many there are."""
    filled = 0
    for row in range(len(findings)):
        cell = room.leading[int(findings[row, FINDING_CELL])]
        begin = filled
        while cell >= 0:
            if room.log_p[cell] < 0.0:
                at = filled
                while at > begin and room.log_p[cause[at - 1]] > room.log_p[cell]:
                    if at - begin < MAX_CAUSES:
                        cause[at] = cause[at - 1]
                    at -= 1
                if at - begin < MAX_CAUSES:
                    cause[at] = cell
                    filled = min(filled + 1, begin + MAX_CAUSES)
            cell = room.following[cell]
        finding[begin:filled] = row
    return filled


def causes_of(room: Members, findings: FloatArray, series: CodeArray) -> Causes:
    """The cells behind findings, at most `MAX_CAUSES` each.

    Parameters
    ----------
    room : Members
        As the kernel left it.
    findings : (r, FINDING_WIDTH) float64
        `FINDING_CELL` is any cell of the member.
    series : (m,) int32
        Series of the cells.
    """
    finding, cause = np.empty((2, MAX_CAUSES * len(findings) + 1), np.int64)
    filled = oddest_cells(room, findings, finding, cause)
    cells = cause[:filled]
    unknown = np.full(filled, np.nan)
    return Causes(
        finding=finding[:filled],
        series=series[cells],
        log_p=room.log_p[cells],
        actual=room.actual[cells],
        typical=room.typical[cells],
        actual_longitude=unknown,
        typical_longitude=unknown,
    )
