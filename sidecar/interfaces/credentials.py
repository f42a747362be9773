"""Stored credentials: what work that outlives its request runs with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from sidecar.interfaces.callers import Caller
from sidecar.interfaces.configurations import Versioned
from sidecar.interfaces.documents import Document


class HolderKind(StrEnum):
    """What may hold credentials."""

    DATAFEED = "datafeed"
    ANALYTICS = "data_frame_analytics"


@dataclass(frozen=True, slots=True)
class Holder:
    """The datafeed or analytics job that runs as its owner."""

    kind: HolderKind
    holder_id: str

    def __str__(self) -> str:
        return f"{self.kind} [{self.holder_id}]"


@dataclass(frozen=True, slots=True)
class OwnerHeaders:
    """What a call as the owner carries; never logged, never answered."""

    authorization: str | None = field(default=None, repr=False)
    run_as: str | None = None

    def as_headers(self) -> dict[str, str]:
        """The headers by name."""
        given = {"authorization": self.authorization, "es-security-runas-user": self.run_as}
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Owner:
    """Who a caller turned out to be.

    Attributes
    ----------
    username : str
        The user whose rights count: with run-as the other one, with an API key its creator.
    realm_type : str
        Type of the realm that knows the user; `_es_api_key` for API keys, whose creator's realm
        is not told.
    authorization : mapping
        What GET shows: `{"roles": [...]}`, `{"api_key": {"id", "name"}}` or
        `{"service_account": "..."}`.
    """

    username: str
    realm_type: str
    authorization: Document


@dataclass(frozen=True, slots=True)
class GrantedKey:
    """An API key that was made for an owner."""

    key_id: str
    headers: OwnerHeaders


@dataclass(frozen=True, slots=True)
class Credential:
    """What may be known about stored credentials.

    Attributes
    ----------
    key_name, key_id : str, optional
        The API key that was made for the owner; None when the caller's own credential is kept.
    created : int
        Epoch milliseconds.
    """

    holder: Holder
    owner: Owner
    key_name: str | None
    key_id: str | None
    created: int


@dataclass(frozen=True, slots=True)
class NotedKey:
    """An API key that was about to be made at `created` (epoch milliseconds), and maybe was."""

    name: str
    holder: Holder
    created: int


class Sealing(StrEnum):
    """How a stored secret stands to the keys of the settings."""

    CURRENT = "current"
    OLD = "old key"
    LOST = "cannot be read"


class CredentialStore(Protocol):
    """Credentials in the sidecar's own index; the secret part encrypted."""

    def require_key(self, holder: Holder) -> None:
        """Raise ConflictError when there is no encryption key to keep credentials with."""

    def get(self, holder: Holder) -> tuple[Credential, Versioned] | None:
        """What is known; None when nothing is stored."""

    def get_all(self) -> list[Credential]:
        """All of them, sorted by kind and id."""

    def put(self, credential: Credential, headers: OwnerHeaders, version: Versioned | None) -> None:
        """Create (None) or compare-and-set; raises VersionConflictError, ConflictError (no key)."""

    def headers(self, holder: Holder) -> OwnerHeaders:
        """The secret part; raises CredentialsLostError when there is none or it cannot be read."""

    def delete(self, holder: Holder) -> None:
        """Forget; gone already is fine."""

    def sealing(self, holder: Holder) -> Sealing:
        """Whether the secret can be read, and with which key."""

    def reseal(self, holder: Holder) -> Sealing:
        """Encrypt with the first key of the settings; returns how the secret stood before."""


class KeyNotes(Protocol):
    """Names of the API keys that are made, noted before: no crash leaves one unknown."""

    def add(self, note: NotedKey) -> None:
        """Note a key that is about to be made."""

    def remove(self, name: str) -> None:
        """The key is invalid now, or was never made."""

    def get_all(self) -> list[NotedKey]:
        """All keys that may be valid."""


class OwnerKeys(Protocol):
    """API keys for owners, made and invalidated by the sidecar's own account."""

    def identify(self, caller: Caller) -> Owner:
        """Who calls, asked anew; raises UnauthorizedError, ForbiddenError (run-as)."""

    def grant(
        self, caller: Caller, owner: Owner, name: str, metadata: Mapping[str, str]
    ) -> GrantedKey | None:
        """Make an API key with the rights of the caller.

        None when there is no way to make one for such a caller. Raises UnauthorizedError,
        ForbiddenError, UnavailableError (the sidecar's account may not).
        """

    def invalidate(self, name: str) -> None:
        """Make the key of this name useless; one that does not exist is fine."""

    def names(self, prefix: str, metadata: Mapping[str, str]) -> Mapping[str, int]:
        """Valid keys with these metadata: name -> epoch milliseconds of creation.

        Empty where the sidecar's account may not list keys.
        """

    def require_active(self, holder: Holder, owner: Owner) -> None:
        """Raise OwnerRefusedError when the owner was deleted or disabled, as far as can be told."""
