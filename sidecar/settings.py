"""Every setting of the sidecar: one frozen object, read once from `SIDECAR_*`.

Values come from the environment, else from the optional file named by `SIDECAR_CONFIG_FILE`
(lines of `SIDECAR_NAME=value`), else from the defaults below. A secret may also be given as
`<NAME>_FILE`, the path of a file that holds it.
"""

from __future__ import annotations

import base64
import dataclasses
import ipaddress
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

PREFIX = "SIDECAR_"
MIB = 1024 * 1024
_KEY_BYTES = 32
_VERIFY_MODES = ("full", "certificate", "none")
_SHA256 = re.compile("[0-9a-f]{64}")
_INDEX_PREFIX = re.compile(r"\.[a-z0-9][a-z0-9_-]{0,50}")
# Names that are others' (or that no prefix changes) must not begin with the prefix's own.
_TAKEN_PREFIXES = (
    ".ml-anomalies",
    ".ml-annotations",
    ".ml-notifications",
    ".ml-config",
    ".ml-meta",
    ".ml-inference",
    ".ml-stats",
    ".security",
)
_NEEDS = (
    ("elasticsearch_client_key_file", "elasticsearch_client_certificate_file"),
    ("tls_key_file", "tls_certificate_file"),
    ("tls_client_ca_file", "tls_certificate_file"),
)


class SettingsError(ValueError):
    """One or more settings are wrong; the text lists all of them."""


def _setting(
    default: Any,
    text: str,
    *,
    minimum: float | None = None,
    secret: bool = False,
    convert: Callable[[str], Any] | None = None,
) -> Any:
    return dataclasses.field(
        default=default,
        metadata={"text": text, "minimum": minimum, "secret": secret, "convert": convert},
    )


def _verify_mode(raw: str) -> str:
    if raw not in _VERIFY_MODES:
        raise ValueError(f"want one of {', '.join(_VERIFY_MODES)}, got [{raw}]")
    return raw


def _fingerprint(raw: str) -> str:
    """SHA-256 as tools print it, with or without colons."""
    digits = raw.replace(":", "").strip().lower()
    if digits and _SHA256.fullmatch(digits) is None:
        raise ValueError("want the SHA-256 of a certificate: 64 hexadecimal digits")
    return digits


