"""Renews the leases of this sidecar's jobs, and fences jobs whose lease ran out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sidecar.errors import MlError
from sidecar.runtime.claims import Claim, Claims, LeaseLostError
from sidecar.schema.job_task import JobTask

logger = logging.getLogger(__name__)

# Renewals per lease, and looks at the leases' age per lease.
_RENEWALS = 3
_LOOKS = 10


class Leased(Protocol):
    """A job whose lease is kept."""

    @property
    def claim(self) -> Claim:
        """Its task."""

    def fence(self) -> None:
        """Stop the process: somebody else may own the job."""

    def unfence(self) -> None:
        """Go on: the lease is ours again."""

    def lose(self) -> None:
        """Somebody else owns the job: stop for good."""


class Heartbeat:
    """Two threads: one talks to the store and may be kept waiting, one watches the time.

    `others` holds the tasks of other sidecars as of the last renewal.
    """

    def __init__(self, claims: Claims, lease_ms: int, jobs: Callable[[], Sequence[Leased]]) -> None:
        self._claims = claims
        self._lease_s = lease_ms / 1000
        self._jobs = jobs
        self._stopped = threading.Event()
        self.others: Mapping[str, JobTask] = {}

    def start(self) -> None:
        """Begin; ends with the process or with `stop`."""
        for run in (self._renew_for_ever, self._watch_for_ever):
            threading.Thread(target=run, name="heartbeat", daemon=True).start()

    def stop(self) -> None:
        """Renew no more."""
        self._stopped.set()

    def renew(self) -> None:
        """Renew every lease once."""
        try:
            self.others = self._claims.tasks_of_other_nodes()
        except MlError as error:
            logger.warning("the tasks of other nodes cannot be read: %s", error.reason)
        for job in self._jobs():
            try:
                self._claims.store(job.claim)
            except LeaseLostError:
                logger.warning(
                    "another node owns the job now", extra={"ml.job_id": job.claim.task.job_id}
                )
                job.lose()
            except MlError as error:
                logger.warning(
                    "the lease could not be renewed: %s",
                    error.reason,
                    extra={"ml.job_id": job.claim.task.job_id},
                )
            else:
                job.unfence()

    def fence(self) -> None:
        """Stop the processes of jobs whose lease ran out."""
        for job in self._jobs():
            if self._claims.lease_is_over(job.claim):
                job.fence()

    def _renew_for_ever(self) -> None:
        while not self._stopped.wait(self._lease_s / _RENEWALS):
            try:
                self.renew()
            except Exception:
                logger.exception("heartbeat failed")

    def _watch_for_ever(self) -> None:
        while not self._stopped.wait(self._lease_s / _LOOKS):
            self.fence()
