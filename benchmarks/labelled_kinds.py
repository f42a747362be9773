"""Generated series of many kinds with known anomalies, one odd stretch or several in each.

Every kind is a way for a metric to behave, together with ways for it to go wrong. None is a copy
of a data set: they stand for service metrics with a season, machine signals with a cycle of their
own, walks, switches, counts near zero, spiky traffic, and quiet series.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np

from benchmarks.nab import FloatArray, Series

Generator = np.random.Generator
Windows = list[tuple[int, int]]
Made = tuple[FloatArray, Windows]

SERIES_PER_KIND = 6
_SPANS_S = (60, 300, 600, 900)
_START_S = 1_706_486_400
_ROWS = 3000
# No anomaly before this share of a series.
_CLEAN_SHARE = 0.4


def places(generator: Generator, rows: int, anomalies: int) -> list[int]:
    """Rows where anomalies begin, well apart from each other."""
    first = int(_CLEAN_SHARE * rows)
    step = (rows - first - 120) // anomalies
    return [
        first + i * step + int(generator.integers(0, max(1, step // 2))) for i in range(anomalies)
    ]


def _season(generator: Generator, rows: int, day: int) -> FloatArray:
    """A daily profile of three harmonics and quieter weekends, mean 1."""
    at = np.arange(rows)
    wave = np.zeros(rows)
    for order in (1, 2, 3):
        phase = generator.uniform(0, 2 * np.pi)
        wave += generator.uniform(0.2, 1.0) / order * np.sin(2 * np.pi * order * at / day + phase)
    weekend = np.where((at // day) % 7 >= 5, generator.uniform(0.7, 1.0), 1.0)
    return np.asarray((1.0 + 0.45 * wave / np.abs(wave).max()) * weekend)


def _kpi(generator: Generator, rows: int, day: int) -> FloatArray:
    level = 10.0 ** generator.uniform(0, 4)
    noise = generator.uniform(0.02, 0.08)
    return np.asarray(level * _season(generator, rows, day) * np.exp(noise * _ar(generator, rows)))


def _ar(generator: Generator, rows: int, keep: float = 0.5) -> FloatArray:
    """Noise of deviation one with some memory."""
    fresh = generator.normal(size=rows) * np.sqrt(1 - keep * keep)
    out = np.zeros(rows)
    for i in range(1, rows):
        out[i] = keep * out[i - 1] + fresh[i]
    return out


def kpi_spikes(generator: Generator, rows: int, day: int) -> Made:
    """Short spikes and dips on a seasonal metric."""
    values = _kpi(generator, rows, day)
    windows = []
    for at in places(generator, rows, 4):
        length = int(generator.integers(1, 4))
        factor = 1 + generator.choice([-1.0, 1.0]) * generator.uniform(0.35, 0.7)
        values[at : at + length] *= factor
        windows.append((at, at + length - 1))
    return values, windows


def kpi_shift(generator: Generator, rows: int, day: int) -> Made:
    """A level shift that lasts some hours."""
    values = _kpi(generator, rows, day)
    windows = []
    for at in places(generator, rows, 2):
        length = int(generator.integers(20, 80))
        values[at : at + length] *= 1 + generator.choice([-1.0, 1.0]) * generator.uniform(0.3, 0.6)
        windows.append((at, at + length - 1))
    return values, windows


def kpi_missing_season(generator: Generator, rows: int, day: int) -> Made:
    """A stretch in which the season stands still."""
    values = _kpi(generator, rows, day)
    windows = []
    for at in places(generator, rows, 1):
        length = min(day, 120)
        values[at : at + length] = values[at] * np.exp(0.03 * _ar(generator, length))
        windows.append((at, at + length - 1))
    return values, windows


def variance_burst(generator: Generator, rows: int, day: int) -> Made:
    """A stretch in which the noise is several times as large."""
    noise = _ar(generator, rows, 0.3)
    windows = []
    for at in places(generator, rows, 2):
        length = int(generator.integers(25, 60))
        noise[at : at + length] *= generator.uniform(3.0, 5.0)
        windows.append((at, at + length - 1))
    return 50 + noise + 3 * _season(generator, rows, day), windows


def _cycles(generator: Generator, rows: int) -> tuple[FloatArray, int]:
    """A quasi-periodic signal whose period is no calendar unit; the mean period."""
    period = int(generator.integers(30, 90))
    phase = np.cumsum(1.0 / period * (1 + 0.03 * _ar(generator, rows, 0.95)))
    shape = np.zeros(rows)
    for order in range(1, 6):
        shape += (
            generator.normal()
            / order
            * np.sin(2 * np.pi * order * phase + generator.uniform(0, 2 * np.pi))
        )
    return shape / shape.std() + 0.05 * generator.normal(size=rows), period


def odd_cycle(generator: Generator, rows: int, _day: int) -> Made:
    """One cycle of a machine signal with another shape."""
    values, period = _cycles(generator, rows)
    (at,) = places(generator, rows, 1)
    part = values[at : at + period].copy()
    kind = int(generator.integers(0, 3))
    if kind == 0:
        values[at : at + period] = part[::-1]
    elif kind == 1:
        values[at : at + period] = np.convolve(np.pad(part, 8, "edge"), np.ones(17) / 17, "valid")
    else:
        bump = np.exp(-0.5 * ((np.arange(period) - period / 2) / (period / 8)) ** 2)
        values[at : at + period] += generator.choice([-1.0, 1.0]) * 1.2 * bump
    return values, [(at, at + period - 1)]


def frequency_change(generator: Generator, rows: int, _day: int) -> Made:
    """A stretch in which the cycle runs faster."""
    period = int(generator.integers(24, 72))
    speed = np.full(rows, 1.0 / period)
    (at,) = places(generator, rows, 1)
    length = 2 * period
    speed[at : at + length] *= generator.choice([0.5, 2.0])
    values = np.sin(2 * np.pi * np.cumsum(speed)) + 0.1 * generator.normal(size=rows)
    return 20 + 5 * values, [(at, at + length - 1)]


def _period_rows(generator: Generator, rows: int, day: int) -> float:
    """Rows of a period that is no day, of which the clean part shows three or more."""
    minutes = np.array([100, 180, 210, 480, 7200])
    periods = minutes * (day / 1440)
    return float(generator.choice(periods[(periods >= 6) & (3.2 * periods <= _CLEAN_SHARE * rows)]))


def no_day(generator: Generator, rows: int, day: int) -> Made:
    """A strict period that is no day; single values as at its peak while it is low."""
    period = _period_rows(generator, rows, day)
    phase = np.arange(rows) / period + generator.uniform()
    wave = np.sin(2 * np.pi * phase) + 0.4 * np.sin(4 * np.pi * phase + generator.uniform(0, 6))
    values = 50 + 10 * wave + generator.normal(size=rows)
    windows = []
    for at in places(generator, rows, 3):
        low = at + int(np.argmin(wave[at : at + int(period) + 1]))
        values[low] += 10 * float(wave.max() - wave[low]) * generator.uniform(0.6, 1.0)
        windows.append((low, low))
    return values, windows


def missing_beat(generator: Generator, rows: int, day: int) -> Made:
    """A short beat in each period that is no day; a beat or two do not come."""
    period = _period_rows(generator, rows, day)
    width = max(1.0, generator.uniform(0.05, 0.15) * period)
    beat = (np.arange(rows) + generator.uniform(0, period)) % period < width
    height = np.full(rows, generator.uniform(8, 20))
    windows = []
    for at in places(generator, rows, 2):
        first = at + int(np.argmax(beat[at:] & ~beat[at - 1 : -1]))
        last = first + int(np.argmin(beat[first : first + int(width) + 2])) - 1
        height[first : last + 1] = 0.0
        windows.append((first, last))
    return 30 + height * beat + generator.normal(size=rows), windows


def walk_jump(generator: Generator, rows: int, _day: int) -> Made:
    """A random walk with sudden jumps."""
    steps = generator.standard_t(5, size=rows)
    windows = []
    for at in places(generator, rows, 3):
        steps[at] += generator.choice([-1.0, 1.0]) * generator.uniform(9, 15)
        windows.append((at, at + 3))
    return 1000 + np.cumsum(steps), windows


def on_off(generator: Generator, rows: int, _day: int) -> Made:
    """A switch between two levels that gets stuck between them, or flaps."""
    state = np.zeros(rows)
    at, on = 0, False
    while at < rows:
        length = int(generator.integers(15, 60))
        state[at : at + length] = float(on)
        at, on = at + length, not on
    values = 5 + 40 * state
    windows = []
    for place in places(generator, rows, 2):
        length = int(generator.integers(12, 30))
        if generator.random() < 0.5:
            values[place : place + length] = 25.0
        else:
            values[place : place + length] = 5 + 40 * (np.arange(length) % 2)
        windows.append((place, place + length - 1))
    return values + 0.7 * generator.normal(size=rows), windows


def few_counts(generator: Generator, rows: int, day: int) -> Made:
    """Counts near zero with bursts."""
    rate = generator.uniform(0.1, 1.5) * _season(generator, rows, day)
    windows = []
    for at in places(generator, rows, 3):
        length = int(generator.integers(2, 12))
        rate[at : at + length] += generator.uniform(5, 9)
        windows.append((at, at + length - 1))
    return generator.poisson(rate).astype(float), windows


def spiky(generator: Generator, rows: int, _day: int) -> Made:
    """Heavy-tailed traffic; the anomaly is a stretch that is high throughout."""
    values = np.exp(0.9 * _ar(generator, rows, 0.3)) * 20
    values[generator.random(rows) < 0.01] *= generator.uniform(3, 6)
    windows = []
    for at in places(generator, rows, 2):
        length = int(generator.integers(10, 30))
        values[at : at + length] = values[at : at + length] * 2 + 60
        windows.append((at, at + length - 1))
    return values, windows


def trend(generator: Generator, rows: int, day: int) -> Made:
    """A trend with a season and single outliers."""
    slope = generator.choice([-1.0, 1.0]) * generator.uniform(0.005, 0.03)
    values = 100 + slope * np.arange(rows) + 4 * _season(generator, rows, day)
    values += generator.normal(size=rows) * 0.5
    windows = []
    for at in places(generator, rows, 4):
        values[at] += generator.choice([-1.0, 1.0]) * generator.uniform(3.5, 7)
        windows.append((at, at))
    return values, windows


def two_modes(generator: Generator, rows: int, _day: int) -> Made:
    """Values around two levels, in no order; the anomaly lies between or stays on one."""
    mode = generator.random(rows) < generator.uniform(0.3, 0.5)
    windows = []
    between = np.zeros(rows, dtype=bool)
    for at in places(generator, rows, 2):
        length = int(generator.integers(6, 20))
        between[at : at + length] = True
        windows.append((at, at + length - 1))
    values = np.where(between, 50.0, np.where(mode, 20.0, 80.0))
    return values + 2 * generator.normal(size=rows), windows


def stuck(generator: Generator, rows: int, day: int) -> Made:
    """A noisy sensor that freezes."""
    values = 10 + 3 * _season(generator, rows, day) + 0.8 * _ar(generator, rows, 0.6)
    windows = []
    for at in places(generator, rows, 2):
        length = int(generator.integers(30, 80))
        values[at : at + length] = values[at]
        windows.append((at, at + length - 1))
    return values, windows


def still(generator: Generator, rows: int, _day: int) -> Made:
    """A series that hardly ever moves, and then does."""
    values = np.full(rows, 7.0)
    values[generator.random(rows) < 0.002] += 1.0
    windows = []
    for at in places(generator, rows, 2):
        length = int(generator.integers(3, 30))
        values[at : at + length] += generator.uniform(2, 6) * generator.choice([-1.0, 1.0])
        windows.append((at, at + length - 1))
    return values, windows


def drift(generator: Generator, rows: int, day: int) -> Made:
    """Nothing wrong: a season that grows and a wandering level."""
    wander = np.cumsum(generator.normal(size=rows)) * 0.05
    growing = np.linspace(1, generator.uniform(1.2, 1.8), rows)
    return 50 + wander + 10 * growing * _season(generator, rows, day) + generator.normal(
        size=rows
    ), []


KINDS: tuple[Callable[[Generator, int, int], Made], ...] = (
    kpi_spikes,
    kpi_shift,
    kpi_missing_season,
    variance_burst,
    odd_cycle,
    frequency_change,
    walk_jump,
    on_off,
    few_counts,
    spiky,
    trend,
    two_modes,
    stuck,
    still,
    drift,
    no_day,
    missing_beat,
)


def labelled_series(seed: int = 1, *, per_kind: int = SERIES_PER_KIND) -> list[Series]:
    """Series of every kind, named `kind/number`; the same for the same seed."""
    made = []
    for kind in KINDS:
        for number in range(per_kind):
            key = zlib.crc32(kind.__name__.encode())
            generator = np.random.Generator(np.random.PCG64([seed, key, number]))
            span = _SPANS_S[number % len(_SPANS_S)]
            day = 86400 // span
            values, windows = kind(generator, max(_ROWS, min(9 * day, 6000)), day)
            time = _START_S + np.arange(len(values), dtype=np.int64) * span
            made.append(Series(f"{kind.__name__}/{number}", time, values, tuple(windows)))
    return made
