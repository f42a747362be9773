"""What a caller may do, asked with the caller's own credentials."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from elasticsearch import ApiError

from sidecar import codec, messages
from sidecar.errors import ForbiddenError, UnauthorizedError
from sidecar.interfaces import Caller, ClusterInfo
from sidecar.storage.client import Connection, error_body, error_reason, translated_errors

# Answers kept at once; the oldest go first.
_MAX_ANSWERS = 10_000
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_CHALLENGE = "WWW-Authenticate"
# Actions of the requests made here.
_OWN_ACTION = re.compile(r"cluster:admin/xpack/security/user/(has_privileges|authenticate)")
# Cluster privileges that grant the ML actions, the least one first.
_GRANT_MONITOR = "monitor_ml,manage_ml,monitor,manage,all"
_GRANT_ADMIN = "manage_ml,manage,all"


class ElasticsearchPrivileges:
    """Implements `interfaces.Privileges`.

    Only positive answers are kept, for `cache_ms` milliseconds, under a hash of the headers.
    """

    def __init__(
        self,
        connection: Connection,
        cluster: ClusterInfo,
        *,
        cache_ms: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._cluster = cluster
        self._cache_s = cache_ms / 1000
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._granted: dict[bytes, float] = {}

    def require_cluster(self, caller: Caller, action: str) -> None:
        """See `interfaces.Privileges.require_cluster`."""
        if not self._cluster.security_enabled():
            return
        key = _key(caller, action)
        if self._is_granted(key):
            return
        if not self._ask(caller, action):
            raise ForbiddenError(self._denial(caller, action))
        self._remember(key)

    def _ask(self, caller: Caller, action: str) -> bool:
        answer = self._call(
            caller, action, "POST", "/_security/user/_has_privileges", {"cluster": [action]}
        )
        return bool(answer["cluster"].get(action, False))

    def _call(
        self,
        caller: Caller,
        action: str,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        given = {
            "accept": "application/json",
            "content-type": None if body is None else "application/json",
            "authorization": caller.authorization,
            "es-security-runas-user": caller.run_as,
            "x-opaque-id": caller.opaque_id,
        }
        headers = {name: value for name, value in given.items() if value is not None}
        with translated_errors():
            try:
                client = self._connection.client_without_account
                return client.perform_request(method, path, headers=headers, body=body).body
            except ApiError as error:
                if error.status_code == _UNAUTHORIZED:
                    raise _unauthorized(error) from error
                if error.status_code == _FORBIDDEN:
                    # Who may not act for another: the caller asked for `action`, not for this.
                    reason = _OWN_ACTION.sub(lambda _: action, error_reason(error))
                    raise ForbiddenError(reason) from error
                raise

    def _denial(self, caller: Caller, action: str) -> str:
        """Write the sentence that Elasticsearch would have answered itself."""
        who = self._call(caller, action, "GET", "/_security/_authenticate")
        if who.get("authentication_type") == "api_key":
            subject = f"API key id [{who['api_key']['id']}] of user [{who['username']}]"
        else:
            roles = ",".join(sorted(who["roles"]))
            subject = f"user [{who['username']}] with effective roles [{roles}]"
        granting = _GRANT_MONITOR if action.startswith("cluster:monitor/") else _GRANT_ADMIN
        return messages.action_unauthorized(action, subject, granting)

    def _is_granted(self, key: bytes) -> bool:
        with self._lock:
            until = self._granted.get(key)
        return until is not None and self._monotonic() < until

    def _remember(self, key: bytes) -> None:
        if self._cache_s <= 0:
            return
        with self._lock:
            self._granted.pop(key, None)  # so that it becomes the newest
            while len(self._granted) >= _MAX_ANSWERS:
                del self._granted[next(iter(self._granted))]
            self._granted[key] = self._monotonic() + self._cache_s


def _key(caller: Caller, action: str) -> bytes:
    identity = codec.dumps([caller.authorization, caller.run_as, action])
    return hashlib.sha256(identity).digest()


def _unauthorized(error: ApiError) -> UnauthorizedError:
    """Keep the challenges: clients decide by them which credentials to send."""
    found = error_body(error)["error"]
    header = found.get("header", {}) if isinstance(found, Mapping) else {}
    challenges: str | Sequence[str] = header.get(_CHALLENGE, ())
    joined = challenges if isinstance(challenges, str) else ", ".join(challenges)
    joined = joined or error.meta.headers.get(_CHALLENGE) or 'Basic realm="security"'
    return UnauthorizedError(
        error_reason(error),
        metadata={"header": {_CHALLENGE: challenges or joined}},
        headers={_CHALLENGE: joined},
    )
