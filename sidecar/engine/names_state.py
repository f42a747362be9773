"""Dictionaries of names as arrays, for the stored state."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sidecar.engine.columns import AnyArray
from sidecar.engine.dictionary import FieldDictionary


def save_names(dictionary: FieldDictionary) -> dict[str, AnyArray]:
    """`text`: all names in UTF-8 behind one another; `end`: where each ends."""
    texts = [name.encode("utf-8", "surrogatepass") for name in dictionary.names()]
    lengths = np.array([len(text) for text in texts], np.int64)
    return {"text": np.frombuffer(b"".join(texts), np.uint8), "end": np.cumsum(lengths)}


def load_names(arrays: Mapping[str, AnyArray]) -> FieldDictionary:
    """The dictionary that `save_names` wrote; an empty one from no arrays."""
    text = arrays.get("text", np.empty(0, np.uint8)).tobytes()
    ends = arrays.get("end", np.empty(0, np.int64)).tolist()
    starts = [0, *ends][: len(ends)]
    return FieldDictionary(
        text[start:end].decode("utf-8", "surrogatepass")
        for start, end in zip(starts, ends, strict=True)
    )
