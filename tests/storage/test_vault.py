"""A sealed secret opens with its key in its place, and with nothing else."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sidecar.settings import new_key
from sidecar.storage.vault import Vault, VaultError

KEY, OTHER = new_key(), new_key()
PLACE = ("datafeed", "web")
secrets = st.binary(max_size=200)
places = st.lists(st.text(max_size=20), min_size=1, max_size=3)


@given(secrets, places)
def test_what_was_sealed_opens_in_its_place(secret: bytes, place: list[str]) -> None:
    vault = Vault(KEY, "test")
    assert vault.open(vault.seal(secret, place), place) == secret


@given(secrets, places, places)
def test_another_place_does_not_open(secret: bytes, place: list[str], other: list[str]) -> None:
    assume(place != other)
    vault = Vault(KEY, "test")
    with pytest.raises(VaultError):
        vault.open(vault.seal(secret, place), other)


def test_places_that_join_to_the_same_text_are_different() -> None:
    vault = Vault(KEY, "test")
    sealed = vault.seal(b"s", ["ab", "c"])
    with pytest.raises(VaultError):
        vault.open(sealed, ["a", "bc"])


@settings(max_examples=300)
@given(st.data())
def test_any_changed_bit_is_noticed(data: st.DataObject) -> None:
    vault = Vault(KEY, "test")
    raw = bytearray(base64.urlsafe_b64decode(vault.seal(b"a secret", PLACE)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(VaultError):
        vault.open(base64.urlsafe_b64encode(raw).decode(), PLACE)


@given(st.data())
def test_any_part_of_a_sealed_secret_is_refused(data: st.DataObject) -> None:
    vault = Vault(KEY, "test")
    sealed = vault.seal(b"a secret", PLACE)
    with pytest.raises(VaultError):
        vault.open(sealed[: data.draw(st.integers(0, len(sealed) - 1))], PLACE)


@given(st.text())
def test_what_was_never_sealed_is_refused(text: str) -> None:
    with pytest.raises(VaultError):
        Vault(KEY, "test").open(text, PLACE)


@pytest.mark.parametrize(
    "vault",
    [Vault(OTHER, "test"), Vault(KEY, "another purpose"), Vault("", "test")],
    ids=["another key", "another purpose", "no key"],
)
def test_another_vault_does_not_open(vault: Vault) -> None:
    sealed = Vault(KEY, "test").seal(b"a secret", PLACE)
    with pytest.raises(VaultError):
        vault.open(sealed, PLACE)


def test_the_first_key_seals_and_all_open() -> None:
    old, both = Vault(OTHER, "test"), Vault(f"{KEY}, {OTHER}", "test")
    sealed = old.seal(b"a secret", PLACE)
    assert both.open(sealed, PLACE) == b"a secret"
    assert not both.is_current(sealed)
    fresh = both.seal(b"a secret", PLACE)
    assert both.is_current(fresh)
    assert Vault(KEY, "test").open(fresh, PLACE) == b"a secret"


def test_the_same_secret_looks_different_each_time() -> None:
    vault = Vault(KEY, "test")
    assert len({vault.seal(b"a secret", PLACE) for _ in range(100)}) == 100


def test_a_vault_without_keys_seals_nothing() -> None:
    vault = Vault("", "test")
    assert not vault.can_seal
    with pytest.raises(VaultError):
        vault.seal(b"a secret", PLACE)


def test_keys_and_secrets_are_not_shown() -> None:
    vault = Vault(KEY, "test")
    sealed = vault.seal(b"plaintext", PLACE)
    with pytest.raises(VaultError) as caught:
        vault.open(sealed, ["elsewhere"])
    shown = f"{vault!r} {vars(vault)!r} {caught.value!r} {caught.value.__cause__!r}"
    assert KEY not in shown
    assert not re.search("plaintext|key_id=", shown)
