"""The composition root: plugs stores, services, runtime and worker together.

Each kind of process imports what it runs: HTTP workers and the supervisor never load the engine
(numpy, numba: some 45 MiB each), the fork server and the jobs never load Flask.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.clock import system_clock
from sidecar.errors import MlError, UnavailableError
from sidecar.interfaces import OpenJobFactory
from sidecar.logs import configure_logs
from sidecar.runtime.launcher import Launcher
from sidecar.runtime.local import LocalRuntime
from sidecar.runtime.node import Node, clear_run_dir, make_run_dir, run_dir_of, supervisor_socket
from sidecar.runtime.supervisor import Limits, Supervisor
from sidecar.runtime.supervisor_server import SupervisorServer
from sidecar.services.services import Services, make_services
from sidecar.settings import Settings
from sidecar.storage.start_check import RefusedStartError
from sidecar.storage.stores import ElasticsearchStores, make_stores

if TYPE_CHECKING:
    from flask import Flask

logger = logging.getLogger(__name__)

# What the fork server loads before the first job: everything that a job's process needs.
_PRELOAD = (
    "sidecar.runtime.fork_server",
    "sidecar.runtime.job_process",
    "sidecar.bootstrap",
    "sidecar.worker.warm",
)
# When API keys that nothing uses are looked for after the start, and how often then, in seconds.
_FIRST_ORPHANS_S = 10.0
_ORPHANS_S = 600.0


def build_stores(
    settings: Settings, should_stop: Callable[[], bool] = lambda: False
) -> ElasticsearchStores:
    """Make all stores of this process; `should_stop` ends the waiting for an Elasticsearch."""
    return make_stores(settings, system_clock, should_stop)


def build_runtime(settings: Settings) -> LocalRuntime:
    """Make the runtime as this process sees it: a client of the supervisor."""
    return LocalRuntime(supervisor_socket(run_dir_of(settings)))


def build_services(settings: Settings, stores: ElasticsearchStores) -> Services:
    """Make all use cases."""
    return make_services(stores, build_runtime(settings), settings)


def build_app(settings: Settings) -> Flask:
    """Make the HTTP application of one worker process."""
    from sidecar.api.app import create_app

    stores = build_stores(settings)
    app = create_app(build_services(settings, stores), settings)
    app.before_request(_Once(partial(_prepare, stores)))
    return app


def _prepare(stores: ElasticsearchStores) -> None:
    """Make the indices, if the sidecar can work on this cluster."""
    stores.start_check.run()
    stores.results_indices.install()


class SupervisorProcess:
    """The supervisor with its socket.

    `refuse` is called with the reason, from a thread, when the sidecar would lose data on this
    cluster; the supervisor then waits to be stopped and has written nothing.
    """

    def __init__(self, settings: Settings, refuse: Callable[[str], None]) -> None:
        self._settings = settings
        self._refuse = refuse
        self._stopping = threading.Event()
        self._prepared = threading.Event()
        data_dir, run_dir = Path(settings.data_dir).resolve(), make_run_dir(settings)
        clear_run_dir(run_dir)
        self._stores = build_stores(settings, self._stopping.is_set)
        self._supervisor = Supervisor(
            self._stores.job_tasks,
            Node.of(settings),
            Launcher(_PRELOAD),
            partial(open_job_factory, settings),
            data_dir=data_dir,
            run_dir=run_dir,
            limits=Limits(settings.max_open_jobs, settings.lease_ms),
            audit=self._stores.audit,
            prepare=self._prepare,
        )
        self._server = SupervisorServer(self._supervisor, supervisor_socket(run_dir))

    def start(self) -> None:
        """Serve; jobs that were open are opened again, deletions that broke off go on."""
        self._supervisor.start()
        self._server.start()
        threading.Thread(target=self._resume_deletions, name="deletions", daemon=True).start()
        threading.Thread(target=self._revoke_orphans, name="orphaned keys", daemon=True).start()

    def stop(self, grace_s: float) -> None:
        """Persist all open jobs and end their processes."""
        self._server.stop()
        self._supervisor.stop(grace_s)
        self._stopping.set()
        self._stores.close()

    def _prepare(self) -> None:
        try:
            _prepare(self._stores)
        except RefusedStartError as error:
            self._refuse(str(error))
            self._stopping.wait()
            raise UnavailableError(str(error)) from error
        self._prepared.set()

    def _resume_deletions(self) -> None:
        pause = 1.0
        services = build_services(self._settings, self._stores)
        while not self._stopping.wait(pause):
            if not self._prepared.is_set():
                continue
            try:
                services.deletion.resume_deletions()
            except MlError as error:
                logger.info("deletions are not resumed yet: %s", error.reason)
                pause = min(30.0, pause * 2)
            else:
                return

    def _revoke_orphans(self) -> None:
        """Again and again: a key that a crash left is too young to be told from one in use."""
        upkeep = build_services(self._settings, self._stores).credential_upkeep
        pause = _FIRST_ORPHANS_S
        while not self._stopping.wait(pause):
            pause = _ORPHANS_S
            try:
                for name in upkeep.revoke_orphans():
                    logger.info("API key [%s] was not in use and is invalidated", name)
            except MlError as error:
                logger.info("API keys that are not in use are looked for later: %s", error.reason)


@contextmanager
def open_job_factory(settings: Settings) -> Iterator[OpenJobFactory]:
    """Make what opens a job, in the job's own process; leaving it writes the audits that wait."""
    from sidecar.worker.opening import AutodetectFactory, WorkerStores

    configure_logs(settings.log_level)
    stores = build_stores(settings)
    try:
        yield AutodetectFactory(
            WorkerStores(
                jobs=stores.jobs,
                filters=stores.filters,
                calendars=stores.calendars,
                model_state=stores.model_state,
                results_writer=stores.results_writer,
                stats=stores.stats,
                annotations=stores.annotations,
                audit=stores.audit,
            ),
            settings,
        )
    finally:
        stores.close()


class _Once:
    """Calls `action` before requests are served until it has succeeded once.

    Without the templates a first write would make an index with the wrong mappings. A cluster
    that is away is no error here: the request itself finds out. On one where the sidecar would
    lose data no request is served.
    """

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action
        self._lock = threading.Lock()
        self._done = threading.Event()

    def __call__(self) -> None:
        if self._done.is_set():
            return
        with self._lock:
            if self._done.is_set():
                return
            try:
                self._action()
            except RefusedStartError as error:
                raise UnavailableError(str(error)) from error
            except MlError as error:
                logger.warning("the indices are not installed yet: %s", error.reason)
            else:
                self._done.set()
