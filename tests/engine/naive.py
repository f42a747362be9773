"""The gatherer in the slow, obvious way: one record after another, one dict per cell."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sidecar.engine.functions import FUNCTIONS, Statistic
from sidecar.engine.record_frame import MISSING, RecordFrame
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from tests.engine.naive_information import information

COUNTED = (Statistic.COUNT, Statistic.RARE, Statistic.FREQ_RARE, Statistic.TIME)


@dataclass
class Cell:
    """All (time, value, weight, hash, influencer codes) of a cell."""

    times: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    hashes: dict[int, bytes] = field(default_factory=dict)
    places: list[tuple[float, float]] = field(default_factory=list)
    influencers: dict[str, dict[int, list[tuple[float, float]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )


def _texts(cell: Cell) -> list[bytes]:
    """In the order of their hashes as signed numbers."""
    return [cell.hashes[h] for h in sorted(cell.hashes, key=lambda h: h - 2**64 * (h >= 2**63))]


def _mean_place(cell: Cell) -> list[float]:
    x = y = z = 0.0
    for (latitude, longitude), weight in zip(cell.places, cell.weights, strict=True):
        if math.isfinite(latitude):
            north, east = math.radians(latitude), math.radians(longitude)
            x += weight * math.cos(north) * math.cos(east)
            y += weight * math.cos(north) * math.sin(east)
            z += weight * math.sin(north)
    return [math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x))]


class NaiveGatherer:
    """Closed buckets as {bucket start: (event count, [{series: cell} per detector])}."""

    def __init__(self, config: AnalysisConfig) -> None:
        self.config = config
        self.span = config.bucket_span.seconds
        self.latency = config.latency.seconds if config.latency else 0
        self.events: dict[int, float] = {}
        self.cells: list[dict[tuple[int, int], Cell]] = [
            defaultdict(Cell) for _ in config.detectors
        ]
        self.series: list[list[tuple[int, int, int]]] = [[] for _ in config.detectors]
        self.first_bucket: list[dict[int, int]] = [{} for _ in config.detectors]
        self.first_open: int | None = None

    def add(self, frame: RecordFrame) -> None:
        for i, time in enumerate(frame.time.tolist()):
            bucket = time // self.span * self.span
            reached = (bucket - self.latency) // self.span * self.span
            self.first_open = reached if self.first_open is None else max(self.first_open, reached)
            if bucket >= self.first_open:
                self._add(frame, i, bucket)

    def _add(self, frame: RecordFrame, i: int, bucket: int) -> None:
        self.events.setdefault(bucket, 0.0)
        weight = 1.0
        if self.config.summary_count_field_name:
            weight = float(frame.numbers[self.config.summary_count_field_name][i])
            if not (math.isfinite(weight) and weight > 0):
                return
        self.events[bucket] += weight
        for index, detector in enumerate(self.config.detectors):
            self._add_to_detector(index, detector, frame, i, bucket, weight)

    def _add_to_detector(
        self,
        index: int,
        detector: Detector,
        frame: RecordFrame,
        i: int,
        bucket: int,
        weight: float,
    ) -> None:
        statistic = FUNCTIONS[detector.function].statistic
        value, hashed, text, place = 0.0, 0, b"", (math.nan, math.nan)
        if statistic is Statistic.LAT_LONG:
            latitude, longitude = frame.points[detector.field_name or ""][i].tolist()
            place = latitude, longitude
            if not (math.isfinite(latitude) and math.isfinite(longitude)):
                return
        elif statistic in (Statistic.DISTINCT_COUNT, Statistic.INFO_CONTENT):
            hashed = int(frame.hashes[detector.field_name or ""][i])
            if hashed == 0:
                return
            column = frame.texts[detector.field_name or ""]
            text = column.data[column.start[i] : column.end[i]].tobytes()
        elif statistic not in COUNTED:
            value = float(frame.numbers[detector.field_name or ""][i])
            if not math.isfinite(value):
                return
        names = (
            detector.partition_field_name,
            detector.by_field_name,
            detector.over_field_name,
        )
        key = tuple(int(frame.codes[name][i]) if name else MISSING for name in names)
        missing = [bool(name) and code == MISSING for name, code in zip(names, key, strict=True)]
        if missing[2] or (any(missing) and not detector.use_null):
            return
        if key not in self.series[index]:
            self.series[index].append(key)  # type: ignore[arg-type]
        series = self.series[index].index(key)  # type: ignore[arg-type]
        first = self.first_bucket[index]
        first[series] = min(bucket, first.get(series, bucket))
        cell = self.cells[index][bucket, series]
        cell.times.append(int(frame.time[i]))
        cell.values.append(value)
        cell.weights.append(weight)
        cell.hashes[hashed] = text
        cell.places.append(place)
        for name in self.config.influencers:
            if name not in detector.split_fields() and (code := int(frame.codes[name][i])) >= 0:
                cell.influencers[name][code].append((value, weight))

    def closed(self, start: int, end: int) -> dict[int, Any]:
        """The buckets of [start, end), empty ones included."""
        return {
            bucket: (
                round(self.events.get(bucket, 0.0)),
                [
                    {
                        series: self.describe(index, cell)
                        for (b, series), cell in sorted(cells.items())
                        if b == bucket
                    }
                    for index, cells in enumerate(self.cells)
                ],
            )
            for bucket in range(start, end, self.span)
        }

    def describe(self, index: int, cell: Cell) -> dict[str, Any]:
        """What ClosedCells says of a cell."""
        function = FUNCTIONS[self.config.detectors[index].function]
        statistic = function.statistic
        count = sum(cell.weights)
        pairs = list(zip(cell.values, cell.weights, strict=True))
        mean = sum(v * w for v, w in pairs) / count
        variance = sum(w * (v - mean) ** 2 for v, w in pairs) / count
        features = {
            Statistic.INFO_CONTENT: [float(information(_texts(cell)))],
            Statistic.LAT_LONG: _mean_place(cell),
            **{each: [count] for each in COUNTED},
            Statistic.DISTINCT_COUNT: [float(len(cell.hashes))],
            Statistic.MEAN: [mean],
            Statistic.MEDIAN: [statistics.median(cell.values)],
            Statistic.MIN: [min(cell.values)],
            Statistic.MAX: [max(cell.values)],
            Statistic.SUM: [sum(cell.values)],
            Statistic.VARP: [variance if count >= 2 else math.nan],
            Statistic.METRIC: [mean, min(cell.values), max(cell.values)],
        }[statistic]
        has_variance = statistic in (Statistic.MEAN, Statistic.MEDIAN, Statistic.METRIC)
        has_metric = FUNCTIONS[self.config.detectors[index].function].needs_number
        weighs = statistic is not Statistic.SUM
        return {
            "count": count,
            "value": features,
            "variance": variance if has_variance else 0.0,
            "times": _mean_times(cell, function.circle_s),
            "influencers": {
                name: {
                    code: (
                        sum(w for _, w in records),
                        sum(v * (w if weighs else 1.0) for v, w in records) if has_metric else 0.0,
                        min(v for v, _ in records) if has_metric else 0.0,
                        max(v for v, _ in records) if has_metric else 0.0,
                    )
                    for code, records in sorted(codes.items())
                }
                for name, codes in cell.influencers.items()
            },
        }


def _mean_times(cell: Cell, circle_s: int) -> list[float]:
    """Mean time of each occupied quarter of an hour of the day, or half an hour of the week."""
    if not circle_s:
        return []
    slot_s = 900 if circle_s == 86_400 else 1800
    slots: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for time, weight in zip(cell.times, cell.weights, strict=True):
        second = time % circle_s
        slots[second // slot_s].append((second, weight))
    return [
        sum(second * weight for second, weight in records) / sum(weight for _, weight in records)
        for _, records in sorted(slots.items())
    ]
