"""Encryption of stored secrets: AES-256-GCM with keys from the settings."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sidecar import codec
from sidecar.settings import decode_keys

_VERSION = b"\x01"
_KEY_BYTES = 32
_KEY_ID_BYTES = 8
# NIST SP 800-38D: 96 random bits are safe for 2**32 secrets under one key.
_NONCE_BYTES = 12
_HEADER_BYTES = len(_VERSION) + _KEY_ID_BYTES


class VaultError(ValueError):
    """A sealed secret cannot be opened: wrong key, wrong place, or it was changed."""


@dataclass(frozen=True, slots=True, repr=False)
class _Key:
    key_id: bytes
    cipher: AESGCM


class Vault:
    """Seals secrets and opens them.

    Parameters
    ----------
    keys : str
        The setting `encryption_key`: 32 bytes each in URL-safe base64, separated by commas. The
        first seals, all open. Empty: the vault cannot be used.
    purpose : str
        What the secrets are; subkeys are derived for it (HKDF-SHA256, RFC 5869), so that a
        secret of another purpose does not open.

    Notes
    -----
    A sealed secret is URL-safe base64 of: version (1 byte), key id (8), nonce (12), ciphertext
    with tag (16). Version, key id and `place` are authenticated too (AES-GCM associated data):
    a secret that is moved to another place does not open.
    """

    def __init__(self, keys: str, purpose: str) -> None:
        self._keys = [_derive(key, purpose) for key in decode_keys(keys)]

    @property
    def can_seal(self) -> bool:
        """Whether there is a key."""
        return bool(self._keys)

    def seal(self, secret: bytes, place: Sequence[str]) -> str:
        """Encrypt with the first key; raises VaultError when there is none."""
        if not self._keys:
            raise VaultError("there is no encryption key")
        key = self._keys[0]
        header = _VERSION + key.key_id
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = key.cipher.encrypt(nonce, secret, _associated(header, place))
        return base64.urlsafe_b64encode(header + nonce + sealed).decode("ascii")

    def open(self, sealed: str, place: Sequence[str]) -> bytes:
        """Decrypt what was sealed for this place; raises VaultError."""
        data = _decode(sealed)
        header, nonce = data[:_HEADER_BYTES], data[_HEADER_BYTES : _HEADER_BYTES + _NONCE_BYTES]
        for key in self._keys:
            if header == _VERSION + key.key_id:
                try:
                    return key.cipher.decrypt(
                        nonce, data[_HEADER_BYTES + _NONCE_BYTES :], _associated(header, place)
                    )
                except (InvalidTag, ValueError) as error:
                    raise VaultError("the secret was changed or moved") from error
        raise VaultError("no key opens the secret")

    def is_current(self, sealed: str) -> bool:
        """Whether the first key sealed it."""
        return bool(self._keys) and _decode(sealed).startswith(_VERSION + self._keys[0].key_id)


def _derive(key: bytes, purpose: str) -> _Key:
    return _Key(
        key_id=_expand(key, f"ml-sidecar key id: {purpose}", _KEY_ID_BYTES),
        cipher=AESGCM(_expand(key, f"ml-sidecar encryption: {purpose}", _KEY_BYTES)),
    )


def _expand(key: bytes, info: str, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info.encode()).derive(key)


def _associated(header: bytes, place: Sequence[str]) -> bytes:
    # MessagePack tells ["ab", "c"] from ["a", "bc"].
    return header + codec.pack(list(place))


def _decode(sealed: str) -> bytes:
    try:
        data = base64.b64decode(sealed.encode("ascii"), altchars=b"-_", validate=True)
    except ValueError as error:
        raise VaultError("a sealed secret is URL-safe base64") from error
    # Base64 leaves bits unused at its end: only one spelling of a secret is right.
    if base64.urlsafe_b64encode(data).decode("ascii") != sealed:
        raise VaultError("a sealed secret is URL-safe base64")
    return data
