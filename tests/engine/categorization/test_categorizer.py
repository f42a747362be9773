"""What categories messages get."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.generated_logs import adjusted_rand_index, messages
from sidecar.engine.categorization.categories import COUNTED, REDEFINED
from sidecar.engine.categorization.categorizer import Categorizer
from sidecar.engine.categorization.partitions import StatusChange
from tests.engine.categorization.support import (
    NO_LIMIT,
    definitions,
    ids,
    new_categorizer,
    state,
    text_column,
)

LOG = [
    "10:00:01 Connection to host alpha refused after 12ms",
    "10:00:02 Disk /dev/sda1 is full",
    "10:00:03 Connection to host beta refused after 7ms",
    "10:00:04 Session opened for user root",
    "10:00:05 Session closed for user root",
    "10:00:06 Disk /dev/sdb2 is full",
    "",
    "10:00:07 Connection to host alpha refused after 9ms",
]


def test_ids_are_given_in_order_of_appearance() -> None:
    assert ids(new_categorizer(), LOG) == [1, 2, 1, 3, 4, 2, 0, 1]


def test_a_category_says_what_its_messages_have_in_common() -> None:
    categorizer = new_categorizer()
    ids(categorizer, LOG)
    first = definitions(categorizer)[1]
    assert first.terms == "Connection to host refused after"
    assert first.regex == ".*?Connection.+?to.+?host.+?refused.+?after.*"
    assert first.num_matches == 3
    assert first.max_matching_length == int(len(LOG[0]) * 1.1)
    assert first.examples == (LOG[0], LOG[2], LOG[7])
    assert first.preferred_to_categories == ()


def test_only_distinct_messages_are_examples_and_no_more_than_wanted() -> None:
    categorizer = new_categorizer(examples=2)
    ids(categorizer, ["Disk full"] * 5 + ["Disk full 1", "Disk full 2", "Disk full 3"])
    assert definitions(categorizer)[1].examples == ("Disk full", "Disk full 1")
    none = new_categorizer(examples=0)
    ids(none, ["Disk full"] * 3)
    assert definitions(none)[1].examples == ()


def test_long_examples_are_cut() -> None:
    categorizer = new_categorizer()
    ids(categorizer, ["word " * 300, "word " * 301])
    (example,) = definitions(categorizer)[1].examples
    assert len(example) == 1000
    assert example.endswith("...")


def test_messages_without_tokens_are_one_category() -> None:
    categorizer = new_categorizer()
    assert ids(categorizer, ["12 34", "-", "Disk full", "0x17"]) == [1, 1, 2, 1]
    assert definitions(categorizer)[1].regex == ".*"


def test_day_and_month_names_do_not_count() -> None:
    categorizer = new_categorizer()
    ids(categorizer, ["Mon Jan 7 10:00:00 UTC started", "Sunday March 3 started"])
    assert [d.terms for d in definitions(categorizer).values()] == ["started"]


def test_regex_escapes_what_java_and_lucene_read_as_operators() -> None:
    categorizer = new_categorizer("whitespace")
    ids(categorizer, ['a.b (c) [d] "e" {f}|g'])
    expected = r".*?a\.b.+?\(c\).+?\[d\].+?\"e\".+?\{f\}\|g.*"
    assert definitions(categorizer)[1].regex == expected


def test_changes_are_taken_once() -> None:
    categorizer = new_categorizer()
    ids(categorizer, LOG)
    assert [d.category_id for d in categorizer.take_changed(REDEFINED)] == [1, 2, 3, 4]
    ids(categorizer, [LOG[0], LOG[1]])
    assert categorizer.take_changed(REDEFINED) == []
    assert [d.num_matches for d in categorizer.take_changed(COUNTED)] == [4, 3]
    assert categorizer.take_changed(COUNTED) == []


def test_partitions_have_categories_of_their_own_with_ids_of_one_count() -> None:
    categorizer = new_categorizer()
    texts = ["Disk full", "Disk full", "Disk full", "Host down", "Disk full"]
    assert ids(categorizer, texts, [0, 1, 0, 1, -1]) == [1, 2, 1, 3, 4]
    assert [d.partition for d in definitions(categorizer).values()] == [0, 1, 1, -1]
    by_partition = categorizer.stats_by_partition()
    assert {code: s.categorized_doc_count for code, s in by_partition.items()} == {
        0: 2,
        1: 2,
        -1: 1,
    }
    assert categorizer.stats().total_category_count == 4


def _random_words(count: int) -> list[str]:
    letters = np.random.Generator(np.random.PCG64(5)).integers(0, 26, (count, 6, 7))
    return [" ".join("".join(chr(97 + c) for c in word) for word in row) for row in letters]


def test_status_is_warn_when_most_messages_are_unlike_all_others() -> None:
    categorizer = new_categorizer()
    ids(categorizer, _random_words(100))
    assert categorizer.stats().categorization_status == "ok"
    ids(categorizer, _random_words(102)[100:])
    assert categorizer.stats().categorization_status == "warn"
    assert categorizer.take_status_changes() == [StatusChange(-1, "warn", 101)]
    assert categorizer.take_status_changes() == []
    ids(categorizer, LOG * 100)
    assert categorizer.stats().categorization_status == "warn"
    ids(categorizer, LOG * 1500)
    assert categorizer.stats().categorization_status == "warn"


def test_status_of_one_category_is_warn_until_there_are_others() -> None:
    categorizer = new_categorizer()
    ids(categorizer, ["Disk full"] * 150)
    assert categorizer.stats().categorization_status == "warn"
    ids(categorizer, LOG * 3)
    assert categorizer.stats().categorization_status == "ok"
    assert [change.status for change in categorizer.take_status_changes()] == ["ok"]


def test_a_partition_with_warn_is_not_categorized_any_more_if_so_wanted() -> None:
    categorizer = new_categorizer(stop=True)
    random, good = _random_words(150), (LOG * 30)[:150]
    texts = [text for pair in zip(random, good, strict=True) for text in pair]
    found = ids(categorizer, texts, [0, 1] * 150)
    assert all(found[0:202:2])
    assert not any(found[202::2])
    assert found[1::2] == found[1:17:2] * 18 + found[1:13:2]
    assert categorizer.stats_by_partition()[0].categorized_doc_count == 101
    categorizer.set_stop_on_warn(False)
    assert ids(categorizer, random[:1], [0]) == found[:1]


def test_a_category_that_a_more_frequent_one_covers_is_dead() -> None:
    categorizer = new_categorizer()
    long = "Queue worker failed: alpha beta gamma delta"
    short = "Queue worker failed"
    assert ids(categorizer, [long, short]) == [1, 2]
    assert definitions(categorizer)[1].preferred_to_categories == ()
    variants = [long.replace("alpha", "zeta"), long.replace("beta", "x").replace("delta", "y")]
    assert ids(categorizer, [*variants, long.replace("gamma", "z")]) == [1, 1, 1]
    assert definitions(categorizer)[1].preferred_to_categories == (2,)
    assert categorizer.stats().dead_category_count == 1
    # Neither what was its own form nor what is similar goes there any more.
    assert ids(categorizer, [short, f"{short} 7", f"{short} now"]) == [1, 1, 1]
    assert sorted(definitions(categorizer)) == [1]


def test_without_memory_there_are_no_new_categories() -> None:
    categorizer = new_categorizer()
    texts = ["Disk full", "Host down", "Disk full", "Host down"]
    assert ids(categorizer, texts, limit=1) == [1, 0, 1, 0]
    assert categorizer.stats().failed_category_count == categorizer.failures == 2
    assert categorizer.stats().categorized_doc_count == 2
    assert ids(categorizer, texts, limit=5000) == [1, 2, 1, 2]


def test_counts_of_categories() -> None:
    categorizer = new_categorizer()
    ids(categorizer, ["Disk full"] * 150 + ["Host down"] * 2 + ["Reactor melted"])
    stats = categorizer.stats()
    assert (stats.total_category_count, stats.frequent_category_count) == (3, 2)
    assert (stats.rare_category_count, stats.dead_category_count) == (1, 0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_generated_logs_are_told_apart_by_template(seed: int) -> None:
    texts, templates = messages(6000, seed)
    assert adjusted_rand_index(ids(new_categorizer(), texts), templates) >= 0.95


@pytest.mark.parametrize("seed", [1, 2])
def test_the_regex_of_a_category_matches_its_messages(seed: int) -> None:
    texts, _ = messages(3000, seed)
    categorizer = new_categorizer()
    found = ids(categorizer, texts)
    defined = definitions(categorizer)
    patterns = {i: re.compile(d.regex) for i, d in defined.items()}
    for i, text in zip(found, texts, strict=True):
        assert patterns[i].fullmatch(text)
        assert len(text) <= defined[i].max_matching_length
        assert set(defined[i].terms.split()) <= set(re.split(r"[] ,;:()=[]+", text))


# --- invariants -----------------------------------------------------------------------------

_words = st.sampled_from(
    [
        *("Disk", "full", "Host", "down", "alpha", "beta", "17", "started", "stopped", "user"),
        *("/var/log", "Session", "closed"),
    ]
)
_texts = st.lists(
    st.lists(_words, max_size=6).map(" ".join) | st.sampled_from(LOG), min_size=1, max_size=60
)


def _reloaded(categorizer: Categorizer, *, stop: bool) -> Categorizer:
    again = new_categorizer(stop=stop)
    again.load(categorizer.save())
    assert again.nbytes() == categorizer.nbytes()
    return again


@given(_texts, st.data())
def test_cutting_anywhere_and_saving_anywhere_changes_nothing(
    texts: list[str], data: st.DataObject
) -> None:
    texts = texts * 5
    places = st.integers(0, len(texts))
    partitions = data.draw(
        st.none() | st.lists(st.integers(-1, 1), min_size=len(texts), max_size=len(texts))
    )
    stop = data.draw(st.booleans())
    whole = new_categorizer(stop=stop)
    expected = ids(whole, texts, partitions)
    middle = data.draw(places)
    cuts = data.draw(st.lists(st.integers(0, middle), max_size=3))
    parts = [None, None] if partitions is None else [partitions[:middle], partitions[middle:]]
    first = new_categorizer(stop=stop)
    found = ids(first, texts[:middle], parts[0], cuts=cuts)
    second = _reloaded(first, stop=stop)
    found += ids(second, texts[middle:], parts[1])
    assert found == expected
    assert state(second) == state(whole)
    assert second.stats() == whole.stats()


@given(_texts)
def test_counts_add_up(texts: list[str]) -> None:
    categorizer = new_categorizer()
    found = ids(categorizer, texts)
    stats = categorizer.stats()
    assert stats.categorized_doc_count == sum(1 for text in texts if text)
    assert [bool(i) for i in found] == [bool(text) for text in texts]
    defined = definitions(categorizer)
    assert sum(d.num_matches for d in defined.values()) == stats.categorized_doc_count
    assert sorted(defined) == list(range(1, stats.total_category_count + 1))


def test_messages_of_read_only_columns_are_taken() -> None:
    column = text_column(LOG)
    column.data.setflags(write=False)
    assert new_categorizer().categorize(column, None, NO_LIMIT).tolist()[:2] == [0, 1]
