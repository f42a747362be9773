"""What an estimate of model memory is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sidecar import messages
from sidecar.errors import BadRequestError
from sidecar.schema.analysis_config import ML_CATEGORY, AnalysisConfig
from sidecar.schema.analysis_config_parser import ANALYSIS_CONFIG_PARSER
from sidecar.xcontent import Field, ObjectParser, Token, ValueType, object_of

# Categories that a job is expected to find when nobody says: in all, and in one bucket.
_CATEGORIES_OVERALL = 500
_CATEGORIES_IN_A_BUCKET = 50
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class MemoryEstimateRequest:
    """An analysis and how many values its fields have: over all time, and at most in a bucket."""

    analysis_config: AnalysisConfig
    overall_cardinality: Mapping[str, int] = field(default_factory=dict)
    max_bucket_cardinality: Mapping[str, int] = field(default_factory=dict)

    def overall(self, kind: str, name: str | None) -> int:
        """Values of a split field, 1 without the field; raises BadRequestError if not given."""
        if not name:
            return 1
        if name == ML_CATEGORY:
            return max(1, self.overall_cardinality.get(name, _CATEGORIES_OVERALL))
        if name not in self.overall_cardinality:
            raise BadRequestError(messages.cardinality_required("Overall", kind, name))
        return max(1, self.overall_cardinality[name])

    def in_a_bucket(self, name: str) -> int:
        """Most values of an influencer field in one bucket; raises BadRequestError if not given."""
        if name == ML_CATEGORY:
            return max(1, self.max_bucket_cardinality.get(name, _CATEGORIES_IN_A_BUCKET))
        if name not in self.max_bucket_cardinality:
            raise BadRequestError(messages.cardinality_required("Bucket max", "influencers", name))
        return max(1, self.max_bucket_cardinality[name])


def _cardinalities(setting: str) -> Any:
    def convert(values: Mapping[str, Any]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for name, value in values.items():
            try:
                count = int(value)
            except (TypeError, ValueError, OverflowError):
                raise BadRequestError(
                    messages.cardinality_not_a_number(setting, name, str(value))
                ) from None
            if not 0 <= count <= _LARGEST:
                raise BadRequestError(messages.cardinality_not_a_number(setting, name, str(value)))
            counts[name] = count
        return counts

    return convert


_COUNTS = ValueType(frozenset((Token.START_OBJECT,)), lambda cursor, _strict: cursor.plain())


def _build(values: dict[str, Any]) -> MemoryEstimateRequest:
    if "analysis_config" not in values:
        raise BadRequestError(messages.missing_analysis_config())
    return MemoryEstimateRequest(**values)


_PARSER = ObjectParser(
    "estimate_model_memory",
    [
        Field("analysis_config", object_of(ANALYSIS_CONFIG_PARSER)),
        Field("overall_cardinality", _COUNTS, _cardinalities("overall_cardinality")),
        Field("max_bucket_cardinality", _COUNTS, _cardinalities("max_bucket_cardinality")),
    ],
    _build,
)


def parse_memory_estimate(body: bytes) -> MemoryEstimateRequest:
    """Parse the body of an estimate request; raises MlError (400)."""
    return _PARSER.parse(body)
