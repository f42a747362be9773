"""Credentials of each kind of caller, made on a real Elasticsearch by an account of few rights."""

from __future__ import annotations

import base64
import dataclasses
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from integration.contract.owners import (
    CLONING,
    FEED,
    Place,
    Sidecar,
    lend_place,
    own_key,
    read,
    sidecar_of,
    valid_keys,
)
from integration.contract.test_security import PASSWORD, basic
from sidecar import codec
from sidecar.errors import ForbiddenError, OwnerRefusedError, UnauthorizedError, UnavailableError
from sidecar.interfaces import Caller
from sidecar.logs import log_config
from sidecar.services.credential_upkeep import ORPHAN_AGE_MS
from sidecar.settings import Settings, new_key
from sidecar.storage.names import Names
from sidecar.storage.owner_calls import calling_as_owner
from sidecar.storage.stores import ElasticsearchStores


@pytest.fixture
def place(stores: ElasticsearchStores, settings: Settings) -> Iterator[Place]:
    with lend_place(stores, settings) as made:
        yield made


@pytest.fixture
def sidecar(place: Place) -> Iterator[Sidecar]:
    made = sidecar_of(place.settings)
    yield made
    made.stores.close()


def test_a_password_becomes_a_key_that_is_revoked(place: Place, sidecar: Sidecar) -> None:
    shown = sidecar.credentials.create(place.user, FEED, place.name)
    assert shown == {"roles": [place.name]}
    (key,) = valid_keys(place)
    assert key["username"] == place.name
    assert key["metadata"] == {
        "application": "ml-sidecar",
        "installation": place.settings.elasticsearch_username,
        "type": "datafeed",
        "id": place.name,
    }
    assert read(sidecar, place) == 1
    with pytest.raises(OwnerRefusedError):
        read(sidecar, place, ".ml-sidecar")
    headers = sidecar.credentials.headers_for(FEED, place.name)
    sidecar.credentials.revoke(FEED, place.name)
    assert valid_keys(place) == []
    with (
        pytest.raises(OwnerRefusedError, match=rf"refuses the owner of datafeed \[{place.name}\]"),
        calling_as_owner(sidecar.stores.connection, place.holder(), headers) as client,
    ):
        client.search(index=place.name)


def test_the_key_survives_a_new_password(place: Place, sidecar: Sidecar) -> None:
    sidecar.credentials.create(place.user, FEED, place.name)
    place.admin.security.change_password(username=place.name, password="another")  # noqa: S106
    assert read(sidecar, place) == 1


def test_secondary_authorization_wins(place: Place, sidecar: Sidecar, settings: Settings) -> None:
    superuser = basic(settings.elasticsearch_username, settings.elasticsearch_password)
    caller = dataclasses.replace(superuser, secondary_authorization=place.user.authorization)
    assert sidecar.credentials.create(caller, FEED, place.name) == {"roles": [place.name]}
    assert read(sidecar, place) == 1


def test_who_runs_as_another_gets_a_key_of_the_other(
    place: Place, sidecar: Sidecar, settings: Settings
) -> None:
    superuser = basic(settings.elasticsearch_username, settings.elasticsearch_password)
    caller = dataclasses.replace(superuser, run_as=place.name)
    assert sidecar.credentials.create(caller, FEED, place.name) == {"roles": [place.name]}
    assert [key["username"] for key in valid_keys(place)] == [place.name]
    assert read(sidecar, place) == 1
    with pytest.raises(OwnerRefusedError):
        read(sidecar, place, ".ml-sidecar")


def test_an_api_key_is_kept_where_it_cannot_be_cloned(place: Place, sidecar: Sidecar) -> None:
    caller, key = own_key(place)
    shown = sidecar.credentials.create(caller, FEED, place.name)
    assert shown == {"api_key": {"id": key["id"], "name": key["name"]}}
    assert valid_keys(place) == []
    assert read(sidecar, place) == 1
    sidecar.credentials.revoke(FEED, place.name)
    found = place.admin.security.get_api_key(id=key["id"])["api_keys"]
    assert not found[0]["invalidated"]


@pytest.mark.parametrize("limited", [False, True], ids=["all rights of its user", "fewer rights"])
def test_an_api_key_is_cloned_where_the_account_may(
    place: Place, sidecar: Sidecar, limited: bool
) -> None:
    place.allow(CLONING, run_as=[place.name])
    rights = {"a": {"indices": [{"names": [place.name], "privileges": ["read"]}]}}
    caller, key = own_key(place, expiration="1h", role_descriptors=rights if limited else None)
    shown = sidecar.credentials.create(caller, FEED, place.name)
    assert shown == {"api_key": {"id": key["id"], "name": key["name"]}}
    (clone,) = valid_keys(place)
    assert clone["username"] == place.name
    assert clone["expiration"] == pytest.approx(key["expiration"], abs=60_000)
    assert read(sidecar, place) == 1
    with pytest.raises(OwnerRefusedError):
        read(sidecar, place, ".ml-sidecar")


def test_an_api_key_whose_user_has_more_rights_now_is_not_cloned(
    place: Place, sidecar: Sidecar
) -> None:
    place.allow(CLONING, run_as=[place.name])
    caller, _ = own_key(place)
    security = place.admin.security
    security.put_user(username=place.name, roles=[place.name, "superuser"])
    sidecar.credentials.create(caller, FEED, place.name)
    assert valid_keys(place) == []
    with pytest.raises(OwnerRefusedError):
        read(sidecar, place, ".ml-sidecar")


