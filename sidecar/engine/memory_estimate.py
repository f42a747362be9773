"""Memory that the models of a job would take, from numbers of values alone."""

from __future__ import annotations

import math

from sidecar.engine.expected_bytes import expected_bytes
from sidecar.engine.functions import FUNCTIONS
from sidecar.schema.detector import Detector
from sidecar.schema.memory_estimate import MemoryEstimateRequest

# What a job has before its first record: normaliser, tables of the gatherer, dictionaries.
_BASE_BYTES = 256 * 1024
# A name in a dictionary, and a series in the index and in the open buckets.
_NAME_BYTES = 160
_SERIES_BYTES = 160
# An influencer value of a cell of an open bucket.
_SHARE_BYTES = 96
# Buckets that are open, or closed and not yet handed on, at a time.
_OPEN_BUCKETS = 3
_CATEGORY_BYTES = 3 * 1024
_LARGEST = 2**62


def estimate_bytes(request: MemoryEstimateRequest) -> int:
    """Expected `model_bytes` of a job that has seen all its series for some weeks.

    Raises BadRequestError when the number of a field's values is missing.
    """
    config = request.analysis_config
    total = float(_BASE_BYTES)
    for detector in config.detectors:
        total += _detector_bytes(detector, request)
    names = {name for detector in config.detectors for name in detector.split_fields()}
    for name in sorted(names):
        total += _NAME_BYTES * request.overall("field", name)
    for name in config.influencers:
        if name not in names:
            in_a_bucket = request.in_a_bucket(name)
            total += (_NAME_BYTES + _SHARE_BYTES * _OPEN_BUCKETS * len(config.detectors)) * (
                in_a_bucket
            )
    if config.categorization_field_name:
        total += _CATEGORY_BYTES * request.overall("by_field_name", "mlcategory")
    return int(min(total, _LARGEST))


def _detector_bytes(detector: Detector, request: MemoryEstimateRequest) -> float:
    config = request.analysis_config
    partitions = request.overall("partition_field_name", detector.partition_field_name)
    by = request.overall("by_field_name", detector.by_field_name)
    over = request.overall("over_field_name", detector.over_field_name)
    span_s = config.bucket_span.seconds
    attributes = partitions * _in_each(by, partitions, span_s)
    series = attributes
    if detector.over_field_name:
        series = partitions * _in_each(over * math.sqrt(by), partitions, span_s)
    models = expected_bytes(detector, config, attributes=attributes, entities=series)
    distinct = FUNCTIONS[detector.function].statistic in ("distinct_count", "info_content")
    return models + series * (_SERIES_BYTES + (1024.0 if distinct else 0.0))


def _in_each(values: float, partitions: int, span_s: int) -> float:
    """Values that one partition sees of a field: the fewer, the more partitions share them.

    Long buckets see more of the values; the law is the one that the native estimate documents.
    """
    power = min(1.0, (math.log10(span_s) + 1.0) / 8.0)
    shared = math.pow(min(values, float(partitions)), power)
    return max(1.0, math.ceil(values / shared))
