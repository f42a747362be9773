"""An open job from its journal to its results."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.errors import (
    JobFailedError,
    ParseError,
    TooManyRequestsError,
    UnavailableError,
)
from sidecar.interfaces import TimeRange
from sidecar.schema.job import DataDescription
from sidecar.schema.units import TimeValue
from sidecar.worker.autodetect import Autodetect
from tests.worker.open_job import (
    SPAN_S,
    START_S,
    World,
    counts,
    flush,
    job,
    lines,
    post,
    records,
)

ROWS = records(40)


def undisturbed(folder: Path) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Results and counts of one process that takes one upload."""
    world = World(folder)
    process = world.open()
    post(process, lines(ROWS))
    flush(process)
    answer = world.results(), counts(process)
    world.kill(process)
    return answer


@pytest.fixture(scope="module")
def expected(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    return undisturbed(tmp_path_factory.mktemp("undisturbed"))


def test_a_spike_becomes_a_record_with_its_influencers(
    expected: tuple[dict[str, dict[str, Any]], dict[str, Any]],
) -> None:
    found, _ = expected
    spike = [
        d
        for d in found.values()
        if d["result_type"] == "record"
        and d.get("by_field_value") == "k0"
        and d["timestamp"] == (START_S + 36 * SPAN_S) * 1000
    ]
    assert len(spike) == 1
    assert spike[0]["actual"][0] > 300 > 110 > spike[0]["typical"][0]
    assert spike[0]["key"] == ["k0"]
    assert {"influencer_field_name": "key", "influencer_field_values": ["k0"]} in spike[0][
        "influencers"
    ]
    buckets = [d for d in found.values() if d["result_type"] == "bucket"]
    assert len(buckets) == 39
    assert all(b["event_count"] == 6 for b in buckets)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_cutting_posts_and_chunks_anywhere_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    expected: tuple[dict[str, dict[str, Any]], dict[str, Any]],
    data: st.DataObject,
) -> None:
    world = World(tmp_path_factory.mktemp("cut"))
    process = world.open()
    posts = sorted(data.draw(st.sets(st.integers(1, len(ROWS) - 1), max_size=4)))
    for first, last in zip([0, *posts], [*posts, len(ROWS)], strict=True):
        body = lines(ROWS[first:last])
        pieces = data.draw(st.sets(st.integers(1, len(body) - 1), max_size=3))
        post(process, body, sorted(pieces))
    flush(process)
    assert (world.results(), counts(process)) == expected
    world.kill(process)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(["post", "kill", "close", "persist", "flush"]), max_size=12))
def test_kill_close_and_persist_at_any_point_change_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    expected: tuple[dict[str, dict[str, Any]], dict[str, Any]],
    steps: list[str],
) -> None:
    world = World(tmp_path_factory.mktemp("kill"))
    process = world.open()
    sent, size = 0, len(ROWS) // 6
    for step in steps:
        if step == "post":
            post(process, lines(ROWS[sent : sent + size]) or b" ")
            sent = min(len(ROWS), sent + size)
        elif step == "kill":
            world.kill(process)
            process = world.open()
        elif step == "close":
            world.close(process)
            process = world.open()
        elif step == "persist":
            process.persist()
        else:
            flush(process)
    post(process, lines(ROWS[sent:]) or b" ")
    flush(process)
    assert (world.results(), counts(process)) == expected
    world.kill(process)


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    process = world.open()

    def chunks() -> Iterator[bytes]:
        yield lines(ROWS[:100])
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        process.post(chunks(), None)
    assert counts(process)["input_record_count"] == 0
    answer = post(process, lines(ROWS[:100]))
    assert answer.processed_record_count == 100
    world.kill(process)
    process = world.open()
    assert counts(process)["processed_record_count"] == 100
    world.kill(process)


def test_results_of_an_upload_that_was_never_acknowledged_are_taken_back(tmp_path: Path) -> None:
    world = World(tmp_path)
    process = world.open()
    post(process, lines(ROWS[:60]))
    flush(process)
    before = world.results()
    later = (START_S + 30 * SPAN_S) * 1000
    world.stores.results.put(
        "stale", {"job_id": "web", "result_type": "bucket", "timestamp": later}
    )
    world.kill(process)
    process = world.open()
    assert world.results() == before
    world.kill(process)


