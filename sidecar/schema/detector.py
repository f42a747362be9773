"""A detector: the function, the field it looks at and how the data are split."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.schema.detection_rule import DetectionRule


@dataclass(frozen=True, slots=True)
class Detector:
    """One detector; `function` keeps the configured name (`high_mean`, `avg`, …)."""

    function: str = "metric"
    detector_description: str = ""
    field_name: str | None = None
    by_field_name: str | None = None
    over_field_name: str | None = None
    partition_field_name: str | None = None
    use_null: bool = False
    exclude_frequent: str | None = None
    custom_rules: tuple[DetectionRule, ...] = ()
    detector_index: int = 0

    def split_fields(self) -> tuple[str, ...]:
        """The by, over and partition fields that are set, in this order."""
        names = (self.by_field_name, self.over_field_name, self.partition_field_name)
        return tuple(name for name in names if name)

    def filter_ids(self) -> set[str]:
        """Filters that the custom rules name."""
        return {name for rule in self.custom_rules for name in rule.filter_ids()}
