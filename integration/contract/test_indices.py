"""Indices, aliases and mappings on a real Elasticsearch."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from integration.contract.support import Bench, bucket, make_job
from sidecar.clock import system_clock
from sidecar.errors import BadRequestError
from sidecar.interfaces import ResultsQuery
from sidecar.schema.job import Job
from sidecar.settings import Settings
from sidecar.storage.installation import Installation
from sidecar.storage.mappings import load_mapping
from sidecar.storage.names import Names, read_alias, results_index, write_alias
from sidecar.storage.stores import ElasticsearchStores, make_stores

FIXED = (
    ".ml-config",
    ".ml-meta",
    ".ml-sidecar",
    ".ml-state-write",
    ".ml-annotations-read",
    ".ml-annotations-write",
    ".ml-notifications-write",
)


def custom_job(bench: Bench, name: str) -> Job:
    return bench.job(results_index=f"custom-{name}", prepared=False)


@pytest.fixture
def unique() -> str:
    return f"contract-{uuid.uuid4().hex[:12]}"


def test_fixed_indices_are_there(stores: ElasticsearchStores) -> None:
    for name in FIXED:
        assert stores.connection.client.indices.exists(index=name), name


@pytest.fixture
def fresh(settings: Settings, unique: str) -> Iterator[ElasticsearchStores]:
    """Stores with a prefix of their own, where nothing is installed."""
    own = dataclasses.replace(settings, index_prefix=f".{unique}-")
    stores = make_stores(own, system_clock, lambda: False)
    yield stores
    indices = stores.connection.client.indices
    names = [f".{unique}-{suffix}" for suffix in ("config", "meta", "sidecar", "state-000001")]
    for name in names:
        indices.delete(index=name, ignore_unavailable=True)
    for suffix in ("state", "sidecar"):
        indices.delete_index_template(name=f".{unique}-{suffix}")
    stores.close()


def test_many_may_install_at_once(fresh: ElasticsearchStores, unique: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: fresh.results_indices.install(), range(8)))
    for suffix in ("config", "meta", "sidecar", "state-000001", "state-write"):
        assert fresh.connection.client.indices.exists(index=f".{unique}-{suffix}"), suffix
    assert Installation(fresh.connection, Names(f".{unique}-")).is_complete()


def test_index_that_somebody_removed_comes_back_with_the_next_job(
    bench: Bench, fresh: ElasticsearchStores, unique: str
) -> None:
    fresh.results_indices.install()
    indices = fresh.connection.client.indices
    indices.delete(index=f".{unique}-state-000001")
    fresh.results_indices.prepare(bench.job(prepared=False))
    assert indices.exists_alias(name=f".{unique}-state-write")


def test_lost_alias_comes_back(fresh: ElasticsearchStores, unique: str) -> None:
    fresh.results_indices.install()
    indices = fresh.connection.client.indices
    indices.delete_alias(index=f".{unique}-state-000001", name=f".{unique}-state-write")
    fresh.results_indices.install()
    assert indices.exists_alias(name=f".{unique}-state-write")


def test_index_in_the_place_of_an_alias_is_told_of(fresh: ElasticsearchStores, unique: str) -> None:
    fresh.results_indices.install()
    indices = fresh.connection.client.indices
    indices.delete(index=f".{unique}-state-000001")
    indices.create(index=f".{unique}-state-write")
    try:
        with pytest.raises(BadRequestError, match="exists as index but must be an alias"):
            fresh.results_indices.install()
    finally:
        indices.delete(index=f".{unique}-state-write")


def test_older_mapping_is_upgraded(bench: Bench, stores: ElasticsearchStores, unique: str) -> None:
    client = stores.connection.client
    job = custom_job(bench, unique)
    client.indices.create(index=results_index(job))
    client.indices.put_mapping(index=results_index(job), meta={"schema_version": 0})
    stores.results_indices.install()
    mapping = client.indices.get_mapping(index=results_index(job))[results_index(job)]["mappings"]
    assert mapping["_meta"] == load_mapping("results")["mappings"]["_meta"]
    stores.results_indices.prepare(job)


def test_results_index_has_the_whole_mapping(
    bench: Bench, stores: ElasticsearchStores, unique: str
) -> None:
    job = custom_job(bench, unique)
    stores.results_indices.prepare(job)
    client = stores.connection.client
    found = client.indices.get(index=results_index(job))[results_index(job)]
    expected = load_mapping("results")["mappings"]["properties"]
    properties = found["mappings"]["properties"]
    assert properties.pop("airline") == {"type": "keyword"}
    assert set(properties) == set(expected)
    assert found["settings"]["index"]["hidden"] == "true"
    assert found["settings"]["index"]["query"]["default_field"] == "all_field_values"


def test_aliases_are_hidden_and_the_read_alias_shows_one_job(
    bench: Bench, stores: ElasticsearchStores
) -> None:
    job = bench.job()
    found = stores.connection.client.indices.get_alias(name=f"{read_alias(job.job_id)}")
    (read,) = [entry["aliases"][read_alias(job.job_id)] for entry in found.values()]
    assert read == {"filter": {"term": {"job_id": job.job_id}}, "is_hidden": True}
    found = stores.connection.client.indices.get_alias(name=write_alias(job.job_id))
    (write,) = [entry["aliases"][write_alias(job.job_id)] for entry in found.values()]
    assert write == {"is_hidden": True}


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        pytest.param("response", "response.time", "response", id="new field inside a keyword"),
        pytest.param("response.time", "response", "response", id="new keyword over an object"),
        pytest.param("airline", "actual.x", "actual", id="inside a result field"),
        pytest.param("airline", "geo_results.actual_point", "geo_results.actual_point", id="type"),
    ],
)
def test_mapping_clash_is_a_400_that_names_the_field(
    bench: Bench, stores: ElasticsearchStores, unique: str, first: str, second: str, named: str
) -> None:
    base = custom_job(bench, unique)
    other = custom_job(bench, unique)
    stores.results_indices.prepare(with_field(base, first))
    with pytest.raises(BadRequestError) as caught:
        stores.results_indices.prepare(with_field(other, second))
    assert caught.value.reason == (
        f"This job would cause a mapping clash with existing field [{named}] - "
        "avoid the clash by assigning a dedicated results index"
    )


def with_field(job: Job, field: str) -> Job:
    return make_job(job.job_id, results_index=job.results_index_name, field_name=field)


def test_reserved_fields_are_not_mapped_again(
    bench: Bench, stores: ElasticsearchStores, unique: str
) -> None:
    job = custom_job(bench, unique)
    stores.results_indices.prepare(with_field(job, "actual"))
    mapping = stores.connection.client.indices.get_mapping(index=results_index(job))
    assert mapping[results_index(job)]["mappings"]["properties"]["actual"] == {"type": "double"}


def test_too_many_fields_are_a_400_that_names_the_index(
    bench: Bench, stores: ElasticsearchStores, unique: str
) -> None:
    job = custom_job(bench, unique)
    index = results_index(job)
    client = stores.connection.client
    client.indices.create(index=index)
    fields = load_mapping("results")["mappings"]["properties"]
    client.indices.put_settings(
        index=index, settings={"index.mapping.total_fields.limit": len(fields)}
    )
    with pytest.raises(BadRequestError) as caught:
        stores.results_indices.prepare(job)
    assert caught.value.reason == (
        f"Cannot create job in index '{index}' as the index.mapping.total_fields.limit setting "
        "will be violated"
    )


def test_closed_results_index_is_a_400(
    bench: Bench, stores: ElasticsearchStores, unique: str
) -> None:
    first, second = custom_job(bench, unique), custom_job(bench, unique)
    stores.results_indices.prepare(first)
    client = stores.connection.client
    client.indices.close(index=results_index(first))
    try:
        with pytest.raises(BadRequestError, match="requires closed index"):
            stores.results_indices.prepare(second)
    finally:
        client.indices.open(index=results_index(first))


def test_index_of_one_job_goes_with_it(
    bench: Bench, stores: ElasticsearchStores, unique: str
) -> None:
    job = custom_job(bench, unique)
    stores.results_indices.prepare(job)
    stores.results_writer.write(job.job_id, [bucket(job.job_id, 0)])
    stores.results_indices.remove(job)
    assert not stores.connection.client.indices.exists(index=results_index(job))


def test_index_stays_for_another_job_that_has_no_results_yet(
    bench: Bench, stores: ElasticsearchStores, unique: str
) -> None:
    doomed, other = custom_job(bench, unique), custom_job(bench, unique)
    stores.results_indices.prepare(doomed)
    stores.results_indices.prepare(other)
    stores.results_writer.write(doomed.job_id, [bucket(doomed.job_id, 0)])
    stores.results_indices.remove(doomed)
    stores.results_writer.write(other.job_id, [bucket(other.job_id, 0)])
    stores.results_writer.refresh(other.job_id)
    assert stores.results_reader.buckets(other.job_id, ResultsQuery()).count == 1


def test_shared_index_is_never_deleted(bench: Bench, stores: ElasticsearchStores) -> None:
    job = bench.job()
    stores.results_writer.write(job.job_id, [bucket(job.job_id, 0)])
    stores.results_indices.remove(job)
    assert stores.connection.client.indices.exists(index=".ml-anomalies-shared*")
    assert not stores.connection.client.indices.exists_alias(name=read_alias(job.job_id))
    assert not stores.connection.client.indices.exists_alias(name=write_alias(job.job_id))


def test_more_results_than_one_page_are_deleted(bench: Bench, stores: ElasticsearchStores) -> None:
    job = bench.job()
    count = 12_000
    written = stores.results_writer.write(
        job.job_id, (bucket(job.job_id, number) for number in range(count))
    )
    assert written == count
    stores.results_writer.delete_after(job.job_id, 0)
    assert stores.results_reader.buckets(job.job_id, ResultsQuery()).count == 0
