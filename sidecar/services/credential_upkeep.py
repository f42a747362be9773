"""What becomes of stored credentials over time: orphans, rotation, a list for the operator."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.clock import Clock
from sidecar.errors import CredentialsLostError, VersionConflictError
from sidecar.interfaces import (
    ClusterInfo,
    Credential,
    CredentialStore,
    KeyNotes,
    OwnerKeys,
    Sealing,
)
from sidecar.services.owner_keys import KEY_PREFIX, discard_key, installation_metadata

# A key that is younger may belong to a request that is still on its way.
ORPHAN_AGE_MS = 300_000


@dataclass(frozen=True, slots=True)
class CredentialState:
    """Stored credentials, and whether they can still be read."""

    credential: Credential
    sealing: Sealing


class CredentialUpkeep:
    """Looks after all stored credentials of an installation; see `CredentialService`."""

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
        self._marks = installation_metadata(installation)

    def states(self) -> list[CredentialState]:
        """All stored credentials, sorted by kind and id."""
        found = []
        for credential in self._store.get_all():
            try:
                sealing = self._store.sealing(credential.holder)
            except CredentialsLostError:
                continue  # revoked since
            found.append(CredentialState(credential, sealing))
        return found

    def rotate(self) -> list[CredentialState]:
        """Encrypt everything with the first key; returns the states there were before.

        What cannot be read stays as it is. Raises VersionConflictError never: credentials that
        are replaced meanwhile are encrypted with the first key by who replaces them.
        """
        found = []
        for credential in self._store.get_all():
            try:
                sealing = self._store.reseal(credential.holder)
            except (CredentialsLostError, VersionConflictError):
                continue
            found.append(CredentialState(credential, sealing))
        return found

    def revoke_orphans(self) -> list[str]:
        """Make the keys useless that were made and that nothing holds; returns their names.

        They are left behind by a crash, or by an Elasticsearch that was away at the wrong
        moment. Names of keys that were noted and never made are among them.
        """
        if not self._cluster.security_enabled():
            return []
        # Before the credentials, so that those stored meanwhile are seen to be held.
        made = dict(self._keys.names(KEY_PREFIX, self._marks))
        made |= {note.name: note.created for note in self._notes.get_all()}
        held = {credential.key_name for credential in self._store.get_all()}
        youngest = self._clock() - ORPHAN_AGE_MS
        orphans = sorted(
            name for name, created in made.items() if name not in held and created <= youngest
        )
        return [name for name in orphans if discard_key(self._keys, self._notes, name)]
