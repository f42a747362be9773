"""A cluster without security: served to this machine, and to others only where that is wanted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from integration.elasticsearch import Cluster
from integration.service_account import ServiceAccount
from integration.sidecar_process import SidecarProcess

pytestmark = pytest.mark.integration

ROOT = {"name": "open", "version": {"number": "8.19.7"}, "tagline": "You Know, for Search"}


class OpenCluster(BaseHTTPRequestHandler):
    """An Elasticsearch that has a root and no other path, of security least of all."""

    def do_GET(self) -> None:
        if self.path == "/":
            self._answer(200, ROOT)
        else:
            text = f"no handler found for uri [{self.path}] and method [{self.command}]"
            self._answer(400, {"error": text, "status": 400})

    do_PUT = do_POST = do_HEAD = do_GET  # noqa: N815 - names that the base class looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, body: object) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@pytest.fixture
def open_cluster() -> Iterator[Cluster]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), OpenCluster)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Cluster(f"http://127.0.0.1:{server.server_port}", "", "", "8.19.7", "external")
    server.shutdown()
    server.server_close()


def test_others_than_this_machine_are_not_served(open_cluster: Cluster, tmp_path: Path) -> None:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("SIDECAR_")}
    environ |= {
        "SIDECAR_ELASTICSEARCH_URL": open_cluster.url,
        "SIDECAR_HOST": "0.0.0.0",  # noqa: S104 - it is to refuse
        "SIDECAR_PORT": "0",
        "SIDECAR_DATA_DIR": str(tmp_path),
    }
    command = [sys.executable, "-m", "sidecar", "serve"]
    ended = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("ml-sidecar: security is off in Elasticsearch")
    assert "SIDECAR_ALLOW_INSECURE" in ended.stderr


def test_this_machine_is_served_and_it_is_said(open_cluster: Cluster, tmp_path: Path) -> None:
    nobody = ServiceAccount(open_cluster, open_cluster.username, open_cluster.password)
    sidecar = SidecarProcess.start(open_cluster, tmp_path, account=nobody)
    try:
        with urllib.request.urlopen(sidecar.url, timeout=60) as answer:  # noqa: S310 - loopback
            assert json.load(answer) == ROOT
        assert "security is off in Elasticsearch" in sidecar.log.read_text()
    finally:
        assert sidecar.stop() == 0
