"""Whom the sidecar believes to be its Elasticsearch, and whom not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from integration.certificates import (
    HERE,
    authority,
    authority_file,
    certificate_file,
    fingerprint,
    locked_key_file,
)
from integration.elasticsearch import Cluster
from integration.tls_proxy import tls_in_front_of
from sidecar.clock import system_clock
from sidecar.errors import UnavailableError
from sidecar.settings import Settings, SettingsError
from sidecar.storage.stores import make_stores

pytestmark = pytest.mark.integration

ELSEWHERE = "elsewhere.example"


@dataclass(frozen=True)
class Files:
    """Certificates of servers, by what is the matter with them."""

    ca: str
    good: str
    expired: str
    elsewhere: str
    stranger: str
    forged: str
    client: str
    strange_client: str

    def fingerprint(self, name: str) -> str:
        return fingerprint(Path(getattr(self, name)).read_text())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("certificates")
    ca, other, namesake = authority(), authority("other"), authority()
    return Files(
        ca=authority_file(folder / "ca.pem", ca),
        good=certificate_file(folder / "good.pem", ca, chain=[ca]),
        expired=certificate_file(folder / "expired.pem", ca, expired=True),
        elsewhere=certificate_file(folder / "elsewhere.pem", ca, ELSEWHERE, chain=[ca]),
        stranger=certificate_file(folder / "stranger.pem", other),
        forged=certificate_file(folder / "forged.pem", namesake, chain=[ca]),
        client=certificate_file(folder / "client.pem", ca, "sidecar"),
        strange_client=certificate_file(folder / "strange-client.pem", other, "sidecar"),
    )


def ask(cluster: Cluster, url: str, **options: Any) -> str:
    """Uuid of the cluster behind a URL, asked twice with different clients."""
    settings = Settings(
        elasticsearch_url=url,
        elasticsearch_username=cluster.username,
        elasticsearch_password=cluster.password,
        **options,
    )
    stores = make_stores(settings, system_clock, lambda: True)
    try:
        assert stores.cluster.security_enabled()
        return str(stores.cluster.root()["cluster_uuid"])
    finally:
        stores.close()


@pytest.mark.parametrize(
    ("server", "options"),
    [
        pytest.param("good", {"elasticsearch_ca_file": "ca"}, id="known CA, right host"),
        pytest.param(
            "elsewhere",
            {"elasticsearch_ca_file": "ca", "elasticsearch_verify": "certificate"},
            id="other host, certificate alone is verified",
        ),
        pytest.param("stranger", {"elasticsearch_verify": "none"}, id="anybody"),
        pytest.param("expired", {"elasticsearch_verify": "none"}, id="anybody, even expired"),
        pytest.param("stranger", {"elasticsearch_fingerprint": "stranger"}, id="its fingerprint"),
        pytest.param("good", {"elasticsearch_fingerprint": "ca"}, id="fingerprint of its CA"),
    ],
)
def test_a_right_certificate_is_believed(
    cluster: Cluster, files: Files, server: str, options: dict[str, str]
) -> None:
    with tls_in_front_of(cluster.url, getattr(files, server)) as url:
        assert len(ask(cluster, url, **resolved(files, options))) > 10


@pytest.mark.parametrize(
    ("server", "options", "words"),
    [
        pytest.param("good", {}, "CERTIFICATE_VERIFY_FAILED", id="CA not named"),
        pytest.param(
            "stranger", {"elasticsearch_ca_file": "ca"}, "CERTIFICATE_VERIFY_FAILED", id="other CA"
        ),
        pytest.param(
            "elsewhere", {"elasticsearch_ca_file": "ca"}, f"not valid for '{HERE}'", id="other host"
        ),
        pytest.param(
            "expired", {"elasticsearch_ca_file": "ca"}, "certificate has expired", id="expired"
        ),
        pytest.param(
            "stranger",
            {"elasticsearch_ca_file": "ca", "elasticsearch_verify": "certificate"},
            "CERTIFICATE_VERIFY_FAILED",
            id="other CA, certificate alone is verified",
        ),
        pytest.param(
            "stranger", {"elasticsearch_fingerprint": "good"}, "fingerprint", id="other fingerprint"
        ),
        pytest.param(
            "forged",
            {"elasticsearch_fingerprint": "ca"},
            "fingerprint",
            id="the CA is sent along by somebody who has not its key",
        ),
        pytest.param(
            "stranger",
            {"elasticsearch_fingerprint": "good", "elasticsearch_verify": "none"},
            "fingerprint",
            id="other fingerprint, whatever else is not verified",
        ),
    ],
)
def test_a_wrong_certificate_is_refused_before_anything_is_said(
    cluster: Cluster, files: Files, server: str, options: dict[str, str], words: str
) -> None:
    with tls_in_front_of(cluster.url, getattr(files, server)) as url:
        with pytest.raises(UnavailableError) as caught:
            ask(cluster, url, **resolved(files, options))
        assert words in caught.value.reason


def test_a_client_certificate_is_shown(cluster: Cluster, files: Files, tmp_path: Path) -> None:
    locked = locked_key_file(tmp_path / "locked.pem", files.client, "open sesame")
    known: dict[str, Any] = {
        "elasticsearch_ca_file": files.ca,
        "elasticsearch_client_certificate_file": files.client,
    }
    with tls_in_front_of(cluster.url, files.good, client_ca=files.ca) as url:
        assert ask(cluster, url, **known)
        assert ask(
            cluster,
            url,
            **known,
            elasticsearch_client_key_file=locked,
            elasticsearch_client_key_passphrase="open sesame",  # noqa: S106
        )
        with pytest.raises(UnavailableError):
            ask(cluster, url, elasticsearch_ca_file=files.ca)
        strange = known | {"elasticsearch_client_certificate_file": files.strange_client}
        with pytest.raises(UnavailableError):
            ask(cluster, url, **strange)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"elasticsearch_ca_file": "/no/such"}, "CA_FILE [/no/such]"),
        ({"elasticsearch_client_certificate_file": "/no/such"}, "CLIENT_CERTIFICATE_FILE"),
    ],
    ids=["CA", "certificate"],
)
def test_a_wrong_file_is_named(cluster: Cluster, options: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        ask(cluster, "https://127.0.0.1:1", **options)
    assert words in str(caught.value)


def test_a_wrong_passphrase_is_told_and_not_shown(
    cluster: Cluster, files: Files, tmp_path: Path
) -> None:
    locked = locked_key_file(tmp_path / "locked.pem", files.client, "open sesame")
    for passphrase in ("", "wrong-one"):
        with pytest.raises(SettingsError) as caught:
            ask(
                cluster,
                "https://127.0.0.1:1",
                elasticsearch_client_certificate_file=files.client,
                elasticsearch_client_key_file=locked,
                elasticsearch_client_key_passphrase=passphrase,
            )
        assert "wrong-one" not in str(caught.value)


def resolved(files: Files, options: dict[str, str]) -> dict[str, str]:
    """Paths and fingerprints for the names of files."""
    values = {
        "elasticsearch_ca_file": lambda name: getattr(files, name),
        "elasticsearch_fingerprint": files.fingerprint,
    }
    return {key: values[key](name) if key in values else name for key, name in options.items()}
