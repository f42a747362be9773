"""Who calls: the headers that Elasticsearch itself would look at."""

from __future__ import annotations

from typing import Protocol

from sidecar.interfaces import Caller

AUTHORIZATION = "Authorization"
SECONDARY_AUTHORIZATION = "es-secondary-authorization"
RUN_AS = "es-security-runas-user"
OPAQUE_ID = "X-Opaque-Id"
# A W3C traceparent is version-traceid-spanid-flags; the trace id is 32 hexadecimal digits.
_TRACE_PARENT = "traceparent"
_TRACE_ID = slice(3, 35)
_TRACE_PARENT_LENGTH = 55


class Headers(Protocol):
    """Headers of a request, by name in any case."""

    def get(self, name: str, /) -> str | None:
        """The value; None when there is no such header."""


def caller_of(headers: Headers) -> Caller:
    """The caller as the request's headers name it."""
    return Caller(
        authorization=headers.get(AUTHORIZATION),
        secondary_authorization=headers.get(SECONDARY_AUTHORIZATION),
        run_as=headers.get(RUN_AS),
        opaque_id=headers.get(OPAQUE_ID),
    )


def trace_id(headers: Headers) -> str | None:
    """Id under which the caller will look for this request in logs, if it gave one."""
    parent = headers.get(_TRACE_PARENT)
    if parent is not None and len(parent) >= _TRACE_PARENT_LENGTH:
        return parent[_TRACE_ID]
    return headers.get(OPAQUE_ID)