def test_malformed_records_are_skipped_and_replayed_alike(tmp_path: Path) -> None:
    world = World(tmp_path)
    process = world.open()
    body = lines(ROWS[:60]) + b'{"time": oops}\n' * 150 + lines(ROWS[60:])
    with pytest.raises(ParseError, match="malformed") as error:
        post(process, body)
    fault_at = len(lines(ROWS[:60])) + len(b'{"time": ')
    assert f"first error is at byte {fault_at}" in error.value.reason
    before = counts(process)
    assert before["processed_record_count"] == 60
    world.kill(process)
    process = world.open()
    assert counts(process) == before
    world.kill(process)


def test_interim_results_survive_a_kill_and_go_when_the_bucket_is_final(tmp_path: Path) -> None:
    world = World(tmp_path)
    process = world.open()
    post(process, lines(ROWS[:123]))
    flush(process, calc_interim=True)
    before = world.results()
    interim = {d["timestamp"] for d in before.values() if d["is_interim"]}
    assert interim == {(START_S + 20 * SPAN_S) * 1000}
    world.kill(process)
    process = world.open()
    assert world.results() == before
    post(process, lines(ROWS[123:]))
    flush(process)
    assert not any(d["is_interim"] for d in world.results().values())
    world.kill(process)


def test_flush_answers_the_end_of_the_last_final_bucket(tmp_path: Path) -> None:
    world = World(tmp_path)
    process = world.open()
    assert flush(process) is None
    post(process, lines(ROWS[:60]))
    assert flush(process) == (START_S + 9 * SPAN_S) * 1000
    advanced = (START_S + 15 * SPAN_S) * 1000
    assert flush(process, advance_time=advanced) == advanced
    late = post(process, lines(ROWS[60:66]))
    assert late.out_of_order_timestamp_count == 6
    world.kill(process)


def test_a_reset_range_forgets_the_open_buckets(tmp_path: Path) -> None:
    world = World(tmp_path, job(latency=TimeValue(3_600_000, "1h")))
    process = world.open()
    post(process, lines(ROWS[:60]))
    start = START_S + 5 * SPAN_S
    again = lines(ROWS[30:36])
    process.post([again], TimeRange(start * 1000, (start + SPAN_S) * 1000))
    flush(process, advance_time=(START_S + 40 * SPAN_S) * 1000)
    events = {
        d["timestamp"] // 1000: d["event_count"]
        for d in world.results().values()
        if d["result_type"] == "bucket"
    }
    assert events[start] == 6
    assert sum(events.values()) == 60
    world.kill(process)


def test_uploads_are_refused_while_too_much_waits_for_elasticsearch(tmp_path: Path) -> None:
    world = World(
        tmp_path,
        queue_max_bytes=1,
        queue_wait_ms=0,
        results_queue_max_docs=1,
        results_batch_max_docs=1,
    )
    process = world.open()
    gate = _hold_writes(world)
    post(process, lines(ROWS))
    with pytest.raises(TooManyRequestsError) as refused:
        post(process, lines(ROWS))
    assert refused.value.headers["Retry-After"]
    gate.set()
    flush(process)
    assert counts(process)["processed_record_count"] == len(ROWS)
    assert len([d for d in world.results().values() if d["result_type"] == "bucket"]) == 39
    world.kill(process)


def _hold_writes(world: World) -> Any:
    import threading

    gate = threading.Event()
    write = world.stores.results_writer.write

    def held(job_id: str, documents: Any) -> int:
        gate.wait()
        return write(job_id, documents)

    world.stores.results_writer.write = held  # type: ignore[method-assign]
    return gate


