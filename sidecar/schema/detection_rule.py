"""Custom rules of a detector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RuleCondition:
    """A comparison: `applies_to` is actual, typical, diff_from_typical or time."""

    applies_to: str
    operator: str
    value: float


@dataclass(frozen=True, slots=True)
class FilterRef:
    """A filter and whether its items are included or excluded."""

    filter_id: str
    filter_type: str = "include"


@dataclass(frozen=True, slots=True)
class DetectionRule:
    """When `scope` and all `conditions` hold, the `actions` are taken."""

    actions: tuple[str, ...] = ("skip_result",)
    scope: Mapping[str, FilterRef] | None = None
    conditions: tuple[RuleCondition, ...] = ()
    params: Mapping[str, Any] | None = None

    def time_shift_s(self) -> int | None:
        """Seconds by which the action force_time_shift moves the clock of the models.

        None when the parameters do not say; they may stand under the action's name.
        """
        params = self.params or {}
        of_action = params.get("force_time_shift", params)
        amount = of_action.get("time_shift_amount") if isinstance(of_action, Mapping) else None
        return amount if isinstance(amount, int) and not isinstance(amount, bool) else None

    def filter_ids(self) -> set[str]:
        """Filters that the scope names."""
        return {reference.filter_id for reference in (self.scope or {}).values()}
