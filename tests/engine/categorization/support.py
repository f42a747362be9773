"""Categorizers and their input for tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from sidecar.engine.categorization.categories import COUNTED
from sidecar.engine.categorization.categorizer import Categorizer
from sidecar.engine.categorization.definition import CategoryDefinition
from sidecar.engine.record_frame import TextColumn
from sidecar.schema.categorization_analyzer import default_analyzer, parse_analyzer

NO_LIMIT = 1 << 30


def text_column(texts: Sequence[str]) -> TextColumn:
    encoded = [text.encode() for text in texts]
    end = np.cumsum(np.array([len(text) for text in encoded], np.int64))
    data = np.frombuffer(bytearray(b"".join(encoded)), np.uint8)
    return TextColumn(data, np.concatenate((end[:1] * 0, end[:-1])), end)


def new_categorizer(analyzer: Any = None, *, examples: int = 4, stop: bool = False) -> Categorizer:
    chosen = parse_analyzer(default_analyzer() if analyzer is None else analyzer)
    return Categorizer(chosen, examples, stop_on_warn=stop)


def ids(
    categorizer: Categorizer,
    texts: Sequence[str],
    partitions: Sequence[int] | None = None,
    *,
    cuts: Iterable[int] = (),
    limit: int = NO_LIMIT,
) -> list[int]:
    """Category ids of messages given in pieces; 0 where there is none."""
    column = text_column(texts)
    codes = None if partitions is None else np.array(partitions, np.int32)
    found: list[int] = []
    for begin, end in pairwise([0, *sorted(cuts), len(texts)]):
        rows = slice(begin, end)
        part = None if codes is None else codes[rows]
        found += (categorizer.categorize(column.rows(rows), part, limit) + 1).tolist()
    return found


def definitions(categorizer: Categorizer) -> dict[int, CategoryDefinition]:
    """What changed since the last time."""
    return {d.category_id: d for d in categorizer.take_changed(COUNTED)}


def state(categorizer: Categorizer) -> dict[str, list[Any]]:
    return {name: array.tolist() for name, array in categorizer.save().items()}
