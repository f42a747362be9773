"""The table of forms against a dict."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sidecar.engine.categorization.form_table import ABSENT, FormTable, find

_pairs = st.dictionaries(
    st.one_of(st.integers(0, (1 << 64) - 1), st.integers(0, 400).map(lambda n: n << 32)),
    st.integers(0, 5) | st.just(-2),
    max_size=400,
)


def _filled(pairs: dict[int, int]) -> FormTable:
    table = FormTable()
    for key, value in pairs.items():
        table.add(key, value)
    return table


@given(_pairs)
def test_finds_what_was_added_and_nothing_else(pairs: dict[int, int]) -> None:
    table = _filled(pairs)
    assert table.size == len(pairs)
    for key in [*pairs, 0, 17]:
        assert find(table.keys, table.values, np.uint64(key)) == pairs.get(key, ABSENT)


@given(_pairs)
def test_is_the_same_after_save_and_load(pairs: dict[int, int]) -> None:
    table, again = _filled(pairs), FormTable()
    again.load(table.save())
    assert again.nbytes() == table.nbytes()
    assert {key: find(again.keys, again.values, np.uint64(key)) for key in pairs} == pairs
    again.clear()
    assert again.size == 0


@given(_pairs)
def test_replaces_a_value_everywhere(pairs: dict[int, int]) -> None:
    table = _filled(pairs)
    table.replace(1, 9)
    for key, value in pairs.items():
        assert find(table.keys, table.values, np.uint64(key)) == (9 if value == 1 else value)
