"""What a caller may do, asked with the caller's own credentials."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from elasticsearch import ApiError

from sidecar import messages
from sidecar.errors import ForbiddenError, MlError, UnauthorizedError, UpstreamError
from sidecar.interfaces import Caller, ClusterInfo, Identity, IndexGrants
from sidecar.storage.answer_cache import AnswerCache
from sidecar.storage.client import Connection, error_body, error_reason, translated_errors

# Answers kept at once, of each kind.
_MAX_ANSWERS = 10_000
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_CHALLENGE = "WWW-Authenticate"
# Actions of the requests made here.
_OWN_ACTION = re.compile(r"cluster:admin/xpack/security/user/(has_privileges|authenticate)")
# Cluster privileges that grant the ML actions, the least one first.
_GRANT_MONITOR = "monitor_ml,manage_ml,monitor,manage,all"
_GRANT_ADMIN = "manage_ml,manage,all"
_GRANT_OTHERS = "monitor,manage,all"
# Members of an error that are no metadata.
_OWN_MEMBERS = ("type", "reason", "caused_by", "root_cause")
_HAS_PRIVILEGES = "/_security/user/_has_privileges"
_AUTHENTICATE = "/_security/_authenticate"


class ElasticsearchPrivileges:
    """Implements `interfaces.Privileges`.

    Parameters
    ----------
    cache_ms : int
        How long a positive answer, or who somebody is, may be used again.
    insecure_allowed : bool
        Whether a cluster without security is followed: everybody may do everything then.
    """

    def __init__(
        self,
        connection: Connection,
        cluster: ClusterInfo,
        *,
        cache_ms: int,
        insecure_allowed: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._cluster = cluster
        self._insecure_allowed = insecure_allowed
        keep_s = cache_ms / 1000
        self._granted = AnswerCache[bool](
            keep_s=keep_s, max_entries=_MAX_ANSWERS, monotonic=monotonic
        )
        self._identities = AnswerCache[Identity](
            keep_s=keep_s, max_entries=_MAX_ANSWERS, monotonic=monotonic
        )

    def require_cluster(self, caller: Caller, action: str, *, fresh: bool = False) -> None:
        """See `interfaces.Privileges.require_cluster`."""
        if not self._is_secure():
            return
        key = self._granted.key(*_credentials(caller), action)
        if not fresh and self._granted.get(key):
            return
        try:
            answer = self._call(caller, action, "POST", _HAS_PRIVILEGES, {"cluster": [action]})
        except MlError:
            self._granted.forget(key)
            raise
        if not answer["cluster"].get(action, False):
            self._granted.forget(key)
            raise ForbiddenError(self._denial(caller, action))
        self._granted.put(key, True)

    def identify(self, caller: Caller) -> Identity | None:
        """See `interfaces.Privileges.identify`."""
        if not self._is_secure():
            return None
        key = self._identities.key(*_credentials(caller))
        found = self._identities.get(key)
        if found is None:
            found = self._ask_identity(caller, "cluster:admin/xpack/security/user/authenticate")
            self._identities.put(key, found)
        return found

    def index_grants(
        self, caller: Caller, wanted: Mapping[str, Sequence[str]]
    ) -> IndexGrants | None:
        """See `interfaces.Privileges.index_grants`."""
        if not self._is_secure():
            return None
        questions = [
            {"names": [name], "privileges": list(privileges)} for name, privileges in wanted.items()
        ]
        action = "cluster:admin/xpack/security/user/has_privileges"
        answer = self._call(caller, action, "POST", _HAS_PRIVILEGES, {"index": questions})
        return IndexGrants(str(answer["username"]), answer["index"])

    def _is_secure(self) -> bool:
        if self._cluster.security_enabled():
            return True
        if not self._insecure_allowed:
            raise ForbiddenError(messages.insecure_cluster_not_served())
        return False

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
            "es-secondary-authorization": caller.secondary_authorization,
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

    def _ask_identity(self, caller: Caller, action: str) -> Identity:
        who = self._call(caller, action, "GET", _AUTHENTICATE)
        actor = who
        if caller.run_as is not None:
            itself = Caller(authorization=caller.authorization, opaque_id=caller.opaque_id)
            actor = self._call(itself, action, "GET", _AUTHENTICATE)
        by_key = actor.get("authentication_type") == "api_key"
        return Identity(
            username=str(who["username"]),
            authenticated_as=None if caller.run_as is None else str(actor["username"]),
            roles=tuple(sorted(who["roles"])),
            api_key_id=str(actor["api_key"]["id"]) if by_key else None,
            service_account=bool(actor.get("metadata", {}).get("_elastic_service_account")),
        )

    def _denial(self, caller: Caller, action: str) -> str:
        """Write the sentence that Elasticsearch would have answered itself."""
        identity = self._ask_identity(caller, action)
        self._identities.put(self._identities.key(*_credentials(caller)), identity)
        return messages.action_unauthorized(action, _subject(identity), _granting(action))


def _credentials(caller: Caller) -> tuple[str | None, str | None, str | None]:
    return caller.authorization, caller.run_as, caller.secondary_authorization


def _subject(identity: Identity) -> str:
    actor = identity.authenticated_as or identity.username
    runs_as = identity.authenticated_as is not None
    if identity.api_key_id is not None:
        text = f"API key id [{identity.api_key_id}] of user [{actor}]"
    elif identity.service_account:
        text = f"service account [{actor}]"
    else:
        text = f"user [{actor}]"
    if runs_as:
        text += f" run as [{identity.username}]"
    if runs_as or (identity.api_key_id is None and not identity.service_account):
        text += f" with effective roles [{','.join(identity.roles)}]"
    return text


def _granting(action: str) -> str:
    if action.startswith("cluster:monitor/xpack/ml/"):
        return _GRANT_MONITOR
    return _GRANT_OTHERS if action.startswith("cluster:monitor/") else _GRANT_ADMIN


def _unauthorized(error: ApiError) -> UnauthorizedError:
    """Keep the challenges: clients decide by them which credentials to send."""
    found = error_body(error)["error"]
    refused = _refusal(found if isinstance(found, Mapping) else {"reason": error_reason(error)})
    challenges: str | Sequence[str] = ()
    for each in (refused, refused.cause):
        header = {} if each is None else each.metadata.get("header", {})
        challenges = challenges or header.get(_CHALLENGE, ())
    joined = challenges if isinstance(challenges, str) else ", ".join(challenges)
    joined = joined or error.meta.headers.get(_CHALLENGE) or 'Basic realm="security"'
    refused.headers[_CHALLENGE] = joined
    return refused


def _refusal(error: Mapping[str, Any]) -> UnauthorizedError:
    """Take over what Elasticsearch says: of secondary credentials the cause says what is wrong."""
    inner = error.get("caused_by")
    cause: MlError | None = None
    if isinstance(inner, Mapping):
        is_refusal = inner.get("type") == UnauthorizedError.type
        cause = _refusal(inner) if is_refusal else UpstreamError(_UNAUTHORIZED, {"error": inner})
    metadata = {name: value for name, value in error.items() if name not in _OWN_MEMBERS}
    return UnauthorizedError(str(error.get("reason", "")), cause=cause, metadata=metadata)
