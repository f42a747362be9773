"""Document ids are those the native code gives."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.schema import document_ids
from sidecar.schema.murmur3 import murmur3_x64_128

VALUES = st.none() | st.text(max_size=40)


def test_murmur3_has_the_published_verification_value() -> None:
    # SMHasher: hash the keys {}, {0}, {0, 1}, … with seeds 256, 255, …, then hash the hashes.
    key = bytes(range(256))
    hashes = b"".join(
        struct.pack("<QQ", *murmur3_x64_128(key[:size], 256 - size)) for size in range(256)
    )
    first_word = struct.pack("<QQ", *murmur3_x64_128(hashes))[:4]
    assert int.from_bytes(first_word, "little") == 0x6384BA69


@pytest.mark.parametrize(
    ("data", "halves"),
    [
        pytest.param(b"", (0, 0), id="empty"),
        pytest.param(b"hello", (0xCBD8A7B341BD9B02, 0x5B1E906A48AE1D19), id="tail only"),
        pytest.param(
            b"The quick brown fox jumps over the lazy dog",
            (0xE34BBC7BBC071B6C, 0x7A433CA9C49A9347),
            id="blocks and tail",
        ),
    ],
)
def test_murmur3_gives_known_hashes(data: bytes, halves: tuple[int, int]) -> None:
    assert murmur3_x64_128(data) == halves


def test_values_are_hashed_as_one_signed_big_endian_number_with_the_length() -> None:
    number = 0xCBD8A7B341BD9B025B1E906A48AE1D19 - (1 << 128)
    assert document_ids.values_to_id("hel", None, "lo") == f"{number}_5"


def test_values_without_text_hash_to_zero() -> None:
    assert document_ids.values_to_id(None, "", None) == "0_0"


def test_length_counts_utf16_units() -> None:
    assert document_ids.values_to_id("a\U0001f600").endswith("_3")


def test_lone_surrogate_hashes_as_question_mark() -> None:
    assert document_ids.values_to_id("a\ud800") == document_ids.values_to_id("a?")


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (document_ids.job_config_id("j"), "anomaly_detector-j"),
        (document_ids.bucket_id("j", 1000, 300), "j_bucket_1000_300"),
        (
            document_ids.bucket_influencer_id("j", 1000, 300, "bucket_time"),
            "j_bucket_influencer_1000_300_bucket_time",
        ),
        (
            document_ids.bucket_influencer_id("j", 1000, 300, None),
            "j_bucket_influencer_1000_300",
        ),
        (document_ids.record_id("j", 1000, 300, 0, None, None, None), "j_record_1000_300_0_0_0"),
        (document_ids.influencer_id("j", 1000, 300, "host", ""), "j_influencer_1000_300_host_0_0"),
        (
            document_ids.model_plot_id("j", 1000, 300, 2, "", None, None),
            "j_model_plot_1000_300_2_0_0",
        ),
        (document_ids.data_counts_id("j"), "j_data_counts"),
        (document_ids.model_size_stats_id("j", 5), "j_model_size_stats_5"),
        (document_ids.timing_stats_id("j"), "j_timing_stats"),
        (document_ids.model_snapshot_id("j", "7"), "j_model_snapshot_7"),
        (document_ids.model_state_id("j", "7", 1), "j_model_state_7#1"),
        (document_ids.quantiles_id("j"), "j_quantiles"),
        (document_ids.categorizer_state_id("j", 1), "j_categorizer_state#1"),
        (document_ids.snapshot_annotation_id("j", "7"), "annotation_for_j_model_snapshot_7"),
    ],
    ids=lambda value: value,
)
def test_id_has_the_native_form(made: str, expected: str) -> None:
    assert made == expected


@given(VALUES, VALUES, VALUES, st.text(max_size=2000))
def test_ids_are_never_longer_than_elasticsearch_allows(
    by: str | None, over: str | None, partition: str | None, field: str
) -> None:
    job = "j" * 64
    time, span = 9_999_999_999_999, 8_640_000
    for made in (
        document_ids.record_id(job, time, span, 100, by, over, partition),
        document_ids.model_plot_id(job, time, span, 100, by, over, partition),
        document_ids.influencer_id(job, time, span, field or "f", by or ""),
        document_ids.bucket_influencer_id(job, time, span, field),
    ):
        assert len(made.encode("utf-8", "replace")) <= document_ids.MAX_ID_BYTES


def test_different_long_field_names_have_different_ids() -> None:
    first, second = (
        document_ids.influencer_id("j", 1, 1, "f" * 600 + end, "v") for end in ("a", "b")
    )
    assert first != second