def _index_prefix(raw: str) -> str:
    if _INDEX_PREFIX.fullmatch(raw) is None:
        raise ValueError(
            f"want a dot, then lower-case letters, digits, hyphens and underscores, got [{raw}]"
        )
    if raw.startswith(_TAKEN_PREFIXES):
        raise ValueError(f"[{raw}] begins as the names of results or of system indices do")
    return raw


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one sidecar. Each field `name` is read from `SIDECAR_<NAME>`."""

    elasticsearch_url: str = _setting(
        "http://127.0.0.1:9200", "URL of Elasticsearch; several, separated by commas"
    )
    elasticsearch_username: str = _setting("", "user of the sidecar's own account")
    elasticsearch_password: str = _setting("", "its password", secret=True)
    elasticsearch_api_key: str = _setting("", "API key instead of user and password", secret=True)
    elasticsearch_ca_file: str = _setting("", "CA certificate(s), PEM; default: the system's")
    elasticsearch_verify: str = _setting(
        "full",
        "what of the certificate of Elasticsearch: full (with the host's name), certificate, none",
        convert=_verify_mode,
    )
    elasticsearch_fingerprint: str = _setting(
        "",
        "SHA-256 of its certificate or of its CA's, in place of a CA file and the host's name",
        convert=_fingerprint,
    )
    elasticsearch_client_certificate_file: str = _setting(
        "", "the sidecar's certificate towards Elasticsearch, PEM"
    )
    elasticsearch_client_key_file: str = _setting(
        "", "its key, PEM; default: in the certificate's file"
    )
    elasticsearch_client_key_passphrase: str = _setting("", "passphrase of that key", secret=True)
    elasticsearch_timeout_ms: int = _setting(
        30_000, "patience for one call to Elasticsearch", minimum=1
    )
    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(9280, "port to listen on", minimum=0)
    tls_certificate_file: str = _setting(
        "", "certificate (with its chain) of the sidecar's own port, PEM; unset: plain HTTP"
    )
    tls_key_file: str = _setting("", "its key, PEM; default: in the certificate's file")
    tls_key_passphrase: str = _setting("", "passphrase of that key", secret=True)
    tls_client_ca_file: str = _setting(
        "", "CA certificate(s), PEM: callers must have a certificate issued under them"
    )
    workers: int = _setting(2, "HTTP worker processes", minimum=1)
    threads: int = _setting(16, "threads of each HTTP worker: concurrent requests", minimum=1)
    allow_insecure: bool = _setting(
        False, "serve a cluster without security on other addresses than loopback"
    )
    data_dir: str = _setting("data", "folder of the journal; must survive restarts")
    run_dir: str = _setting("", "folder of the local sockets; default: one in the temporary folder")
    encryption_key: str = _setting(
        "",
        "key(s) for stored credentials (`ml-sidecar new-key`), separated by commas: "
        "the first encrypts, all decrypt",
        secret=True,
    )
    node_name: str = _setting("", "name shown as node; default: the host's name")
    index_prefix: str = _setting(
        ".ml-", "prefix of the config, meta and state indices", convert=_index_prefix
    )
    request_max_bytes: int = _setting(
        100 * MIB, "largest request body, after decompression; 413 beyond", minimum=1
    )
    config_max_bytes: int = _setting(
        2 * MIB, "largest body of any other request than _data", minimum=1
    )
    max_open_jobs: int = _setting(512, "jobs open at once on this sidecar", minimum=1)
    max_model_memory_limit: str = _setting("", "ceiling of every job's model_memory_limit")
    queue_max_bytes: int = _setting(
        64 * MIB, "parsed records waiting for one job's engine", minimum=1
    )
    queue_wait_ms: int = _setting(
        30_000, "how long a post waits for room in that queue before 429", minimum=0
    )
    results_batch_max_docs: int = _setting(5_000, "result documents in one bulk request", minimum=1)
    results_queue_max_docs: int = _setting(
        50_000, "result documents waiting to be written, per job", minimum=1
    )
    journal_max_bytes: int = _setting(
        1024 * MIB, "journal of one job before a snapshot is forced", minimum=1
    )
    background_persist_interval_ms: int = _setting(
        3 * 3600 * 1000, "model snapshots of open jobs, unless the job says", minimum=1000
    )
    lease_ms: int = _setting(30_000, "how long a job's owner is believed alive", minimum=1000)
    privilege_cache_ms: int = _setting(
        5_000, "how long a positive privilege answer is kept", minimum=0
    )
    shutdown_grace_ms: int = _setting(
        120_000, "time to finish requests and persist jobs at SIGTERM", minimum=0
    )
    log_level: str = _setting("info", "debug, info, warning or error")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings; raises `SettingsError` with every fault listed."""
        source = dict(os.environ if environ is None else environ)
        config_file = source.get(PREFIX + "CONFIG_FILE")
        if config_file:
            source = {**_read_file(config_file), **source}
        hints = get_type_hints(cls)
        values: dict[str, Any] = {}
        faults: list[str] = []
        for field in dataclasses.fields(cls):
            name = PREFIX + field.name.upper()
            try:
                raw = _raw_value(source, name, secret=field.metadata["secret"])
                if raw is not None:
                    convert = field.metadata["convert"]
                    values[field.name] = (
                        convert(raw) if convert else _convert(raw, hints[field.name])
                    )
                    _check_minimum(values[field.name], field.metadata["minimum"])
                    if field.name == "encryption_key":
                        decode_keys(values[field.name])
            except (ValueError, OSError) as error:
                faults.append(f"{name}: {error}")
        known = {PREFIX + f.name.upper() for f in dataclasses.fields(cls)}
        known |= {name + "_FILE" for name in known} | {PREFIX + "CONFIG_FILE"}
        faults += [
            f"{name}: no such setting"
            for name in source
            if name.startswith(PREFIX)
            and name not in known
            and not name.startswith(PREFIX + "TEST_")
        ]
        faults += _without_another(values)
        if faults:
            raise SettingsError("; ".join(sorted(faults)))
        return cls(**values)

    @property
    def listens_on_loopback(self) -> bool:
        """Whether only this machine can reach the sidecar; of names only `localhost` says so."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def environment(self) -> dict[str, str]:
        """The variables that make the same settings in a child process."""
        return {
            PREFIX + field.name.upper(): _render(getattr(self, field.name))
            for field in dataclasses.fields(self)
        }

    def __repr__(self) -> str:
        """Without secrets: settings may end up in a log."""
        shown = ", ".join(
            f"{f.name}={'***' if f.metadata['secret'] else getattr(self, f.name)!r}"
            for f in dataclasses.fields(self)
        )
        return f"Settings({shown})"


def _without_another(values: Mapping[str, Any]) -> list[str]:
    """Faults of settings that mean nothing without another one."""
    return [
        f"{PREFIX}{name.upper()}: means nothing without {PREFIX}{other.upper()}"
        for name, other in _NEEDS
        if values.get(name) and not values.get(other)
    ]


def _render(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _raw_value(source: Mapping[str, str], name: str, *, secret: bool) -> str | None:
    if secret and name not in source and (path := source.get(name + "_FILE")):
        return Path(path).read_text(encoding="utf-8").strip()
    return source.get(name)


def _read_file(path: str) -> dict[str, str]:
    values = {}
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SettingsError(f"{PREFIX}CONFIG_FILE: {error}") from error
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, separator, value = text.partition("=")
        if not separator or not name.startswith(PREFIX):
            raise SettingsError(f"{path}:{number}: want {PREFIX}NAME=value, got [{text}]")
        values[name.strip()] = value.strip()
    return values


def _convert(raw: str, kind: Any) -> Any:
    if kind is bool:
        if raw.lower() in ("true", "1", "yes"):
            return True
        if raw.lower() in ("false", "0", "no"):
            return False
        raise ValueError(f"want true or false, got [{raw}]")
    return kind(raw)


def _check_minimum(value: Any, minimum: float | None) -> None:
    if minimum is not None and value < minimum:
        raise ValueError(f"must be at least {minimum:g}, got [{value}]")


def decode_keys(keys: str) -> list[bytes]:
    """Encryption keys: 32 bytes each in URL-safe base64, separated by commas; ValueError else."""
    decoded = []
    for key in filter(None, (part.strip() for part in keys.split(","))):
        try:
            data = base64.b64decode(key.encode("ascii"), altchars=b"-_", validate=True)
        except ValueError:
            data = b""
        if len(data) != _KEY_BYTES:
            raise ValueError(f"each key must be {_KEY_BYTES} bytes in URL-safe base64")
        decoded.append(data)
    return decoded


def new_key() -> str:
    """Make an encryption key, as the setting wants it."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")
