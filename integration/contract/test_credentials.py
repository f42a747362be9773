"""Contract of `CredentialStore` and `KeyNotes`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from integration.contract.support import START_MS, Bench
from sidecar.errors import CredentialsLostError, VersionConflictError
from sidecar.interfaces import (
    Credential,
    Holder,
    HolderKind,
    NotedKey,
    Owner,
    OwnerHeaders,
    Sealing,
)

HEADERS = OwnerHeaders("ApiKey c2VjcmV0", run_as="other")


def credential(holder: Holder, username: str = "ann") -> Credential:
    owner = Owner(username, "native", {"roles": ["a", "b"]})
    return Credential(holder, owner, "key name", "key id", START_MS)


@pytest.fixture
def holder(bench: Bench) -> Iterator[Holder]:
    found = Holder(HolderKind.DATAFEED, f"contract-{uuid.uuid4().hex[:12]}")
    yield found
    bench.stores.credentials.delete(found)


def test_credentials_are_found_as_they_were(bench: Bench, holder: Holder) -> None:
    store = bench.stores.credentials
    store.put(credential(holder), HEADERS, None)
    found = store.get(holder)
    assert found is not None
    assert found[0] == credential(holder)
    assert store.headers(holder) == HEADERS
    assert store.sealing(holder) is Sealing.CURRENT
    assert credential(holder) in store.get_all()


def test_kept_credentials_have_no_key(bench: Bench, holder: Holder) -> None:
    owner = Owner("s", "_service_account", {"service_account": "s"})
    kept = Credential(holder, owner, None, None, START_MS)
    bench.stores.credentials.put(kept, OwnerHeaders(), None)
    assert bench.stores.credentials.headers(holder) == OwnerHeaders()
    assert kept in bench.stores.credentials.get_all()


def test_credentials_are_replaced_by_who_saw_them(bench: Bench, holder: Holder) -> None:
    store = bench.stores.credentials
    store.put(credential(holder), HEADERS, None)
    found = store.get(holder)
    assert found is not None
    store.put(credential(holder, "bob"), OwnerHeaders("Bearer b"), found[1])
    assert store.headers(holder) == OwnerHeaders("Bearer b")
    for version in (found[1], None):
        with pytest.raises(VersionConflictError):
            store.put(credential(holder), HEADERS, version)


def test_credentials_of_another_kind_are_others(bench: Bench, holder: Holder) -> None:
    bench.stores.credentials.put(credential(holder), HEADERS, None)
    other = Holder(HolderKind.ANALYTICS, holder.holder_id)
    assert bench.stores.credentials.get(other) is None


def test_credentials_that_are_gone_are_lost(bench: Bench, holder: Holder) -> None:
    store = bench.stores.credentials
    store.put(credential(holder), HEADERS, None)
    store.delete(holder)
    store.delete(holder)
    assert store.get(holder) is None
    assert holder not in [one.holder for one in store.get_all()]
    for call in (store.headers, store.sealing, store.reseal):
        with pytest.raises(CredentialsLostError):
            call(holder)


def test_what_is_current_stays_as_it_is(bench: Bench, holder: Holder) -> None:
    store = bench.stores.credentials
    store.put(credential(holder), HEADERS, None)
    before = store.get(holder)
    assert store.reseal(holder) is Sealing.CURRENT
    assert store.get(holder) == before


def test_notes_are_listed_until_they_are_removed(bench: Bench, holder: Holder) -> None:
    notes = bench.stores.key_notes
    note = NotedKey(f"ml-sidecar-{holder.holder_id}", holder, START_MS)
    notes.add(note)
    assert note in notes.get_all()
    notes.remove(note.name)
    notes.remove(note.name)
    assert note not in notes.get_all()
