"""The fakes keep the promises of the stores."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from integration.contract import support
from integration.contract.test_configurations import *  # noqa: F403
from integration.contract.test_credentials import *  # noqa: F403
from integration.contract.test_job_data import *  # noqa: F403
from integration.contract.test_owners import *  # noqa: F403
from integration.contract.test_results import *  # noqa: F403
from integration.contract.test_rules import *  # noqa: F403
from sidecar.interfaces import Caller, Document
from tests.fakes import FakeStores, make_stores
from tests.fakes.surroundings import FakeUser


class FakeProbe:
    def __init__(self, stores: FakeStores) -> None:
        self._stores = stores

    def add_user(self, name: str, indices: Mapping[str, Sequence[str]]) -> Caller:
        self._stores.privileges.users[name] = FakeUser(name, indices)
        return Caller(authorization=name)

    def remove_user(self, name: str) -> None:
        del self._stores.privileges.users[name]

    def annotations(self, job_id: str) -> Sequence[Document]:
        documents = self._stores.annotations.documents.values()
        return [document for document in documents if document["job_id"] == job_id]

    def put_meta(self, document_id: str, document: Document | None) -> None:
        if document is None:
            self._stores.meta.delete(document_id)
        else:
            self._stores.meta.put(document_id, document)

    def audit_messages(self, job_id: str) -> Sequence[Document]:
        return [
            {"level": entry.level, "message": entry.message}
            for entry in self._stores.audit.messages
            if entry.job_id == job_id
        ]


@pytest.fixture
def bench() -> Iterator[support.Bench]:
    stores = make_stores()
    yield from support.bench(stores, FakeProbe(stores))
