"""The stored form of the state: round trips, refusals, damage."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.columns import Columns
from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.fingerprint import fingerprint
from sidecar.engine.names_state import load_names, save_names
from sidecar.engine.state import BLOCK_BYTES, read_state, write_state
from sidecar.schema.detection_rule import DetectionRule
from sidecar.schema.detector import Detector
from tests.engine.gathering import config_of, frame_of, job_of, seconds

HEADER = {"number": 1.5, "text": "é", "none": None, "list": [1, {"a": True}]}
ARRAYS = {
    "floats": np.linspace(0, 1, 5).reshape(5, 1),
    "codes": np.array([[1, -1], [2, 3]], np.int32),
    "hashes": np.array([2**64 - 1], np.uint64),
    "flags": np.array([True, False]),
    "none": np.empty((0, 3), np.float32),
    "scalar": np.array(7, np.int64),
    "big endian": np.array([1, 2], ">i4"),
}


def written(header: Any = HEADER, arrays: Any = ARRAYS) -> bytes:
    return b"".join(write_state(header, arrays))


@given(st.lists(st.integers(0, 600), max_size=6))
@settings(deadline=None)
def test_a_state_comes_back_however_its_bytes_are_cut(places: list[int]) -> None:
    data = written()
    edges = [0, *sorted(places), len(data)]
    chunks = [data[a:b] for a, b in pairwise(edges)]
    header, arrays = read_state(chunks)
    assert header == HEADER
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].flags.writeable


def test_blocks_are_bounded() -> None:
    noise = np.random.Generator(np.random.PCG64(1)).integers(0, 2**63, 500_000)
    blocks = list(write_state({}, {"noise": noise}))
    assert [len(block) for block in blocks[:-1]] == [BLOCK_BYTES] * (len(blocks) - 1)
    assert len(blocks) >= 3
    assert 0 < len(blocks[-1]) <= BLOCK_BYTES
    np.testing.assert_array_equal(read_state(blocks)[1]["noise"], noise)


def test_equal_states_have_equal_bytes() -> None:
    assert written() == written()


def test_a_truncated_state_is_refused_wherever_it_ends() -> None:
    data = written()
    for end in range(len(data)):
        with pytest.raises(ValueError, match="model state"):
            read_state([data[:end]])


def test_a_changed_byte_is_noticed_or_harmless_wherever_it_is() -> None:
    data = written()
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 0x10
        try:
            header, arrays = read_state([bytes(damaged)])
        except ValueError:
            continue
        # Padding between the compressed blocks and their checksum means nothing.
        assert (header, list(arrays)) == (HEADER, list(ARRAYS))
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(arrays[name], array)


def test_bytes_behind_the_end_are_refused() -> None:
    with pytest.raises(ValueError, match="behind its end"):
        read_state([written(), b"more"])


def test_a_newer_format_is_refused_by_name() -> None:
    data = bytearray(written())
    struct.pack_into("<I", data, 8, 99)
    with pytest.raises(ValueError, match="format 99, which is newer"):
        read_state([bytes(data)])


def test_other_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="does not begin as a model state"):
        read_state([b"PK\x03\x04 something else altogether"])
    with pytest.raises(ValueError, match="truncated"):
        read_state([])


def test_objects_are_never_stored() -> None:
    with pytest.raises(ValueError, match="object"):
        written({}, {"objects": np.array([object()])})


# --- the state of a job -----------------------------------------------------------------------

DETECTOR = Detector("mean", field_name="v", by_field_name="a")


def state_of_a_job() -> list[bytes]:
    job = AnomalyJob(job_of(config_of(DETECTOR)))
    job.dictionaries["a"].code("x")
    for _ in job.process(frame_of([100, 101, 115], [1.0, 2.0, 3.0])):
        pass
    return list(job.save())


def test_a_state_of_another_analysis_is_refused() -> None:
    other = config_of(Detector("max", field_name="v", by_field_name="a"))
    with pytest.raises(ValueError, match="another analysis config"):
        AnomalyJob.restore(job_of(other), state_of_a_job())


def test_a_state_without_some_arrays_gets_their_defaults() -> None:
    header, arrays = read_state(state_of_a_job())
    del arrays["gatherer/detector/0/cells/deviation"]
    arrays["gatherer/detector/0/cells/unheard_of"] = np.zeros(3)
    arrays["unheard_of"] = np.zeros(3)
    job = AnomalyJob.restore(job_of(config_of(DETECTOR)), write_state(header, arrays))
    opened = job.interim()
    assert opened is not None
    assert opened.event_count.tolist() == [1]


def test_a_state_with_arrays_of_different_lengths_is_refused() -> None:
    header, arrays = read_state(state_of_a_job())
    arrays["gatherer/detector/0/cells/mean"] = np.zeros(7)
    with pytest.raises(ValueError, match=r"\[mean\] has shape"):
        AnomalyJob.restore(job_of(config_of(DETECTOR)), write_state(header, arrays))


def test_a_state_without_its_models_is_refused() -> None:
    header, arrays = read_state(state_of_a_job())
    del header["models"]
    with pytest.raises(ValueError, match="incomplete"):
        AnomalyJob.restore(job_of(config_of(DETECTOR)), write_state(header, arrays))


@pytest.mark.parametrize(
    ("detector", "changed"),
    [
        pytest.param({"detector_description": "other"}, False, id="description"),
        pytest.param({"custom_rules": (DetectionRule(),)}, False, id="custom rules"),
        pytest.param({"use_null": True}, True, id="use_null"),
        pytest.param({"function": "max"}, True, id="function"),
        pytest.param({"partition_field_name": "p"}, True, id="partition"),
    ],
)
def test_the_fingerprint_follows_what_the_models_depend_on(
    detector: dict[str, Any], changed: bool
) -> None:
    values = {"function": "mean", "field_name": "v", "by_field_name": "a"}
    before = config_of(Detector(**values))  # type: ignore[arg-type]
    after = type(before)(before.bucket_span, (Detector(**{**values, **detector}),))  # type: ignore[arg-type]
    assert (fingerprint(before) != fingerprint(after)) is changed


def test_the_fingerprint_ignores_how_durations_are_written() -> None:
    before = config_of(DETECTOR, span=60)
    after = type(before)(type(seconds(60))(60_000, "1m"), before.detectors)
    assert fingerprint(before) == fingerprint(after)


# --- parts ------------------------------------------------------------------------------------


@given(st.lists(st.text(min_size=1), unique=True))
def test_names_come_back(names: list[str]) -> None:
    dictionary = FieldDictionary(names)
    assert load_names(save_names(dictionary)).names() == names


def test_names_with_lone_surrogates_come_back() -> None:
    names = ["\ud800", "a\udfffb", "ü"]
    assert load_names(save_names(FieldDictionary(names))).names() == names


def test_no_names_come_back() -> None:
    assert load_names({}).names() == []


def test_kept_columns_leave_fresh_rows_behind() -> None:
    columns = Columns(low=np.float64(np.inf))
    columns.resize(100)
    columns.used("low")[:] = np.arange(100)
    columns.keep(np.array([3, 99]))
    assert columns.used("low").tolist() == [3.0, 99.0]
    columns.resize(150)
    assert np.isinf(columns.used("low")[2:]).all()
