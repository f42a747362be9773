"""Documents of a job that categorizes: categories, statistics, changes of status."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from sidecar.schema.analysis_config import PerPartitionCategorization
from sidecar.schema.detector import Detector
from sidecar.schema.document_ids import category_definition_id
from tests.worker.open_job import SPAN_S, START_S, World, flush, job, lines, post

KINDS = ("Disk {} is full", "Connection to host {} refused", "Session {} opened")


def categorizing(*, per_partition: bool = False, stop: bool = False) -> Any:
    partition = "zone" if per_partition else None
    return job(
        detectors=(Detector("count", by_field_name="mlcategory", partition_field_name=partition),),
        influencers=("mlcategory",),
        categorization_field_name="message",
        per_partition_categorization=PerPartitionCategorization(per_partition, stop),
    )


def rows(buckets: int, *, first: int = 0, odd: int | None = None) -> list[dict[str, Any]]:
    """Three records a bucket; in bucket `odd` many of the second kind."""
    made = []
    for bucket in range(first, first + buckets):
        kinds = [0, 1, 2] + [1] * (60 if bucket == odd else 0)
        for number, kind in enumerate(kinds):
            made.append(
                {
                    "time": START_S + bucket * SPAN_S + number,
                    "message": KINDS[kind].format(bucket),
                    "zone": f"z{number % 2}",
                }
            )
    return made


def documents(world: World, result_type: str) -> dict[str, dict[str, Any]]:
    return {
        name: dict(document)
        for name, document in world.stores.results.all().items()
        if document.get("result_type") == result_type
    }


def definitions(world: World) -> dict[str, dict[str, Any]]:
    return documents(world, "category_definition")


def test_categories_are_written_with_their_ids(tmp_path: Path) -> None:
    world = World(tmp_path, categorizing())
    process = world.open()
    post(process, lines(rows(10)))
    flush(process)
    assert sorted(definitions(world)) == [category_definition_id("web", i) for i in (1, 2, 3)]
    assert definitions(world)["web_category_definition_2"] == {
        "job_id": "web",
        "result_type": "category_definition",
        "category_id": 2,
        "terms": "Connection to host refused",
        "regex": ".*?Connection.+?to.+?host.+?refused.*",
        "max_matching_length": int(len("Connection to host 1 refused") * 1.1),
        "examples": [f"Connection to host {i} refused" for i in range(4)],
        "num_matches": 10,
        "preferred_to_categories": [],
        "mlcategory": "2",
    }
    assert documents(world, "categorizer_stats") == {}
    world.close(process)


def test_counts_are_right_after_a_flush_and_after_close(tmp_path: Path) -> None:
    world = World(tmp_path, categorizing())
    process = world.open()
    for posts in range(1, 4):
        post(process, lines(rows(10, first=10 * posts)))
        if posts == 2:
            flush(process)
            assert definitions(world)["web_category_definition_1"]["num_matches"] == 20
    world.close(process)
    assert definitions(world)["web_category_definition_1"]["num_matches"] == 30


def test_records_and_influencers_carry_the_category(tmp_path: Path) -> None:
    world = World(tmp_path, categorizing())
    process = world.open()
    post(process, lines(rows(100, odd=80)))
    flush(process)
    odd_ms = (START_S + 80 * SPAN_S) * 1000
    (record,) = (d for d in documents(world, "record").values() if d["timestamp"] == odd_ms)
    assert record["by_field_name"] == "mlcategory"
    assert record["by_field_value"] == "2"
    assert record["mlcategory"] == ["2"]
    (found,) = (d for d in documents(world, "influencer").values() if d["timestamp"] == odd_ms)
    assert (found["influencer_field_name"], found["mlcategory"]) == ("mlcategory", "2")
    world.close(process)


def test_partitions_have_categories_and_statistics_of_their_own(tmp_path: Path) -> None:
    world = World(tmp_path, categorizing(per_partition=True))
    process = world.open()
    post(process, lines(rows(10)))
    flush(process)
    flush(process)
    by_zone: dict[str, list[str]] = {}
    for document in definitions(world).values():
        assert document["partition_field_name"] == "zone"
        assert document["zone"] == document["partition_field_value"]
        by_zone.setdefault(document["zone"], []).append(document["mlcategory"])
    assert by_zone == {"z0": ["1", "3"], "z1": ["2"]}
    stats = {d["zone"]: d for d in documents(world, "categorizer_stats").values()}
    assert len(stats) == len(documents(world, "categorizer_stats")) == 2
    assert stats["z0"]["categorized_doc_count"] == 20
    assert stats["z0"]["total_category_count"] == 2
    assert stats["z1"]["categorization_status"] == "ok"
    assert isinstance(stats["z1"]["log_time"], int)
    world.close(process)


def test_model_size_stats_tell_of_the_categories(tmp_path: Path) -> None:
    world = World(tmp_path, categorizing())
    process = world.open()
    post(process, lines(rows(10)))
    flush(process)
    size = process.stats().model_size_stats
    assert (size.categorized_doc_count, size.total_category_count) == (30, 3)
    assert size.categorization_status == "ok"
    world.close(process)


@pytest.mark.parametrize("per_partition", [False, True])
def test_a_change_to_warn_is_annotated_and_audited(tmp_path: Path, per_partition: bool) -> None:
    world = World(tmp_path, categorizing(per_partition=per_partition, stop=per_partition))
    process = world.open()
    same = [{**row, "message": "Disk full", "zone": "z0"} for row in rows(50)]
    post(process, lines(same))
    flush(process)
    where = " for zone [z0]" if per_partition else ""
    text = f"Categorization status changed to 'warn'{where}"
    (annotation,) = (
        dict(d)
        for d in world.stores.annotations.documents.values()
        if d["event"] == "categorization_status_change"
    )
    assert annotation["annotation"] == text
    assert annotation.get("partition_field_value") == ("z0" if per_partition else None)
    assert ("warning", text) in [(m.level, m.message) for m in world.stores.audit.messages]
    size = process.stats().model_size_stats
    assert size.categorization_status == "warn"
    assert size.categorized_doc_count == (101 if per_partition else 150)
    world.close(process)


def _results(world: World) -> Iterable[Any]:
    return world.results(), definitions(world)


def test_a_killed_job_ends_with_the_same_categories(tmp_path: Path) -> None:
    bodies = [lines(rows(30, first=30 * n, odd=50)) for n in range(3)]
    calm = World(tmp_path / "calm", categorizing(per_partition=True))
    process = calm.open()
    for body in bodies:
        post(process, body)
    calm.close(process)
    wild = World(tmp_path / "wild", categorizing(per_partition=True))
    process = wild.open()
    post(process, bodies[0])
    process.persist()
    post(process, bodies[1])
    wild.kill(process)
    process = wild.open()
    post(process, bodies[2], [100])
    wild.kill(process)
    process = wild.open()
    wild.close(process)
    assert _results(wild) == _results(calm)


def test_a_job_opened_again_goes_on_with_its_categories(tmp_path: Path) -> None:
    world = World(tmp_path, dataclasses.replace(categorizing()))
    process = world.open()
    post(process, lines(rows(10)))
    world.close(process)
    process = world.open()
    post(process, lines(rows(10, first=10)))
    world.close(process)
    assert [d["num_matches"] for d in definitions(world).values()] == [20, 20, 20]
