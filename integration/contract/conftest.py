"""The stores on a real Elasticsearch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest

from integration.contract import support
from integration.elasticsearch import basic
from integration.elasticsearch.cluster import Cluster
from sidecar.clock import system_clock
from sidecar.interfaces import Caller, Document
from sidecar.settings import Settings, new_key
from sidecar.storage.client import Connection
from sidecar.storage.names import ANNOTATIONS_READ, NOTIFICATIONS_PATTERN, Names
from sidecar.storage.stores import ElasticsearchStores, make_stores

_PASSWORD = "contract-password"  # noqa: S105 - of users who live as long as a test


class ElasticsearchProbe:
    """Implements `support.Probe` by searching."""

    def __init__(self, stores: ElasticsearchStores) -> None:
        self._stores = stores
        self._connection: Connection = stores.connection

    def add_user(self, name: str, indices: Mapping[str, Sequence[str]]) -> Caller:
        """See `support.Probe.add_user`."""
        security = self._connection.client.security
        granted = [{"names": [n], "privileges": list(p)} for n, p in indices.items()]
        security.put_role(name=name, cluster=["monitor_ml"], indices=granted)
        security.put_user(username=name, password=_PASSWORD, roles=[name])
        return Caller(basic(name, _PASSWORD))

    def remove_user(self, name: str) -> None:
        """See `support.Probe.remove_user`."""
        self._connection.client.security.delete_user(username=name)
        self._connection.client.security.delete_role(name=name)

    def annotations(self, job_id: str) -> Sequence[Document]:
        """See `support.Probe.annotations`."""
        return self._search(ANNOTATIONS_READ, job_id)

    def audit_messages(self, job_id: str) -> Sequence[Document]:
        """See `support.Probe.audit_messages`."""
        self._stores.audit.close()
        return self._search(NOTIFICATIONS_PATTERN, job_id)

    def put_meta(self, document_id: str, document: Document | None) -> None:
        """See `support.Probe.put_meta`."""
        client, index = self._connection.client, Names().meta
        if document is None:
            client.delete(index=index, id=document_id, refresh=True)
        else:
            client.index(index=index, id=document_id, document=document, refresh=True)

    def _search(self, index: str, job_id: str) -> list[Document]:
        client = self._connection.client
        hidden = ["open", "hidden"]
        client.indices.refresh(index=index, expand_wildcards=hidden)
        answer = client.search(
            index=index,
            query={"term": {"job_id": job_id}},
            sort=["timestamp", "_doc"],
            expand_wildcards=hidden,
        )
        return [hit["_source"] for hit in answer["hits"]["hits"]]


@pytest.fixture(scope="session")
def settings(cluster: Cluster) -> Settings:
    """Give the settings of a sidecar beside the test cluster."""
    return Settings(
        elasticsearch_url=cluster.url,
        elasticsearch_username=cluster.username,
        elasticsearch_password=cluster.password,
        encryption_key=new_key(),
    )


@pytest.fixture(scope="session")
def stores(settings: Settings) -> Iterator[ElasticsearchStores]:
    """All stores, installed."""
    made = make_stores(settings, system_clock, lambda: False)
    made.results_indices.install()
    yield made
    made.close()


@pytest.fixture
def bench(stores: ElasticsearchStores) -> Iterator[support.Bench]:
    """Give the contract tests what they work with."""
    yield from support.bench(stores, ElasticsearchProbe(stores))
