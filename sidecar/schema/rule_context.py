"""All that decides which values of a job make results and are learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detection_rule import DetectionRule
from sidecar.schema.scheduled_event import ScheduledEvent

# By detector index.
CustomRules = tuple[tuple[DetectionRule, ...], ...]


def custom_rules(config: AnalysisConfig) -> CustomRules:
    """The custom rules of all detectors."""
    return tuple(detector.custom_rules for detector in config.detectors)


@dataclass(frozen=True, slots=True)
class RuleContext:
    """Custom rules by detector index, items of the filters they name by id, scheduled events."""

    custom_rules: CustomRules
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    events: tuple[ScheduledEvent, ...] = ()
