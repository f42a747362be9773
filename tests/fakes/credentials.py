"""Stored credentials and a cluster's API keys in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar import messages
from sidecar.errors import (
    ConflictError,
    CredentialsLostError,
    OwnerRefusedError,
    UnauthorizedError,
    VersionConflictError,
)
from sidecar.interfaces import (
    Caller,
    Credential,
    GrantedKey,
    Holder,
    NotedKey,
    Owner,
    OwnerHeaders,
    Sealing,
    Versioned,
)
from tests.fakes.failing import Failing


@dataclass(frozen=True, slots=True)
class _Sealed:
    credential: Credential
    headers: OwnerHeaders
    key: str
    seq_no: int


class FakeCredentialStore(Failing):
    """Implements `interfaces.CredentialStore`; `keys` are the encryption keys, first one seals."""

    def __init__(self, *keys: str) -> None:
        super().__init__()
        self.keys = list(keys or ("key",))
        self._stored: dict[Holder, _Sealed] = {}
        self._seq_no = 0

    def require_key(self, holder: Holder) -> None:
        if not self.keys:
            raise ConflictError(messages.no_encryption_key(str(holder)))

    def get(self, holder: Holder) -> tuple[Credential, Versioned] | None:
        self._called("get")
        found = self._stored.get(holder)
        return None if found is None else (found.credential, Versioned(found.seq_no, 1))

    def get_all(self) -> list[Credential]:
        self._called("get_all")
        found = [sealed.credential for sealed in self._stored.values()]
        return sorted(found, key=lambda one: (one.holder.kind, one.holder.holder_id))

    def put(self, credential: Credential, headers: OwnerHeaders, version: Versioned | None) -> None:
        self._called("put")
        holder = credential.holder
        self.require_key(holder)
        known = self._stored.get(holder)
        if (known and known.seq_no) != (version and version.seq_no):
            raise VersionConflictError(f"[{holder}]: version conflict")
        self._seq_no += 1
        self._stored[holder] = _Sealed(credential, headers, self.keys[0], self._seq_no)

    def headers(self, holder: Holder) -> OwnerHeaders:
        self._called("headers")
        sealed = self._sealed(holder)
        if sealed.key not in self.keys:
            raise CredentialsLostError(messages.credentials_unreadable(str(holder)))
        return sealed.headers

    def delete(self, holder: Holder) -> None:
        self._called("delete")
        self._stored.pop(holder, None)

    def sealing(self, holder: Holder) -> Sealing:
        self._called("sealing")
        sealed = self._sealed(holder)
        if sealed.key not in self.keys:
            return Sealing.LOST
        return Sealing.CURRENT if sealed.key == self.keys[0] else Sealing.OLD

    def reseal(self, holder: Holder) -> Sealing:
        sealing = self.sealing(holder)
        if sealing is Sealing.OLD:
            found = self._stored[holder]
            self.put(found.credential, found.headers, Versioned(found.seq_no, 1))
        return sealing

    def _sealed(self, holder: Holder) -> _Sealed:
        if holder not in self._stored:
            raise CredentialsLostError(messages.no_stored_credentials(str(holder)))
        return self._stored[holder]


class FakeKeyNotes(Failing):
    """Implements `interfaces.KeyNotes`."""

    def __init__(self) -> None:
        super().__init__()
        self._notes: dict[str, NotedKey] = {}

    def add(self, note: NotedKey) -> None:
        self._called("add")
        self._notes[note.name] = note

    def remove(self, name: str) -> None:
        self._called("remove")
        self._notes.pop(name, None)

    def get_all(self) -> list[NotedKey]:
        self._called("get_all")
        return [self._notes[name] for name in sorted(self._notes)]


@dataclass(slots=True)
class FakeKey:
    """An API key of the imagined cluster."""

    owner: str
    metadata: dict[str, str]
    created: int


@dataclass(slots=True)
class FakeUser:
    """A user: `Basic <name>` gets keys granted, `Bearer <name>` does not."""

    roles: list[str] = field(default_factory=list)
    enabled: bool = True


class FakeOwnerKeys(Failing):
    """Implements `interfaces.OwnerKeys`.

    `users` are known by name, which is also their credential; `valid` holds the API keys by name,
    `lists_keys` says whether the sidecar's account may see them. `lose_answer` is raised by
    `grant` after it has made the key.
    """

    def __init__(self, now: int = 0) -> None:
        super().__init__()
        self.now = now
        self.users: dict[str, FakeUser] = {}
        self.valid: dict[str, FakeKey] = {}
        self.lists_keys = False
        self.lose_answer: BaseException | None = None

    def identify(self, caller: Caller) -> Owner:
        self._called("identify")
        name = (caller.authorization or "").partition(" ")[2]
        if name not in self.users:
            raise UnauthorizedError(f"unable to authenticate user [{name}]")
        username = caller.run_as or name
        return Owner(username, "native", {"roles": self.users[username].roles})

    def grant(
        self, caller: Caller, owner: Owner, name: str, metadata: Mapping[str, str]
    ) -> GrantedKey | None:
        self._called("grant")
        if not (caller.authorization or "").startswith("Basic "):
            return None
        self.valid[name] = FakeKey(owner.username, dict(metadata), self.now)
        if self.lose_answer is not None:
            raise self.lose_answer
        return GrantedKey(f"id of {name}", OwnerHeaders(f"ApiKey {name}"))

    def invalidate(self, name: str) -> None:
        self._called("invalidate")
        self.valid.pop(name, None)

    def names(self, prefix: str, metadata: Mapping[str, str]) -> Mapping[str, int]:
        self._called("names")
        if not self.lists_keys:
            return {}
        return {
            name: key.created
            for name, key in self.valid.items()
            if name.startswith(prefix) and metadata.items() <= key.metadata.items()
        }

    def require_active(self, holder: Holder, owner: Owner) -> None:
        self._called("require_active")
        user = self.users.get(owner.username)
        if user is None:
            raise OwnerRefusedError(messages.owner_deleted(str(holder), owner.username))
        if not user.enabled:
            raise OwnerRefusedError(messages.owner_disabled(str(holder), owner.username))
