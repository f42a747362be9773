"""Certificates for tests, as files."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

HERE = "127.0.0.1"
PAST = datetime(2020, 1, 1, tzinfo=UTC)


def authority(name: str = "ml-sidecar test") -> trustme.CA:
    """Make a CA; two of one name differ in their keys alone."""
    return trustme.CA(organization_name=name, organization_unit_name=name)


def authority_file(path: Path, ca: trustme.CA) -> str:
    """Write the certificate of a CA; returns the path."""
    ca.cert_pem.write_to_path(str(path))
    return str(path)


def certificate_file(
    path: Path,
    ca: trustme.CA,
    host: str = HERE,
    *,
    expired: bool = False,
    chain: Sequence[trustme.CA] = (),
) -> str:
    """Write key and certificate into one file, with certificates of `chain` behind them."""
    made = ca.issue_cert(host, not_after=PAST if expired else None)
    path.write_bytes(
        made.private_key_and_cert_chain_pem.bytes()
        + b"".join(one.cert_pem.bytes() for one in chain)
    )
    return str(path)


def locked_key_file(path: Path, source: str, passphrase: str) -> str:
    """Write the key of `source` again, under a passphrase."""
    key = load_pem_private_key(Path(source).read_bytes(), password=None)
    lock = BestAvailableEncryption(passphrase.encode())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
    return str(path)


def fingerprint(pem: str) -> str:
    """SHA-256 of the first certificate in a PEM text."""
    begin = pem.index("-----BEGIN CERTIFICATE-----")
    end = pem.index("-----END CERTIFICATE-----", begin) + len("-----END CERTIFICATE-----")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem[begin:end])).hexdigest()
