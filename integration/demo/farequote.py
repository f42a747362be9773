"""A farequote-like data set: response times of airlines' fare services, with planted anomalies.

The set imitates the shape of a well-known demo (fields airline and responsetime, some 86,000
records over 5 days); every value is generated here from a fixed seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

SEED = 20_240_229
RECORDS = 86_400
DAYS = 5
START_S = 1_706_486_400  # 2024-01-29T00:00:00Z, a Monday
DAY_S = 86_400

# Airline, typical response time in milliseconds, relative spread, share of the traffic.
_AIRLINES = (
    ("AAL", 130.0, 0.10, 10),
    ("ACA", 20.0, 0.12, 8),
    ("AMX", 35.0, 0.10, 6),
    ("ASA", 75.0, 0.11, 7),
    ("AWE", 20.0, 0.09, 9),
    ("BAW", 165.0, 0.08, 5),
    ("DAL", 15.0, 0.10, 8),
    ("EGF", 200.0, 0.12, 5),
    ("FFT", 220.0, 0.09, 6),
    ("JAL", 480.0, 0.08, 4),
    ("JBU", 870.0, 0.05, 7),
    ("JZA", 990.0, 0.04, 6),
    ("KLM", 1_500.0, 0.06, 4),
    ("NKS", 9_900.0, 0.03, 3),
    ("SWA", 50.0, 0.13, 9),
    ("SWR", 140.0, 0.10, 4),
    ("TRS", 120.0, 0.12, 5),
    ("UAL", 10.0, 0.15, 9),
    ("VRD", 280.0, 0.09, 6),
)


@dataclass(frozen=True, slots=True)
class Planted:
    """An anomaly that was put in: one airline's response times are multiplied for a while."""

    name: str
    airline: str
    start_s: int
    duration_s: int
    factor: float

    def covers(self, time_s: int, span_s: int) -> bool:
        """Whether the bucket [time_s, time_s + span_s) holds some of it."""
        return time_s < self.start_s + self.duration_s and self.start_s < time_s + span_s


PLANTED = (
    Planted("AAL slows down fivefold", "AAL", START_S + 4 * DAY_S + 15 * 3600, 45 * 60, 5.0),
    Planted("JBU takes half as long again", "JBU", START_S + 3 * DAY_S + 9 * 3600, 60 * 60, 1.5),
    Planted("SWA answers three times faster", "SWA", START_S + 4 * DAY_S + 3600, 40 * 60, 1 / 3),
)


@dataclass(frozen=True, slots=True)
class Farequote:
    """The data set as columns, sorted by time: epoch seconds, airline index, milliseconds."""

    time: np.ndarray
    airline: np.ndarray
    responsetime: np.ndarray

    def ndjson(self, records_per_block: int = 5_000) -> Iterator[bytes]:
        """Blocks of newline-delimited JSON."""
        names = [name for name, *_ in _AIRLINES]
        for first in range(0, len(self.time), records_per_block):
            rows = slice(first, first + records_per_block)
            lines = [
                f'{{"time":{time},"airline":"{names[airline]}","responsetime":{value:.4f}}}\n'
                for time, airline, value in zip(
                    self.time[rows].tolist(),
                    self.airline[rows].tolist(),
                    self.responsetime[rows].tolist(),
                    strict=True,
                )
            ]
            yield "".join(lines).encode()


def generate(records: int = RECORDS, seed: int = SEED) -> Farequote:
    """Make the set: a daily rhythm in traffic and in response times, log-normal spread."""
    generator = np.random.Generator(np.random.PCG64(seed))
    seconds = DAYS * DAY_S
    # Traffic by inverse transform of its daily rhythm: quiet nights, busy afternoons.
    grid = np.arange(0, seconds + 1, 300, dtype=np.float64)
    rate = 1.0 + 0.45 * np.sin(2 * np.pi * (grid / DAY_S - 0.35))
    cumulative = np.concatenate([[0.0], np.cumsum((rate[1:] + rate[:-1]) / 2)])
    uniform = np.sort(generator.random(records)) * cumulative[-1]
    offset = np.floor(np.interp(uniform, cumulative, grid)).astype(np.int64)
    time = START_S + np.minimum(offset, seconds - 1)

    share = np.array([share for *_, share in _AIRLINES], dtype=np.float64)
    airline = generator.choice(len(_AIRLINES), size=records, p=share / share.sum())
    level = np.array([level for _, level, *_ in _AIRLINES])[airline]
    spread = np.array([spread for *_, spread, _ in _AIRLINES])[airline]
    rhythm = 1.0 + 0.08 * np.sin(2 * np.pi * ((time - START_S) / DAY_S - 0.30))
    value = level * rhythm * np.exp(spread * generator.standard_normal(records))
    names = [name for name, *_ in _AIRLINES]
    for planted in PLANTED:
        inside = (time >= planted.start_s) & (time < planted.start_s + planted.duration_s)
        value[inside & (airline == names.index(planted.airline))] *= planted.factor
    return Farequote(time, airline.astype(np.int32), value)
