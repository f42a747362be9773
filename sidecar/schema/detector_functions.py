"""Detector functions that Elasticsearch knows, and which fields each of them takes.

This is about names and validity; what a function computes is the engine's business, and the
engine may not have all of them.
"""

from __future__ import annotations

from sidecar import messages
from sidecar.errors import IllegalArgumentError


def _sides(*names: str) -> frozenset[str]:
    """The functions with their high and low variants."""
    return frozenset(prefix + name for name in names for prefix in ("", "high_", "low_"))


_EVENT_COUNTS = _sides("count", "non_zero_count")
# Need neither field, by field nor over field.
WITHOUT_FIELDS = _EVENT_COUNTS | {"time_of_day", "time_of_week"}
NEED_FIELD = _sides(
    "distinct_count", "info_content", "mean", "avg", "median", "sum", "non_null_sum", "varp"
) | {"metric", "min", "max", "lat_long"}
NEED_BY = frozenset(("rare", "freq_rare"))
NEED_OVER = frozenset(("freq_rare",))
REFUSE_OVER = _sides("non_zero_count")
# Rules of these can only have conditions on time.
WITHOUT_VALUE_CONDITIONS = frozenset(("lat_long", "metric", "rare", "freq_rare"))

ALL = WITHOUT_FIELDS | NEED_FIELD | NEED_BY

_SHORT = {
    prefix + short: prefix + name
    for short, name in (("nzc", "non_zero_count"), ("dc", "distinct_count"))
    for prefix in ("", "high_", "low_")
}


def full_name(function: str) -> str:
    """The name of a function given by name or abbreviation; raises IllegalArgumentError."""
    name = _SHORT.get(function, function)
    if name not in ALL:
        raise IllegalArgumentError(messages.unknown_function(function))
    return name
