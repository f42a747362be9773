"""Keys that nothing holds are found after a crash anywhere; secrets follow the settings' keys."""

from __future__ import annotations

import pytest

from sidecar.errors import MlError, UnavailableError
from sidecar.interfaces import Caller, Holder, HolderKind, Sealing
from sidecar.services.credential_upkeep import ORPHAN_AGE_MS, CredentialUpkeep
from sidecar.services.credentials import CredentialService
from tests.fakes.credentials import FakeKey, FakeUser
from tests.services.conftest import NOW, World

FEED = HolderKind.DATAFEED
LOST_ANSWER = "after a key was made"
ANN, BOB = Caller("Basic ann"), Caller("Basic bob")


@pytest.fixture
def service(world: World) -> CredentialService:
    keys = world.stores.owner_keys
    keys.users.update(ann=FakeUser(), bob=FakeUser())
    keys.now = NOW
    stores = world.stores
    return CredentialService(
        stores.credentials,
        stores.key_notes,
        keys,
        stores.cluster,
        world.clock,
        installation=".ml-",
    )


@pytest.fixture
def upkeep(world: World) -> CredentialUpkeep:
    stores = world.stores
    return CredentialUpkeep(
        stores.credentials,
        stores.key_notes,
        stores.owner_keys,
        stores.cluster,
        world.clock,
        installation=".ml-",
    )


class Crash(BaseException):
    """The process ends here: nothing behind this line runs."""


def crash_in(world: World, place: str) -> None:
    if place == LOST_ANSWER:
        world.stores.owner_keys.lose_answer = Crash()
        return
    store, method = place.split(".")
    getattr(world.stores, store).fail_with(Crash(), method=method)


@pytest.mark.parametrize(
    "place",
    [
        "key_notes.add",
        "owner_keys.grant",
        LOST_ANSWER,
        "credentials.get",
        "credentials.put",
        "owner_keys.invalidate",
        "key_notes.remove",
    ],
)
def test_a_crash_anywhere_in_an_update_leaves_one_key_in_the_end(
    world: World, service: CredentialService, upkeep: CredentialUpkeep, place: str
) -> None:
    service.create(ANN, FEED, "web")
    crash_in(world, place)
    with pytest.raises(Crash):
        service.create(BOB, FEED, "web")
    world.clock.now += ORPHAN_AGE_MS
    upkeep.revoke_orphans()
    (held,) = world.stores.credentials.get_all()
    assert set(world.stores.owner_keys.valid) == {held.key_name}
    assert {note.name for note in world.stores.key_notes.get_all()} == {held.key_name}
    assert service.headers_for(FEED, "web") is not None


@pytest.mark.parametrize(
    "place", ["credentials.delete", "owner_keys.invalidate", "key_notes.remove"]
)
def test_a_crash_anywhere_in_a_deletion_leaves_no_key_in_the_end(
    world: World, service: CredentialService, upkeep: CredentialUpkeep, place: str
) -> None:
    service.create(ANN, FEED, "web")
    crash_in(world, place)
    with pytest.raises(Crash):
        service.revoke(FEED, "web")
    service.revoke(FEED, "web")  # as the deletion that is resumed does
    world.clock.now += ORPHAN_AGE_MS
    upkeep.revoke_orphans()
    assert world.stores.owner_keys.valid == {}
    assert world.stores.key_notes.get_all() == []


def test_a_key_whose_answer_was_lost_is_found_when_it_is_old_enough(
    world: World, service: CredentialService, upkeep: CredentialUpkeep
) -> None:
    world.stores.owner_keys.lose_answer = UnavailableError("away")
    with pytest.raises(MlError):
        service.create(ANN, FEED, "web")
    assert upkeep.revoke_orphans() == []
    world.clock.now += ORPHAN_AGE_MS
    (name,) = upkeep.revoke_orphans()
    assert name.startswith("ml-sidecar-datafeed-web-")
    assert world.stores.owner_keys.valid == {}


def test_listed_keys_are_ours_only_with_our_marks(
    world: World, service: CredentialService, upkeep: CredentialUpkeep
) -> None:
    service.create(ANN, FEED, "web")
    keys = world.stores.owner_keys
    keys.lists_keys = True
    ours = {"application": "ml-sidecar", "installation": ".ml-"}
    keys.valid["ml-sidecar-datafeed-old-1"] = FakeKey("ann", ours, NOW)
    keys.valid["ml-sidecar-datafeed-old-2"] = FakeKey("ann", {**ours, "installation": "x"}, NOW)
    keys.valid["ml-sidecar-datafeed-old-3"] = FakeKey("ann", {}, NOW)
    world.clock.now += ORPHAN_AGE_MS
    assert upkeep.revoke_orphans() == ["ml-sidecar-datafeed-old-1"]
    assert len(keys.valid) == 3


def test_an_orphan_that_cannot_be_invalidated_is_found_again(
    world: World, service: CredentialService, upkeep: CredentialUpkeep
) -> None:
    world.stores.credentials.fail_with(UnavailableError("away"), method="put")
    with pytest.raises(UnavailableError):
        service.create(ANN, FEED, "web")
    world.clock.now += ORPHAN_AGE_MS
    world.stores.owner_keys.fail_with(UnavailableError("away"), method="invalidate")
    assert upkeep.revoke_orphans() == []
    assert len(upkeep.revoke_orphans()) == 1


def test_with_security_off_nobody_is_asked(world: World, upkeep: CredentialUpkeep) -> None:
    world.stores.cluster.security = False
    assert upkeep.revoke_orphans() == []
    assert world.stores.owner_keys.calls == []


def test_rotation_encrypts_what_an_old_key_encrypted(
    world: World, service: CredentialService, upkeep: CredentialUpkeep
) -> None:
    keys = world.stores.credentials.keys
    service.create(ANN, FEED, "a")
    keys.insert(0, "newer")
    service.create(BOB, FEED, "b")
    assert [state.sealing for state in upkeep.states()] == [Sealing.OLD, Sealing.CURRENT]
    assert [state.sealing for state in upkeep.rotate()] == [Sealing.OLD, Sealing.CURRENT]
    keys.pop()
    assert [state.sealing for state in upkeep.states()] == [Sealing.CURRENT] * 2
    assert service.headers_for(FEED, "a") is not None


def test_rotation_leaves_what_it_cannot_read(
    world: World, service: CredentialService, upkeep: CredentialUpkeep
) -> None:
    service.create(ANN, FEED, "a")
    keys = world.stores.credentials.keys
    keys[:] = ["another"]
    assert [state.sealing for state in upkeep.rotate()] == [Sealing.LOST]
    keys.append("key")
    assert world.stores.credentials.sealing(Holder(FEED, "a")) is Sealing.OLD
