"""What a job analyses: bucket span, detectors, influencers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sidecar.schema.detector import Detector
from sidecar.schema.units import TimeValue

# The field that categorization makes: ids of categories.
ML_CATEGORY = "mlcategory"


@dataclass(frozen=True, slots=True)
class PerPartitionCategorization:
    """Whether categories are kept apart for each partition value."""

    enabled: bool = False
    stop_on_warn: bool = False


@dataclass(frozen=True, slots=True)
class AnalysisConfig:
    """The analysis of a job; `detectors` is never empty, their indices are 0..n-1."""

    bucket_span: TimeValue
    detectors: tuple[Detector, ...]
    influencers: tuple[str, ...] = ()
    latency: TimeValue | None = None
    summary_count_field_name: str | None = None
    categorization_field_name: str | None = None
    categorization_filters: tuple[str, ...] | None = None
    categorization_analyzer: Any = None
    per_partition_categorization: PerPartitionCategorization = PerPartitionCategorization()
    multivariate_by_fields: bool | None = None
    model_prune_window: TimeValue | None = None

    def term_fields(self) -> tuple[str, ...]:
        """By, over, partition and influencer fields, each once, in order of appearance."""
        names: dict[str, None] = {}
        for detector in self.detectors:
            for name in detector.split_fields():
                names.setdefault(name)
        for name in self.influencers:
            names.setdefault(name)
        names.pop("", None)
        return tuple(names)

    def analysis_fields(self) -> tuple[str, ...]:
        """Every field of a record that the analysis looks at, without the time field, sorted.

        These are the fields that data counts count (`missing_field_count`); `mlcategory` is
        made by the analysis and so is not one of them.
        """
        names = set(self.term_fields())
        names.update(d.field_name for d in self.detectors if d.field_name)
        names.update(
            n for n in (self.categorization_field_name, self.summary_count_field_name) if n
        )
        names.discard(ML_CATEGORY)
        return tuple(sorted(names))
