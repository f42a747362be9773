"""The inline runtime keeps the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.interfaces import JobRuntime
from sidecar.runtime.inline import InlineRuntime
from tests.runtime.contract import MAX_OPEN_JOBS, RuntimeContract
from tests.runtime.fake_job import FakeFactory


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "fake"
    made.mkdir()
    return made


@pytest.fixture
def runtime(tmp_path: Path, folder: Path) -> JobRuntime:
    return InlineRuntime(
        FakeFactory(folder), tmp_path / "data", max_open_jobs=MAX_OPEN_JOBS, clock=lambda: 1_000
    )


class TestInlineRuntime(RuntimeContract):
    """Every test of the contract."""
