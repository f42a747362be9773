"""Room for what a kernel finds in closed buckets, and how a bucket's part of it is put down."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sidecar.engine.arrays import FloatArray, IntArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.combine import TOP, excess_of_smallest, log_of_smallest, push_smallest
from sidecar.engine.maths.order import least_first
from sidecar.engine.models import findings as columns
from sidecar.engine.models.findings import DETECTOR_WIDTH, FINDING_WIDTH
from sidecar.engine.models.series.series_table import MAX_FINDINGS

# Buckets after its last anomaly within which a series still has the same incident.
REPEAT_BUCKETS = 12


class Incidents(NamedTuple):
    """The last incident of whatever findings are made of.

    Attributes
    ----------
    run, found : (n,) int64
        Its anomalous buckets; when the last of them was (0: there was none).
    peak : (n,) float64
        Its greatest surprise, nats.
    """

    run: IntArray
    found: IntArray
    peak: FloatArray


class Verdicts(NamedTuple):
    """Output and room to work in, for one call of a kernel.

    Attributes
    ----------
    findings : (capacity, FINDING_WIDTH) float64
        Those of all buckets.
    detector : (k, DETECTOR_WIDTH) float64
        What each bucket comes to.
    found : (cells of the largest bucket, FINDING_WIDTH) float64
        Findings of one bucket as they turn up, their log probabilities in `log_p`, order in
        `order`, (2, the same).
    smallest, news : (TOP,) float64
        Least log probabilities of one bucket: of all incidents, of those that are new.
    """

    findings: FloatArray
    detector: FloatArray
    found: FloatArray
    log_p: FloatArray
    order: IntArray
    smallest: FloatArray
    news: FloatArray


def room_for(start: IntArray) -> Verdicts:
    """Room for the cells that begin at `start`, (buckets + 1,) int64."""
    size = np.diff(start)
    most = int(size.max(initial=0))
    return Verdicts(
        findings=np.empty((int(np.minimum(size, MAX_FINDINGS).sum()), FINDING_WIDTH)),
        detector=np.zeros((len(size), DETECTOR_WIDTH)),
        found=np.empty((most, FINDING_WIDTH)),
        log_p=np.empty(most),
        order=np.empty((2, most), np.int64),
        smallest=np.zeros(TOP),
        news=np.zeros(TOP),
    )


@kernel
def note_incident(incidents: Incidents, row: int, now: int, window: int, log_p: float) -> bool:
    """Add a finding to an incident, or begin one; whether it is no news.

    An incident is over when nothing was found for longer than `window`, in the unit of `now`.
    """
    goes_on = incidents.run[row] > 0 and now - incidents.found[row] <= window
    incidents.run[row] = incidents.run[row] + 1 if goes_on else 1
    incidents.found[row] = now
    if goes_on and -log_p <= incidents.peak[row]:
        return True
    incidents.peak[row] = -log_p
    return False


@kernel
def put_finding(
    room: Verdicts,
    row: int,
    bucket: int,
    series: int,
    cell: int,
    log_p: float,
    length: int,
    repeats: bool,
    actual: float,
    typical: float,
) -> None:
    """Write finding `row` of a bucket.

    Parameters
    ----------
    length : int
        Anomalous buckets of its incident so far, this one included.
    repeats : bool
        Whether it says nothing that the incident has not said already.
    """
    room.log_p[row] = log_p
    out = room.found[row]
    out[:] = 0.0
    out[columns.FINDING_BUCKET] = bucket
    out[columns.FINDING_SERIES] = series
    out[columns.FINDING_CELL] = cell
    out[columns.FINDING_LOG_P] = log_p
    out[columns.FINDING_LOG_P_SINGLE] = log_p
    out[columns.FINDING_REPEATS] = 1.0 if repeats else 0.0
    out[columns.FINDING_LENGTH] = length
    out[columns.FINDING_ACTUAL] = actual
    out[columns.FINDING_TYPICAL] = typical
    out[columns.FINDING_LOWER] = np.nan
    out[columns.FINDING_UPPER] = np.nan
    out[columns.FINDING_ACTUAL_LONGITUDE] = np.nan
    out[columns.FINDING_TYPICAL_LONGITUDE] = np.nan
    out[columns.FINDING_RARITY] = np.nan


@kernel
def judged(room: Verdicts, log_p: float, news: float) -> None:
    """Count one of the things that the bucket was judged by.

    `log_p` is the least log probability in it, `news` the least but for incidents that go on.
    """
    push_smallest(room.smallest, log_p)
    push_smallest(room.news, news)


@kernel
def close_bucket(room: Verdicts, bucket: int, live: int, found: int, filled: int) -> int:
    """Sum a bucket up and append its findings, most surprising first.

    Parameters
    ----------
    live : int
        Things judged in the bucket.
    found : int
        Rows of `room.found`.
    filled : int
        Rows of `room.findings` so far.

    Returns
    -------
    int
        Rows of `room.findings` now.
    """
    n = float(live)
    out = room.detector[bucket]
    out[columns.LIVE] = n
    out[columns.DETECTOR_LOG_P] = log_of_smallest(room.smallest, n)
    out[columns.NEWS_EXCESS] = excess_of_smallest(room.news, n)
    out[columns.NEWS_LEAST] = room.news[0]
    out[columns.ALL_EXCESS] = excess_of_smallest(room.smallest, n)
    out[columns.ALL_LEAST] = room.smallest[0]
    room.smallest[:] = 0.0
    room.news[:] = 0.0
    least_first(room.log_p, found, room.order)
    kept = min(found, MAX_FINDINGS)
    for i in range(kept):
        for column in range(FINDING_WIDTH):
            room.findings[filled + i, column] = room.found[room.order[0, i], column]
    return filled + kept
