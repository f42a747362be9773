"""Services over in-memory stores, a frozen clock and a runtime that keeps nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from sidecar.schema.job import DataDescription, Job
from sidecar.schema.units import TimeValue
from tests.fakes import FakeStores, make_stores
from tests.fakes.runtime import FakeRuntime

NOW = 1_700_000_000_000


@dataclass
class FrozenClock:
    """Stands still until a test moves it."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


def make_job(job_id: str = "web", **members: Any) -> Job:
    config = AnalysisConfig(TimeValue(300_000, "5m"), (Detector("count"),))
    return Job(job_id, config, DataDescription(), **members)


@dataclass
class World:
    """Everything a service is made from."""

    clock: FrozenClock = field(default_factory=FrozenClock)
    stores: FakeStores = field(default_factory=make_stores)
    runtime: FakeRuntime = field(init=False)

    def __post_init__(self) -> None:
        self.runtime = FakeRuntime(self.clock)

    def add_job(self, job_id: str = "web", **members: Any) -> Job:
        job = make_job(job_id, **members)
        self.stores.jobs.create(job)
        return job

    def job(self, job_id: str = "web") -> Job:
        return self.stores.jobs.get(job_id)[0]


@pytest.fixture
def world() -> World:
    return World()
