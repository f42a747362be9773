"""What a byte means inside JSON, and the kinds of values a record can hold."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

ByteArray = npt.NDArray[np.uint8]
SpanArray = npt.NDArray[np.int32]

# Kinds of a wanted value. Literals are true, false and the numbers that are none (NaN, …);
# escaped strings and arrays become plain strings before anything looks at their text.
ABSENT: Final = 0
NULL: Final = 1
NUMBER: Final = 2
STRING: Final = 3
ESCAPED: Final = 4
LITERAL: Final = 5
ARRAY: Final = 6

# Classes of bytes inside a string.
PLAIN: Final = 0
CLOSING: Final = 1
BACKSLASH: Final = 2
CONTROL: Final = 3
MULTIBYTE: Final = 4

QUOTE: Final = ord('"')
COMMA: Final = ord(",")
COLON: Final = ord(":")
DOT: Final = ord(".")
MINUS: Final = ord("-")
PLUS: Final = ord("+")
OPEN_BRACE: Final = ord("{")
CLOSE_BRACE: Final = ord("}")
OPEN_BRACKET: Final = ord("[")
CLOSE_BRACKET: Final = ord("]")
NEWLINE: Final = ord("\n")
RETURN: Final = ord("\r")
ESCAPE: Final = ord("\\")

STRING_CLASS: Final = np.zeros(256, dtype=np.uint8)
STRING_CLASS[:0x20] = CONTROL
STRING_CLASS[0x80:] = MULTIBYTE
STRING_CLASS[QUOTE] = CLOSING
STRING_CLASS[ESCAPE] = BACKSLASH

IS_SPACE: Final = np.zeros(256, dtype=np.bool_)
IS_SPACE[[0x20, 0x09, 0x0A, 0x0D]] = True

# Value of a hexadecimal digit, 255 for other bytes.
HEX: Final = np.full(256, 255, dtype=np.uint8)
for _digits, _first in (("0123456789", 0), ("abcdef", 10), ("ABCDEF", 10)):
    for _i, _digit in enumerate(_digits):
        HEX[ord(_digit)] = _first + _i

# What a one-letter escape stands for, 0 where there is no such escape (`u` is not one of them).
UNESCAPED: Final = np.zeros(256, dtype=np.uint8)
for _letter, _value in zip('"\\/bfnrt', '"\\/\b\f\n\r\t', strict=True):
    UNESCAPED[ord(_letter)] = ord(_value)
