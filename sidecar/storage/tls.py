"""TLS towards Elasticsearch: trust by CA, or by the fingerprint of one certificate."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Sequence
from hmac import compare_digest
from typing import Any

import urllib3
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from elastic_transport import NodeConfig, Urllib3HttpNode
from urllib3.connection import HTTPSConnection

from sidecar.settings import Settings, SettingsError

# OpenSSL's number of the encoding.
_DER = 2


def client_context(settings: Settings) -> ssl.SSLContext:
    """Make the context of connections to Elasticsearch.

    Raises
    ------
    SettingsError
        If a file cannot be read or is not what it should be; the text names the setting.
    """
    context = _trusting(settings.elasticsearch_ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = settings.elasticsearch_verify == "full"
    if settings.elasticsearch_verify == "none" or settings.elasticsearch_fingerprint:
        # With a fingerprint the chain is checked by `check_fingerprint`, CA or no CA.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate = settings.elasticsearch_client_certificate_file
    if certificate:
        key = settings.elasticsearch_client_key_file or None
        try:
            # Without a passphrase OpenSSL would ask for one on the terminal.
            context.load_cert_chain(
                certificate, key, settings.elasticsearch_client_key_passphrase or ""
            )
        except (OSError, ValueError) as error:
            raise SettingsError(
                "SIDECAR_ELASTICSEARCH_CLIENT_CERTIFICATE_FILE or its key "
                f"[{certificate}, {key}]: {error}"
            ) from error
    return context


def _trusting(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        name = "SIDECAR_ELASTICSEARCH_CA_FILE"
        raise SettingsError(f"{name} [{ca_file}]: {error}") from error


def node_class(settings: Settings) -> type[Urllib3HttpNode]:
    """Give the class that carries requests as the settings want hosts to be verified."""
    fingerprint = settings.elasticsearch_fingerprint
    connection_class = _pinned(fingerprint) if fingerprint else None
    checks_names = settings.elasticsearch_verify == "full" and not fingerprint

    class VerifyingNode(Urllib3HttpNode):
        def __init__(self, config: NodeConfig) -> None:
            super().__init__(config)
            if not isinstance(self.pool, urllib3.HTTPSConnectionPool):
                return
            # The context says whom to trust; the client would add its own list of CAs.
            self.pool.cert_reqs = self.pool.ca_certs = None
            if not checks_names:
                # urllib3 looks at the name itself where the context does not.
                self.pool.assert_hostname = False
            if connection_class is not None:
                self.pool.ConnectionCls = connection_class

    return VerifyingNode


def _pinned(fingerprint: str) -> type[HTTPSConnection]:
    class PinnedConnection(HTTPSConnection):
        def connect(self) -> None:
            """Connect; no request is sent before the certificate is found to be the right one."""
            super().connect()
            try:
                check_fingerprint(_presented(self.sock), fingerprint)
            except ssl.SSLError:
                self.close()
                raise
            self.is_verified = True

    return PinnedConnection


def _presented(sock: Any) -> list[bytes]:
    """Certificates as the server sent them, its own first, in DER."""
    if hasattr(sock, "get_unverified_chain"):  # from Python 3.13 on
        return [bytes(certificate) for certificate in sock.get_unverified_chain()]
    # The same thing under a private name.
    certificates = sock._sslobj.get_unverified_chain()
    return [certificate.public_bytes(_DER) for certificate in certificates]


def check_fingerprint(chain: Sequence[bytes], fingerprint: str) -> None:
    """Check that the first certificate is the one of the fingerprint, or was issued under it.

    Signatures are followed up to the pinned certificate: to send a copy of it along proves nothing.

    Parameters
    ----------
    chain : sequence of bytes
        What the server presented, in DER.
    fingerprint : str
        SHA-256, 64 lower-case hexadecimal digits.

    Raises
    ------
    ssl.SSLError
        If no signature leads there.
    """
    pinned = bytes.fromhex(fingerprint)
    own, *others = [x509.load_der_x509_certificate(der) for der in chain]
    by_digest = [compare_digest(hashlib.sha256(der).digest(), pinned) for der in chain]
    if by_digest[0]:
        return
    left = list(zip(others, by_digest[1:], strict=True))
    current = own
    while issuer := next((one for one in left if _issued(current, one[0])), None):
        if issuer[1]:
            return
        left.remove(issuer)
        current = issuer[0]
    found = hashlib.sha256(chain[0]).hexdigest()
    raise ssl.SSLError(
        f"the certificate [{found}] is not that of the fingerprint [{fingerprint}] "
        "and was not issued under it"
    )


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        if not constraints.ca:
            return False
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return True
