"""The sidecar's own account: the role is enough, and nothing of it is too much."""

from __future__ import annotations

import copy
import dataclasses
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from integration.contract.support import bucket, make_job, record
from integration.elasticsearch import Cluster
from integration.service_account import ServiceAccount, service_account
from sidecar.clock import system_clock
from sidecar.errors import MlError, UnavailableError
from sidecar.settings import Settings
from sidecar.storage import service_role
from sidecar.storage.names import Names
from sidecar.storage.stores import ElasticsearchStores, make_stores

ALL = [*service_role.CLUSTER, *service_role.INDEX]


@contextmanager
def stores_of(account: ServiceAccount, settings: Settings) -> Iterator[ElasticsearchStores]:
    own = dataclasses.replace(
        settings,
        elasticsearch_username=account.username,
        elasticsearch_password=account.password,
    )
    stores = make_stores(own, system_clock, lambda: True)
    yield stores
    stores.close()


def role_without(privilege: str) -> dict[str, object]:
    role = copy.deepcopy(service_role.service_role(Names()))
    for granted in (role["cluster"], role["indices"][0]["privileges"]):
        if privilege in granted:
            granted.remove(privilege)
    return role


def live(stores: ElasticsearchStores) -> None:
    """Whatever touches the cluster in the life of a job with an index of its own."""
    name = f"contract-{uuid.uuid4().hex[:12]}"
    job = make_job(name, results_index=f"custom-{name}")
    stores.results_indices.install()
    assert stores.cluster.root()["cluster_uuid"]
    stores.results_indices.prepare(job)
    stores.jobs.create(job)
    stores.results_writer.write(name, [bucket(name, 0), record(name, 0, "AAL", score=1.0)])
    stores.results_writer.refresh(name)
    stores.jobs.delete(name)
    stores.results_indices.remove(job)


def test_the_role_is_all_that_is_needed(cluster: Cluster, settings: Settings) -> None:
    with (
        service_account(cluster, service_role.service_role(Names())) as account,
        stores_of(account, settings) as stores,
    ):
        stores.start_check.run()
        live(stores)


@pytest.mark.parametrize("privilege", ALL)
def test_what_is_missing_is_named_with_the_way_to_it(
    cluster: Cluster, settings: Settings, privilege: str
) -> None:
    with (
        service_account(cluster, role_without(privilege)) as account,
        stores_of(account, settings) as stores,
    ):
        with pytest.raises(UnavailableError) as caught:
            stores.start_check.run()
        assert f"[{privilege}]" in caught.value.reason
        assert "ml-sidecar roles" in caught.value.reason


@pytest.mark.parametrize("privilege", ["monitor", "create_index", "indices:admin/aliases"])
def test_without_it_no_job_can_live(
    cluster: Cluster, settings: Settings, stores: ElasticsearchStores, privilege: str
) -> None:
    assert stores
    with (
        service_account(cluster, role_without(privilege)) as account,
        stores_of(account, settings) as poor,
        pytest.raises(MlError),
    ):
        live(poor)


def test_it_reads_no_data(cluster: Cluster, settings: Settings) -> None:
    with (
        service_account(cluster, service_role.service_role(Names())) as account,
        stores_of(account, settings) as stores,
    ):
        may = stores.connection.client.security.has_privileges(
            index=[
                {"names": [name], "privileges": ["read", "view_index_metadata", "write"]}
                for name in ("logs", ".security-7", ".kibana")
            ]
        )
    assert not any(any(found.values()) for found in may["index"].values())


def test_an_account_with_narrower_patterns_will_do(cluster: Cluster, settings: Settings) -> None:
    role = service_role.service_role(Names())
    role["indices"][0]["names"] = [
        ".ml-config", ".ml-meta", ".ml-sidecar", ".ml-state*", ".ml-anomalies-*",
        ".ml-annotations-*", ".ml-notifications-*",
    ]  # fmt: skip
    with service_account(cluster, role) as account, stores_of(account, settings) as stores:
        stores.start_check.run()
