"""A second API key with the rights of a caller's own."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from elasticsearch import ApiError

from sidecar.clock import Clock
from sidecar.interfaces import GrantedKey, Owner
from sidecar.settings import Settings
from sidecar.storage.client import Connection, error_reason, to_ml_error, translated_errors
from sidecar.storage.key_grants import grant_key

logger = logging.getLogger(__name__)

_REFUSED = (400, 401, 403)
# What a key may do, and whose it is; a clone has to agree in all of it.
_RIGHTS = ("type", "username", "realm", "realm_type", "role_descriptors", "limited_by")


class KeyCloning:
    """Clones API keys where the sidecar's account may: no grant takes an API key.

    The account needs a password of its own, `read_security`, `grant_api_key` and `run_as` for
    the creator of the key. The creator may have got other rights since, or be a user of the same
    name in another realm: a clone whose rights are not exactly those of the original is dropped.
    """

    def __init__(self, connection: Connection, settings: Settings, clock: Clock) -> None:
        self._connection = connection
        self._username = settings.elasticsearch_username
        self._password = settings.elasticsearch_password
        self._has_password = bool(self._username) and not settings.elasticsearch_api_key
        self._clock = clock

    def clone(self, owner: Owner, name: str, metadata: Mapping[str, str]) -> GrantedKey | None:
        """Make a key like the one in `owner.authorization`; None where that cannot be done."""
        if not self._has_password:
            return None
        original = self._read(owner.authorization["api_key"]["id"])
        if original is None:
            return None
        wanted: dict[str, Any] = {
            "name": name,
            "metadata": metadata,
            "role_descriptors": original["role_descriptors"],
        }
        if (expiration := original.get("expiration")) is not None:
            wanted["expiration"] = f"{max(1, expiration - self._clock())}ms"
        grant = {
            "grant_type": "password",
            "username": self._username,
            "password": self._password,
        }
        try:
            made = grant_key(self._connection, grant, original["username"], wanted)
        except ApiError as error:
            if error.status_code in _REFUSED:
                logger.info("an API key is not cloned: %s", error_reason(error))
                return None
            raise to_ml_error(error) from error
        return made if self._is_same(original, made, name) else None

    def _is_same(self, original: Mapping[str, Any], made: GrantedKey, name: str) -> bool:
        found = self._read(made.key_id)
        if found is not None and all(found.get(part) == original.get(part) for part in _RIGHTS):
            return True
        logger.info("an API key is not cloned: the rights of its creator are not what they were")
        with translated_errors():
            self._connection.client.security.invalidate_api_key(name=name)
        return False

    def _read(self, key_id: str) -> Mapping[str, Any] | None:
        with translated_errors():
            try:
                found = self._connection.client.security.get_api_key(
                    id=key_id, with_limited_by=True
                )
            except ApiError as error:
                if error.status_code in (*_REFUSED, 404):
                    return None
                raise
        keys: list[Mapping[str, Any]] = found["api_keys"]
        return keys[0] if keys else None