def test_a_service_token_is_kept(place: Place, sidecar: Sidecar) -> None:
    account: dict[str, Any] = {
        "namespace": "elastic",
        "service": "fleet-server",
        "name": place.name,
    }
    security = place.admin.security
    token = security.create_service_token(**account)["token"]["value"]
    try:
        shown = sidecar.credentials.create(Caller(f"Bearer {token}"), FEED, place.name)
        assert shown == {"service_account": "elastic/fleet-server"}
        assert read(sidecar, place, "metrics-none*") == 0
    finally:
        security.delete_service_token(**account)
    with pytest.raises(OwnerRefusedError):
        read(sidecar, place, "metrics-none*")


@pytest.mark.parametrize(
    ("caller", "kind"),
    [
        (basic("nobody-at-all", "x"), UnauthorizedError),
        (Caller("Bearer nonsense"), UnauthorizedError),
        (Caller(), UnauthorizedError),
    ],
    ids=["wrong password", "wrong token", "nothing"],
)
def test_an_unknown_caller_leaves_nothing(
    place: Place, sidecar: Sidecar, caller: Caller, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        sidecar.credentials.create(caller, FEED, place.name)
    assert sidecar.stores.credentials.get(place.holder()) is None


def test_who_may_not_run_as_another_is_refused(place: Place, sidecar: Sidecar) -> None:
    with pytest.raises(ForbiddenError):
        sidecar.credentials.create(
            dataclasses.replace(place.user, run_as="elastic"), FEED, place.name
        )


def test_an_account_that_may_not_grant_says_so(place: Place, sidecar: Sidecar) -> None:
    place.allow(["monitor"])
    with pytest.raises(UnavailableError, match=r"own account .* \[grant_api_key\]"):
        sidecar.credentials.create(place.user, FEED, place.name)


def test_a_key_that_nothing_holds_is_found_without_the_right_to_list_keys(
    place: Place, sidecar: Sidecar
) -> None:
    sidecar.credentials.create(place.user, FEED, place.name)
    (key,) = valid_keys(place)
    sidecar.stores.credentials.delete(place.holder())  # as if a crash had come before the store
    assert key["name"] not in sidecar.upkeep.revoke_orphans()
    late = sidecar_of(place.settings, late_ms=ORPHAN_AGE_MS + 1_000)
    assert key["name"] in late.upkeep.revoke_orphans()
    late.stores.close()
    assert valid_keys(place) == []


def test_a_key_whose_note_is_lost_is_found_by_its_marks(place: Place, sidecar: Sidecar) -> None:
    place.allow(CLONING)
    sidecar.credentials.create(place.user, FEED, place.name)
    (key,) = valid_keys(place)
    sidecar.stores.credentials.delete(place.holder())
    sidecar.stores.key_notes.remove(key["name"])
    late = sidecar_of(place.settings, late_ms=ORPHAN_AGE_MS + 1_000)
    assert key["name"] in late.upkeep.revoke_orphans()
    late.stores.close()


def test_an_owner_who_is_gone_does_not_start_anything(place: Place, sidecar: Sidecar) -> None:
    place.allow(CLONING)
    sidecar.credentials.create(place.user, FEED, place.name)
    sidecar.credentials.require_owner(FEED, place.name)
    place.admin.security.disable_user(username=place.name)
    with pytest.raises(OwnerRefusedError, match="is disabled"):
        sidecar.credentials.require_owner(FEED, place.name)
    place.admin.security.delete_user(username=place.name)
    with pytest.raises(OwnerRefusedError, match="was deleted"):
        sidecar.credentials.require_owner(FEED, place.name)
    place.admin.security.put_user(username=place.name, password=PASSWORD, roles=[])


def test_rotation_with_two_keys_on_the_real_index(place: Place, sidecar: Sidecar) -> None:
    sidecar.credentials.create(place.user, FEED, place.name)
    newer = new_key()
    both = dataclasses.replace(
        place.settings, encryption_key=f"{newer},{place.settings.encryption_key}"
    )
    rotating = sidecar_of(both)
    assert rotating.stores.credentials.reseal(place.holder()) == "old key"
    rotating.stores.close()
    after = sidecar_of(dataclasses.replace(place.settings, encryption_key=newer))
    assert read(after, place) == 1
    after.stores.close()


def test_nothing_secret_is_stored_or_logged(
    place: Place, sidecar: Sidecar, caplog: pytest.LogCaptureFixture
) -> None:
    # As every process of the sidecar logs at its most talkative.
    for name, options in log_config("debug")["loggers"].items():
        caplog.set_level(options["level"], logger=name)
    caplog.set_level(logging.DEBUG)
    caller, key = own_key(place)
    sidecar.credentials.create(caller, FEED, place.name)
    read(sidecar, place)
    sidecar.credentials.create(place.user, FEED, place.name)
    headers = sidecar.credentials.headers_for(FEED, place.name)
    assert headers is not None
    read(sidecar, place)
    granted = str(headers.authorization).removeprefix("ApiKey ")
    plain = [
        PASSWORD,
        str(place.user.authorization).removeprefix("Basic "),
        key["api_key"],
        key["encoded"],
        granted,
        base64.b64decode(granted).decode().partition(":")[2],
    ]
    index = Names(place.settings.index_prefix).sidecar
    place.admin.indices.refresh(index=index)
    stored = place.admin.search(index=index, size=10_000)["hits"]["hits"]
    written = codec.dumps([hit["_source"] for hit in stored]).decode()
    assert place.name in written
    assert "_search" in caplog.text
    assert [secret in written for secret in plain] == [False] * len(plain)
    assert [secret in caplog.text for secret in plain] == [False] * len(plain)
