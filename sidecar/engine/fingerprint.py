"""Which part of an analysis config a stored state depends on."""

from __future__ import annotations

import hashlib
import json

from sidecar.schema.analysis_config import AnalysisConfig


def fingerprint(config: AnalysisConfig) -> str:
    """Hex digest of everything that cannot change while a model lives.

    Descriptions, custom rules and filters may change in an open job and are not part of it; nor
    is how a duration was written.
    """
    detectors = [
        [
            detector.function,
            detector.field_name,
            detector.by_field_name,
            detector.over_field_name,
            detector.partition_field_name,
            detector.use_null,
            detector.exclude_frequent,
        ]
        for detector in config.detectors
    ]
    parts = {
        "bucket_span_s": config.bucket_span.seconds,
        "latency_s": config.latency.seconds if config.latency else 0,
        "detectors": detectors,
        "influencers": list(config.influencers),
        "summary_count_field_name": config.summary_count_field_name,
        "categorization_field_name": config.categorization_field_name,
    }
    if config.categorization_field_name is not None:
        parts["categorization_analyzer"] = config.categorization_analyzer
        parts["categorization_filters"] = config.categorization_filters
        parts["per_partition_categorization"] = config.per_partition_categorization.enabled
    if config.multivariate_by_fields:
        parts["multivariate_by_fields"] = True
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
