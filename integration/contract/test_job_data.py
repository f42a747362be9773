"""Contract of `ModelStateStore`, `StatsStore`, `AnnotationStore` and `ResultsIndices`."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from integration.contract.support import START_MS, Bench, bucket
from sidecar.errors import ResourceNotFoundError
from sidecar.interfaces import ResultsQuery
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.model_size_stats import ModelSizeStats
from sidecar.schema.model_snapshot import ModelSnapshot
from sidecar.schema.timing_stats import TimingStats

CHUNKS = [b"first \x00\xff", b"second", b""]


def make_snapshot(job_id: str, number: int) -> ModelSnapshot:
    return ModelSnapshot(
        job_id=job_id,
        snapshot_id=str(1_700_000_000 + number),
        timestamp=START_MS + number,
        snapshot_doc_count=0,
        description="a snapshot",
        model_size_stats=ModelSizeStats(job_id=job_id, model_bytes=1_000, log_time=START_MS),
        latest_record_time_stamp=START_MS,
        quantiles={"job_id": job_id, "timestamp": START_MS, "quantile_state": "q"},
        journal_position=7,
        journal_id="journal",
        data_counts=DataCounts(job_id=job_id, processed_record_count=3).to_document(),
        epoch=2,
    )


def test_saved_state_is_loaded_in_order(bench: Bench) -> None:
    snapshot = make_snapshot(bench.job().job_id, 0)
    saved = bench.stores.model_state.save(snapshot, iter(CHUNKS))
    assert saved == dataclasses.replace(snapshot, snapshot_doc_count=3)
    assert list(bench.stores.model_state.load(saved)) == CHUNKS


def test_saved_snapshot_is_found_as_it_was(bench: Bench) -> None:
    snapshot = make_snapshot(bench.job().job_id, 0)
    saved = bench.stores.model_state.save(snapshot, CHUNKS)
    assert bench.stores.model_state.get(snapshot.job_id, snapshot.snapshot_id) == saved


def test_unknown_snapshot_is_none(bench: Bench) -> None:
    assert bench.stores.model_state.get(bench.job().job_id, "1") is None


def test_snapshots_are_listed_newest_first(bench: Bench) -> None:
    job_id = bench.job().job_id
    saved = [bench.stores.model_state.save(make_snapshot(job_id, n), CHUNKS) for n in (0, 2, 1)]
    assert bench.stores.model_state.list(job_id) == [saved[1], saved[2], saved[0]]


def test_save_that_breaks_off_leaves_no_snapshot(bench: Bench) -> None:
    snapshot = make_snapshot(bench.job().job_id, 0)

    def chunks() -> Any:
        yield b"first"
        raise RuntimeError("the model cannot be written")

    with pytest.raises(RuntimeError):
        bench.stores.model_state.save(snapshot, chunks())
    assert bench.stores.model_state.get(snapshot.job_id, snapshot.snapshot_id) is None
    assert bench.stores.model_state.list(snapshot.job_id) == []


def test_snapshot_with_a_missing_chunk_cannot_be_loaded(bench: Bench) -> None:
    snapshot = make_snapshot(bench.job().job_id, 0)
    saved = bench.stores.model_state.save(snapshot, CHUNKS)
    with pytest.raises(ResourceNotFoundError):
        list(bench.stores.model_state.load(dataclasses.replace(saved, snapshot_doc_count=4)))


def test_deleted_snapshot_is_gone_with_its_state(bench: Bench) -> None:
    job_id = bench.job().job_id
    kept = bench.stores.model_state.save(make_snapshot(job_id, 0), CHUNKS)
    doomed = bench.stores.model_state.save(make_snapshot(job_id, 1), CHUNKS)
    bench.stores.model_state.delete(doomed)
    assert bench.stores.model_state.list(job_id) == [kept]
    assert list(bench.stores.model_state.load(kept)) == CHUNKS
    with pytest.raises(ResourceNotFoundError):
        list(bench.stores.model_state.load(doomed))


def test_all_state_of_one_job_is_deleted(bench: Bench) -> None:
    doomed_job, kept_job = bench.job(), bench.job()
    doomed = bench.stores.model_state.save(make_snapshot(doomed_job.job_id, 0), CHUNKS)
    kept = bench.stores.model_state.save(make_snapshot(kept_job.job_id, 0), CHUNKS)
    bench.stores.model_state.delete_all(doomed_job.job_id)
    bench.stores.model_state.delete_all(doomed_job.job_id)
    assert bench.stores.model_state.list(doomed_job.job_id) == []
    with pytest.raises(ResourceNotFoundError):
        list(bench.stores.model_state.load(doomed))
    assert list(bench.stores.model_state.load(kept)) == CHUNKS
    assert bench.stores.results_indices.leftovers(doomed_job) == (0, 0)


def test_stats_are_read_as_soon_as_they_are_put(bench: Bench) -> None:
    job_id, other = bench.job().job_id, bench.job(prepared=False).job_id
    stats = bench.stores.stats
    counts = DataCounts(job_id=job_id, processed_record_count=1, log_time=START_MS)
    timing = TimingStats(job_id=job_id).after(1, 5.0, 12.0)
    size = ModelSizeStats(job_id=job_id, model_bytes=10, log_time=START_MS)
    stats.put(counts, size, timing)
    assert stats.data_counts([job_id, other]) == {job_id: counts.to_document()}
    assert stats.model_size_stats([job_id, other]) == {job_id: size.to_document()}
    found = stats.timing_stats([job_id, other])
    assert TimingStats.from_document(found[job_id]) == timing
    assert list(found) == [job_id]


def test_newest_stats_win(bench: Bench) -> None:
    job_id = bench.job().job_id
    stats = bench.stores.stats
    for number in (1, 3, 2):
        size = ModelSizeStats(job_id=job_id, model_bytes=number, log_time=START_MS + number)
        stats.put(DataCounts(job_id=job_id, processed_record_count=number), size)
    assert stats.data_counts([job_id])[job_id]["processed_record_count"] == 2
    assert stats.model_size_stats([job_id])[job_id]["model_bytes"] == 3


def test_stats_of_no_jobs_are_empty(bench: Bench) -> None:
    assert bench.stores.stats.data_counts([]) == {}
    assert bench.stores.stats.model_size_stats([]) == {}
    assert bench.stores.stats.timing_stats([]) == {}


def test_stats_and_snapshots_survive_the_deletion_of_later_results(bench: Bench) -> None:
    job_id = bench.job().job_id
    snapshot = bench.stores.model_state.save(make_snapshot(job_id, 0), CHUNKS)
    bench.stores.stats.put(DataCounts(job_id=job_id, latest_record_timestamp=START_MS))
    bench.stores.results_writer.write(job_id, [bucket(job_id, 1)])
    bench.stores.results_writer.delete_after(job_id, 0)
    bench.stores.results_writer.refresh(job_id)
    assert bench.stores.results_reader.buckets(job_id, ResultsQuery()).count == 0
    assert bench.stores.model_state.list(job_id) == [snapshot]
    assert list(bench.stores.stats.data_counts([job_id])) == [job_id]


@pytest.mark.parametrize(
    ("user_annotations", "left"),
    [(False, ["by hand"]), (True, [])],
    ids=["only the system's", "all"],
)
def test_annotations_are_deleted_by_who_wrote_them(
    bench: Bench, user_annotations: bool, left: list[str]
) -> None:
    job_id = bench.job(prepared=False).job_id
    for text, user in (("stored", "_xpack"), ("by hand", "somebody")):
        annotation = {
            "annotation": text,
            "job_id": job_id,
            "create_username": user,
            "timestamp": START_MS,
            "type": "annotation",
        }
        bench.stores.annotations.put(annotation)
    bench.stores.annotations.delete(job_id, user_annotations=user_annotations)
    found = [annotation["annotation"] for annotation in bench.probe.annotations(job_id)]
    assert found == left


def test_annotation_with_an_id_is_overwritten(bench: Bench) -> None:
    job_id = bench.job(prepared=False).job_id
    for text in ("first", "second"):
        annotation = {"annotation": text, "job_id": job_id, "create_username": "_xpack"}
        bench.stores.annotations.put(annotation, f"annotation_for_{job_id}")
    found = [annotation["annotation"] for annotation in bench.probe.annotations(job_id)]
    assert found == ["second"]


def test_audit_messages_keep_their_order(bench: Bench) -> None:
    job_id = bench.job(prepared=False).job_id
    bench.stores.audit.info(job_id, "one")
    bench.stores.audit.warning(job_id, "two")
    bench.stores.audit.error(job_id, "three")
    found = [(m["level"], m["message"]) for m in bench.probe.audit_messages(job_id)]
    assert found == [("info", "one"), ("warning", "two"), ("error", "three")]


def test_new_job_has_no_leftovers(bench: Bench) -> None:
    assert bench.stores.results_indices.leftovers(bench.job()) == (0, 0)


def test_leftovers_of_an_earlier_job_are_counted(bench: Bench) -> None:
    job = bench.job()
    bench.stores.results_writer.write(job.job_id, [bucket(job.job_id, n) for n in range(2)])
    # Saving refreshes the results too.
    bench.stores.model_state.save(make_snapshot(job.job_id, 0), CHUNKS)
    results, state = bench.stores.results_indices.leftovers(job)
    assert (results, state) == (3, 1)


@pytest.mark.parametrize("results_index", ["shared", "custom-contract"])
def test_removed_results_are_gone_and_those_of_others_stay(
    bench: Bench, results_index: str
) -> None:
    doomed = bench.job(results_index=results_index)
    kept = bench.job(results_index=results_index)
    for job in (doomed, kept):
        bench.stores.results_writer.write(job.job_id, [bucket(job.job_id, n) for n in range(3)])
    bench.stores.results_indices.remove(doomed)
    bench.stores.results_writer.refresh(kept.job_id)
    assert bench.stores.results_reader.buckets(doomed.job_id, ResultsQuery()).count == 0
    assert bench.stores.results_reader.buckets(kept.job_id, ResultsQuery()).count == 3
    assert bench.stores.results_indices.leftovers(doomed)[0] == 0


def test_removing_twice_and_preparing_again_is_fine(bench: Bench) -> None:
    job = bench.job()
    bench.stores.results_indices.remove(job)
    bench.stores.results_indices.remove(job)
    bench.stores.results_indices.prepare(job)
    bench.stores.results_indices.prepare(job)
    bench.stores.results_writer.write(job.job_id, [bucket(job.job_id, 0)])
    bench.stores.results_writer.refresh(job.job_id)
    assert bench.stores.results_reader.buckets(job.job_id, ResultsQuery()).count == 1
