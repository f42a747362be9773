"""Categorization: messages per CPU second, and agreement with the templates of generated logs.

Run `python -m benchmarks.categorization [--messages N] [--per-call N] [--seed S]`.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

from benchmarks.generated_logs import adjusted_rand_index, messages
from sidecar.engine.categorization.categorizer import Categorizer
from sidecar.engine.record_frame import TextColumn
from sidecar.schema.categorization_analyzer import default_analyzer, parse_analyzer

_NO_LIMIT = 1 << 30
_FILTERS = (r"blk_-?\d+", r"\d+ms")


def text_column(texts: list[str]) -> TextColumn:
    """Texts behind one another in UTF-8."""
    encoded = [text.encode() for text in texts]
    end = np.cumsum(np.array([len(text) for text in encoded], np.int64))
    data = np.frombuffer(bytearray(b"".join(encoded)), np.uint8)
    return TextColumn(data, np.concatenate(([0], end[:-1])).astype(np.int64), end)


def _run(
    texts: TextColumn, per_call: int, filters: tuple[str, ...]
) -> tuple[Categorizer, list[int], float]:
    categorizer = Categorizer(parse_analyzer(default_analyzer(filters)), 4)
    codes = []
    began = time.process_time()
    for begin in range(0, len(texts.start), per_call):
        rows = slice(begin, begin + per_call)
        codes.append(categorizer.categorize(texts.rows(rows), None, _NO_LIMIT))
    seconds = time.process_time() - began
    return categorizer, np.concatenate(codes).tolist(), seconds


def main(arguments: list[str] | None = None) -> None:
    """Print a row for the default analyzer and one with filters."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=300_000)
    parser.add_argument("--per-call", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    made, templates = messages(options.messages, options.seed)
    texts = text_column(made)
    sys.stdout.write("filters   messages/CPU-s   categories   agreement   model KiB\n")
    for name, filters in (("none", ()), ("two", _FILTERS)):
        _run(texts.rows(slice(0, 100)), 100, filters)
        categorizer, codes, seconds = _run(texts, options.per_call, filters)
        agreement = adjusted_rand_index(codes, templates)
        sys.stdout.write(
            f"{name:<8}{len(made) / seconds:>17,.0f}{len(categorizer):>13}"
            f"{agreement:>12.4f}{categorizer.nbytes() / 1024:>12,.0f}\n"
        )


if __name__ == "__main__":
    main()
