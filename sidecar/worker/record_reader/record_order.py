"""Which records are accepted, and how full the buckets are that pass.

The order rule lets a record be as old as the begin of the bucket of the latest record, less the
latency. Buckets are judged in a moving window: one that leaves it, and at the end of an upload
every one but the newest, is counted once, as empty or sparse where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from sidecar.engine.arrays import BoolArray, CodeArray, IntArray
from sidecar.worker.record_reader.kernel import kernel

# Least buckets of the moving window.
_MIN_WINDOW: Final = 10
# A bucket is sparse when ln(average count) - ln(its count) is greater.
_SPARSITY: Final = 2.0

# No time: earlier than any.
NEVER: Final = -(2**63)

# Places in the int64 arrays of an `Order`. Times are epoch ms unless said otherwise; buckets are
# numbered from the epoch.
LATEST: Final = 0  # accepted, over the job's life
FLOOR_S: Final = 1  # epoch seconds
NEWEST: Final = 2  # bucket
OLDEST: Final = 3  # bucket
LAST_COUNTED: Final = 4  # bucket
IN_WINDOW: Final = 5  # records
FILLED: Final = 6  # buckets of the window that are not empty
_STATE_SIZE: Final = 7

ACCEPTED: Final = 0
INVALID_DATE: Final = 1
OUT_OF_ORDER: Final = 2
BUCKETS: Final = 3
EMPTY: Final = 4
SPARSE: Final = 5
LATEST_EMPTY: Final = 6  # bucket
LATEST_SPARSE: Final = 7  # bucket
FIRST_ACCEPTED: Final = 8
LATEST_DROPPED: Final = 9  # out of order, and not later than the latest accepted one
_COUNTS_SIZE: Final = 10


class Order(NamedTuple):
    """Span and latency of a job, and what has to be remembered between records.

    Attributes
    ----------
    span_s, latency_s : int
        Seconds.
    state : (7,) int64
        See above.
    window : (w,) int64
        Records by bucket number modulo w; 0 outside OLDEST to NEWEST.
    """

    span_s: int
    latency_s: int
    state: IntArray
    window: IntArray


def new_order(span_s: int, latency_s: int, latest_ms: int | None) -> Order:
    """Begin with the latest record of the job's past, if there was one."""
    window = np.zeros(max(_MIN_WINDOW, -(-latency_s // span_s)), dtype=np.int64)
    order = Order(span_s, latency_s, np.full(_STATE_SIZE, NEVER, dtype=np.int64), window)
    order.state[[IN_WINDOW, FILLED]] = 0
    if latest_ms is not None:
        order.state[LATEST] = latest_ms
        _add(order, latest_ms // (span_s * 1000), new_counts())
    return order


def new_counts() -> IntArray:
    """The counts before the first record of an upload."""
    counts = np.zeros(_COUNTS_SIZE, dtype=np.int64)
    counts[[LATEST_EMPTY, LATEST_SPARSE, FIRST_ACCEPTED, LATEST_DROPPED]] = NEVER
    return counts


def save_order(order: Order) -> dict[str, Any]:
    """Everything that is remembered, as plain JSON."""
    return {"state": order.state.tolist(), "window": order.window.tolist()}


def load_order(order: Order, saved: Mapping[str, Any]) -> None:
    """Go on from what was saved; ValueError if it is of another job."""
    state, window = saved["state"], saved["window"]
    if len(state) != len(order.state) or len(window) != len(order.window):
        raise ValueError("the saved state of the record reader does not fit the job")
    order.state[:] = state
    order.window[:] = window


@kernel
def accept(
    time_ms: IntArray, has_time: BoolArray, order: Order, counts: IntArray, rows: CodeArray
) -> int:
    """Sort out the records whose time is invalid or out of order.

    Parameters
    ----------
    time_ms, has_time : (n,)
        Times of the records, and whether they have a valid one.
    counts : (10,) int64
        Goes up.
    rows : (n,) int32
        Filled with the accepted records.

    Returns
    -------
    int
        How many are accepted.
    """
    span_ms = order.span_s * 1000
    state = order.state
    accepted = 0
    for i in range(len(time_ms)):
        if not has_time[i]:
            counts[INVALID_DATE] += 1
            continue
        ms = time_ms[i]
        bucket = ms // span_ms
        latest = state[LATEST]
        second = ms // 1000
        late = second < state[FLOOR_S]
        if latest != NEVER:
            late |= second < latest // span_ms * order.span_s - order.latency_s
        if late:
            counts[OUT_OF_ORDER] += 1
            if ms <= latest:
                counts[LATEST_DROPPED] = max(counts[LATEST_DROPPED], ms)
            continue
        if counts[FIRST_ACCEPTED] == NEVER:
            counts[FIRST_ACCEPTED] = ms
        state[LATEST] = max(latest, ms)
        _add(order, bucket, counts)
        rows[accepted] = i
        accepted += 1
    counts[ACCEPTED] += accepted
    return accepted


@kernel
def _add(order: Order, bucket: int, counts: IntArray) -> None:
    """Count a record in its bucket; a newer bucket moves the window on."""
    state, window = order.state, order.window
    if state[NEWEST] == NEVER:
        state[NEWEST] = bucket
        state[OLDEST] = bucket
    size = len(window)
    while state[NEWEST] < bucket:
        if state[NEWEST] - state[OLDEST] + 1 == size:
            if state[IN_WINDOW] == 0 and state[LAST_COUNTED] < state[OLDEST]:
                # Nothing but empty buckets from here to the new one: all that leave at once.
                leaving = bucket - state[NEWEST]
                counts[BUCKETS] += leaving
                counts[EMPTY] += leaving
                state[LAST_COUNTED] = state[OLDEST] + leaving - 1
                counts[LATEST_EMPTY] = max(counts[LATEST_EMPTY], state[LAST_COUNTED])
                state[OLDEST] += leaving
                state[NEWEST] += leaving
                break
            _count_bucket(order, state[OLDEST], counts)
            state[IN_WINDOW] -= window[state[OLDEST] % size]
            state[FILLED] -= window[state[OLDEST] % size] > 0
            window[state[OLDEST] % size] = 0
            state[OLDEST] += 1
        state[NEWEST] += 1
    if bucket > state[NEWEST] - size:
        state[FILLED] += window[bucket % size] == 0
        state[IN_WINDOW] += 1
        window[bucket % size] += 1
        state[OLDEST] = min(state[OLDEST], bucket)


@kernel
def _count_bucket(order: Order, bucket: int, counts: IntArray) -> None:
    """Count a bucket of the window, if that was not done before."""
    state, window = order.state, order.window
    if bucket <= state[LAST_COUNTED]:
        return
    state[LAST_COUNTED] = bucket
    counts[BUCKETS] += 1
    records = window[bucket % len(window)]
    if records == 0:
        counts[EMPTY] += 1
        counts[LATEST_EMPTY] = max(counts[LATEST_EMPTY], bucket)
        return
    if np.log(state[IN_WINDOW] / state[FILLED]) - np.log(float(records)) > _SPARSITY:
        counts[SPARSE] += 1
        counts[LATEST_SPARSE] = max(counts[LATEST_SPARSE], bucket)


@kernel
def count_passed(order: Order, counts: IntArray) -> None:
    """At the end of an upload: count all buckets but the newest."""
    if order.state[NEWEST] != NEVER:
        for bucket in range(order.state[OLDEST], order.state[NEWEST]):
            _count_bucket(order, bucket, counts)
