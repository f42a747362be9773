"""Credentials of owners in the sidecar's own index; the secret part encrypted."""

from __future__ import annotations

from typing import Any

from sidecar import codec, messages
from sidecar.errors import ConflictError, CredentialsLostError
from sidecar.interfaces import (
    Credential,
    Holder,
    HolderKind,
    Owner,
    OwnerHeaders,
    Sealing,
    Versioned,
)
from sidecar.storage.client import Connection
from sidecar.storage.documents import Documents, Stored
from sidecar.storage.key_notes import list_documents
from sidecar.storage.names import Names
from sidecar.storage.vault import Vault, VaultError

_CREDENTIAL = "credential"


class ElasticsearchCredentialStore:
    """Implements `interfaces.CredentialStore`."""

    def __init__(self, connection: Connection, names: Names, vault: Vault) -> None:
        self._connection = connection
        self._index = names.sidecar
        self._documents = Documents(connection, names.sidecar)
        self._vault = vault

    def require_key(self, holder: Holder) -> None:
        """See `interfaces.CredentialStore.require_key`."""
        if not self._vault.can_seal:
            raise ConflictError(messages.no_encryption_key(str(holder)))

    def get(self, holder: Holder) -> tuple[Credential, Versioned] | None:
        """See `interfaces.CredentialStore.get`."""
        stored = self._documents.get(_document_id(holder))
        return None if stored is None else (_credential(stored.source), stored.version)

    def get_all(self) -> list[Credential]:
        """See `interfaces.CredentialStore.get_all`."""
        sources = list_documents(self._connection, self._index, _CREDENTIAL)
        found = map(_credential, sources)
        return sorted(found, key=lambda one: (one.holder.kind, one.holder.holder_id))

    def put(self, credential: Credential, headers: OwnerHeaders, version: Versioned | None) -> None:
        """See `interfaces.CredentialStore.put`."""
        holder = credential.holder
        self.require_key(holder)
        source = {
            "type": _CREDENTIAL,
            "kind": holder.kind.value,
            "holder_id": holder.holder_id,
            "username": credential.owner.username,
            "realm_type": credential.owner.realm_type,
            "authorization": credential.owner.authorization,
            "key_name": credential.key_name,
            "key_id": credential.key_id,
            "created": credential.created,
            "sealed": self._vault.seal(_to_bytes(headers), _place(holder)),
        }
        if version is None:
            self._documents.create(_document_id(holder), source, refresh=False)
        else:
            self._documents.replace(_document_id(holder), source, version, refresh=False)

    def headers(self, holder: Holder) -> OwnerHeaders:
        """See `interfaces.CredentialStore.headers`."""
        sealed = _sealed(self._stored(holder))
        try:
            return _from_bytes(self._vault.open(sealed, _place(holder)))
        except VaultError as error:
            raise CredentialsLostError(messages.credentials_unreadable(str(holder))) from error

    def delete(self, holder: Holder) -> None:
        """See `interfaces.CredentialStore.delete`."""
        self._documents.delete(_document_id(holder), refresh=False)

    def sealing(self, holder: Holder) -> Sealing:
        """See `interfaces.CredentialStore.sealing`."""
        return self._opened(self._stored(holder), holder)[0]

    def reseal(self, holder: Holder) -> Sealing:
        """See `interfaces.CredentialStore.reseal`."""
        stored = self._stored(holder)
        sealing, secret = self._opened(stored, holder)
        if sealing is Sealing.OLD:
            sealed = self._vault.seal(secret, _place(holder))
            source = {**stored.source, "sealed": sealed}
            self._documents.replace(_document_id(holder), source, stored.version, refresh=False)
        return sealing

    def _stored(self, holder: Holder) -> Stored:
        stored = self._documents.get(_document_id(holder))
        if stored is None:
            raise CredentialsLostError(messages.no_stored_credentials(str(holder)))
        return stored

    def _opened(self, stored: Stored, holder: Holder) -> tuple[Sealing, bytes]:
        sealed = _sealed(stored)
        try:
            secret = self._vault.open(sealed, _place(holder))
        except VaultError:
            return Sealing.LOST, b""
        return (Sealing.CURRENT if self._vault.is_current(sealed) else Sealing.OLD), secret


def _credential(source: dict[str, Any]) -> Credential:
    return Credential(
        holder=Holder(HolderKind(source["kind"]), source["holder_id"]),
        owner=Owner(source["username"], source["realm_type"], source["authorization"]),
        key_name=source["key_name"],
        key_id=source["key_id"],
        created=source["created"],
    )


def _sealed(stored: Stored) -> str:
    return str(stored.source.get("sealed", ""))


def _to_bytes(headers: OwnerHeaders) -> bytes:
    return codec.dumps({"authorization": headers.authorization, "run_as": headers.run_as})


def _from_bytes(secret: bytes) -> OwnerHeaders:
    found = codec.loads(secret)
    return OwnerHeaders(found["authorization"], found["run_as"])


def _document_id(holder: Holder) -> str:
    return f"{_CREDENTIAL}_{holder.kind}_{holder.holder_id}"


def _place(holder: Holder) -> tuple[str, str]:
    return holder.kind.value, holder.holder_id
