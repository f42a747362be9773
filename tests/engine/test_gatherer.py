"""The gatherer against the slow, obvious one, and its rules one by one."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.engine.gathering.cells import ClosedBuckets
from sidecar.engine.gathering.gatherer import Gatherer
from sidecar.engine.record_frame import RecordFrame
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from tests.engine.gathering import (
    FUNCTION_NAMES,
    SPAN,
    config_of,
    configs,
    cuts,
    described,
    detectors,
    frames,
    gather,
)
from tests.engine.naive import NaiveGatherer

COUNT = Detector("count")
MEAN = Detector("mean", field_name="v")


def approximately(expected: Any) -> Any:
    """Nested values with floats compared to 1e-9."""
    if isinstance(expected, dict):
        return {key: approximately(value) for key, value in expected.items()}
    if isinstance(expected, list | tuple):
        return type(expected)(approximately(value) for value in expected)
    if isinstance(expected, float):
        return pytest.approx(expected, rel=1e-9, abs=1e-6, nan_ok=True)
    return expected


def assert_same_as_naive(
    config: AnalysisConfig, frame: RecordFrame, pieces: list[RecordFrame]
) -> None:
    naive = NaiveGatherer(config)
    naive.add(frame)
    gatherer = Gatherer(config)
    buckets = described(gather(gatherer, pieces))
    assert gatherer.buckets.first_open == naive.first_open
    if buckets:
        assert min(buckets) == min(naive.events)
        assert naive.first_open is not None
        assert buckets == approximately(naive.closed(min(buckets), naive.first_open))
    opened = gatherer.peek(None, None)
    assert opened is not None
    still_open = described([opened])
    assert still_open == approximately(naive.closed(min(still_open), max(still_open) + SPAN))
    for index, keys in enumerate(gatherer.keys()):
        triples = zip(keys.partition.tolist(), keys.by.tolist(), keys.over.tolist(), strict=True)
        assert list(triples) == naive.series[index]
        assert dict(enumerate(keys.first_bucket.tolist())) == naive.first_bucket[index]


@given(configs(), frames(), st.data())
@settings(max_examples=150, deadline=None)
def test_gathers_what_the_obvious_gatherer_does(
    config: AnalysisConfig, frame: RecordFrame, data: st.DataObject
) -> None:
    assert_same_as_naive(config, frame, data.draw(cuts(frame)))


@pytest.mark.parametrize("name", FUNCTION_NAMES)
@given(detector=detectors(), frame=frames(max_size=30), weighted=st.booleans())
@settings(max_examples=25, deadline=None)
def test_every_function_gathers_what_the_obvious_gatherer_does(
    name: str, detector: Detector, frame: RecordFrame, weighted: bool
) -> None:
    config = config_of(
        dataclasses.replace(detector, function=name, field_name="v"),
        latency=25,
        influencers=("a", "d"),
        summary_count_field_name="n" if weighted else None,
    )
    assert_same_as_naive(config, frame, [frame])


def bits(blocks: list[ClosedBuckets]) -> list[Any]:
    """Everything in the blocks, bucket by bucket, floats as they are in memory."""
    buckets: list[Any] = []
    for block in blocks:
        for i, time in enumerate(block.time.tolist()):
            parts: list[Any] = [time, int(block.event_count[i])]
            for cells in block.detectors:
                low, high = int(cells.start[i]), int(cells.start[i + 1])
                columns = [cells.series, cells.count, cells.value, cells.variance]
                parts += [column[low:high].tobytes() for column in columns]
                if cells.times is not None:
                    first, last = int(cells.times.start[low]), int(cells.times.start[high])
                    parts.append((cells.times.start[low : high + 1] - first).tobytes())
                    parts.append(cells.times.second[first:last].tobytes())
                for shares in cells.influencers:
                    mine = (shares.cell >= low) & (shares.cell < high)
                    parts.append((shares.cell[mine] - low).tobytes())
                    shared = [shares.code, shares.count, shares.total, shares.low, shares.high]
                    parts += [column[mine].tobytes() for column in shared]
            buckets.append(parts)
    return buckets


@given(configs(), frames(), st.integers(1, 5), st.data())
@settings(max_examples=100, deadline=None)
def test_cutting_the_frames_anywhere_gives_the_same_bits(
    config: AnalysisConfig, frame: RecordFrame, block: int, data: st.DataObject
) -> None:
    whole = gather(Gatherer(config), [frame])
    pieces = gather(Gatherer(config), data.draw(cuts(frame)), block)
    assert all(len(closed.time) <= block for closed in pieces)
    assert bits(whole) == bits(pieces)


@given(configs(), frames(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_saved_and_loaded_gatherer_goes_on_with_the_same_bits(
    config: AnalysisConfig, frame: RecordFrame, data: st.DataObject
) -> None:
    pieces = data.draw(cuts(frame))
    gatherer = Gatherer(config)
    blocks = []
    for piece in pieces:
        header, arrays = gatherer.save()
        nbytes = gatherer.nbytes()
        gatherer = Gatherer(config)
        gatherer.load(header, {name: array.copy() for name, array in arrays.items()})
        assert gatherer.nbytes() == nbytes
        blocks += gather(gatherer, [piece])
    assert bits(blocks) == bits(gather(Gatherer(config), pieces))


@given(configs(), frames())
@settings(max_examples=60, deadline=None)
def test_looking_at_open_buckets_changes_nothing(
    config: AnalysisConfig, frame: RecordFrame
) -> None:
    gatherer = Gatherer(config)
    gather(gatherer, [frame])
    header, before = gatherer.save()
    before = {name: array.copy() for name, array in before.items()}
    gatherer.peek(None, None)
    gatherer.peek(1000, 1100)
    after_header, after = gatherer.save()
    assert header == after_header
    assert {n: a.tobytes() for n, a in before.items()} == {n: a.tobytes() for n, a in after.items()}
