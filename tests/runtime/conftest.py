"""A launcher for all tests (its fork server starts once), a harness for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.runtime.launcher import Launcher
from tests.runtime.harness import LocalHarness


@pytest.fixture(scope="session")
def launcher() -> Launcher:
    return Launcher(["tests.runtime.fake_job", "sidecar.runtime.job_process"])


@pytest.fixture
def local(tmp_path: Path, launcher: Launcher) -> Iterator[LocalHarness]:
    harness = LocalHarness(tmp_path, launcher)
    yield harness
    harness.clean_up()
