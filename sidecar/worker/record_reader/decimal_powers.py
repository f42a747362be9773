"""Powers of five in 128 bits: the table of the Eisel-Lemire algorithm."""

from __future__ import annotations

from typing import Final

import numpy as np

from sidecar.engine.arrays import HashArray

# Beyond these decimal exponents a number of up to 19 digits is 0 or infinite.
LEAST_POWER: Final = -342
GREATEST_POWER: Final = 308
_LEAST_ROUNDED_UP: Final = -27


def _leading_128_bits(power: int) -> int:
    """5 ** power scaled to [2 ** 127, 2 ** 128) and rounded down.

    Reciprocals whose divisor has up to 64 bits are rounded up, as the proof of the algorithm asks.
    """
    if power >= 0:
        value: int = 5**power
        shift = value.bit_length() - 128
        return value >> shift if shift > 0 else value << -shift
    divisor: int = 5**-power
    bits = divisor.bit_length() + 127
    return (1 << bits) // divisor + (power >= _LEAST_ROUNDED_UP)


def _table() -> HashArray:
    table = np.empty((GREATEST_POWER - LEAST_POWER + 1, 2), dtype=np.uint64)
    for i, power in enumerate(range(LEAST_POWER, GREATEST_POWER + 1)):
        value = _leading_128_bits(power)
        table[i] = (value >> 64, value & (2**64 - 1))
    return table


# (651, 2): high and low 64 bits for each power.
POWERS: Final = _table()
