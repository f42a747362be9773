"""API keys for owners of background work, made and invalidated by the sidecar's own account."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from elasticsearch import ApiError

from sidecar import messages
from sidecar.errors import (
    ForbiddenError,
    MlError,
    OwnerRefusedError,
    UnauthorizedError,
    UnavailableError,
)
from sidecar.interfaces import Caller, GrantedKey, Holder, Owner, OwnerHeaders
from sidecar.storage.client import (
    RETRY_AFTER,
    Connection,
    error_reason,
    to_ml_error,
    translated_errors,
)
from sidecar.storage.key_cloning import KeyCloning
from sidecar.storage.key_grants import grant_key

_CHALLENGE = "WWW-Authenticate"
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_SERVICE_ACCOUNT = "_service_account"
# Realms whose users the user API tells; a user of another realm is not found there.
_KNOWN_REALMS = ("native", "reserved")


class ElasticsearchOwnerKeys:
    """Implements `interfaces.OwnerKeys`.

    Who came with a password gets a key granted for it. An API key is cloned where `cloning` can;
    a bearer token is exchanged where the licence lets. Of everybody else, and of service
    accounts, no key is made.
    """

    def __init__(self, connection: Connection, cloning: KeyCloning) -> None:
        self._connection = connection
        self._cloning = cloning

    def identify(self, caller: Caller) -> Owner:
        """See `interfaces.OwnerKeys.identify`."""
        headers = {
            "accept": "application/json",
            **OwnerHeaders(caller.authorization, caller.run_as).as_headers(),
        }
        with translated_errors():
            try:
                found = self._connection.client_without_account.perform_request(
                    "GET", "/_security/_authenticate", headers=headers
                ).body
            except ApiError as error:
                if (refusal := _refusal(error)) is not None:
                    raise refusal from error
                raise
        return _owner(found)

    def grant(
        self, caller: Caller, owner: Owner, name: str, metadata: Mapping[str, str]
    ) -> GrantedKey | None:
        """See `interfaces.OwnerKeys.grant`."""
        scheme, _, credential = (caller.authorization or "").strip().partition(" ")
        credential = credential.strip()
        if scheme.lower() == "basic":
            return self._grant_for_password(caller, credential, name, metadata)
        if scheme.lower() == "apikey" and caller.run_as is None:
            return self._cloning.clone(owner, name, metadata)
        if scheme.lower() == "bearer" and owner.realm_type != _SERVICE_ACCOUNT:
            return self._grant_for_token(caller, credential, name, metadata)
        return None

    def invalidate(self, name: str) -> None:
        """See `interfaces.OwnerKeys.invalidate`."""
        with translated_errors():
            self._connection.client.security.invalidate_api_key(name=name)

    def names(self, prefix: str, metadata: Mapping[str, str]) -> Mapping[str, int]:
        """See `interfaces.OwnerKeys.names`."""
        with translated_errors():
            try:
                found = self._connection.client.security.get_api_key(
                    name=f"{prefix}*", active_only=True
                )
            except ApiError as error:
                if error.status_code == _FORBIDDEN:
                    return {}
                raise
        return {
            key["name"]: key["creation"]
            for key in found["api_keys"]
            if metadata.items() <= (key.get("metadata") or {}).items()
        }

    def require_active(self, holder: Holder, owner: Owner) -> None:
        """See `interfaces.OwnerKeys.require_active`."""
        if owner.realm_type not in _KNOWN_REALMS:
            return
        with translated_errors():
            try:
                found = self._connection.client.security.get_user(username=owner.username)
            except ApiError as error:
                if error.status_code == _FORBIDDEN:
                    return
                if error.status_code != _NOT_FOUND:
                    raise
                found = None
        if found is None or owner.username not in found:
            raise OwnerRefusedError(messages.owner_deleted(str(holder), owner.username))
        if not found[owner.username]["enabled"]:
            raise OwnerRefusedError(messages.owner_disabled(str(holder), owner.username))

    def _grant_for_password(
        self, caller: Caller, credential: str, name: str, metadata: Mapping[str, str]
    ) -> GrantedKey:
        username, password = _user_and_password(credential)
        grant = {"grant_type": "password", "username": username, "password": password}
        try:
            return self._grant(grant, caller.run_as, name, metadata)
        except ApiError as error:
            raise _grant_error(error) from error

    def _grant_for_token(
        self, caller: Caller, token: str, name: str, metadata: Mapping[str, str]
    ) -> GrantedKey | None:
        grant = {"grant_type": "access_token", "access_token": token}
        try:
            return self._grant(grant, caller.run_as, name, metadata)
        except ApiError as error:
            if error.status_code in (400, _UNAUTHORIZED, _FORBIDDEN):
                return None  # not a token that can be exchanged, or not with this licence
            raise to_ml_error(error) from error

    def _grant(
        self, grant: Mapping[str, str], run_as: str | None, name: str, metadata: Mapping[str, str]
    ) -> GrantedKey:
        return grant_key(self._connection, grant, run_as, {"name": name, "metadata": metadata})


def _owner(found: Mapping[str, Any]) -> Owner:
    username, realm = found["username"], found["lookup_realm"]["type"]
    if found.get("authentication_type") == "api_key":
        key = found["api_key"]
        return Owner(username, realm, {"api_key": {"id": key["id"], "name": key["name"]}})
    if realm == _SERVICE_ACCOUNT:
        return Owner(username, realm, {"service_account": username})
    return Owner(username, realm, {"roles": list(found["roles"])})


def _user_and_password(credential: str) -> tuple[str, str]:
    """Read what Elasticsearch has just accepted as Basic authentication."""
    # Elasticsearch does not insist on the padding.
    text = base64.b64decode(credential + "==").decode("utf-8", "replace")
    username, _, password = text.partition(":")
    return username, password


def _refusal(error: ApiError) -> MlError | None:
    """Tell what is the caller's fault."""
    if error.status_code == _UNAUTHORIZED:
        challenge = error.meta.headers.get(_CHALLENGE) or 'Basic realm="security"'
        return UnauthorizedError(error_reason(error), headers={_CHALLENGE: challenge})
    if error.status_code == _FORBIDDEN:
        return ForbiddenError(error_reason(error))
    return None


def _grant_error(error: ApiError) -> MlError:
    """Tell the caller's fault from one of the sidecar's account; both are 403."""
    reason = error_reason(error)
    if error.status_code != _FORBIDDEN:
        return to_ml_error(error)
    if "unauthorized to run as" in reason:
        return ForbiddenError(reason)
    if "authenticate api key grant" in reason:
        return UnauthorizedError(reason, headers={_CHALLENGE: 'Basic realm="security"'})
    return UnavailableError(messages.cannot_grant(reason), headers=RETRY_AFTER)
