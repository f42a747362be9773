"""Settings from the environment, a file, and secrets in files."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from sidecar.settings import Settings, SettingsError

KEY = urlsafe_b64encode(b"k" * 32).decode()


def test_nothing_set_gives_the_defaults() -> None:
    assert Settings.from_environment({"PATH": "/bin"}) == Settings()


@pytest.mark.parametrize(
    ("name", "raw", "member", "value"),
    [
        ("SIDECAR_PORT", "1234", "port", 1234),
        ("SIDECAR_ELASTICSEARCH_VERIFY", "certificate", "elasticsearch_verify", "certificate"),
        (
            "SIDECAR_ELASTICSEARCH_FINGERPRINT",
            ":".join(["AB"] * 32),
            "elasticsearch_fingerprint",
            "ab" * 32,
        ),
        ("SIDECAR_INDEX_PREFIX", ".ml-sidecar-", "index_prefix", ".ml-sidecar-"),
        ("SIDECAR_NODE_NAME", "ml 1", "node_name", "ml 1"),
        ("SIDECAR_ENCRYPTION_KEY", f"{KEY},{KEY}", "encryption_key", f"{KEY},{KEY}"),
    ],
)
def test_a_variable_sets_a_member(name: str, raw: str, member: str, value: object) -> None:
    assert getattr(Settings.from_environment({name: raw}), member) == value


def test_all_faults_are_listed_together() -> None:
    with pytest.raises(SettingsError) as error:
        Settings.from_environment(
            {
                "SIDECAR_PORT": "many",
                "SIDECAR_WORKERS": "0",
                "SIDECAR_ELASTICSEARCH_VERIFY": "maybe",
                "SIDECAR_ELASTICSEARCH_FINGERPRINT": "ab",
                "SIDECAR_INDEX_PREFIX": ".ml-config-",
                "SIDECAR_TLS_KEY_FILE": "key.pem",
                "SIDECAR_ENCRYPTION_KEY": "short",
                "SIDECAR_PROT": "1",
            }
        )
    for fault in (
        "SIDECAR_PORT: invalid literal",
        "SIDECAR_WORKERS: must be at least 1, got [0]",
        "SIDECAR_ELASTICSEARCH_VERIFY: want one of full, certificate, none, got [maybe]",
        "SIDECAR_ELASTICSEARCH_FINGERPRINT: want the SHA-256 of a certificate",
        "SIDECAR_INDEX_PREFIX: [.ml-config-] begins as the names",
        "SIDECAR_TLS_KEY_FILE: means nothing without SIDECAR_TLS_CERTIFICATE_FILE",
        "SIDECAR_ENCRYPTION_KEY: each key must be 32 bytes",
        "SIDECAR_PROT: no such setting",
    ):
        assert fault in str(error.value)


@pytest.mark.parametrize("prefix", ["ml-", ".ML-", ".ml-*", ".", ".a,b", ".a/b", "", ".ml-meta"])
def test_a_prefix_that_cannot_begin_own_names_is_refused(prefix: str) -> None:
    with pytest.raises(SettingsError, match="SIDECAR_INDEX_PREFIX"):
        Settings.from_environment({"SIDECAR_INDEX_PREFIX": prefix})


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("changeme\n")
    found = Settings.from_environment({"SIDECAR_ELASTICSEARCH_PASSWORD_FILE": str(secret)})
    assert found.elasticsearch_password == "changeme"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "sidecar.conf"
    file.write_text("# comment\n\nSIDECAR_PORT=1\nSIDECAR_WORKERS = 3\n")
    found = Settings.from_environment({"SIDECAR_CONFIG_FILE": str(file), "SIDECAR_PORT": "2"})
    assert (found.port, found.workers) == (2, 3)


@pytest.mark.parametrize("line", ["PORT=1", "SIDECAR_PORT"])
def test_a_line_of_the_file_that_is_no_setting_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "sidecar.conf"
    file.write_text(f"SIDECAR_PORT=1\n{line}\n")
    with pytest.raises(SettingsError, match=":2: want SIDECAR_NAME=value"):
        Settings.from_environment({"SIDECAR_CONFIG_FILE": str(file)})


def test_the_environment_of_a_child_makes_the_same_settings() -> None:
    settings = Settings(port=1, elasticsearch_verify="none", elasticsearch_password="p")
    assert Settings.from_environment(settings.environment()) == settings


def test_secrets_are_not_shown() -> None:
    settings = Settings(elasticsearch_password="hunter2", elasticsearch_api_key="hunter3")
    assert "hunter" not in repr(settings)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 - nobody listens here
        ("::", False),
        ("192.0.2.1", False),
        ("2001:db8::1", False),
        ("", False),
        ("localhost.example.org", False),
    ],
)
def test_whether_others_can_reach_the_sidecar(host: str, loopback: bool) -> None:
    assert Settings(host=host).listens_on_loopback is loopback
