"""Who the sidecar is and where its sockets are."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sidecar.runtime.node import (
    Node,
    RunDirError,
    clear_run_dir,
    job_socket,
    make_run_dir,
    read_node_id,
    run_dir_of,
)
from sidecar.settings import Settings


@pytest.fixture
def short_folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="mls-") as name:
        yield Path(name)


def test_the_node_id_survives_restarts(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path / "data"), node_name="n1", port=9999)
    first, second = Node.of(settings), Node.of(settings)
    assert first.node_id == second.node_id == read_node_id(tmp_path / "data")
    assert first.ephemeral_id != second.ephemeral_id
    assert first.document()["transport_address"] == "127.0.0.1:9999"
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["node_id"]


def test_each_data_folder_has_its_own_node_id(tmp_path: Path) -> None:
    assert read_node_id(tmp_path / "a") != read_node_id(tmp_path / "b")


def test_the_run_folder_is_for_its_user_alone(tmp_path: Path) -> None:
    folder = make_run_dir(Settings(run_dir=str(tmp_path / "run")))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_default_run_folder_depends_on_the_data_folder(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(short_folder))
    one, two = (make_run_dir(Settings(data_dir=name)) for name in ("one", "two"))
    assert one != two
    assert one.name.startswith(f"ml-sidecar-{os.getuid()}-")


def test_a_default_run_folder_that_is_a_link_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    settings = Settings(data_dir="one")
    (tmp_path / "elsewhere").mkdir()
    run_dir_of(settings).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunDirError, match="belongs to somebody else"):
        make_run_dir(settings)


def test_socket_paths_fit_the_limit_of_the_system(tmp_path: Path) -> None:
    folder = Path("/" + "r" * 79)
    assert len(job_socket(folder, "x" * 64, 2**44)) < 104
    with pytest.raises(RunDirError, match="is too long"):
        make_run_dir(Settings(run_dir=str(tmp_path / ("x" * 90))))


def test_only_old_sockets_are_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as old:
        old.bind("old.sock")
    (tmp_path / "file").touch()
    clear_run_dir(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
