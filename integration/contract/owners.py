"""What tests of stored credentials work with: a user, an account of few rights, its services."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

from integration.contract.test_security import PASSWORD, basic
from sidecar.clock import system_clock
from sidecar.interfaces import Caller, Holder, HolderKind
from sidecar.services.credential_upkeep import CredentialUpkeep
from sidecar.services.credentials import CredentialService
from sidecar.settings import Settings
from sidecar.storage.names import Names
from sidecar.storage.owner_calls import calling_as_owner
from sidecar.storage.service_role import CLONING as TO_CLONE
from sidecar.storage.service_role import service_role
from sidecar.storage.stores import ElasticsearchStores, make_stores

FEED = HolderKind.DATAFEED
LEAST = service_role(Names())["cluster"]
CLONING = [*LEAST, *TO_CLONE]


@dataclass(frozen=True)
class Place:
    """A user with one readable index, and a sidecar account that is not a superuser."""

    name: str
    admin: Elasticsearch
    settings: Settings
    user: Caller

    def allow(self, cluster: list[str], run_as: list[str] | None = None) -> None:
        """Give the sidecar's account these rights, and those that its role has on indices."""
        indices = service_role(Names())["indices"]
        self.admin.security.put_role(
            name=f"{self.name}-account", cluster=cluster, indices=indices, run_as=run_as or []
        )

    def holder(self) -> Holder:
        """Give the datafeed of the tests."""
        return Holder(FEED, self.name)


@dataclass(frozen=True)
class Sidecar:
    """The services of one sidecar, and its stores."""

    stores: ElasticsearchStores
    credentials: CredentialService
    upkeep: CredentialUpkeep


def sidecar_of(settings: Settings, *, late_ms: int = 0) -> Sidecar:
    """Make the services; those of upkeep live `late_ms` later."""
    stores = make_stores(settings, system_clock, lambda: False)
    parts = (stores.credentials, stores.key_notes, stores.owner_keys, stores.cluster)
    # Other tests' keys on a shared cluster are not ours.
    mark = settings.elasticsearch_username
    return Sidecar(
        stores,
        CredentialService(*parts, system_clock, installation=mark),
        CredentialUpkeep(*parts, lambda: system_clock() + late_ms, installation=mark),
    )


@contextmanager
def lend_place(stores: ElasticsearchStores, settings: Settings) -> Iterator[Place]:
    """Make a place with names of its own; everything is removed afterwards."""
    name = f"contract-{uuid.uuid4().hex[:12]}"
    admin = stores.connection.client
    security = admin.security
    security.put_role(
        name=name,
        cluster=["manage_own_api_key"],
        indices=[{"names": [name], "privileges": ["read"]}],
    )
    security.put_user(username=name, password=PASSWORD, roles=[name])
    security.put_user(username=f"{name}-account", password=PASSWORD, roles=[f"{name}-account"])
    admin.index(index=name, document={"a": 1}, refresh=True)
    own = dataclasses.replace(
        settings, elasticsearch_username=f"{name}-account", elasticsearch_password=PASSWORD
    )
    made = Place(name, admin, own, basic(name, PASSWORD))
    made.allow(LEAST)
    try:
        yield made
    finally:
        _clean(made, stores)


def _clean(place: Place, stores: ElasticsearchStores) -> None:
    stores.credentials.delete(place.holder())
    for note in stores.key_notes.get_all():
        if note.holder == place.holder():
            stores.key_notes.remove(note.name)
    for key in place.admin.security.get_api_key(username=place.name, active_only=True)["api_keys"]:
        place.admin.security.invalidate_api_key(ids=[key["id"]])
    place.admin.security.delete_user(username=place.name, refresh=True)
    place.admin.security.delete_user(username=f"{place.name}-account")
    place.admin.security.delete_role(name=place.name)
    place.admin.security.delete_role(name=f"{place.name}-account")
    place.admin.indices.delete(index=place.name)


def read(sidecar: Sidecar, place: Place, index: str | None = None) -> int:
    """Search as the owner; returns the number of hits."""
    headers = sidecar.credentials.headers_for(FEED, place.name)
    assert headers is not None
    with calling_as_owner(sidecar.stores.connection, place.holder(), headers) as client:
        return int(client.search(index=index or place.name)["hits"]["total"]["value"])


def valid_keys(place: Place) -> list[dict[str, Any]]:
    """Give the keys that were made for the datafeed and are valid."""
    found = place.admin.security.get_api_key(
        name=f"ml-sidecar-datafeed-{place.name}*", active_only=True
    )
    return list(found["api_keys"])


def own_key(place: Place, **members: Any) -> tuple[Caller, dict[str, Any]]:
    """Let the user make an API key; returns who comes with it and the answer."""
    client = place.admin.options(headers={"authorization": str(place.user.authorization)})
    made = client.security.create_api_key(name=f"{place.name}-own", **members)
    return Caller(f"ApiKey {made['encoded']}"), dict(made)
