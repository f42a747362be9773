"""The published scoring of the Numenta Anomaly Benchmark (NAB), and its files.

References
----------
.. [1] Lavin & Ahmad, Evaluating real-time anomaly detection algorithms: the Numenta Anomaly
   Benchmark, ICMLA 2015.
"""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_PROBATION_SHARE = 0.15
_PROBATION_ROWS = 5000


@dataclass(frozen=True, slots=True)
class Profile:
    """Weights of an application profile: a found window, a false alarm, a missed window."""

    name: str
    true_positive: float
    false_positive: float
    false_negative: float


PROFILES = (
    Profile("standard", 1.0, 0.11, 1.0),
    Profile("low FP", 1.0, 0.22, 1.0),
    Profile("low FN", 1.0, 0.11, 2.0),
)


@dataclass(frozen=True, slots=True)
class Series:
    """One file: (n,) epoch seconds, (n,) values, and its windows as inclusive rows."""

    name: str
    time: IntArray
    value: FloatArray
    windows: tuple[tuple[int, int], ...]

    @property
    def probation(self) -> int:
        """Rows at the start that are not scored."""
        return math.floor(_PROBATION_SHARE * min(len(self.time), _PROBATION_ROWS))


def read_series(folder: Path) -> list[Series]:
    """All series of a folder: NAB's own layout, or csv groups beside a `windows.json`."""
    data, windows = folder / "data", folder / "labels" / "combined_windows.json"
    if not windows.exists():
        data, windows = folder, folder / "windows.json"
    labels: dict[str, list[list[str]]] = json.loads(windows.read_text())
    return [_read(data, name, spans) for name, spans in sorted(labels.items())]


def _read(data: Path, name: str, spans: list[list[str]]) -> Series:
    with (data / name).open(newline="") as file:
        rows = list(csv.DictReader(file))
    time = np.array([_seconds(row["timestamp"]) for row in rows], dtype=np.int64)
    value = np.array([float(row["value"]) for row in rows])
    windows = tuple(
        (
            int(np.searchsorted(time, _seconds(first), side="left")),
            int(np.searchsorted(time, _seconds(last), side="right")) - 1,
        )
        for first, last in spans
    )
    return Series(name, time, value, windows)


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def _sigmoid(place: FloatArray) -> FloatArray:
    """Weight of a detection: -1 is a window's start, 0 its end, beyond it a false alarm."""
    weight = 2.0 / (1.0 + np.exp(5.0 * np.minimum(place, 3.0))) - 1.0
    return np.where(place > 3.0, -1.0, weight)


def _row_weights(series: Series) -> tuple[FloatArray, IntArray]:
    """(n,) weight of a detection at each row, and the row's window (-1: none)."""
    size = len(series.time)
    weight = np.full(size, -1.0)
    window = np.full(size, -1, dtype=np.int64)
    for first, last in series.windows:
        # After a window a false alarm costs the less, the closer it is to it.
        width = max(1, last - first)
        end = size
        rows = np.arange(last + 1, end)
        weight[rows] = _sigmoid((rows - last).astype(np.float64) / width)
    for index, (first, last) in enumerate(series.windows):
        rows = np.arange(first, last + 1)
        window[rows] = index
        weight[rows] = _sigmoid((rows - last - 1).astype(np.float64) / (last - first + 1))
    return weight, window


def _curve(
    series: Series, score: FloatArray, profile: Profile, thresholds: FloatArray
) -> FloatArray:
    """Raw score of the file at each threshold (detections are scores >= threshold)."""
    weight, window = _row_weights(series)
    gain = np.zeros(len(thresholds))
    start = series.probation
    outside = np.flatnonzero((window < 0) & (np.arange(len(score)) >= start))
    order = outside[np.argsort(-score[outside], kind="stable")]
    cost = np.concatenate([[0.0], np.cumsum(weight[order])]) * profile.false_positive
    gain += cost[np.searchsorted(-score[order], -thresholds, side="right")]
    best_gain = float(_sigmoid(np.array([-1.0]))[0])
    for index in range(len(series.windows)):
        rows = np.flatnonzero((window == index) & (np.arange(len(score)) >= start))
        if not len(rows):
            continue
        # The earliest detection counts: running maxima only, in order of rows.
        running = np.maximum.accumulate(score[rows])
        at = np.searchsorted(running, thresholds, side="left")
        found = at < len(rows)
        gain[~found] -= profile.false_negative
        gain[found] += profile.true_positive * weight[rows[at[found]]] / best_gain
    return gain


def nab_score(
    series: list[Series], scores: list[FloatArray], profile: Profile
) -> tuple[float, float]:
    """Best score over all thresholds, 0 (finds nothing) .. 100 (perfect), and its threshold."""
    thresholds = np.unique(np.concatenate([*scores, [np.inf]]))
    total = np.zeros(len(thresholds))
    for each, score in zip(series, scores, strict=True):
        total += _curve(each, score, profile, thresholds)
    windows = sum(sum(last >= each.probation for _, last in each.windows) for each in series)
    null = -profile.false_negative * windows
    perfect = profile.true_positive * windows
    best = int(np.argmax(total))
    return 100.0 * (float(total[best]) - null) / (perfect - null), float(thresholds[best])


def edges(score: FloatArray, before: int) -> FloatArray:
    """Scores that are above all of the `before` rows ahead of them; the others become 0."""
    padded = np.concatenate([np.full(before, -1.0), score])
    highest = np.lib.stride_tricks.sliding_window_view(padded, before)[: len(score)].max(axis=1)
    return np.where(score > highest, score, 0.0)
