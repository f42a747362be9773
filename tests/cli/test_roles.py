"""`ml-sidecar roles` prints what can be run as it is."""

from __future__ import annotations

import json
import shlex

import pytest

from sidecar.cli import main
from sidecar.storage.names import Names
from sidecar.storage.service_role import service_role


def printed(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["roles", *options]) == 0
    return capsys.readouterr().out


def test_the_role_alone_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(printed(capsys, "--format", "json")) == service_role(Names())


def test_names_follow_the_prefix_of_the_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDECAR_INDEX_PREFIX", ".mine-")
    role = json.loads(printed(capsys, "--format", "json"))
    assert role["indices"][0]["names"][0] == ".mine-*"
    assert role["indices"][0]["allow_restricted_indices"] is False


def test_a_shell_reads_the_calls_as_they_are_meant(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDECAR_ELASTICSEARCH_URL", "https://one:9200/,https://two:9200")
    words = shlex.split(printed(capsys, "--name", "ml"), comments=True)
    urls = [word for word in words if word.startswith("https:")]
    bodies = [json.loads(word) for word in words if word.startswith("{")]
    assert urls == [
        "https://one:9200/_security/role/ml",
        "https://one:9200/_security/user/ml",
    ]
    assert bodies[0] == service_role(Names())
    assert bodies[1]["roles"] == ["ml"]


def test_a_key_is_made_with_the_role_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "--format", "console", "--api-key")
    assert "POST /_security/api_key\n" in text
    body = json.loads(text[text.index("{") : text.rindex("}") + 1])
    assert body["role_descriptors"] == {"ml-sidecar": service_role(Names())}


def test_cloning_keys_is_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    role = json.loads(printed(capsys, "--format", "json", "--run-as", "alice,bob"))
    assert role["run_as"] == ["alice", "bob"]
    assert "may act as others" in printed(capsys)


def test_a_key_cannot_clone_keys(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["roles", "--api-key", "--run-as", "alice"])
    assert ended.value.code == 2
    assert "no --api-key" in capsys.readouterr().err
