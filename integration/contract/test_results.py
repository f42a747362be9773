"""Contract of `ResultsWriter` and `ResultsReader`."""

from __future__ import annotations

import pytest

from integration.contract.support import (
    SPAN_MS,
    START_MS,
    Bench,
    bucket,
    numbers,
    record,
    status_of,
)
from sidecar.errors import IllegalArgumentError, MlError
from sidecar.interfaces import ResultsQuery

BY_SCORE = ResultsQuery(sort="record_score", descending=True)


def test_written_results_are_read_after_a_refresh(bench: Bench) -> None:
    job_id = bench.job().job_id
    documents = [bucket(job_id, number) for number in range(3)]
    assert bench.stores.results_writer.write(job_id, documents) == 3
    bench.stores.results_writer.refresh(job_id)
    page = bench.stores.results_reader.buckets(job_id, ResultsQuery())
    assert (page.count, list(page.documents)) == (3, [document for _, document in documents])


def test_writing_again_overwrites(bench: Bench) -> None:
    job_id = bench.job().job_id
    bench.stores.results_writer.write(job_id, [bucket(job_id, 0, score=1.0)])
    bench.stores.results_writer.write(job_id, [bucket(job_id, 0, score=2.0)])
    bench.stores.results_writer.refresh(job_id)
    page = bench.stores.results_reader.buckets(job_id, ResultsQuery())
    assert [document["anomaly_score"] for document in page.documents] == [2.0]


def test_updates_change_members_of_what_is_there_and_nothing_else(bench: Bench) -> None:
    job_id = bench.job().job_id
    writer = bench.stores.results_writer
    name, document = bucket(job_id, 0, score=1.0)
    writer.write(job_id, [(name, document)])
    gone, _ = bucket(job_id, 1)
    changed = {"anomaly_score": 9.0, "bucket_influencers": [{"anomaly_score": 9.0}]}
    assert writer.update(job_id, [(name, changed), (gone, changed)]) == 1
    writer.refresh(job_id)
    page = bench.stores.results_reader.buckets(job_id, ResultsQuery())
    assert list(page.documents) == [{**document, **changed}]


def test_jobs_do_not_see_one_another(bench: Bench) -> None:
    first, second = bench.job().job_id, bench.job().job_id
    bench.stores.results_writer.write(first, [bucket(first, 0)])
    bench.stores.results_writer.refresh(first)
    assert bench.stores.results_reader.buckets(second, ResultsQuery()).count == 0


def test_refused_document_is_told_of_after_the_others_are_written(bench: Bench) -> None:
    job_id = bench.job().job_id
    bad_id, bad = bucket(job_id, 1)
    documents = [bucket(job_id, 0), (bad_id, {**bad, "timestamp": "no date"}), bucket(job_id, 2)]
    with pytest.raises(IllegalArgumentError, match=bad_id):
        bench.stores.results_writer.write(job_id, documents)
    bench.stores.results_writer.refresh(job_id)
    page = bench.stores.results_reader.buckets(job_id, ResultsQuery())
    assert numbers(page.documents) == [0, 2]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(ResultsQuery(), [0, 1, 2, 3, 4], id="all, by time"),
        pytest.param(ResultsQuery(descending=True), [4, 3, 2, 1, 0], id="descending"),
        pytest.param(ResultsQuery(start=START_MS + SPAN_MS), [1, 2, 3, 4], id="start inclusive"),
        pytest.param(ResultsQuery(end=START_MS + SPAN_MS), [0], id="end exclusive"),
        pytest.param(ResultsQuery(timestamp=START_MS + SPAN_MS), [1], id="one timestamp"),
        pytest.param(ResultsQuery(timestamp=START_MS + 1), [], id="timestamp between buckets"),
        pytest.param(ResultsQuery(threshold=30.0), [3, 4], id="threshold inclusive"),
        pytest.param(ResultsQuery(exclude_interim=True), [0, 1, 2, 3], id="without interim"),
        pytest.param(ResultsQuery(from_=1, size=2), [1, 2], id="page"),
        pytest.param(ResultsQuery(from_=9), [], id="page beyond the end"),
        pytest.param(ResultsQuery(size=0), [], id="empty page"),
        pytest.param(
            ResultsQuery(sort="anomaly_score", descending=True), [4, 3, 2, 1, 0], id="by score"
        ),
    ],
)
def test_buckets_are_selected_by_query(
    bench: Bench, query: ResultsQuery, expected: list[int]
) -> None:
    job_id = bench.job().job_id
    documents = [bucket(job_id, n, score=n * 10.0, interim=n == 4) for n in range(5)]
    bench.stores.results_writer.write(job_id, documents)
    bench.stores.results_writer.refresh(job_id)
    page = bench.stores.results_reader.buckets(job_id, query)
    assert numbers(page.documents) == expected


def test_count_is_of_all_matches_not_of_the_page(bench: Bench) -> None:
    job_id = bench.job().job_id
    bench.stores.results_writer.write(job_id, [bucket(job_id, n) for n in range(7)])
    bench.stores.results_writer.refresh(job_id)
    page = bench.stores.results_reader.buckets(job_id, ResultsQuery(size=2))
    assert (page.count, len(page.documents)) == (7, 2)


