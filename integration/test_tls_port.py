"""The sidecar's own port with TLS."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from elasticsearch import Elasticsearch

from integration.certificates import (
    HERE,
    authority,
    authority_file,
    certificate_file,
    locked_key_file,
)
from integration.crash.careful_client import wait_for
from integration.elasticsearch import Cluster, basic
from integration.sidecar_process import SidecarProcess, serve_until_it_ends
from sidecar.api.paced_socket import Patience

pytestmark = pytest.mark.integration

PASSPHRASE = "open sesame"  # noqa: S105 - of a key that lives as long as the test


@dataclass(frozen=True)
class Port:
    """A sidecar with TLS, and the files of its callers."""

    sidecar: SidecarProcess
    certificate: Path
    folder: Path

    @property
    def address(self) -> tuple[str, int]:
        found = urlsplit(self.sidecar.url)
        return found.hostname or "", found.port or 0

    @property
    def ca(self) -> str:
        return str(self.folder / "ca.pem")

    def context(self, ca: str | None = None, client: str | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=ca or self.ca)
        if client is not None:
            context.load_cert_chain(client)
        return context

    def status(self, context: ssl.SSLContext, authorization: str | None = None) -> int:
        connection = http.client.HTTPSConnection(*self.address, timeout=60, context=context)
        try:
            headers = {} if authorization is None else {"Authorization": authorization}
            connection.request("GET", "/_ml/anomaly_detectors", headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def serial(self) -> str:
        """Serial number of the certificate that a new connection is shown."""
        with (
            socket.create_connection(self.address, timeout=60) as raw,
            self.context().wrap_socket(raw, server_hostname=HERE) as sock,
        ):
            return str((sock.getpeercert() or {})["serialNumber"])


@pytest.fixture(scope="module")
def port(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Port]:
    folder = tmp_path_factory.mktemp("tls")
    ca, other = authority(), authority("other")
    authority_file(folder / "ca.pem", ca)
    authority_file(folder / "other-ca.pem", other)
    certificate = certificate_file(folder / "server.pem", ca)
    certificate_file(folder / "next.pem", ca)
    sidecar = SidecarProcess.start(
        cluster,
        folder / "data",
        settings={
            "SIDECAR_TLS_CERTIFICATE_FILE": certificate,
            "SIDECAR_TLS_KEY_FILE": locked_key_file(folder / "key.pem", certificate, PASSPHRASE),
            "SIDECAR_TLS_KEY_PASSPHRASE": PASSPHRASE,
        },
    )
    yield Port(sidecar, Path(certificate), folder)
    assert sidecar.stop() == 0


@pytest.fixture(scope="module")
def closed_port(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Port]:
    """One for callers with a certificate."""
    folder = tmp_path_factory.mktemp("mutual")
    ca, other = authority(), authority("other")
    authority_file(folder / "ca.pem", ca)
    certificate = certificate_file(folder / "server.pem", ca)
    certificate_file(folder / "client.pem", ca, "caller")
    certificate_file(folder / "stranger.pem", other, "caller")
    certificate_file(folder / "expired.pem", ca, "caller", expired=True)
    sidecar = SidecarProcess.start(
        cluster,
        folder / "data",
        settings={
            "SIDECAR_TLS_CERTIFICATE_FILE": certificate,
            "SIDECAR_TLS_CLIENT_CA_FILE": str(folder / "ca.pem"),
        },
    )
    yield Port(sidecar, Path(certificate), folder)
    assert sidecar.stop() == 0


def test_a_client_that_knows_the_ca_is_served(port: Port, cluster: Cluster) -> None:
    with Elasticsearch(
        port.sidecar.url, ca_certs=port.ca, basic_auth=(cluster.username, cluster.password)
    ) as client:
        assert client.ml.get_jobs(allow_no_match=True)["count"] >= 0
    assert port.status(port.context()) == 401


def test_readiness_is_told_with_the_scheme(port: Port) -> None:
    wait_for(
        lambda: f"is ready: {port.sidecar.url}" in port.sidecar.log.read_text(), "a word of it"
    )
    assert port.sidecar.url.startswith("https://")


def test_a_client_that_trusts_others_is_not_fooled(port: Port) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        port.status(port.context(str(port.folder / "other-ca.pem")))


def test_versions_before_1_2_are_refused(port: Port) -> None:
    context = port.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError, match=r"(?i)ssl|reset"):
        port.status(context)


def test_plain_http_gets_no_answer_and_harms_nobody(port: Port) -> None:
    with socket.create_connection(port.address, timeout=60) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic c2VjcmV0\r\n\r\n")
        received = sock.recv(1000)
    assert not received.startswith(b"HTTP/")
    log = port.sidecar.log.read_text()
    assert "Traceback" not in log
    assert "c2VjcmV0" not in log
    assert port.status(port.context()) == 401


def half_a_hello(context: ssl.SSLContext) -> bytes:
    """The first half of what a client begins with."""
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=HERE)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = outgoing.read()
    return hello[: len(hello) // 2]


def test_a_handshake_that_never_ends_is_ended(port: Port) -> None:
    with socket.create_connection(port.address, timeout=Patience().head_s + 30.0) as sock:
        sock.sendall(half_a_hello(port.context()))
        received = b""
        while piece := sock.recv(1000):
            received += piece
    # At most an alert, which is record type 21.
    assert received[:1] in {b"", b"\x15"}


def test_headers_that_never_end_are_ended(port: Port) -> None:
    with (
        socket.create_connection(port.address, timeout=Patience().head_s + 30.0) as sock,
        port.context().wrap_socket(sock, server_hostname=HERE) as caller,
    ):
        caller.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        received = b""
        # At most an alert.
        with suppress(ssl.SSLError):
            received = caller.recv(1000)
    assert received == b""
    assert port.status(port.context()) == 401


def test_a_large_answer_and_a_refused_body_come_whole(port: Port, cluster: Cluster) -> None:
    connection = http.client.HTTPSConnection(*port.address, timeout=60, context=port.context())
    headers = {
        "Authorization": basic(cluster.username, cluster.password),
        "Content-Type": "application/json",
    }
    connection.request("PUT", "/_ml/anomaly_detectors/x", b"{" * 3_000_000, headers)
    answer = connection.getresponse()
    assert answer.status == 413
    assert answer.read().endswith(b"}")
    connection.close()


def test_a_renewed_certificate_is_shown_without_a_restart(port: Port) -> None:
    before = port.serial()
    fresh = port.folder / "next.pem"
    locked_key_file(port.folder / "next-key.pem", str(fresh), PASSPHRASE)
    # As tools for renewal do: one file after the other.
    fresh.replace(port.certificate)
    (port.folder / "next-key.pem").replace(port.folder / "key.pem")
    wait_for(lambda: port.serial() != before, "the new certificate")
    # Both HTTP workers.
    wait_for(lambda: all(port.serial() != before for _ in range(8)), "it everywhere")


def test_callers_show_a_certificate_where_one_is_wanted(closed_port: Port) -> None:
    own = str(closed_port.folder / "client.pem")
    assert closed_port.status(closed_port.context(client=own)) == 401
    for client in (None, "stranger.pem", "expired.pem"):
        shown = client and str(closed_port.folder / client)
        with pytest.raises(OSError, match=r"(?i)ssl|reset|alert"):
            closed_port.status(closed_port.context(client=shown))
    wait_for(
        lambda: "is ready: https://" in closed_port.sidecar.log.read_text(), "a word of readiness"
    )


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        ("/no/such/file", "SIDECAR_TLS_CERTIFICATE_FILE or its key [/no/such/file, None]"),
        (__file__, "SIDECAR_TLS_CERTIFICATE_FILE or its key"),
    ],
    ids=["missing", "no certificate"],
)
def test_a_wrong_file_is_told_at_the_start(tmp_path: Path, certificate: str, words: str) -> None:
    ended = serve_until_it_ends(tmp_path, {"SIDECAR_TLS_CERTIFICATE_FILE": certificate})
    assert ended.returncode == 1
    assert words in ended.stderr
    assert ended.stderr.count("\n") == 1
