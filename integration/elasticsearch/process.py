"""A cluster as a plain process of this machine, where there is no container engine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration.elasticsearch import distribution, java, server_settings
from integration.elasticsearch.cluster import Cluster
from integration.elasticsearch.options import (
    USERNAME,
    ClusterOptions,
    StartError,
    cache_dir,
    progress,
    require_free,
)

_KIND = "local-process"
_STATE = "state.json"
_LOG = "console.log"
_STOP_PATIENCE_S = 60.0
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class ProcessNode:
    """The server whose configuration, data, log and pid are in this folder."""

    folder: Path

    def start(self) -> None:
        """Start it; Elasticsearch refuses root, so root starts it as `nobody`."""
        state = self._state()
        account = {"user": "nobody", "extra_groups": []} if os.geteuid() == 0 else {}
        environ = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "ES_JAVA_HOME": state["java_home"],
            "ES_JAVA_OPTS": state["java_options"],
            "ES_PATH_CONF": str(self.folder / "config"),
        }
        with (self.folder / _LOG).open("ab") as log:
            process = subprocess.Popen(  # type: ignore[call-overload]
                state["command"], cwd=self.folder, env=environ, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True, **account,
            )  # fmt: skip
        # It outlives us on purpose; as our child it would have to be waited for.
        process.returncode = 0
        self._write_state({**state, "pid": process.pid})

    def stop(self) -> None:
        """Send SIGTERM and wait; SIGKILL if it takes too long."""
        # To the launcher alone: it ends the server, and would call the server's own end a crash.
        self._signal(signal.SIGTERM, self._members()[:1])
        if not self._ended_within(_STOP_PATIENCE_S):
            self.kill()

    def kill(self) -> None:
        """Send SIGKILL to launcher and server and wait."""
        self._signal(signal.SIGKILL, self._members())
        if not self._ended_within(_STOP_PATIENCE_S):
            raise StartError(f"Elasticsearch in {self.folder} survived SIGKILL")

    def remove(self) -> None:
        """End it and delete its folder."""
        self.kill()
        shutil.rmtree(self.folder)

    def is_alive(self) -> bool:
        """Whether its launcher or its server still runs."""
        return bool(self._members())

    def log_tail(self) -> str:
        """Return the end of what it printed."""
        return (self.folder / _LOG).read_text(errors="replace")[-6000:]

    def password(self) -> str:
        """Return what the superuser was given at the first start."""
        return str(self._state()["password"])

    def create(self, home: Path, java_home: Path, options: ClusterOptions) -> None:
        """Lay out the folder for a server of the distribution in `home`."""
        config = self.folder / "config"
        shutil.copytree(home / "config", config)
        settings = server_settings.settings(options, host="127.0.0.1", full_distribution=False)
        for name in ("data", "logs"):
            (self.folder / name).mkdir()
            settings[f"path.{name}"] = str(self.folder / name)
        environ = {**os.environ, "ES_JAVA_HOME": str(java_home), "ES_PATH_CONF": str(config)}
        # --force: without asking whether to create the keystore.
        keystore = str(home / "bin" / "elasticsearch-keystore")
        subprocess.run(
            [keystore, "add", "--force", "--stdin", "--silent", "bootstrap.password"],
            env=environ, input=options.password.encode(), check=True,
        )  # fmt: skip
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                shutil.chown(path, "nobody")
        self._write_state(
            {
                "command": server_settings.command(str(home / "bin" / "elasticsearch"), settings),
                "java_home": str(java_home),
                # Named in the server's arguments too, so that _members knows it.
                "java_options": f"{options.java_options} -Dml.sidecar.folder={self.folder}",
                "password": options.password,
                "pid": 0,
            }
        )

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.folder / _STATE).read_text())
        return state

    def _write_state(self, state: dict[str, Any]) -> None:
        target = self.folder / _STATE
        target.touch(mode=0o600)
        target.write_text(json.dumps(state))

    def _members(self) -> list[int]:
        """Return launcher and server, in this order; a stranger with a reused pid is neither."""
        group = self._state()["pid"]
        if not group:
            return []
        listing = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=,pgid=,args="],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        rows = (line.split(None, 2) for line in listing.splitlines())
        pids = [
            int(row[0])
            for row in rows
            if len(row) == 3 and int(row[1]) == group and str(self.folder) in row[2]
        ]
        return sorted(pids, key=lambda pid: pid != group)

    def _signal(self, number: signal.Signals, pids: list[int]) -> None:
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def _ended_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.is_alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True


def find(options: ClusterOptions) -> Cluster | None:
    """Return the cluster whose folder exists, running or not."""
    node = ProcessNode(_base() / "clusters" / options.name)
    if not (node.folder / _STATE).exists():
        return None
    return _cluster(options, node)


def from_distribution(options: ClusterOptions) -> Cluster:
    """Start a process; raises UnavailableError without a fitting JDK or the distribution."""
    java_home = java.require_home(options.java)
    home = _installed(options.version, java_home)
    require_free(options.port)
    node = ProcessNode(_base() / "clusters" / options.name)
    shutil.rmtree(node.folder, ignore_errors=True)
    node.folder.mkdir(parents=True)
    node.create(home, java_home, options)
    progress(f"starting Elasticsearch {options.version} as a process on port {options.port}")
    node.start()
    return _cluster(options, node)


def _cluster(options: ClusterOptions, node: ProcessNode) -> Cluster:
    return Cluster(options.url, USERNAME, node.password(), options.version, _KIND, node)


def _base() -> Path:
    """Return the folder for what runs; root's own cache would be closed to `nobody`."""
    return Path("/var/tmp/ml-sidecar") if os.geteuid() == 0 else cache_dir()  # noqa: S108


def _installed(version: str, java_home: Path) -> Path:
    """Return the unpacked distribution with our plugin, unpacked and compiled if need be."""
    recipe = distribution.content_hash(distribution.plugin_files(), str(java_home))
    home = _base() / "homes" / f"elasticsearch-{version}-{recipe}"
    if home.exists():
        return home
    home.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=home.parent) as folder,
        zipfile.ZipFile(distribution.zip_file(version)) as archive,
    ):
        archive.extractall(folder)
        (fresh,) = Path(folder).iterdir()
        for member in archive.infolist():
            if not member.is_dir():
                (Path(folder) / member.filename).chmod(member.external_attr >> 16 & 0o777)
        build = ["sh", str(distribution.PLUGIN_SOURCE / "build.sh")]
        subprocess.run([*build, str(fresh), version, str(java_home)], check=True)
        fresh.rename(home)
    return home