def test_records_with_equal_scores_are_ordered_by_their_series(bench: Bench) -> None:
    job_id = bench.job().job_id
    documents = [
        record(job_id, 0, "AAL", score=10.0),
        record(job_id, 1, "KLM", score=10.0),
        record(job_id, 2, "BAW", score=50.0),
    ]
    bench.stores.results_writer.write(job_id, documents)
    bench.stores.results_writer.refresh(job_id)
    page = bench.stores.results_reader.records(job_id, BY_SCORE)
    assert [document["by_field_value"] for document in page.documents] == ["BAW", "KLM", "AAL"]


@pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])
def test_records_without_the_sort_field_come_last(bench: Bench, descending: bool) -> None:
    job_id = bench.job().job_id
    name, without = record(job_id, 0, "AAL", score=90.0)
    documents = [
        (name, {**without, "by_field_value": None}),
        record(job_id, 1, "BAW", score=1.0),
    ]
    bench.stores.results_writer.write(job_id, documents)
    bench.stores.results_writer.refresh(job_id)
    query = ResultsQuery(sort="by_field_value", descending=descending)
    page = bench.stores.results_reader.records(job_id, query)
    assert numbers(page.documents) == [1, 0]


def test_results_can_be_sorted_by_a_field_of_the_data(bench: Bench) -> None:
    job_id = bench.job().job_id
    airlines = ["KLM", "AAL", "BAW"]
    documents = [record(job_id, n, airline, score=5.0) for n, airline in enumerate(airlines)]
    bench.stores.results_writer.write(job_id, documents)
    bench.stores.results_writer.refresh(job_id)
    page = bench.stores.results_reader.records(job_id, ResultsQuery(sort="airline"))
    assert [document["airline"] for document in page.documents] == [["AAL"], ["BAW"], ["KLM"]]


def test_sorting_by_an_unknown_field_is_a_400(bench: Bench) -> None:
    job_id = bench.job().job_id
    bench.stores.results_writer.write(job_id, [bucket(job_id, 0)])
    bench.stores.results_writer.refresh(job_id)
    with pytest.raises(MlError) as caught:
        bench.stores.results_reader.buckets(job_id, ResultsQuery(sort="no_such_field"))
    assert status_of(caught.value) == 400


def test_page_beyond_the_result_window_is_a_400(bench: Bench) -> None:
    job_id = bench.job().job_id
    with pytest.raises(MlError) as caught:
        bench.stores.results_reader.buckets(job_id, ResultsQuery(from_=9_950, size=100))
    assert status_of(caught.value) == 400


def test_page_that_ends_at_the_result_window_is_fine(bench: Bench) -> None:
    job_id = bench.job().job_id
    query = ResultsQuery(from_=9_900, size=100)
    assert bench.stores.results_reader.buckets(job_id, query).documents == []


def test_job_without_results_has_empty_pages(bench: Bench) -> None:
    job_id = bench.job(prepared=False).job_id
    reader = bench.stores.results_reader
    for page in (
        reader.buckets(job_id, ResultsQuery()),
        reader.records(job_id, BY_SCORE),
        reader.influencers(job_id, ResultsQuery(sort="influencer_score")),
    ):
        assert (page.count, list(page.documents)) == (0, [])


def test_records_of_buckets_come_by_time_best_first(bench: Bench) -> None:
    job_id = bench.job().job_id
    documents = [
        record(job_id, 0, "AAL", score=10.0),
        record(job_id, 0, "BAW", score=90.0),
        record(job_id, 1, "KLM", score=50.0),
        record(job_id, 2, "KLM", score=50.0),
        record(job_id, 1, "DLH", score=60.0, interim=True),
    ]
    bench.stores.results_writer.write(job_id, documents)
    bench.stores.results_writer.refresh(job_id)
    times = [START_MS, START_MS + SPAN_MS, START_MS + 9 * SPAN_MS]
    found = bench.stores.results_reader.records_of_buckets(job_id, times, exclude_interim=True)
    airlines = {time: [d["by_field_value"] for d in records] for time, records in found.items()}
    assert airlines == {START_MS: ["BAW", "AAL"], START_MS + SPAN_MS: ["KLM"]}


def test_interim_results_are_deleted_even_before_a_refresh(bench: Bench) -> None:
    first, second = bench.job().job_id, bench.job().job_id
    for job_id in (first, second):
        documents = [bucket(job_id, 0), bucket(job_id, 1, interim=True)]
        bench.stores.results_writer.write(job_id, documents)
    bench.stores.results_writer.delete_interim(first)
    left = []
    for job_id in (first, second):
        bench.stores.results_writer.refresh(job_id)
        page = bench.stores.results_reader.buckets(job_id, ResultsQuery())
        left.append(numbers(page.documents))
    assert left == [[0], [0, 1]]


def test_results_after_a_time_are_deleted(bench: Bench) -> None:
    job_id = bench.job().job_id
    documents = [bucket(job_id, n) for n in range(4)]
    documents += [record(job_id, n, "AAL", score=5.0) for n in range(4)]
    bench.stores.results_writer.write(job_id, documents)
    bench.stores.results_writer.delete_after(job_id, START_MS + SPAN_MS)
    bench.stores.results_writer.refresh(job_id)
    reader = bench.stores.results_reader
    assert numbers(reader.buckets(job_id, ResultsQuery()).documents) == [0, 1]
    assert numbers(reader.records(job_id, ResultsQuery()).documents) == [0, 1]
