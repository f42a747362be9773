"""Credentials that datafeeds and analytics run with, as the user who made them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sidecar import messages
from sidecar.clock import Clock
from sidecar.errors import CredentialsLostError, VersionConflictError
from sidecar.interfaces import (
    Caller,
    ClusterInfo,
    Credential,
    CredentialStore,
    Document,
    Holder,
    HolderKind,
    KeyNotes,
    NotedKey,
    OwnerHeaders,
    OwnerKeys,
)
from sidecar.services.owner_keys import discard_key, key_metadata, new_key_name

# Two users who update the same datafeed at once: one of them tries again.
_ATTEMPTS = 5


class CredentialService:
    """Keeps what background work runs with; with security off in the cluster it keeps nothing.

    Parameters
    ----------
    installation : str
        Tells the API keys of this sidecar from those of another one on the same cluster.

    Notes
    -----
    The name of a key is noted before the key is made and forgotten after it is invalid, so a
    crash at any point leaves a note by which `CredentialUpkeep` finds a key that nobody uses.
    """

    def __init__(
        self,
        store: CredentialStore,
        notes: KeyNotes,
        keys: OwnerKeys,
        cluster: ClusterInfo,
        clock: Clock,
        *,
        installation: str,
    ) -> None:
        self._store = store
        self._notes = notes
        self._keys = keys
        self._cluster = cluster
        self._clock = clock
        self._installation = installation

    def create(self, caller: Caller, kind: HolderKind, holder_id: str) -> Document | None:
        """Keep credentials of the caller, in place of any others; returns what `view` shows.

        Raises ConflictError (no encryption key), UnauthorizedError, ForbiddenError,
        UnavailableError; then nothing has changed.
        """
        with self.replacing(caller, kind, holder_id) as authorization:
            return authorization

    @contextmanager
    def replacing(
        self, caller: Caller, kind: HolderKind, holder_id: str
    ) -> Iterator[Document | None]:
        """Make credentials of the caller; they come into force when the block ends well.

        The configuration is stored inside the block: if that fails, the credentials there were
        stay. The secondary authorization wins over the primary. Raises as `create`.
        """
        holder = Holder(kind, holder_id)
        if not self._cluster.security_enabled():
            yield None
            return
        self._store.require_key(holder)
        credential, headers = self._make(caller.owner, holder)
        try:
            yield credential.owner.authorization
        except BaseException:
            self._discard(credential.key_name)
            raise
        replaced = self._put(credential, headers)
        if replaced is not None:
            self._discard(replaced.key_name)

    def headers_for(self, kind: HolderKind, holder_id: str) -> OwnerHeaders | None:
        """What calls as the owner carry; None with security off: they go as the account.

        Raises CredentialsLostError.
        """
        if not self._cluster.security_enabled():
            return None
        return self._store.headers(Holder(kind, holder_id))

    def view(self, kind: HolderKind, holder_id: str) -> Document | None:
        """What GET shows as `authorization`; None when nothing is stored."""
        found = self._store.get(Holder(kind, holder_id))
        return None if found is None else found[0].owner.authorization

    def require_owner(self, kind: HolderKind, holder_id: str) -> None:
        """Before work starts: raise OwnerRefusedError or CredentialsLostError if it may not.

        A key outlives its user, so the user is asked about.
        """
        if not self._cluster.security_enabled():
            return
        holder = Holder(kind, holder_id)
        found = self._store.get(holder)
        if found is None:
            raise CredentialsLostError(messages.no_stored_credentials(str(holder)))
        self._store.headers(holder)
        self._keys.require_active(holder, found[0].owner)

    def revoke(self, kind: HolderKind, holder_id: str) -> bool:
        """Forget, and make the key useless that was made; False when nothing was stored.

        A caller's own credential is only forgotten.
        """
        holder = Holder(kind, holder_id)
        found = self._store.get(holder)
        if found is None:
            return False
        self._store.delete(holder)
        self._discard(found[0].key_name)
        return True

    def _make(self, owner: Caller, holder: Holder) -> tuple[Credential, OwnerHeaders]:
        who = self._keys.identify(owner)
        now = self._clock()
        name = new_key_name(holder)
        self._notes.add(NotedKey(name, holder, now))
        # When this fails the key may have been made all the same: the note stays.
        made = self._keys.grant(owner, who, name, key_metadata(self._installation, holder))
        if made is None:
            self._notes.remove(name)
            kept = OwnerHeaders(owner.authorization, owner.run_as)
            return Credential(holder, who, None, None, now), kept
        return Credential(holder, who, name, made.key_id, now), made.headers

    def _put(self, credential: Credential, headers: OwnerHeaders) -> Credential | None:
        """Store; returns what was replaced.

        Of a write whose answer is lost nobody knows whether it happened: no key is made useless
        then, `CredentialUpkeep` finds the one that is not held.
        """
        conflict: VersionConflictError | None = None
        for _ in range(_ATTEMPTS):
            found = self._store.get(credential.holder)
            try:
                self._store.put(credential, headers, None if found is None else found[1])
            except VersionConflictError as error:
                conflict = error
            else:
                return None if found is None else found[0]
        self._discard(credential.key_name)
        raise conflict or AssertionError("there is at least one attempt")

    def _discard(self, key_name: str | None) -> None:
        if key_name is not None:
            discard_key(self._keys, self._notes, key_name)
