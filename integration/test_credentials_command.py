"""`ml-sidecar credentials` beside a real Elasticsearch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.contract.conftest import settings, stores  # noqa: F401 - fixtures
from integration.contract.owners import FEED, Place, Sidecar, lend_place, sidecar_of, valid_keys
from sidecar.cli import main
from sidecar.settings import Settings, new_key
from sidecar.storage.stores import ElasticsearchStores


@pytest.fixture
def place(
    stores: ElasticsearchStores,  # noqa: F811
    settings: Settings,  # noqa: F811
) -> Iterator[Place]:
    with lend_place(stores, settings) as made:
        yield made


@pytest.fixture
def sidecar(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sidecar]:
    """Services whose settings the command has too, with credentials of a datafeed."""
    for name, value in place.settings.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "250")
    made = sidecar_of(place.settings)
    made.credentials.create(place.user, FEED, place.name)
    yield made
    made.stores.close()


def line_of(place: Place, printed: str) -> str:
    (line,) = [line for line in printed.splitlines() if place.name in line]
    return line


@pytest.mark.usefixtures("sidecar")
def test_list_shows_whose_they_are_and_no_secret(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["credentials", "list"]) == 0
    line = line_of(place, capsys.readouterr().out)
    (key,) = valid_keys(place)
    assert line.split()[:3] == ["datafeed", place.name, place.name]
    assert key["id"] in line
    assert line.rstrip().endswith("current")


@pytest.mark.usefixtures("sidecar")
def test_rotate_encrypts_anew_and_names_what_it_cannot_read(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = new_key()
    monkeypatch.setenv("SIDECAR_ENCRYPTION_KEY", f"{newer},{place.settings.encryption_key}")
    main(["credentials", "rotate"])
    capsys.readouterr()
    monkeypatch.setenv("SIDECAR_ENCRYPTION_KEY", newer)
    main(["credentials", "list"])
    assert line_of(place, capsys.readouterr().out).rstrip().endswith("current")
    monkeypatch.setenv("SIDECAR_ENCRYPTION_KEY", new_key())
    assert main(["credentials", "rotate"]) == 1
    assert line_of(place, capsys.readouterr().out).rstrip().endswith("cannot be read")


@pytest.mark.usefixtures("sidecar")
def test_revoke_invalidates_and_forgets(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["credentials", "revoke", "datafeed", place.name]) == 0
    assert valid_keys(place) == []
    assert main(["credentials", "revoke", "datafeed", place.name]) == 1
    assert capsys.readouterr().out == "revoked\nnothing was stored\n"


@pytest.mark.usefixtures("sidecar")
def test_revoke_orphans_leaves_what_is_held(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["credentials", "revoke", "--orphans"]) == 0
    assert "API keys that nothing held" in capsys.readouterr().out
    assert len(valid_keys(place)) == 1
