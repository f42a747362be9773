"""What `up` is asked for, and what the environment of a test machine may say about it."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DEFAULT_VERSION = "8.19.7"
DEFAULT_PASSWORD = "ml-sidecar-test"  # noqa: S105 - of a server on loopback that holds test data
DEFAULT_HEAP = "1g"
USERNAME = "elastic"

VERSIONS = (DEFAULT_VERSION, "9.2.0")

# Apart from 9200, where a developer's own server may be.
_FIRST_PORT = 9250


class StartError(RuntimeError):
    """No Elasticsearch could be started, or it did not become ready; says what was tried."""


class UnavailableError(Exception):
    """A way to an Elasticsearch that is closed on this machine; the next one is tried."""


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """One wanted single-node cluster; `version` and `port` together are its identity."""

    version: str
    port: int
    password: str
    heap: str

    @classmethod
    def of(
        cls, version: str | None = None, port: int | None = None, password: str | None = None
    ) -> ClusterOptions:
        """Fill in what is not given from SIDECAR_TEST_ES_* and then from the defaults."""
        environ = os.environ
        version = version or environ.get("SIDECAR_TEST_ES_VERSION") or DEFAULT_VERSION
        if port is None:
            # One port per version; those that we do not name share the last.
            port = int(environ.get("SIDECAR_TEST_ES_FIRST_PORT") or _FIRST_PORT)
            port += VERSIONS.index(version) if version in VERSIONS else len(VERSIONS)
        return cls(
            version=version,
            port=port,
            password=password or environ.get("SIDECAR_TEST_ES_PASSWORD") or DEFAULT_PASSWORD,
            heap=environ.get("SIDECAR_TEST_ES_HEAP") or DEFAULT_HEAP,
        )

    @property
    def name(self) -> str:
        """Name of the container or folder that holds this cluster."""
        return f"ml-sidecar-es-{self.version}-{self.port}"

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def java(self) -> int:
        """Oldest Java release that runs this version."""
        return 21 if int(self.version.split(".")[0]) >= 9 else 17

    @property
    def java_options(self) -> str:
        """Value of ES_JAVA_OPTS."""
        return f"-Xms{self.heap} -Xmx{self.heap}"


def containers_only() -> bool:
    """Whether a process on this machine would not count: in CI a missing engine is an error."""
    return os.environ.get("CI", "").lower() in {"1", "true"}


def cache_dir() -> Path:
    """Return the user's own folder for downloads, made if missing."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "ml-sidecar"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the user's lock: two `up` at once must not download, build or start the same thing."""
    with (cache_dir() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def require_free(port: int) -> None:
    """Raise StartError if something else listens on this port of loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StartError(
                f"port {port} is taken by something that `up` did not start: choose another with"
                " --port or SIDECAR_TEST_ES_FIRST_PORT"
            ) from error


def progress(message: str) -> None:
    """Tell whoever waits what happens; stdout stays free for the answer."""
    print(f"[elasticsearch] {message}", file=sys.stderr, flush=True)
