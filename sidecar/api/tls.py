"""TLS of the sidecar's own port: a context that follows its files."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sidecar.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

# How old what is known of the files may be, in seconds.
_LOOK_EVERY_S = 1.0
Stamps = tuple[tuple[int, int], ...]


def server_context(settings: Settings) -> ssl.SSLContext:
    """Make the context of the sidecar's port; TLS 1.2 at least.

    Raises
    ------
    SettingsError
        If a file cannot be read or is not what it should be; the text names it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    certificate, key = settings.tls_certificate_file, settings.tls_key_file or None
    try:
        # Without a passphrase OpenSSL would ask for one on the terminal.
        context.load_cert_chain(certificate, key, settings.tls_key_passphrase or "")
    except (OSError, ValueError) as error:
        name = "SIDECAR_TLS_CERTIFICATE_FILE or its key"
        raise SettingsError(f"{name} [{certificate}, {key}]: {error}") from error
    if settings.tls_client_ca_file:
        try:
            context.load_verify_locations(settings.tls_client_ca_file)
        except OSError as error:
            name = f"SIDECAR_TLS_CLIENT_CA_FILE [{settings.tls_client_ca_file}]"
            raise SettingsError(f"{name}: {error}") from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class FollowingContext:
    """The context of new connections: made again when a file changes, without a restart.

    Files that do not fit together, as while they are being replaced, leave the last context that
    worked in force.
    """

    def __init__(
        self, settings: Settings, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._stamps = self._look()
        self._context = server_context(settings)
        self._look_again_at = monotonic() + _LOOK_EVERY_S

    def __call__(self) -> ssl.SSLContext:
        """Give the context for one connection."""
        with self._lock:
            if self._monotonic() >= self._look_again_at:
                self._look_again_at = self._monotonic() + _LOOK_EVERY_S
                self._follow()
            return self._context

    def _follow(self) -> None:
        stamps = self._look()
        if stamps == self._stamps:
            return
        self._stamps = stamps
        try:
            self._context = server_context(self._settings)
        except SettingsError as error:
            logger.error("the changed certificate is not used yet: %s", error)  # noqa: TRY400
        else:
            logger.info("the changed certificate is used for new connections")

    def _look(self) -> Stamps:
        settings = self._settings
        names = (settings.tls_certificate_file, settings.tls_key_file, settings.tls_client_ca_file)
        return tuple(_stamp(Path(name)) for name in names if name)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_ino)
