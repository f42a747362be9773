"""Starts a real `ml-sidecar serve` beside a cluster, for the demo, tests and benchmarks."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from integration.elasticsearch import Cluster
from integration.service_account import ServiceAccount, account_of_this_process
from sidecar.settings import new_key

_START_PATIENCE_S = 120.0


class SidecarProcess:
    """One running sidecar; `log` is the file with what it printed."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self._process = process
        self.url = url
        self.log = log

    @classmethod
    def start(
        cls,
        cluster: Cluster,
        data_dir: str | Path,
        *,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        account: ServiceAccount | None = None,
        detached: bool = False,
    ) -> SidecarProcess:
        """Start it and wait until it answers; raises RuntimeError with its log otherwise.

        It runs with an account of the least privileges unless it is given another.
        """
        port = port or free_port()
        folder = Path(data_dir)
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / "sidecar.log"
        environ = {k: v for k, v in os.environ.items() if not k.startswith("SIDECAR_")}
        environ |= {
            "SIDECAR_ELASTICSEARCH_URL": cluster.url,
            **(account or account_of_this_process(cluster)).settings,
            "SIDECAR_PORT": str(port),
            "SIDECAR_DATA_DIR": str(folder),
            "SIDECAR_ENCRYPTION_KEY_FILE": str(_encryption_key_file(folder)),
            **(settings or {}),
        }
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "sidecar", "serve"],
                env=environ,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=detached,
            )
        scheme = "https" if "SIDECAR_TLS_CERTIFICATE_FILE" in environ else "http"
        sidecar = cls(process, f"{scheme}://127.0.0.1:{port}", log)
        sidecar._wait_until_it_answers()
        return sidecar

    @property
    def pid(self) -> int:
        """Process id of `ml-sidecar serve` (its workers and jobs are its children)."""
        return self._process.pid

    def stop(self, timeout_s: float = 120.0) -> int:
        """SIGTERM, then wait; returns the exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise

    def kill(self) -> None:
        """SIGKILL to the whole of it, as a power cut would."""
        self._process.kill()
        self._process.wait()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _START_PATIENCE_S
        anybody = ssl.create_default_context()
        anybody.check_hostname = False
        anybody.verify_mode = ssl.CERT_NONE
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                urllib.request.urlopen(self.url, timeout=5, context=anybody).close()  # noqa: S310
            except urllib.error.HTTPError:
                return
            except ssl.SSLError:
                return  # it wants to see a certificate, so it is there
            except OSError:
                time.sleep(0.1)
            else:
                return
        text = self.log.read_text(errors="replace")[-4000:]
        if self._process.poll() is None:
            self.stop()
        raise RuntimeError(f"the sidecar did not start; the end of its log {self.log}:\n{text}")


def _encryption_key_file(folder: Path) -> Path:
    """Give the key that belongs to a data folder; made at its first start."""
    file = folder / "encryption.key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(new_key() + "\n")
    return file


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serve_until_it_ends(
    data_dir: Path, settings: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run `serve` with these settings alone, where it should end by itself."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("SIDECAR_")}
    environ |= {"SIDECAR_DATA_DIR": str(data_dir), "SIDECAR_PORT": str(free_port()), **settings}
    return subprocess.run(
        [sys.executable, "-m", "sidecar", "serve"],
        env=environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
