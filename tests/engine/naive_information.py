"""The information of a set of texts, slowly: one list of symbols, then its code length."""

from __future__ import annotations

import math
from collections import Counter


def information(texts: list[bytes]) -> int:
    """Whole bytes."""
    text = b"\0".join(texts)
    history: dict[int, int] = {}
    symbols: list[int] = []
    bits = 0.0
    place = 0
    while place < len(text):
        before = history.get(_slot(text, place))
        length = distance = 0
        if before is not None and place + 4 <= len(text):
            distance = place - before
            while place + length < len(text) and text[before + length] == text[place + length]:
                length += 1
        size = length if length >= (4 if distance < 1024 else 6) else 1
        if size == 1:
            symbols.append(text[place])
        else:
            symbols.append(256 + int(math.log2(size)))
            bits += int(math.log2(size)) + math.log2(distance) + 3
        for passed in range(place, place + size):
            if passed + 4 <= len(text):
                history[_slot(text, passed)] = passed
        place += size
    met: Counter[int] = Counter()
    for seen, symbol in enumerate(symbols):
        bits -= math.log2((met[symbol] + 0.125) / (seen + 276 * 0.125))
        met[symbol] += 1
    return math.ceil(bits / 8)


def _slot(text: bytes, place: int) -> int:
    word = int.from_bytes(text[place : place + 4], "big")
    return (word * 0x9E3779B1 & 0xFFFFFFFF) >> 19
