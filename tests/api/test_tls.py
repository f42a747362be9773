"""The context of the own port follows its files."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

import pytest
import trustme

from sidecar.api.tls import FollowingContext, server_context
from sidecar.settings import Settings, SettingsError


class Now:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def write(path: Path, ca: trustme.CA) -> Settings:
    path.write_bytes(ca.issue_cert("here").private_key_and_cert_chain_pem.bytes())
    return Settings(tls_certificate_file=str(path))


def test_old_versions_are_not_spoken(tmp_path: Path) -> None:
    context = server_context(write(tmp_path / "a.pem", trustme.CA()))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_NONE


def test_a_client_ca_makes_certificates_required(tmp_path: Path) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate = write(tmp_path / "a.pem", ca).tls_certificate_file
    settings = Settings(
        tls_certificate_file=certificate, tls_client_ca_file=str(tmp_path / "ca.pem")
    )
    assert server_context(settings).verify_mode == ssl.CERT_REQUIRED
    with pytest.raises(SettingsError, match="SIDECAR_TLS_CLIENT_CA_FILE"):
        server_context(Settings(tls_certificate_file=certificate, tls_client_ca_file="/no/such"))


def test_a_changed_file_is_used_and_a_broken_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    now, path = Now(), tmp_path / "a.pem"
    following = FollowingContext(write(path, trustme.CA()), monotonic=now)
    first = following()
    assert following() is first

    path.write_text("half a file")
    now.seconds += 2.0
    assert following() is first
    assert "not used yet" in caplog.text

    write(path, trustme.CA())
    now.seconds += 2.0
    second = following()
    assert second is not first
    now.seconds += 2.0
    assert following() is second
