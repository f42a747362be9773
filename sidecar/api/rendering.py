"""Answers as JSON: pretty, for humans, filtered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sidecar import codec
from sidecar.api.filter_path import apply_filter_path
from sidecar.schema.request_parameters import boolean_parameter

# Members that hold epoch milliseconds and get a readable companion on demand.
DATE_MEMBERS = frozenset(
    {
        "create_time",
        "earliest_record_timestamp",
        "finished_time",
        "last_data_time",
        "last_finalized_bucket_end",
        "latest_empty_bucket_timestamp",
        "latest_record_timestamp",
        "latest_sparse_bucket_timestamp",
        "log_time",
        "timestamp",
    }
)
# What is in these is the user's own.
_OPAQUE_MEMBERS = frozenset({"custom_settings"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Presentation:
    """How the caller wants an answer to look."""

    pretty: bool = False
    human: bool = False
    error_trace: bool = False
    filter_path: str | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Presentation:
        """Read the common parameters; raises IllegalArgumentError."""
        return cls(
            pretty=boolean_parameter(query, "pretty", False),
            human=boolean_parameter(query, "human", False),
            error_trace=boolean_parameter(query, "error_trace", False),
            filter_path=query.get("filter_path") or None,
        )

    def render(self, body: Mapping[str, Any]) -> bytes:
        """JSON bytes of an answer."""
        shown: Any = with_readable_dates(body) if self.human else body
        if self.filter_path is not None:
            shown = apply_filter_path(shown, self.filter_path)
        return self.render_error(shown)

    def render_error(self, body: Mapping[str, Any]) -> bytes:
        """JSON bytes of an error, which is never filtered."""
        if not self.pretty:
            return codec.dumps(body)
        text = json.dumps(body, indent=2, separators=(",", " : "), ensure_ascii=False)
        return text.encode("utf-8", "replace") + b"\n"


def with_readable_dates(value: Any) -> Any:
    """The value with `<name>_string` before every date, as `human=true` asks for."""
    if isinstance(value, list | tuple):
        return [with_readable_dates(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    shown: dict[str, Any] = {}
    for name, member in value.items():
        if name in DATE_MEMBERS and isinstance(member, int):
            shown[f"{name}_string"] = readable_date(member)
        shown[name] = member if name in _OPAQUE_MEMBERS else with_readable_dates(member)
    return shown


def readable_date(epoch_ms: int) -> str:
    """ISO 8601 with milliseconds, UTC; outside the years 1 to 9999 the number itself."""
    try:
        moment = _EPOCH + timedelta(milliseconds=epoch_ms)
    except OverflowError:
        return str(epoch_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
