"""Step all places of a detector through consecutive buckets."""

from __future__ import annotations

import numpy as np

from sidecar.engine.arrays import CodeArray, FloatArray, IntArray
from sidecar.engine.kernel import kernel
from sidecar.engine.maths.combine import TOP, excess_of_smallest, log_of_smallest, push_smallest
from sidecar.engine.models.findings import (
    ALL_EXCESS,
    ALL_LEAST,
    DETECTOR_LOG_P,
    LIVE,
    NEWS_EXCESS,
    NEWS_LEAST,
)
from sidecar.engine.models.location.judge import LOG_P, VERDICT, WORK, judge_point
from sidecar.engine.models.location.learn import age, learn_point
from sidecar.engine.models.location.places import COUNT
from sidecar.engine.models.series.layout import INCIDENT_BUCKETS
from sidecar.engine.models.series.residual import HOLD_VALUES
from sidecar.engine.models.series.step import LOG_RECORD_CUTOFF
from sidecar.engine.rules.kernels import (
    SKIP_MODEL_UPDATE,
    SKIP_RESULT,
    DetectorRules,
    has_rules,
    rule_actions,
)

# Columns of what each cell comes to: the verdict, and how it stands to the series' incident.
REPEATS = VERDICT  # 1: no more surprising than what the running incident has already said
LENGTH = VERDICT + 1  # anomalous buckets in a row before this one
CELL_WIDTH = VERDICT + 2

# Columns of a series' incident.
PEAK = 0  # surprise of the running incident
PEAK_AGE = 1  # its buckets since that peak
RUN = 2  # anomalous buckets in a row
INCIDENT_WIDTH = 3

# Once an incident is over its peak is forgotten at this pace.
_PEAK_KEEP = 0.9
# Room for the small arrays of a step: two lists of the smallest, and what a judgement needs.
SMALL = 2 * TOP + WORK


@kernel
def step_places(
    rules: DetectorRules,
    time: IntArray,
    start: IntArray,
    series: CodeArray,
    value: FloatArray,
    group: IntArray,
    keep: float,
    rows: FloatArray,
    incidents: FloatArray,
    judged: FloatArray,
    detector: FloatArray,
    small: FloatArray,
) -> None:
    """Judge, then learn, the cells of each bucket.

    Parameters
    ----------
    rules : DetectorRules
        Which places make no finding, and which are not learned.
    time : (k,) int64
        Start of each bucket, s.
    start, series, value
        The detector's `ClosedCells`; values are (m, 2), latitude and longitude.
    group : (n_series,) int64
        Row of places that a series belongs to: its own, or that of its population.
    keep : float
        Share of the past that one bucket leaves.
    rows, incidents : (n_groups, ...), (n_series, INCIDENT_WIDTH) float64
        State.
    judged : (m, CELL_WIDTH) float64
        Filled.
    detector : (k, DETECTOR_WIDTH) float64
        Filled: what each bucket comes to.
    small : (SMALL,) float64
        Room to work in.
    """
    ruled = has_rules(rules)
    smallest, news, work = small[:TOP], small[TOP : 2 * TOP], small[2 * TOP :]
    for b in range(len(time)):
        smallest[:] = 0.0
        news[:] = 0.0
        live = 0.0
        for m in range(start[b], start[b + 1]):
            row, incident = rows[group[series[m]]], incidents[series[m]]
            if ruled and rule_actions(rules, series[m], time[b], np.nan, np.nan) & SKIP_RESULT:
                judged[m, LOG_P] = 0.0
                continue
            judge_point(row, value[m, 0], value[m, 1], work, judged[m, :VERDICT])
            surprise = -judged[m, LOG_P]
            judged[m, REPEATS] = 1.0 if surprise <= incident[PEAK] else 0.0
            judged[m, LENGTH] = incident[RUN]
            if row[COUNT] > HOLD_VALUES:
                live += 1.0
                push_smallest(smallest, -surprise)
                if surprise > incident[PEAK]:
                    push_smallest(news, -surprise)
            _learn_incident(incident, surprise)
        for m in range(start[b], start[b + 1]):
            row = rows[group[series[m]]]
            if ruled and (
                rule_actions(rules, series[m], time[b], np.nan, np.nan) & SKIP_MODEL_UPDATE
            ):
                continue
            age(row, float(time[b]), keep)
            learn_point(row, value[m, 0], value[m, 1], work)
        detector[b, LIVE] = live
        detector[b, DETECTOR_LOG_P] = log_of_smallest(smallest, live)
        detector[b, NEWS_EXCESS] = excess_of_smallest(news, live)
        detector[b, NEWS_LEAST] = news[0]
        detector[b, ALL_EXCESS] = excess_of_smallest(smallest, live)
        detector[b, ALL_LEAST] = smallest[0]


@kernel
def _learn_incident(incident: FloatArray, surprise: float) -> None:
    """Keep the peak of the running incident; it is over some buckets after its peak."""
    incident[RUN] = incident[RUN] + 1.0 if -surprise < LOG_RECORD_CUTOFF else 0.0
    if surprise > incident[PEAK]:
        incident[PEAK] = surprise
        incident[PEAK_AGE] = 0.0
        return
    incident[PEAK_AGE] += 1.0
    if incident[PEAK_AGE] > INCIDENT_BUCKETS:
        incident[PEAK] *= _PEAK_KEEP
