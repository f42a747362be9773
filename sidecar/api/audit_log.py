"""The audit log: one line (ECS) for each refused request and each changing one."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

from flask import Response, g, request

from sidecar.api.caller import caller_of
from sidecar.errors import MlError
from sidecar.interfaces import Identity
from sidecar.logs import AUDIT_LOGGER
from sidecar.services.actions import ACTIONS, changes
from sidecar.services.privileges import PrivilegeGate

logger = logging.getLogger(AUDIT_LOGGER)

_UNAUTHORIZED, _FORBIDDEN = 401, 403
_CLIENT_ERROR, _SERVER_ERROR = 400, 500
# Sentences about refused requests may quote their query, and a query may hold a body.
_QUERY = re.compile(r"\?[^\]]*")
_TYPES = {"PUT": "creation", "DELETE": "deletion"}


def audit_log(gate: PrivilegeGate) -> Callable[[Response], Response]:
    """What writes the line of a request when it is answered.

    Neither headers nor bodies nor query parameters are written; who called is found out with the
    caller's own credentials.
    """

    def write(response: Response) -> Response:
        api: str | None = g.get("api")
        status = response.status_code
        refused = status in (_UNAUTHORIZED, _FORBIDDEN)
        if api is not None and (refused or changes(api)):
            # Nobody is asked about again whom Elasticsearch does not know, or who met none.
            is_known = status == _FORBIDDEN or g.get("admitted", False)
            _write_line(api, status, _identity(gate) if is_known else None)
        return response

    return write


def _identity(gate: PrivilegeGate) -> Identity | None:
    try:
        return gate.identify(caller_of(request.headers))
    except MlError:
        return None


def _write_line(api: str, status: int, identity: Identity | None) -> None:
    fields: dict[str, Any] = {
        "event.action": ACTIONS[api],
        "event.dataset": AUDIT_LOGGER,
        "event.kind": "event",
        "event.outcome": _outcome(status),
        "http.request.method": request.method,
        "http.response.status_code": status,
        "source.ip": request.remote_addr,
        "trace.id": g.get("trace_id", ""),
        "url.path": request.path,
    }
    if status == _UNAUTHORIZED:
        fields |= {"event.category": ["authentication"], "event.type": ["start", "denied"]}
    elif status == _FORBIDDEN:
        fields |= {"event.category": ["iam"], "event.type": ["denied"]}
    else:
        change = _TYPES.get(request.method, "change")
        fields |= {"event.category": ["configuration"], "event.type": [change]}
    if (reason := g.get("refusal")) is not None:
        fields["event.reason"] = _QUERY.sub("", reason)
    if identity is not None:
        fields |= _user(identity)
    logger.info("%s %s: %d", request.method, request.path, status, extra=fields)


def _outcome(status: int) -> str:
    if status >= _SERVER_ERROR:
        # The change may have been made before something broke.
        return "unknown"
    return "failure" if status >= _CLIENT_ERROR else "success"


def _user(identity: Identity) -> dict[str, Any]:
    """ECS: `user` is who called, `user.effective` whose rights counted."""
    fields: dict[str, Any] = {"user.name": identity.authenticated_as or identity.username}
    if identity.authenticated_as is not None:
        fields["user.effective.name"] = identity.username
    if identity.roles:
        fields["user.roles"] = list(identity.roles)
    if identity.api_key_id is not None:
        fields["ml_sidecar.api_key.id"] = identity.api_key_id
    return fields
