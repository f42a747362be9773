"""Credentials of owners: made, replaced, used, revoked."""

from __future__ import annotations

import dataclasses

import pytest

from sidecar.errors import (
    ConflictError,
    CredentialsLostError,
    MlError,
    OwnerRefusedError,
    UnauthorizedError,
    UnavailableError,
    VersionConflictError,
)
from sidecar.interfaces import Caller, HolderKind, OwnerHeaders
from sidecar.services.credentials import CredentialService
from tests.fakes.credentials import FakeUser
from tests.services.conftest import World

FEED = HolderKind.DATAFEED
ANN, BOB = Caller("Basic ann"), Caller("Basic bob")


@pytest.fixture
def service(world: World) -> CredentialService:
    stores = world.stores
    stores.owner_keys.users.update(ann=FakeUser(["reader"]), bob=FakeUser(["admin"]))
    return CredentialService(
        stores.credentials,
        stores.key_notes,
        stores.owner_keys,
        stores.cluster,
        world.clock,
        installation=".ml-",
    )


def valid_keys_of(world: World) -> list[str]:
    return sorted(key.owner for key in world.stores.owner_keys.valid.values())


def noted(world: World) -> set[str]:
    return {note.name for note in world.stores.key_notes.get_all()}


def test_a_key_is_made_for_who_created_it(world: World, service: CredentialService) -> None:
    assert service.create(ANN, FEED, "web") == {"roles": ["reader"]}
    ((name, key),) = world.stores.owner_keys.valid.items()
    assert name.startswith("ml-sidecar-datafeed-web-")
    assert key.owner == "ann"
    assert key.metadata == {
        "application": "ml-sidecar",
        "installation": ".ml-",
        "type": "datafeed",
        "id": "web",
    }
    assert service.headers_for(FEED, "web") == OwnerHeaders(f"ApiKey {name}")
    assert service.view(FEED, "web") == {"roles": ["reader"]}
    assert noted(world) == {name}


def test_secondary_authorization_wins(world: World, service: CredentialService) -> None:
    both = dataclasses.replace(ANN, secondary_authorization="Basic bob", run_as="ann")
    assert service.create(both, FEED, "web") == {"roles": ["admin"]}
    assert valid_keys_of(world) == ["bob"]


def test_run_as_belongs_to_the_other_user(world: World, service: CredentialService) -> None:
    service.create(dataclasses.replace(BOB, run_as="ann"), FEED, "web")
    assert valid_keys_of(world) == ["ann"]


def test_a_credential_of_which_no_key_is_made_is_kept(
    world: World, service: CredentialService
) -> None:
    service.create(Caller("Bearer ann", run_as="bob"), FEED, "web")
    assert service.headers_for(FEED, "web") == OwnerHeaders("Bearer ann", "bob")
    assert noted(world) == set()


def test_an_update_revokes_the_key_that_was(world: World, service: CredentialService) -> None:
    service.create(ANN, FEED, "web")
    service.create(BOB, FEED, "web")
    assert valid_keys_of(world) == ["bob"]
    assert service.view(FEED, "web") == {"roles": ["admin"]}
    assert noted(world) == set(world.stores.owner_keys.valid)


def test_holders_do_not_share_credentials(service: CredentialService) -> None:
    service.create(ANN, FEED, "web")
    service.create(BOB, HolderKind.ANALYTICS, "web")
    assert service.view(FEED, "web") == {"roles": ["reader"]}


def test_deleting_revokes(world: World, service: CredentialService) -> None:
    service.create(ANN, FEED, "web")
    assert service.revoke(FEED, "web")
    assert valid_keys_of(world) == []
    assert noted(world) == set()
    assert service.view(FEED, "web") is None
    assert not service.revoke(FEED, "web")


def test_a_kept_credential_is_forgotten_and_not_invalidated(
    world: World, service: CredentialService
) -> None:
    service.create(Caller("Bearer ann"), FEED, "web")
    service.revoke(FEED, "web")
    assert "invalidate" not in world.stores.owner_keys.calls
    with pytest.raises(CredentialsLostError):
        service.headers_for(FEED, "web")


def test_a_key_that_cannot_be_invalidated_now_stays_noted(
    world: World, service: CredentialService
) -> None:
    service.create(ANN, FEED, "web")
    world.stores.owner_keys.fail_with(UnavailableError("away"), method="invalidate")
    service.revoke(FEED, "web")
    assert noted(world) == set(world.stores.owner_keys.valid) != set()


