"""A supervisor in this process, with real job processes, over in-memory tasks."""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path

from sidecar.runtime.launcher import Launcher
from sidecar.runtime.local import LocalRuntime
from sidecar.runtime.node import Node, read_node_id, supervisor_socket
from sidecar.runtime.supervisor import Limits, Supervisor
from sidecar.runtime.supervisor_server import SupervisorServer
from tests.fakes import FakeAuditLog, FakeJobTaskStore
from tests.runtime.contract import MAX_OPEN_JOBS
from tests.runtime.fake_job import MakeFakeFactory


class LocalHarness:
    """`runtime` talks to `supervisor`; `restart` is a supervisor that was killed and restarted."""

    def __init__(self, root: Path, launcher: Launcher, *, lease_ms: int = 30_000) -> None:
        self.folder = root / "fake"
        self.folder.mkdir()
        self.data_dir = root / "data"
        self.run_dir = Path(tempfile.mkdtemp(prefix="mls-"))
        self.tasks = FakeJobTaskStore()
        self.audit = FakeAuditLog()
        self.prepared = threading.Event()
        self.limits = Limits(MAX_OPEN_JOBS, lease_ms=lease_ms, recovery_wait_ms=200)
        self._launcher = launcher
        self.runtime = LocalRuntime(supervisor_socket(self.run_dir))
        self.start()

    def start(self) -> None:
        """Start a supervisor on what the last one left."""
        node = Node(read_node_id(self.data_dir), "this-node", "127.0.0.1:9280")
        self.supervisor = Supervisor(
            self.tasks,
            node,
            self._launcher,
            MakeFakeFactory(self.folder),
            data_dir=self.data_dir,
            run_dir=self.run_dir,
            limits=self.limits,
            audit=self.audit,
            prepare=self.prepared.set,
        )
        self.server = SupervisorServer(self.supervisor, supervisor_socket(self.run_dir))
        self.supervisor.start()
        self.server.start()

    def stop(self, grace_s: float = 30.0) -> None:
        """End it as SIGTERM does."""
        self.server.stop()
        self.supervisor.stop(grace_s)

    def restart(self, *, grace_s: float) -> None:
        """Stop (grace 0: nothing is persisted) and start again."""
        self.stop(grace_s)
        self.start()

    def pid(self, job_id: str = "web") -> int:
        """Process id of the job's process."""
        process = self.supervisor._jobs[job_id]._board._process
        assert process is not None
        assert process.pid is not None
        return process.pid

    def clean_up(self) -> None:
        """Leave no process and no folder."""
        self.stop(0.0)
        shutil.rmtree(self.run_dir)
