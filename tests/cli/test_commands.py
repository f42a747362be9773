"""The command line without its long-running parts."""

from __future__ import annotations

import dataclasses
import signal
import sys
import time
from pathlib import Path

import pytest

from sidecar import __version__
from sidecar.cli import main
from sidecar.cli.children import Child
from sidecar.settings import Settings


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"ml-sidecar {__version__}\n"


def test_every_setting_is_listed_with_its_whole_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["settings"]) == 0
    printed = capsys.readouterr().out.split()
    for field in dataclasses.fields(Settings):
        assert f"SIDECAR_{field.name.upper()}" in printed


def test_wrong_settings_are_told_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDECAR_PORT", "web")
    monkeypatch.setenv("SIDECAR_NO_SUCH", "1")
    assert main(["serve"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("ml-sidecar: wrong settings: SIDECAR_NO_SUCH: no such setting; ")
    assert error.count("\n") == 1


def test_a_new_key_is_one_that_the_settings_take(capsys: pytest.CaptureFixture[str]) -> None:
    keys = []
    for _ in range(2):
        assert main(["new-key"]) == 0
        keys.append(capsys.readouterr().out.strip())
    assert len(set(keys)) == 2
    Settings.from_environment({"SIDECAR_ENCRYPTION_KEY": ",".join(keys)})


@pytest.mark.parametrize(
    "arguments",
    [
        ["revoke"],
        ["revoke", "datafeed"],
        ["revoke", "datafeed", "web", "--orphans"],
        ["rotate"],
    ],
    ids=["nothing named", "no id", "an id and all orphans", "rotate without a key"],
)
def test_wrong_use_of_credentials_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(["credentials", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("ml-sidecar: ")
    assert error.count("\n") == 1


def test_a_data_folder_that_cannot_be_made_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SIDECAR_DATA_DIR", str(tmp_path / "file" / "data"))
    monkeypatch.setenv("SIDECAR_RUN_DIR", str(tmp_path / "run"))
    assert main(["serve"]) == 1
    assert "Not a directory" in capsys.readouterr().err


def child(code: str) -> Child:
    return Child("child", [sys.executable, "-c", code], {})


def test_a_child_that_died_is_started_again_after_a_pause() -> None:
    one = child("import signal; signal.pause()")
    one.start()
    first = one.pid
    assert one.look() is None
    one.stop(10.0)
    one.start()
    assert one.pid != first
    one.stop(10.0)


def test_deaths_are_counted_and_pauses_grow() -> None:
    one = child("raise SystemExit(3)")
    pauses = []
    for deaths in (1, 2, 3):
        one.start()
        deadline = time.monotonic() + 30.0
        while one.deaths < deaths and time.monotonic() < deadline:
            pause = one.look()
        assert pause is not None
        pauses.append(pause)
    assert pauses[0] < pauses[1] < pauses[2]


def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ignore = f"signal.signal({int(signal.SIGTERM)}, signal.SIG_IGN)"
    one = child(
        f"import signal, pathlib; {ignore}; pathlib.Path({str(ready)!r}).touch(); signal.pause()"
    )
    one.start()
    deadline = time.monotonic() + 30.0
    while not ready.exists() and time.monotonic() < deadline:
        pass
    one.stop(0.2)
    assert one.pid is None
