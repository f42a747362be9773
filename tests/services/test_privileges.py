"""Who owns background work has to have the rights on its indices himself."""

from __future__ import annotations

import pytest

from sidecar.errors import ForbiddenError, UnauthorizedError
from sidecar.interfaces import Caller
from sidecar.services.privileges import IndexPrivileges
from tests.fakes import FakePrivileges
from tests.fakes.surroundings import FakeUser

RICH = "Basic rich"
POOR = "Basic poor"
SEARCH = "indices:data/read/search"
ANALYTICS = {
    "from": ["read", "view_index_metadata"],
    "to": ["read", "index", "create_index", "manage"],
}


@pytest.fixture
def privileges() -> FakePrivileges:
    made = FakePrivileges()
    made.users = {
        RICH: FakeUser("rich", {"a": [SEARCH], "b": [SEARCH], **ANALYTICS}),
        POOR: FakeUser("poor", {"a": [SEARCH], **ANALYTICS, "to": ["read"]}),
    }
    return made


def test_owner_with_all_rights_passes(privileges: FakePrivileges) -> None:
    service = IndexPrivileges(privileges)
    service.require_datafeed(Caller(RICH), "feed", ["a", "b"])
    service.require_analytics(Caller(RICH), "study", ["from"], "to")


def test_datafeed_says_what_is_missing(privileges: FakePrivileges) -> None:
    with pytest.raises(ForbiddenError) as caught:
        IndexPrivileges(privileges).require_datafeed(Caller(POOR), "feed", ["b"])
    assert caught.value.reason == (
        "Cannot create datafeed [feed] because user poor lacks permissions on the indices: "
        '{"b":{"indices:data/read/search":false}}'
    )


def test_what_is_granted_is_listed_beside_what_is_missing(privileges: FakePrivileges) -> None:
    with pytest.raises(ForbiddenError) as caught:
        IndexPrivileges(privileges).require_analytics(Caller(POOR), "study", ["from"], "to")
    assert caught.value.reason == (
        "Cannot create data frame analytics [study] because user poor lacks permissions on the "
        'indices: {"from":{"read":true,"view_index_metadata":true},'
        '"to":{"read":true,"index":false,"create_index":false,"manage":false}}'
    )


def test_secondary_credentials_are_those_that_count(privileges: FakePrivileges) -> None:
    service = IndexPrivileges(privileges)
    service.require_datafeed(Caller(POOR, secondary_authorization=RICH), "feed", ["b"])
    with pytest.raises(ForbiddenError, match="user poor"):
        service.require_datafeed(Caller(RICH, secondary_authorization=POOR), "feed", ["b"])


def test_wrong_secondary_credentials_are_refused(privileges: FakePrivileges) -> None:
    caller = Caller(RICH, secondary_authorization="Basic nobody")
    with pytest.raises(UnauthorizedError):
        IndexPrivileges(privileges).require_datafeed(caller, "feed", ["a"])


def test_nothing_is_asked_where_there_is_no_security(privileges: FakePrivileges) -> None:
    privileges.security = False
    IndexPrivileges(privileges).require_datafeed(Caller(), "feed", ["secret"])


def test_owner_does_not_run_as_the_primarys_other_user() -> None:
    caller = Caller(RICH, secondary_authorization=POOR, run_as="other", opaque_id="trace")
    assert caller.owner == Caller(POOR, opaque_id="trace")
    assert Caller(RICH, run_as="other").owner == Caller(RICH, run_as="other")


def test_a_caller_does_not_show_credentials() -> None:
    shown = repr(Caller(RICH, secondary_authorization=POOR, run_as="other"))
    assert "rich" not in shown
    assert "poor" not in shown
