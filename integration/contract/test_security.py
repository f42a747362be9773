"""Privileges, facts and faults of a real Elasticsearch."""

from __future__ import annotations

import base64
import dataclasses
import uuid
from collections.abc import Iterator

import pytest

from sidecar.clock import system_clock
from sidecar.errors import ForbiddenError, UnauthorizedError, UnavailableError
from sidecar.interfaces import Caller
from sidecar.settings import Settings
from sidecar.storage.stores import ElasticsearchStores, make_stores

READ = "cluster:monitor/xpack/ml/job/get"
WRITE = "cluster:admin/xpack/ml/job/put"
PASSWORD = "a-password"  # noqa: S105


def basic(user: str, password: str) -> Caller:
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return Caller(authorization=f"Basic {token}")


@pytest.fixture
def monitor(stores: ElasticsearchStores) -> Iterator[str]:
    """A user who may look and not touch."""
    name = f"contract-{uuid.uuid4().hex[:12]}"
    security = stores.connection.client.security
    security.put_user(username=name, password=PASSWORD, roles=["machine_learning_user"])
    yield name
    security.delete_user(username=name)


def test_superuser_may_do_everything(stores: ElasticsearchStores, settings: Settings) -> None:
    caller = basic(settings.elasticsearch_username, settings.elasticsearch_password)
    stores.privileges.require_cluster(caller, READ)
    stores.privileges.require_cluster(caller, WRITE)


def test_user_with_monitor_ml_may_look(stores: ElasticsearchStores, monitor: str) -> None:
    stores.privileges.require_cluster(basic(monitor, PASSWORD), READ)


def test_user_with_monitor_ml_may_not_touch(stores: ElasticsearchStores, monitor: str) -> None:
    with pytest.raises(ForbiddenError) as caught:
        stores.privileges.require_cluster(basic(monitor, PASSWORD), WRITE)
    assert caught.value.reason == (
        f"action [{WRITE}] is unauthorized for user [{monitor}] with effective roles "
        "[machine_learning_user], this action is granted by the cluster privileges "
        "[manage_ml,manage,all]"
    )


def test_api_key_has_the_rights_it_was_made_with(stores: ElasticsearchStores) -> None:
    key = stores.connection.client.security.create_api_key(
        name="contract", role_descriptors={"look": {"cluster": ["monitor_ml"]}}
    )
    caller = Caller(authorization=f"ApiKey {key['encoded']}")
    try:
        stores.privileges.require_cluster(caller, READ)
        with pytest.raises(ForbiddenError, match=rf"API key id \[{key['id']}\] of user"):
            stores.privileges.require_cluster(caller, WRITE)
    finally:
        stores.connection.client.security.invalidate_api_key(ids=[key["id"]])


def test_run_as_asks_for_the_other_user(
    stores: ElasticsearchStores, settings: Settings, monitor: str
) -> None:
    superuser = basic(settings.elasticsearch_username, settings.elasticsearch_password)
    caller = dataclasses.replace(superuser, run_as=monitor)
    stores.privileges.require_cluster(caller, READ)
    with pytest.raises(ForbiddenError, match=rf"run as \[{monitor}\]"):
        stores.privileges.require_cluster(caller, WRITE)


def test_run_as_without_the_right_is_forbidden(stores: ElasticsearchStores, monitor: str) -> None:
    caller = dataclasses.replace(basic(monitor, PASSWORD), run_as="elastic")
    with pytest.raises(ForbiddenError):
        stores.privileges.require_cluster(caller, READ)


@pytest.mark.parametrize(
    "caller",
    [Caller(), basic("nobody", "wrong"), Caller(authorization="Nonsense")],
    ids=["nothing", "wrong password", "unknown scheme"],
)
def test_unknown_caller_gets_the_challenges(stores: ElasticsearchStores, caller: Caller) -> None:
    with pytest.raises(UnauthorizedError) as caught:
        stores.privileges.require_cluster(caller, READ)
    assert "Basic" in caught.value.headers["WWW-Authenticate"]
    assert "ApiKey" in caught.value.headers["WWW-Authenticate"]


def test_answer_is_kept_for_the_time_of_the_setting(
    stores: ElasticsearchStores, monitor: str
) -> None:
    caller = basic(monitor, PASSWORD)
    stores.privileges.require_cluster(caller, READ)
    stores.connection.client.security.disable_user(username=monitor)
    stores.privileges.require_cluster(caller, READ)
    with pytest.raises(UnauthorizedError):
        stores.privileges.require_cluster(caller, READ + "/other")


def test_cluster_tells_who_it_is(stores: ElasticsearchStores) -> None:
    root = stores.cluster.root()
    assert root["version"]["number"].split(".")[0] in ("8", "9")
    assert root["version"]["build_flavor"]
    assert len(root["cluster_uuid"]) > 10
    assert root["tagline"] == "You Know, for Search"
    assert stores.cluster.security_enabled()


def test_wrong_own_account_is_not_the_callers_fault(settings: Settings) -> None:
    wrong = dataclasses.replace(settings, elasticsearch_password="wrong")  # noqa: S106
    stores = make_stores(wrong, system_clock, lambda: True)
    with pytest.raises(UnavailableError, match="sidecar's own account") as caught:
        stores.jobs.get_all()
    assert caught.value.headers["Retry-After"]
    stores.close()


def test_elasticsearch_that_is_away_is_a_503(settings: Settings) -> None:
    # Port 9 (discard) has no listener.
    away = dataclasses.replace(settings, elasticsearch_url="http://127.0.0.1:9")
    stores = make_stores(away, system_clock, lambda: True)
    for call in (
        stores.jobs.get_all,
        lambda: stores.jobs.get("a"),
        lambda: stores.results_writer.refresh("a"),
        stores.cluster.root,
        lambda: stores.privileges.require_cluster(Caller(), READ),
        stores.results_indices.install,
    ):
        with pytest.raises(UnavailableError) as caught:
            call()
        assert caught.value.headers["Retry-After"]
    stores.close()
