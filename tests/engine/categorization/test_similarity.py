"""Similarity kernels against slow versions."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sidecar.engine.categorization.similarity import best_match, common_weight, keep_common

# What token n weighs.
WEIGHTS = (1, 3, 6, 2, 3, 1)
_lists = st.lists(st.integers(0, 5), max_size=8)
_line = np.empty(64, np.int64)


def _codes(tokens: list[int]) -> np.ndarray:
    return np.array(tokens, np.int32)


def _weights(tokens: list[int]) -> np.ndarray:
    return np.array([WEIGHTS[token] for token in tokens], np.int32)


def naive_common(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    @lru_cache(None)
    def best(i: int, j: int) -> int:
        if i == len(one) or j == len(other):
            return 0
        skipped = max(best(i + 1, j), best(i, j + 1))
        taken = WEIGHTS[one[i]] + best(i + 1, j + 1) if one[i] == other[j] else 0
        return max(skipped, taken)

    return best(0, 0)


@given(_lists, _lists)
def test_common_weight_is_that_of_the_heaviest_common_subsequence(
    one: list[int], other: list[int]
) -> None:
    found = common_weight(_codes(one), _weights(one), _codes([9, *other]), 1, 1 + len(other), _line)
    assert found == naive_common(tuple(one), tuple(other))


@given(
    _lists, st.lists(st.tuples(_lists, st.integers(0, 2)), min_size=1, max_size=5), st.booleans()
)
def test_best_match_is_the_most_similar_then_the_most_frequent_then_the_oldest(
    message: list[int], categories: list[tuple[list[int], int]], halved: bool
) -> None:
    last = np.cumsum([len(tokens) for tokens, _ in categories]).astype(np.int64)
    first = last - np.array([len(tokens) for tokens, _ in categories])
    pool = [token for tokens, _ in categories for token in tokens]
    totals = [sum(WEIGHTS[token] for token in tokens) for tokens, _ in categories]
    if halved:
        totals = [total // 2 for total in totals]
    found = best_match(
        _codes(message),
        _weights(message),
        np.arange(len(categories)),
        first,
        last,
        np.array(totals, np.int64),
        np.array([matches for _, matches in categories], np.int64),
        _codes(pool),
        _line,
    )
    weight = sum(WEIGHTS[token] for token in message)
    ranked = []
    for place, (tokens, matches) in enumerate(categories):
        heavier = max(weight, totals[place], 1)
        similarity = naive_common(tuple(message), tuple(tokens)) / heavier
        if weight == totals[place] == 0:
            similarity = 0.7
        if similarity >= 0.7:
            ranked.append((-similarity, -matches, place))
    assert found == (min(ranked)[2] if ranked else -1)


@given(_lists, st.lists(_lists, min_size=1, max_size=4))
def test_what_is_kept_is_a_part_of_every_message(
    base: list[int], messages: list[list[int]]
) -> None:
    pool = _codes(base)
    shared, chain = np.ones(len(base), np.bool_), np.ones(len(base), np.bool_)
    square = np.empty(100, np.int64)
    expected = tuple(base)
    for message in messages:
        before = shared.tolist(), chain.tolist()
        changed = keep_common(
            _codes(message), pool, _weights(base), shared, chain, 0, len(base), square
        )
        assert changed == ((shared.tolist(), chain.tolist()) != before)
        expected = tuple(np.array(base, np.int64)[chain].tolist())
        rest = iter(message)
        assert all(token in rest for token in expected)
    for place, token in enumerate(base):
        assert shared[place] == all(token in message for message in messages)


@given(_lists, _lists)
def test_one_message_keeps_as_much_as_can_be_kept(base: list[int], message: list[int]) -> None:
    shared, chain = np.ones(len(base), np.bool_), np.ones(len(base), np.bool_)
    square = np.empty(100, np.int64)
    keep_common(_codes(message), _codes(base), _weights(base), shared, chain, 0, len(base), square)
    kept = sum(WEIGHTS[token] for token, keep in zip(base, chain.tolist(), strict=True) if keep)
    subsequences = (
        chosen
        for size in range(len(base) + 1)
        for chosen in combinations(base, size)
        if _is_within(chosen, message)
    )
    assert kept == max(sum(WEIGHTS[token] for token in chosen) for chosen in subsequences)


def _is_within(chosen: tuple[int, ...], message: list[int]) -> bool:
    rest = iter(message)
    return all(token in rest for token in chosen)
