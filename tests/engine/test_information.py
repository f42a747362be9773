"""How much information sets of texts hold."""

from __future__ import annotations

import random
import string
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.engine.gathering.distinct_texts import DistinctTexts
from sidecar.engine.gathering.text_kernels import MAX_CELL_BYTES
from tests.engine.gathering import text_column
from tests.engine.naive_information import information


class Cells:
    """Distinct texts of some cells, with the columns that belong to them."""

    def __init__(self, cells: int) -> None:
        self.texts = DistinctTexts()
        self.total, self.kept = np.zeros(cells), np.zeros(cells, np.int64)

    def add(self, cells: list[int], texts: list[bytes]) -> None:
        hashes = [zlib.crc32(text) + 2**63 + 1 for text in texts]
        self.texts.add(
            np.array(cells, np.int64),
            np.array(hashes, np.uint64),
            text_column(texts),
            self.total,
            self.kept,
        )

    def information(self) -> list[float]:
        return list(self.texts.information(np.arange(len(self.kept)), self.kept))


def of(texts: list[bytes]) -> float:
    cells = Cells(1)
    cells.add([0] * len(texts), texts)
    return cells.information()[0]


def by_hash(texts: list[bytes]) -> list[bytes]:
    return sorted(texts, key=zlib.crc32)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.text("ab-", min_size=1, max_size=40).map(str.encode)),
        min_size=1,
        max_size=60,
    ),
    st.integers(0, 60),
    st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_information_is_that_of_the_distinct_texts_of_each_cell(
    records: list[tuple[int, bytes]], cut: int, stay: list[bool]
) -> None:
    whole = Cells(4)
    for part in (records[:cut], records[cut:]):
        whole.add([cell for cell, _ in part], [text for _, text in part])
    expected = [
        information(by_hash(list({text for at, text in records if at == cell})))
        for cell in range(4)
    ]
    assert whole.information() == expected
    position = np.where(stay, np.cumsum(stay) - 1, -1)
    whole.texts.move_cells(position)
    whole.total, whole.kept = whole.total[stay], whole.kept[stay]
    left = [value for value, stays in zip(expected, stay, strict=True) if stays]
    assert whole.information() == left
    loaded = DistinctTexts()
    loaded.load({name: array.copy() for name, array in whole.texts.save().items()})
    assert loaded.nbytes() == whole.texts.nbytes()
    assert loaded.information(np.arange(len(left)), whole.kept).tolist() == left


def words(seed: int, count: int, letters: str, length: int) -> list[bytes]:
    chosen = random.Random(seed)
    return ["".join(chosen.choices(letters, k=length)).encode() for _ in range(count)]


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param([b"www"], id="one short text"),
        pytest.param(words(1, 300, "0123456789abcdef", 32), id="random hexadecimal"),
        pytest.param(words(2, 1000, string.ascii_lowercase, 12), id="random letters"),
        pytest.param([b"host-%04d.example.com" % i for i in range(500)], id="numbered hosts"),
        pytest.param([b"x" * 5000], id="one letter"),
        pytest.param([b"GET /a/%d/index.html HTTP/1.1" % (i * i) for i in range(99)], id="paths"),
    ],
)
def test_information_is_close_to_the_size_of_compressed_text(texts: list[bytes]) -> None:
    compressor = zlib.compressobj(9, wbits=-15)
    size = len(compressor.compress(b"\0".join(sorted(texts))) + compressor.flush())
    assert of(texts) == pytest.approx(size, rel=0.35, abs=20)


def test_what_repeats_itself_says_nothing_new() -> None:
    texts = words(3, 50, string.ascii_lowercase, 20)
    assert of(texts + texts) == of(texts)
    assert of([text * 2 for text in texts]) < 1.3 * of(texts)
    assert of([*texts, b"something else altogether"]) > of(texts) + 10


def test_texts_beyond_the_cap_are_counted_but_not_kept() -> None:
    texts = words(4, 4000, string.ascii_lowercase, 50)
    cells = Cells(2)
    cells.add([0] * len(texts), texts)
    cells.add([1], [b"z" * 3 * MAX_CELL_BYTES])
    assert cells.kept.tolist() == [MAX_CELL_BYTES, MAX_CELL_BYTES]
    assert cells.total.tolist() == [4000 * 50, 3 * MAX_CELL_BYTES]
    assert cells.texts.nbytes() < 2 * MAX_CELL_BYTES + 4000 * 40
    estimate = cells.information()[0] * cells.total[0] / cells.kept[0]
    assert estimate == pytest.approx(4000 * 50 * np.log2(26) / 8, rel=0.1)