def test_without_an_encryption_key_nothing_is_made(
    world: World, service: CredentialService
) -> None:
    world.stores.credentials.keys.clear()
    with pytest.raises(ConflictError, match=r"\[ml-sidecar new-key\].*SIDECAR_ENCRYPTION_KEY"):
        service.create(ANN, FEED, "web")
    assert world.stores.owner_keys.calls == []
    assert noted(world) == set()


def test_an_unknown_caller_leaves_nothing(world: World, service: CredentialService) -> None:
    with pytest.raises(UnauthorizedError):
        service.create(Caller("Basic nobody"), FEED, "web")
    assert noted(world) == set()


def test_what_fails_inside_the_block_leaves_what_was(
    world: World, service: CredentialService
) -> None:
    service.create(ANN, FEED, "web")
    with pytest.raises(VersionConflictError), service.replacing(BOB, FEED, "web"):
        raise VersionConflictError("the configuration was changed")
    assert service.view(FEED, "web") == {"roles": ["reader"]}
    assert valid_keys_of(world) == ["ann"]


def test_who_loses_a_race_tries_again(world: World, service: CredentialService) -> None:
    service.create(ANN, FEED, "web")
    world.stores.credentials.fail_with(VersionConflictError("race"), times=1, method="put")
    service.create(BOB, FEED, "web")
    assert valid_keys_of(world) == ["bob"]


def test_who_always_loses_leaves_no_key(world: World, service: CredentialService) -> None:
    for _ in range(5):
        world.stores.credentials.fail_with(VersionConflictError("race"), method="put")
    with pytest.raises(VersionConflictError):
        service.create(ANN, FEED, "web")
    assert valid_keys_of(world) == []


@pytest.mark.parametrize("method", ["get", "put"])
def test_of_a_write_that_may_have_happened_the_key_stays_noted(
    world: World, service: CredentialService, method: str
) -> None:
    world.stores.credentials.fail_with(UnavailableError("away"), method=method)
    with pytest.raises(UnavailableError):
        service.create(ANN, FEED, "web")
    assert noted(world) == set(world.stores.owner_keys.valid) != set()


def test_a_key_whose_answer_was_lost_stays_noted(world: World, service: CredentialService) -> None:
    world.stores.owner_keys.lose_answer = UnavailableError("away")
    with pytest.raises(UnavailableError):
        service.create(ANN, FEED, "web")
    assert noted(world) == set(world.stores.owner_keys.valid) != set()


def test_with_security_off_nothing_is_stored(world: World, service: CredentialService) -> None:
    world.stores.cluster.security = False
    world.stores.credentials.keys.clear()
    assert service.create(Caller(), FEED, "web") is None
    assert service.headers_for(FEED, "web") is None
    assert service.view(FEED, "web") is None
    service.require_owner(FEED, "web")
    assert world.stores.owner_keys.calls == []


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (lambda users: users.pop("ann"), OwnerRefusedError, "was deleted"),
        (lambda users: setattr(users["ann"], "enabled", False), OwnerRefusedError, "is disabled"),
    ],
    ids=["deleted", "disabled"],
)
def test_work_of_an_owner_who_is_gone_does_not_start(
    world: World,
    service: CredentialService,
    change: object,
    kind: type[MlError],
    message: str,
) -> None:
    service.create(ANN, FEED, "web")
    service.require_owner(FEED, "web")
    assert callable(change)
    change(world.stores.owner_keys.users)
    with pytest.raises(kind, match=message):
        service.require_owner(FEED, "web")


def test_work_without_credentials_does_not_start(service: CredentialService) -> None:
    with pytest.raises(CredentialsLostError, match=r"update it to re-authorise"):
        service.require_owner(FEED, "web")


def test_a_lost_key_asks_to_authorise_again(world: World, service: CredentialService) -> None:
    service.create(ANN, FEED, "web")
    world.stores.credentials.keys[:] = ["another"]
    for call in (service.headers_for, service.require_owner):
        with pytest.raises(CredentialsLostError, match=r"datafeed \[web\].*update it"):
            call(FEED, "web")
    assert service.view(FEED, "web") == {"roles": ["reader"]}
    service.create(ANN, FEED, "web")
    service.require_owner(FEED, "web")
    assert len(world.stores.owner_keys.valid) == 1


def test_secrets_are_not_shown(world: World, service: CredentialService) -> None:
    service.create(ANN, FEED, "web")
    found = world.stores.credentials.get_all()
    shown = repr([ANN, BOB.owner, found, service.headers_for(FEED, "web")])
    assert "Basic" not in shown
    assert "ApiKey" not in shown
