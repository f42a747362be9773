"""Ids of stored documents: the same whenever a result is made again, so a replay overwrites.

Times in ids are epoch milliseconds, bucket spans are seconds.
"""

from __future__ import annotations

from functools import lru_cache

from sidecar.schema.murmur3 import murmur3_x64_128

# Elasticsearch refuses longer ids.
MAX_ID_BYTES = 512
# Distinct (by, over, partition) combinations whose hash is kept; about 200 bytes each.
_CACHED_VALUES = 65_536


@lru_cache(maxsize=_CACHED_VALUES)
def values_to_id(*values: str | None) -> str:
    """Hash of field values: signed 128-bit number, `_`, length of the joined text.

    The length counts UTF-16 units and a lone surrogate hashes as `?`, as in Java.
    """
    joined = "".join(value for value in values if value is not None)
    first, second = murmur3_x64_128(joined.encode("utf-8", "replace"))
    number = int.from_bytes(
        first.to_bytes(8, "big") + second.to_bytes(8, "big"), "big", signed=True
    )
    astral = 0 if joined.isascii() else sum(character > "\uffff" for character in joined)
    return f"{number}_{len(joined) + astral}"


# --- configuration --------------------------------------------------------------------------


def job_config_id(job_id: str) -> str:
    """Id of a job's configuration."""
    return f"anomaly_detector-{job_id}"


def filter_document_id(filter_id: str) -> str:
    """Id of a filter."""
    return f"filter_{filter_id}"


# --- results --------------------------------------------------------------------------------


def bucket_id(job_id: str, timestamp: int, span_s: int) -> str:
    """Id of a bucket."""
    return f"{job_id}_bucket_{timestamp}_{span_s}"


def bucket_influencer_id(job_id: str, timestamp: int, span_s: int, field_name: str | None) -> str:
    """Id of a bucket influencer; `field_name` is `bucket_time` for the bucket as a whole."""
    base = f"{job_id}_bucket_influencer_{timestamp}_{span_s}"
    return f"{base}_{_bounded(field_name, len(base))}" if field_name else base


def record_id(
    job_id: str,
    timestamp: int,
    span_s: int,
    detector_index: int,
    by: str | None,
    over: str | None,
    partition: str | None,
) -> str:
    """Id of a record; the last three are the values of the split fields."""
    series = values_to_id(by, over, partition)
    return f"{job_id}_record_{timestamp}_{span_s}_{detector_index}_{series}"


def influencer_id(
    job_id: str, timestamp: int, span_s: int, field_name: str, field_value: str
) -> str:
    """Id of an influencer."""
    base = f"{job_id}_influencer_{timestamp}_{span_s}"
    value = values_to_id(field_value)
    return f"{base}_{_bounded(field_name, len(base) + len(value) + 1)}_{value}"


def model_plot_id(
    job_id: str,
    timestamp: int,
    span_s: int,
    detector_index: int,
    by: str | None,
    over: str | None,
    partition: str | None,
) -> str:
    """Id of a model plot point; the last three are the values of the split fields."""
    series = values_to_id(by, over, partition)
    return f"{job_id}_model_plot_{timestamp}_{span_s}_{detector_index}_{series}"


def _bounded(name: str, taken: int) -> str:
    """Keep a field name as it is, or hash it when the id would be longer than allowed."""
    encoded = len(name.encode("utf-8", "replace"))
    return name if taken + 1 + encoded <= MAX_ID_BYTES else values_to_id(name)


def category_definition_id(job_id: str, category_id: int) -> str:
    """Id of a category."""
    return f"{job_id}_category_definition_{category_id}"


# --- stats ----------------------------------------------------------------------------------


def data_counts_id(job_id: str) -> str:
    """Id of a job's data counts."""
    return f"{job_id}_data_counts"


def model_size_stats_id(job_id: str, log_time: int) -> str:
    """Id of one report of a job's model size."""
    return f"{job_id}_model_size_stats_{log_time}"


def categorizer_stats_id(job_id: str, log_time: int, partition: str | None) -> str:
    """Id of one report of how messages fall into categories, of a partition if there are any."""
    base = f"{job_id}_categorizer_stats_{log_time}"
    return base if partition is None else f"{base}_{values_to_id(partition)}"


def timing_stats_id(job_id: str) -> str:
    """Id of a job's timing stats."""
    return f"{job_id}_timing_stats"


# --- model state ----------------------------------------------------------------------------


def model_snapshot_id(job_id: str, snapshot_id: str) -> str:
    """Id of the document that makes a model snapshot whole."""
    return f"{job_id}_model_snapshot_{snapshot_id}"


def model_state_id(job_id: str, snapshot_id: str, number: int) -> str:
    """Id of a chunk of state; `number` counts from 1."""
    return f"{job_id}_model_state_{snapshot_id}#{number}"


def quantiles_id(job_id: str) -> str:
    """Id of a job's current quantiles."""
    return f"{job_id}_quantiles"


def categorizer_state_id(job_id: str, number: int) -> str:
    """Id of a chunk of categorizer state; `number` counts from 1."""
    return f"{job_id}_categorizer_state#{number}"


# --- annotations ----------------------------------------------------------------------------


def snapshot_annotation_id(job_id: str, snapshot_id: str) -> str:
    """Id of the annotation that tells of a model snapshot."""
    return f"annotation_for_{job_id}_model_snapshot_{snapshot_id}"


def categorization_annotation_id(job_id: str, message_count: int, partition: str | None) -> str:
    """Id of the annotation of a change of status, after so many messages."""
    base = f"annotation_for_{job_id}_categorization_status_{message_count}"
    return base if partition is None else f"{base}_{values_to_id(partition)}"
