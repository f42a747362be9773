"""Answers are found again for a while, by what they belong to, and never too many are kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.storage.answer_cache import AnswerCache

PARTS = st.lists(st.none() | st.text(max_size=4), min_size=3, max_size=3)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def make_cache(keep_s: float = 5.0, max_entries: int = 100) -> tuple[AnswerCache[str], Clock]:
    clock = Clock()
    return AnswerCache(keep_s=keep_s, max_entries=max_entries, monotonic=clock), clock


@given(one=PARTS, other=PARTS)
def test_keys_are_equal_only_for_equal_parts(
    one: list[str | None], other: list[str | None]
) -> None:
    cache, _ = make_cache()
    assert (cache.key(*one) == cache.key(*other)) is (one == other)


def test_keys_of_two_processes_have_nothing_in_common() -> None:
    (one, _), (other, _) = make_cache(), make_cache()
    assert one.key("Basic eA==") != other.key("Basic eA==")
    assert b"Basic" not in one.key("Basic eA==")


def test_an_entry_ends_after_its_time_and_is_gone_then() -> None:
    cache, clock = make_cache(keep_s=5.0)
    key = cache.key("a")
    cache.put(key, "yes")
    clock.now = 4.9
    assert cache.get(key) == "yes"
    clock.now = 5.0
    assert cache.get(key) is None
    assert len(cache) == 0


def test_an_entry_that_is_used_does_not_live_longer() -> None:
    cache, clock = make_cache(keep_s=5.0)
    key = cache.key("a")
    cache.put(key, "yes")
    for clock.now in (2.0, 4.0):
        assert cache.get(key) == "yes"
    clock.now = 6.0
    assert cache.get(key) is None


@given(st.lists(st.sampled_from("abcdefgh"), max_size=30))
def test_the_oldest_give_way(names: list[str]) -> None:
    cache, _ = make_cache(max_entries=3)
    for name in names:
        cache.put(cache.key(name), name)
    newest = list(dict.fromkeys(reversed(names)))[:3]
    assert len(cache) == len(newest)
    assert [cache.get(cache.key(name)) for name in newest] == newest


def test_a_time_of_zero_keeps_nothing() -> None:
    cache, _ = make_cache(keep_s=0.0)
    cache.put(cache.key("a"), "yes")
    assert len(cache) == 0
