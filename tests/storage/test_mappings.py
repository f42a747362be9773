"""Mappings are whole and agree with what is written."""

from typing import Any

import pytest

from integration.contract.support import make_job
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.model_size_stats import ModelSizeStats
from sidecar.schema.result_fields import RESERVED_RESULT_FIELDS
from sidecar.storage.mappings import load_mapping, schema_version
from sidecar.storage.names import Names, generation, is_shared, results_index, write_alias

ALL = ("annotations", "config", "meta", "notifications", "results", "sidecar", "state")
# Reserved names that the results mapping leaves to its dynamic templates.
_DYNAMIC = frozenset(
    (
        "peak_model_bytes",
        "model_bytes_exceeded",
        "model_bytes_memory_limit",
        "categorized_doc_count",
        "total_category_count",
        "frequent_category_count",
        "rare_category_count",
        "dead_category_count",
        "failed_category_count",
        "categorization_status",
        "record_count",
        "grok_pattern",
        "quantile_state",
        "influencer_field_values",
        "total_bucket_processing_time_ms",
        "exponential_average_bucket_processing_time_per_hour_ms",
    )
)


@pytest.mark.parametrize("name", ALL)
def test_mapping_says_its_versions_and_hides_its_index(name: str) -> None:
    body = load_mapping(name)
    assert schema_version(body["mappings"]) >= 1
    assert body["mappings"]["_meta"]["managed_index_mappings_version"] == 1
    assert body["settings"]["index"]["auto_expand_replicas"] == "0-1"
    # The two that native knows as system indices are hidden by that already.
    assert body["settings"]["index"].get("hidden", False) is (name not in ("config", "meta"))


def test_loaded_mapping_is_the_callers_own() -> None:
    load_mapping("results")["mappings"]["properties"].clear()
    assert load_mapping("results")["mappings"]["properties"]


@pytest.mark.parametrize(
    ("mapping", "version"),
    [({}, 0), ({"_meta": {}}, 0), ({"_meta": {"schema_version": 3}}, 3), ({"_meta": None}, 0)],
    ids=str,
)
def test_mapping_of_somebody_else_has_version_zero(mapping: dict[str, Any], version: int) -> None:
    assert schema_version(mapping) == version


def test_every_reserved_result_field_is_mapped() -> None:
    mapped = set(load_mapping("results")["mappings"]["properties"])
    assert RESERVED_RESULT_FIELDS - mapped == _DYNAMIC


def test_every_count_and_time_of_stats_is_mapped_as_a_number_or_date() -> None:
    properties = load_mapping("results")["mappings"]["properties"]
    counts = DataCounts("j", latest_record_timestamp=1, log_time=1).to_document()
    size = ModelSizeStats("j").to_document()
    for name in {*counts, *size} - _DYNAMIC - {"job_id", "result_type", "memory_status"}:
        assert properties[name]["type"] in ("long", "date"), name


def test_searching_without_a_field_finds_split_values() -> None:
    properties = load_mapping("results")["mappings"]["properties"]
    for name in ("by_field_value", "over_field_value", "partition_field_value", "job_id"):
        assert properties[name]["copy_to"] == ["all_field_values"]


@pytest.mark.parametrize(
    ("index", "shared", "number"),
    [
        (".ml-anomalies-shared", True, 0),
        (".ml-anomalies-shared-000002", True, 2),
        (".ml-anomalies-shared-2", False, 0),
        (".ml-anomalies-custom-shared", False, 0),
        (".ml-anomalies-custom-a-000001", False, 1),
    ],
)
def test_shared_index_is_recognised(index: str, shared: bool, number: int) -> None:
    assert (is_shared(index), generation(index)) == (shared, number)


def test_prefix_moves_what_is_not_for_dashboards() -> None:
    names = Names(".ml-sidecar-")
    assert (names.config, names.state, names.state_write, names.state_pattern) == (
        ".ml-sidecar-config",
        ".ml-sidecar-state-000001",
        ".ml-sidecar-state-write",
        ".ml-sidecar-state*",
    )
    assert results_index(make_job("j")) == ".ml-anomalies-shared"
    assert write_alias("j") == ".ml-anomalies-.write-j"
