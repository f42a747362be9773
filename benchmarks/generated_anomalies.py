"""Generated seasonal series with injected anomalies: is the bucket score higher there."""

from __future__ import annotations

import time as clock

import numpy as np

from benchmarks.scorer_input import closed_buckets, mean_config, series_keys
from sidecar.engine.arrays import BoolArray, FloatArray, IntArray
from sidecar.engine.scores.scoring import BucketScorer

_SPAN_S = 900
_DAY_BUCKETS = 96
_START_S = 1_706_486_400
_WARM_DAYS = 5
_SHAPES = ("spike", "dip", "shift")


def seasonal_values(
    generator: np.random.Generator, buckets: int, series: int
) -> tuple[IntArray, FloatArray]:
    """(k,) times and (k, n) values: a daily wave of random phase and height, and noise."""
    time = _START_S + np.arange(buckets, dtype=np.int64) * _SPAN_S
    phase = generator.uniform(0, 2 * np.pi, series)
    height = generator.uniform(2, 10, series)
    level = generator.uniform(50, 150, series)
    angle = 2 * np.pi * (time % 86400) / 86400
    wave = height * np.sin(angle[:, None] + phase)
    return time, level + wave + generator.normal(size=(buckets, series))


def inject(
    generator: np.random.Generator, values: FloatArray, shape: str, anomalies: int
) -> BoolArray:
    """Put anomalies of 8 deviations into random series; returns (k,) where they are."""
    truth = np.zeros(len(values), dtype=np.bool_)
    first = _WARM_DAYS * _DAY_BUCKETS
    places = np.linspace(first, len(values) - 40, anomalies).astype(int)
    for place in places + generator.integers(0, 20, anomalies):
        series = int(generator.integers(0, values.shape[1]))
        length = 1 if shape != "shift" else 16
        values[place : place + length, series] += -8.0 if shape == "dip" else 8.0
        truth[place : place + (length if shape != "shift" else 4)] = True
    return truth


def area_under_curve(score: FloatArray, truth: BoolArray) -> float:
    """Chance that an anomalous bucket scores above a normal one (ties count half)."""
    order = np.sort(score[~truth])
    low = np.searchsorted(order, score[truth], side="left")
    high = np.searchsorted(order, score[truth], side="right")
    return float(((low + high) / 2).mean() / len(order))


def print_generated() -> None:
    """Print area under the curve, rank of a planted record, false alarms and speed."""
    print("generated: AUC at bucket level of spikes, dips, shifts (8 deviations in one series)")
    for series, buckets in ((1, 2000), (20, 2000), (1000, 1200), (10_000, 700)):
        cells = []
        spent = 0.0
        for shape in _SHAPES:
            generator = np.random.Generator(np.random.PCG64(11))
            time, values = seasonal_values(generator, buckets, series)
            truth = inject(generator, values, shape, 12 if buckets > 1000 else 4)
            scorer = BucketScorer(mean_config(_SPAN_S))
            closed = closed_buckets(time, values)
            begin = clock.process_time()
            results = scorer.score(closed, series_keys(series, _START_S))
            spent += clock.process_time() - begin
            judged = np.arange(buckets) >= _WARM_DAYS * _DAY_BUCKETS
            # The end of a shift is as much of a change, and no bucket of truth.
            judged &= truth | ~_near(truth, 40)
            cells.append(area_under_curve(results.score[judged], truth[judged]))
        rate = len(_SHAPES) * series * buckets / spent / 1e6
        text = "  ".join(f"{s} {a:.3f}" for s, a in zip(_SHAPES, cells, strict=True))
        print(f"  {series:6d} series  {text}  {rate:.2f} M series-buckets/s")
    _print_clean()


def _near(truth: BoolArray, buckets: int) -> BoolArray:
    """Rows within so many behind a true one."""
    return np.convolve(truth, np.ones(buckets + 1))[: len(truth)] > 0


def _print_clean() -> None:
    generator = np.random.Generator(np.random.PCG64(5))
    print("clean data: share of buckets over 75, over 50, records a series-bucket")
    for series, buckets in ((1, 20_000), (20, 3000), (1000, 1000)):
        time, values = seasonal_values(generator, buckets, series)
        results = BucketScorer(mean_config(_SPAN_S)).score(
            closed_buckets(time, values), series_keys(series, _START_S)
        )
        score = results.score
        records = len(results.records.bucket) / values.size
        over = f"{np.mean(score > 75):.4f}  {np.mean(score > 50):.4f}"
        print(f"  {series:6d} series  {over}  {records:.4f}")
