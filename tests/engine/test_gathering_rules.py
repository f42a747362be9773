"""The gatherer's rules one by one: latency, gaps, summary counts, nulls, limits."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sidecar.engine.gathering.cells import ClosedBuckets
from sidecar.engine.gathering.gatherer import Gatherer
from sidecar.engine.gathering.open_buckets import EMPTY_IN_A_ROW
from sidecar.schema.detector import Detector
from tests.engine.gathering import config_of, frame_of, gather

COUNT = Detector("count")
MEAN = Detector("mean", field_name="v")


def starts(blocks: list[ClosedBuckets]) -> list[int]:
    return [int(time) for block in blocks for time in block.time]


@pytest.mark.parametrize(
    ("latency", "times", "closed"),
    [
        pytest.param(0, [100, 109], [], id="within a bucket"),
        pytest.param(0, [100, 110], [100], id="first record of the next bucket"),
        pytest.param(0, [100, 135], [100, 110, 120], id="empty buckets of a gap"),
        pytest.param(20, [100, 110, 125], [], id="latency keeps buckets open"),
        pytest.param(20, [100, 110, 130], [100], id="latency has passed"),
        pytest.param(25, [100, 120, 130], [], id="latency is no multiple of the span"),
        pytest.param(25, [100, 120, 140], [100], id="rounded up to whole buckets"),
        pytest.param(20, [100, 85, 110, 120], [80, 90], id="late records fill earlier buckets"),
        pytest.param(0, [-15, -5], [-20], id="before 1970"),
    ],
)
def test_a_bucket_closes_when_latency_has_passed(
    latency: int, times: list[int], closed: list[int]
) -> None:
    assert starts(gather(Gatherer(config_of(COUNT, latency=latency)), [frame_of(times)])) == closed


def test_records_of_closed_buckets_are_ignored() -> None:
    gatherer = Gatherer(config_of(COUNT))
    blocks = gather(gatherer, [frame_of([100, 110, 105]), frame_of([101, 111, 120])])
    assert [block.event_count.tolist() for block in blocks] == [[1], [2]]


def test_a_gap_of_years_comes_in_small_blocks_and_is_cut_short() -> None:
    gatherer = Gatherer(config_of(COUNT))
    year = 365 * 86400
    gatherer.add(frame_of([0, year]))
    blocks = gatherer.close(4096)
    first = next(blocks)
    assert len(first.time) == 4096
    assert first.event_count.tolist() == [1] + [0] * 4095
    assert gatherer.nbytes() < 10_000
    assert 4096 + sum(len(block.time) for block in blocks) == EMPTY_IN_A_ROW + 1


@pytest.mark.parametrize(
    ("weights", "count"),
    [
        pytest.param([2.0, 3.0], 5, id="counts add up"),
        pytest.param([2.0, float("nan")], 2, id="missing count"),
        pytest.param([2.0, -1.0], 2, id="negative count"),
        pytest.param([2.0, 0.0], 2, id="zero count"),
        pytest.param([2.0, float("inf")], 2, id="infinite count"),
    ],
)
def test_event_count_is_the_sum_of_summary_counts(weights: list[float], count: int) -> None:
    config = config_of(COUNT, MEAN, summary_count_field_name="n")
    frame = frame_of([100, 101, 110], [1.0, 4.0, 0.0], weights=[*weights, 1.0])
    (block,) = gather(Gatherer(config), [frame])
    assert block.event_count.tolist() == [count]
    assert block.detectors[0].value.tolist() == [[count]]
    assert block.detectors[1].count.tolist() == [count]


def test_event_count_counts_records_that_no_detector_takes() -> None:
    config = config_of(Detector("mean", field_name="v", by_field_name="a"))
    frame = frame_of([100, 101, 102, 110], [1.0, float("nan"), 1.0, 1.0], a=[0, 0, -1, 0])
    (block,) = gather(Gatherer(config), [frame])
    assert block.event_count.tolist() == [3]
    assert block.detectors[0].count.tolist() == [1.0]


def test_a_mean_of_summarised_records_is_weighted() -> None:
    config = config_of(MEAN, Detector("sum", field_name="v"), summary_count_field_name="n")
    frame = frame_of([100, 101, 110], [1.0, 5.0, 0.0], weights=[3.0, 1.0, 1.0])
    (block,) = gather(Gatherer(config), [frame])
    assert block.detectors[0].value.tolist() == [[2.0]]
    assert block.detectors[0].variance.tolist() == [3.0]
    assert block.detectors[1].value.tolist() == [[6.0]]


@pytest.mark.parametrize(
    ("use_null", "split", "series"),
    [
        pytest.param(False, {"by_field_name": "a"}, [(-1, 1, -1)], id="by value needed"),
        pytest.param(True, {"by_field_name": "a"}, [(-1, -1, -1), (-1, 1, -1)], id="null by"),
        pytest.param(
            True, {"partition_field_name": "a"}, [(-1, -1, -1), (1, -1, -1)], id="null partition"
        ),
        pytest.param(True, {"over_field_name": "a"}, [(-1, -1, 1)], id="over value always needed"),
    ],
)
def test_missing_values_are_a_series_only_with_use_null(
    use_null: bool, split: dict[str, str], series: list[tuple[int, int, int]]
) -> None:
    gatherer = Gatherer(config_of(Detector("count", use_null=use_null, **split)))
    gatherer.add(frame_of([100, 101], a=[-1, 1]))
    keys = gatherer.keys()[0]
    triples = zip(keys.partition.tolist(), keys.by.tolist(), keys.over.tolist(), strict=True)
    assert list(triples) == series


def test_skipped_buckets_are_never_handed_out() -> None:
    gatherer = Gatherer(config_of(COUNT, latency=30))
    gatherer.add(frame_of([100, 115, 121]))
    gatherer.skip(120)
    assert gatherer.buckets.first_open == 120
    blocks = gather(gatherer, [frame_of([119, 125, 170])])
    assert starts(blocks) == [120, 130]
    assert blocks[0].event_count.tolist() == [2, 0]


def test_skipping_back_changes_nothing() -> None:
    gatherer = Gatherer(config_of(COUNT))
    gatherer.add(frame_of([100]))
    gatherer.skip(50)
    assert gatherer.buckets.first_open == 100


def test_advancing_closes_buckets_without_data() -> None:
    gatherer = Gatherer(config_of(COUNT))
    gatherer.add(frame_of([100]))
    gatherer.advance(125)
    assert starts(list(gatherer.close(10))) == [100, 110]
    assert gatherer.buckets.first_open == 120


def test_time_begins_where_it_is_advanced_to() -> None:
    gatherer = Gatherer(config_of(COUNT))
    gatherer.advance(205)
    assert starts(list(gatherer.close(10))) == []
    assert starts(gather(gatherer, [frame_of([195, 225])])) == [200, 210]


def test_reset_forgets_the_records_of_a_range() -> None:
    gatherer = Gatherer(config_of(COUNT, Detector("median", field_name="v"), latency=30))
    gatherer.add(frame_of([100, 110, 111, 120], [1.0, 2.0, 3.0, 4.0]))
    gatherer.reset(112, 120)
    gatherer.add(frame_of([113, 160], [9.0, 0.0]))
    (block,) = gatherer.close(10)
    assert block.event_count.tolist() == [1, 1, 1]
    assert block.detectors[1].value.tolist() == [[1.0], [9.0], [4.0]]


def test_open_buckets_can_be_seen_in_a_range() -> None:
    gatherer = Gatherer(config_of(COUNT, latency=30))
    gatherer.add(frame_of([100, 110, 111, 120]))
    for limits, counts in [
        ((None, None), [1, 2, 1]),
        ((110, 120), [2]),
        ((115, 121), [2, 1]),
        ((None, 110), [1]),
    ]:
        seen = gatherer.peek(*limits)
        assert seen is not None
        assert seen.event_count.tolist() == counts
    assert gatherer.peek(130, None) is None
    assert gatherer.peek(0, 100) is None
    assert Gatherer(config_of(COUNT)).peek(None, None) is None


def test_new_series_beyond_the_limit_are_refused_and_known_ones_go_on() -> None:
    gatherer = Gatherer(config_of(Detector("count", by_field_name="a")))
    gatherer.add(frame_of([100, 101, 102], a=[0, 1, 2]), new_series=2)
    gatherer.add(frame_of([102, 103, 104, 111, 121], a=[1, 2, 3, 3, 0]), new_series=1)
    (block,) = gatherer.close(10)
    assert gatherer.series_count() == 3
    assert block.detectors[0].series.tolist() == [0, 1, 2]
    assert block.detectors[0].count.tolist() == [1.0, 2.0, 1.0]
    assert block.event_count.tolist() == [6, 1]
    assert gatherer.allocation_failures == 2


def test_columns_of_other_layouts_are_taken() -> None:
    frame = frame_of([100, 101, 110], [1.0, 3.0, 0.0])
    frame.time.flags.writeable = False
    odd = dataclasses.replace(frame, numbers={"v": np.repeat(frame.numbers["v"], 2)[::2]})
    (block,) = gather(Gatherer(config_of(MEAN)), [odd])
    assert block.detectors[0].value.tolist() == [[2.0]]


def test_an_empty_frame_does_nothing() -> None:
    gatherer = Gatherer(config_of(COUNT))
    assert gather(gatherer, [frame_of([])]) == []
    assert gatherer.buckets.first_open is None