def test_an_analysis_that_dies_fails_the_job_and_loses_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    process = world.open()
    post(process, lines(ROWS[:60]))
    flush(process)
    world.stores.results_writer.fail_with(ZeroDivisionError("bug"), method="write")
    waiting = lines(ROWS[60:])
    with suppress(JobFailedError):  # the analysis may have died before the upload was taken
        post(process, waiting)
        waiting = b" "
    with pytest.raises(JobFailedError, match="ZeroDivisionError: bug"):
        flush(process)
    world.kill(process)
    process = world.open()
    post(process, waiting)
    flush(process)
    assert counts(process)["processed_record_count"] == len(ROWS)
    world.kill(process)


def test_a_snapshot_that_is_not_whole_is_passed_over(tmp_path: Path) -> None:
    world = World(tmp_path)
    process = world.open()
    post(process, lines(ROWS[:60]))
    process.persist()
    post(process, lines(ROWS[60:]))
    flush(process)
    before = world.results()
    newest = world.stores.model_state.list("web")[0]
    world.stores.model_state.fail_with(UnavailableError("down"), method="save document")
    with pytest.raises(UnavailableError):
        process.persist()
    world.kill(process)
    process = world.open()
    assert world.stores.jobs.get("web")[0].model_snapshot_id == newest.snapshot_id
    assert world.results() == before
    world.kill(process)


def test_a_restore_waits_for_elasticsearch_instead_of_taking_an_older_snapshot(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    process = world.open()
    for rows in (ROWS[:60], ROWS[60:]):
        post(process, lines(rows))
        process.persist()
    before = counts(process)
    world.kill(process)
    world.stores.model_state.fail_with(UnavailableError("down"), method="load")
    with pytest.raises(UnavailableError, match="down"):
        world.open()
    world.kill_journal()
    process = world.open()
    assert counts(process) == before
    world.kill(process)


def test_a_durable_upload_is_taken_although_its_counts_cannot_be_stored(tmp_path: Path) -> None:
    world = World(tmp_path)
    process = world.open()
    world.stores.stats.fail_with(UnavailableError("down"), method="put")
    assert post(process, lines(ROWS)).processed_record_count == len(ROWS)
    flush(process)
    assert "put" in world.stores.stats.calls
    assert counts(process)["processed_record_count"] == len(ROWS)
    world.kill(process)


def test_closing_twice_without_new_data_stores_one_snapshot(tmp_path: Path) -> None:
    world = World(tmp_path)
    process = world.open()
    post(process, lines(ROWS))
    world.close(process)
    process = world.open()
    world.close(process)
    assert len(world.stores.model_state.list("web")) == 1
    annotations = list(world.stores.annotations.documents.values())
    assert [a["event"] for a in annotations] == ["model_snapshot_stored"]
    assert json.dumps(annotations)


def test_a_job_without_data_closes_without_a_snapshot(tmp_path: Path) -> None:
    world = World(tmp_path)
    process: Autodetect = world.open()
    world.close(process)
    assert world.stores.model_state.list("web") == []


def test_a_time_without_a_year_is_of_the_year_the_job_was_made_in(tmp_path: Path) -> None:
    the_job = dataclasses.replace(
        job(),
        data_description=DataDescription(time_format="MMM dd HH:mm:ss"),
        create_time=1_700_000_000_000,
    )
    world = World(tmp_path, the_job)
    process = world.open()
    post(process, lines([{"time": "Mar 01 00:00:00", "key": "k0", "value": 1.0}]))
    assert counts(process)["latest_record_timestamp"] == 1_677_628_800_000
    world.kill(process)


def test_results_stay_when_the_disk_with_the_journal_was_lost(tmp_path: Path) -> None:
    world = World(tmp_path / "first")
    process = world.open()
    post(process, lines(ROWS))
    flush(process)
    before = world.results()
    world.kill(process)
    world.folder = tmp_path / "second"
    process = world.open()
    assert world.results() == before
    world.kill(process)


def test_plain_flushes_are_no_reason_for_another_snapshot(tmp_path: Path) -> None:
    world = World(tmp_path)
    process = world.open()
    post(process, lines(ROWS))
    flush(process)
    process.persist()
    flush(process)
    world.close(process)
    assert len(world.stores.model_state.list("web")) == 1
