"""Changed scores as members of stored documents, and what becomes of the documents."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.results import RescoredTable, ResultKind
from sidecar.schema.document_ids import (
    bucket_id,
    bucket_influencer_id,
    influencer_id,
    quantiles_id,
    record_id,
)
from sidecar.worker.rescored_documents import rescored_documents
from tests.worker.open_job import SPAN_S, START_S, World, flush, job, lines, post, records

_SCORES = ("record_score", "influencer_score", "anomaly_score")
# A blip while the job is young, then an incident.
BLIP, BUCKETS = 45, 110


def rows_of_a_growing_job() -> list[dict[str, Any]]:
    rows = records(BUCKETS, per_bucket=3)
    for row in rows[3 * BLIP : 3 * BLIP + 3]:
        row["value"] += 6.0
    return rows


ROWS = rows_of_a_growing_job()


def results_of(folder: Path) -> dict[str, dict[str, Any]]:
    """Documents of one process that takes one upload."""
    world = World(folder)
    process = world.open()
    post(process, lines(ROWS))
    flush(process)
    found = world.results()
    world.kill(process)
    return found


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return results_of(tmp_path_factory.mktemp("undisturbed"))


def changed(found: dict[str, dict[str, Any]]) -> set[str]:
    """Types of results whose score is no longer the initial one."""
    return {
        document["result_type"]
        for document in found.values()
        for score in _SCORES
        if score in document and document[score] != document[f"initial_{score}"]
    }


def _table(**columns: Any) -> RescoredTable:
    kinds = [*ResultKind, ResultKind.BUCKET_TIME]
    members: dict[str, Any] = {
        "time": np.array([600] * 4 + [1200]),
        "kind": np.array(kinds, np.int32),
        "place": np.array([0, 1, 1, 0, 0], np.int32),
        "code": np.array([-1, -1, 0, 2, -1], np.int32),
        "score": np.array([40.0, 50.0, 50.0, 30.0, 7.0]),
        "initial_score": np.array([20.0, 25.0, 25.0, 15.0, 1.0]),
        "raw_score": np.array([9.0, 8.0, 0.0, 0.0, 2.0]),
        "probability": np.array([0.01, 0.02, 1.0, 1.0, 0.1]),
    }
    return RescoredTable(**{**members, **columns})


def _names(detector: int, series: Any) -> tuple[list[str | None], ...]:
    assert detector == 0
    return [None] * len(series), [f"k{s}" for s in series.tolist()], [None] * len(series)


def _changes(table: RescoredTable) -> dict[str, dict[str, Any]]:
    dictionaries = {"host": FieldDictionary(["h"]), "key": FieldDictionary(["k"])}
    config = job().analysis_config
    return dict(rescored_documents("web", config, table, _names, dictionaries))


def test_each_document_gets_its_score_and_buckets_their_influencers() -> None:
    changes = _changes(_table())
    assert changes[record_id("web", 600_000, SPAN_S, 0, "k2", None, None)] == {"record_score": 30.0}
    assert changes[influencer_id("web", 600_000, SPAN_S, "host", "h")] == {"influencer_score": 50.0}
    assert changes[bucket_influencer_id("web", 600_000, SPAN_S, "host")] == {"anomaly_score": 50.0}
    bucket = changes[bucket_id("web", 600_000, SPAN_S)]
    assert bucket["anomaly_score"] == 50.0
    assert [
        (m["influencer_field_name"], m["anomaly_score"], m["initial_anomaly_score"])
        for m in bucket["bucket_influencers"]
    ] == [("host", 50.0, 25.0), ("bucket_time", 40.0, 20.0)]
    assert [m["raw_anomaly_score"] for m in bucket["bucket_influencers"]] == [8.0, 9.0]
    assert changes[bucket_id("web", 1_200_000, SPAN_S)]["anomaly_score"] == 7.0


def test_of_several_changes_of_a_document_the_last_counts() -> None:
    twice = _table()
    again = _table(score=np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    both = RescoredTable(
        *(
            np.concatenate([getattr(twice, name), getattr(again, name)])
            for name in RescoredTable.__slots__
        )
    )
    assert _changes(both) == _changes(again)


def test_scores_change_as_a_job_grows_and_buckets_stay_whole(
    expected: dict[str, dict[str, Any]],
) -> None:
    assert changed(expected) == {"bucket", "bucket_influencer", "record", "influencer"}
    for document in expected.values():
        if document["result_type"] != "bucket":
            continue
        time = document["timestamp"]
        members = document["bucket_influencers"]
        assert document["anomaly_score"] == max(m["anomaly_score"] for m in members)
        for member in members:
            name = bucket_influencer_id("web", time, SPAN_S, member["influencer_field_name"])
            assert expected[name] == member


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["kill", "close", "persist", "flush", "interim"]),
            st.integers(0, len(ROWS)),
        ),
        max_size=6,
    )
)
def test_documents_end_the_same_whatever_happens_on_the_way(
    tmp_path_factory: pytest.TempPathFactory,
    expected: dict[str, dict[str, Any]],
    steps: list[tuple[str, int]],
) -> None:
    world = World(tmp_path_factory.mktemp("steps"))
    process = world.open()
    sent = 0
    for step, upto in sorted(steps, key=lambda pair: pair[1]):
        post(process, lines(ROWS[sent:upto]) or b" ")
        sent = max(sent, upto)
        if step == "kill":
            world.kill(process)
            process = world.open()
        elif step == "close":
            world.close(process)
            process = world.open()
        elif step == "persist":
            process.persist()
        else:
            flush(process, calc_interim=step == "interim")
    post(process, lines(ROWS[sent:]) or b" ")
    flush(process)
    assert world.results() == expected
    world.kill(process)


def test_what_an_upload_that_was_never_acknowledged_changed_is_taken_back(tmp_path: Path) -> None:
    world = World(tmp_path)
    process = world.open()
    post(process, lines(ROWS))
    flush(process)
    before = world.results()
    for name, document in before.items():
        for score in _SCORES:
            if document.get(score, 0.0) > 1.0:
                world.stores.results.change(name, {score: document[score] / 2})
    assert world.results() != before
    world.kill(process)
    process = world.open()
    assert world.results() == before
    world.kill(process)


def test_results_that_were_deleted_do_not_come_back(tmp_path: Path) -> None:
    world = World(tmp_path)
    process = world.open()
    blip = (START_S + BLIP * SPAN_S) * 1000
    half = 3 * (BLIP + 5)
    post(process, lines(ROWS[:half]))
    flush(process)
    world.stores.results.delete_matching(lambda d: d.get("timestamp") == blip)
    post(process, lines(ROWS[half:]))
    flush(process)
    assert blip not in {d["timestamp"] for d in world.results().values()}
    assert "update" in world.stores.results_writer.calls
    world.kill(process)


@pytest.mark.parametrize("crash", [False, True], ids=["undisturbed", "after a crash"])
def test_switched_off_in_an_open_job_scores_stay_as_they_are(tmp_path: Path, crash: bool) -> None:
    world = World(tmp_path)
    process = world.open()
    half = 3 * 60
    post(process, lines(ROWS[: half // 2]))
    process.persist()
    post(process, lines(ROWS[half // 2 : half]))
    flush(process)
    before = world.results()
    assert changed(before)
    stored, version = world.stores.jobs.get("web")
    off = dataclasses.replace(stored, renormalization_window_days=0)
    world.stores.jobs.replace(off, version)
    process.update(off)
    post(process, lines(ROWS[half:]))
    flush(process)
    after = world.results()
    assert {name: after[name] for name in before} == before
    if crash:
        world.kill(process)
        process = world.open()
        assert world.results() == after
    world.kill(process)


def test_a_snapshot_says_in_plain_text_what_scores_are_read_from(tmp_path: Path) -> None:
    world = World(tmp_path)
    process = world.open()
    post(process, lines(ROWS))
    process.persist()
    (snapshot,) = world.stores.model_state.list("web")
    assert snapshot.quantiles is not None
    assert '"bucket_count":109' in snapshot.quantiles["quantile_state"]
    assert world.stores.state.get(quantiles_id("web")) == dict(snapshot.quantiles)
    world.kill(process)
