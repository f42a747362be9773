"""Kernels that turn the text of numbers into doubles, exactly rounded.

Few digits: Clinger's fast path. Else the algorithm of Eisel and Lemire, which tells when it
cannot be sure; such texts (very few) are left to the caller.

References
----------
W. D. Clinger, How to read floating point numbers accurately, PLDI 1990.
D. Lemire, Number parsing at a gigabyte per second, Software: Practice and Experience 51 (2021).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sidecar.engine.arrays import CodeArray, FloatArray
from sidecar.worker.record_reader.bytes_classes import (
    DOT,
    MINUS,
    NUMBER,
    PLUS,
    STRING,
    ByteArray,
)
from sidecar.worker.record_reader.decimal_powers import GREATEST_POWER, LEAST_POWER, POWERS
from sidecar.worker.record_reader.kernel import kernel
from sidecar.worker.record_reader.record_scan import Spans

# What `parse_number` found.
NOT_A_NUMBER: Final = 0
EXACT: Final = 1
HARD: Final = 2

_ZERO: Final = ord("0")
_NINE: Final = ord("9")
_LOWER_E: Final = ord("e")
_UPPER_E: Final = ord("E")
_SPACE: Final = 0x20
_SPACES: Final = bytes(range(_SPACE + 1))

# So many decimal digits always fit 64 bits.
_MAX_DIGITS: Final = 19
# Integers up to 2 ** 53 and powers of ten up to 22 are doubles.
_MAX_EXACT: Final = 2**53
_TENS: Final = np.array([10.0**i for i in range(23)])
# Exponents beyond this change nothing: the number is 0 or too great anyway.
_MAX_EXPONENT: Final = 100_000_000

_ONE: Final = np.uint64(1)
_LOW_32: Final = np.uint64(0xFFFFFFFF)
_BITS_32: Final = np.uint64(32)
_ALL_BITS: Final = np.uint64(2**64 - 1)
_LOW_9: Final = np.uint64(0x1FF)


def hard_number(text: bytes) -> float:
    """The value of a text that `parse_number` calls HARD."""
    return float(text.strip(_SPACES).decode("ascii"))


@kernel
def parse_number(buf: ByteArray, pos: int, end: int) -> tuple[int, float]:
    """The number written in `buf[pos:end]`, with anything up to a space around it.

    Digits with at most one dot, a sign and an exponent; no NaN, no infinity, no hexadecimal, and
    nothing so great that it is not finite. Returns one of NOT_A_NUMBER, EXACT, HARD (the value
    then is for the caller to find) and the value.
    """
    while pos < end and buf[pos] <= _SPACE:
        pos += 1
    while end > pos and buf[end - 1] <= _SPACE:
        end -= 1
    negative = pos < end and buf[pos] == MINUS
    if negative or (pos < end and buf[pos] == PLUS):
        pos += 1
    mantissa = np.uint64(0)
    digits = 0
    exponent = 0
    any_digit = False
    dot = False
    cut = False
    while pos < end:
        byte = buf[pos]
        if _ZERO <= byte <= _NINE:
            any_digit = True
            if digits < _MAX_DIGITS:
                mantissa = mantissa * np.uint64(10) + np.uint64(byte - _ZERO)
                digits += mantissa != 0
                exponent -= dot
            else:
                cut |= byte != _ZERO
                exponent += not dot
        elif byte == DOT and not dot:
            dot = True
        else:
            break
        pos += 1
    if not any_digit:
        return NOT_A_NUMBER, np.nan
    if pos < end and (buf[pos] == _LOWER_E or buf[pos] == _UPPER_E):
        pos += 1
        minus = pos < end and buf[pos] == MINUS
        if minus or (pos < end and buf[pos] == PLUS):
            pos += 1
        if pos >= end:
            return NOT_A_NUMBER, np.nan
        written = 0
        while pos < end and _ZERO <= buf[pos] <= _NINE:
            if written < _MAX_EXPONENT:
                written = written * 10 + (buf[pos] - _ZERO)
            pos += 1
        exponent += -written if minus else written
    if pos < end:
        return NOT_A_NUMBER, np.nan
    found, value = _to_double(mantissa, exponent)
    if cut and found == EXACT:
        # Digits were left out: the number lies between this and the next mantissa.
        found, above = _to_double(mantissa + _ONE, exponent)
        if found == EXACT and above != value:
            found = HARD
    if found == EXACT and value == np.inf:
        return NOT_A_NUMBER, np.nan
    return found, -value if negative else value


@kernel
def _to_double(mantissa: np.uint64, exponent: int) -> tuple[int, float]:
    """`mantissa` times 10 ** `exponent`."""
    if mantissa <= _MAX_EXACT and -22 <= exponent <= 22:
        if exponent < 0:
            return EXACT, float(mantissa) / _TENS[-exponent]
        return EXACT, float(mantissa) * _TENS[exponent]
    if mantissa == 0 or exponent < LEAST_POWER:
        return EXACT, 0.0
    if exponent > GREATEST_POWER:
        return EXACT, np.inf
    return _eisel_lemire(mantissa, exponent)


@kernel
def _eisel_lemire(mantissa: np.uint64, exponent: int) -> tuple[int, float]:
    zeros = _leading_zeros(mantissa)
    mantissa = mantissa << np.uint64(zeros)
    i = exponent - LEAST_POWER
    low, high = _multiply(mantissa, POWERS[i, 0])
    if high & _LOW_9 == _LOW_9:
        _, more = _multiply(mantissa, POWERS[i, 1])
        low = low + more
        if low < more:
            high = high + _ONE
    if low == _ALL_BITS and not -27 <= exponent <= 55:
        return HARD, np.nan
    upper = int(high >> np.uint64(63))
    bits = high >> np.uint64(upper + 9)
    # floor(log2(10 ** exponent)), in fixed point.
    binary = ((217_706 * exponent) >> 16) + 63 + upper - zeros + 1023
    if binary <= 0:
        return HARD, np.nan
    halfway = low <= _ONE and -4 <= exponent <= 23 and bits & np.uint64(3) == _ONE
    if halfway and bits << np.uint64(upper + 9) == high:
        # To the even one of the two doubles.
        bits = bits & ~_ONE
    bits = (bits + (bits & _ONE)) >> _ONE
    if bits >= np.uint64(2**53):
        bits = np.uint64(2**52)
        binary += 1
    if binary >= 2047:
        return EXACT, np.inf
    # 1.f * 2 ** (binary - 1023), with 52 bits of f.
    return EXACT, np.ldexp(float(bits), binary - 1075)


@kernel
def _multiply(a: np.uint64, b: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Low and high 64 bits of a product."""
    a_low, a_high = a & _LOW_32, a >> _BITS_32
    b_low, b_high = b & _LOW_32, b >> _BITS_32
    bottom = a_low * b_low
    middle = a_high * b_low + (bottom >> _BITS_32)
    other = a_low * b_high + (middle & _LOW_32)
    low = (other << _BITS_32) | (bottom & _LOW_32)
    return low, a_high * b_high + (middle >> _BITS_32) + (other >> _BITS_32)


@kernel
def _leading_zeros(value: np.uint64) -> int:
    """Zero bits above the highest one of a value that is not 0."""
    zeros = 0
    for width in (32, 16, 8, 4, 2, 1):
        if value >> np.uint64(64 - width) == 0:
            zeros += width
            value = value << np.uint64(width)
    return zeros


@kernel
def parse_numbers(
    buf: ByteArray, spans: Spans, field: int, rows: CodeArray, out: FloatArray, hard: CodeArray
) -> int:
    """Doubles of a field, NaN where there is no number.

    Parameters
    ----------
    rows : (n,) int32
        Rows of `spans` to take.
    out : (n,) float64
        Filled.
    hard : (n,) int32
        Filled with places in `out` that are left to the caller.

    Returns
    -------
    int
        How many places of `hard` are filled.
    """
    n_hard = 0
    for i in range(len(rows)):
        row = rows[i]
        out[i] = np.nan
        kind = spans.kind[row, field]
        if kind == NUMBER or kind == STRING:
            found, value = parse_number(buf, spans.start[row, field], spans.end[row, field])
            out[i] = value
            if found == HARD:
                hard[n_hard] = i
                n_hard += 1
    return n_hard
