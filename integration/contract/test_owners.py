"""Who a caller is, and what he may do with indices: the fake says what Elasticsearch says."""

from __future__ import annotations

import dataclasses

import pytest

from integration.contract.support import Bench
from sidecar.errors import UnauthorizedError
from sidecar.interfaces import Caller, Identity

READ = "cluster:monitor/xpack/ml/job/get"
STRANGER = "Basic bm9ib2R5Ondyb25n"


def test_owner_who_has_everything_misses_nothing(bench: Bench) -> None:
    caller, name = bench.user({"one-*": ["read"], "two": ["read", "index"]})
    wanted = {"one-a": ["read"], "two": ["read", "index"]}
    grants = bench.stores.privileges.index_grants(caller, wanted)
    assert grants is not None
    assert grants.username == name
    assert grants.are_complete


def test_what_is_granted_and_what_is_missing_is_told_by_index(bench: Bench) -> None:
    caller, _ = bench.user({"two": ["read"]})
    wanted = {"two": ["read", "index"], "one": ["read"]}
    grants = bench.stores.privileges.index_grants(caller, wanted)
    assert grants is not None
    assert not grants.are_complete
    assert grants.granted == {"one": {"read": False}, "two": {"read": True, "index": False}}
    assert list(grants.granted) == ["one", "two"]


@pytest.mark.parametrize(
    "name", ["*", "one,two", "<logs-{now/d}>", "remote:one", "-one", "ünïcode"]
)
def test_names_are_taken_as_they_are(bench: Bench, name: str) -> None:
    caller, _ = bench.user({"one": ["read"], "two": ["read"]})
    grants = bench.stores.privileges.index_grants(caller, {name: ["read"]})
    assert grants is not None
    assert grants.granted == {name: {"read": False}}


def test_a_caller_is_known_by_name(bench: Bench) -> None:
    caller, name = bench.user({})
    found = bench.stores.privileges.identify(caller)
    assert found is not None
    assert dataclasses.replace(found, roles=()) == Identity(name)


@pytest.mark.parametrize("primary_is_right", [True, False], ids=["secondary", "primary"])
def test_wrong_credentials_are_refused_wherever_they_are(
    bench: Bench, primary_is_right: bool
) -> None:
    right, _ = bench.user({})
    caller = dataclasses.replace(right, secondary_authorization=STRANGER)
    if not primary_is_right:
        caller = Caller(STRANGER, secondary_authorization=right.authorization)
    privileges = bench.stores.privileges
    for call in (
        lambda: privileges.require_cluster(caller, READ),
        lambda: privileges.identify(caller),
        lambda: privileges.index_grants(caller, {"one": ["read"]}),
    ):
        with pytest.raises(UnauthorizedError):
            call()
