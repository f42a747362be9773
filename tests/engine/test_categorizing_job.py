"""Jobs that count by category."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.record_frame import RecordFrame
from sidecar.schema.analysis_config import ML_CATEGORY, PerPartitionCategorization
from sidecar.schema.detector import Detector
from tests.engine.categorization.support import text_column
from tests.engine.gathering import SPAN, config_of, job_of, run, stored

KINDS = ("Disk {} is full", "Connection to host {} refused", "Session {} opened", "17")
COUNT_BY_CATEGORY = Detector("count", by_field_name=ML_CATEGORY)


def frame(count: int, *, odd: int | None = None) -> RecordFrame:
    """Three records a bucket, of four kinds; bucket `odd` has many of one kind."""
    kinds = [n % 4 for n in range(count)]
    times = [n // 3 * SPAN for n in range(count)]
    if odd is not None:
        times += [odd * SPAN] * 60
        kinds += [1] * 60
    order = np.argsort(times, kind="stable").tolist()
    texts = [KINDS[kinds[i]].format(i) if i % 50 else "" for i in order]
    return RecordFrame(
        time=np.array([times[i] for i in order], np.int64),
        codes={"a": np.array([i % 2 for i in order], np.int32)},
        texts={"message": text_column(texts)},
    )


def new_job(
    *detectors: Detector, limit_mb: int | None = None, named: bool = True, **config: Any
) -> AnomalyJob:
    config = {"categorization_field_name": "message", **config}
    job = AnomalyJob(job_of(config_of(*detectors, **config), limit_mb=limit_mb))
    for name in job.needs.codes if named else ():
        job.dictionaries[name].code("a0")
        job.dictionaries[name].code("a1")
    return job


def test_the_reader_is_asked_for_the_text_and_not_for_the_category() -> None:
    job = new_job(Detector("count", by_field_name=ML_CATEGORY, partition_field_name="a"))
    assert job.needs.codes == ("a",)
    assert job.needs.texts == ("message",)


def test_categories_are_by_values_of_the_records() -> None:
    job = new_job(COUNT_BY_CATEGORY, influencers=(ML_CATEGORY,))
    blocks = run(job, [frame(300, odd=80)])
    found = {
        job.series_names(0, block.records.series[row : row + 1])[1][0]
        for block in blocks
        for row in np.flatnonzero(block.time[block.records.bucket] == 80 * SPAN).tolist()
    }
    assert found == {"1"}
    influencers = {
        job.dictionaries[ML_CATEGORY].name(code)
        for block in blocks
        for code in block.influencers.code.tolist()
    }
    assert "1" in influencers
    assert job.dictionaries[ML_CATEGORY].names() == ["1", "2", "3", "4"]


def test_model_size_tells_of_the_categories() -> None:
    job = new_job(COUNT_BY_CATEGORY)
    before = job.model_size()
    run(job, [frame(300)])
    size = job.model_size()
    assert size.categories.categorized_doc_count == 294
    assert size.categories.total_category_count == size.total_by_field_count == 4
    assert before.categories.total_category_count == 0
    assert size.model_bytes > before.model_bytes


def test_at_the_memory_limit_there_are_no_new_categories() -> None:
    job = new_job(COUNT_BY_CATEGORY, limit_mb=1)
    letters = np.random.Generator(np.random.PCG64(5)).integers(97, 123, (4000, 5, 7))
    texts = [" ".join("".join(map(chr, word)) for word in row) for row in letters.tolist()]
    for begin in range(0, len(texts), 500):
        part = texts[begin : begin + 500]
        times = np.full(len(part), begin, np.int64)
        run(job, [RecordFrame(time=times, texts={"message": text_column(part)})])
    size = job.model_size()
    assert size.memory_status == "hard_limit"
    assert size.categories.failed_category_count > 0
    assert 0 < size.categories.total_category_count < 4000
    assert size.model_bytes < 1.5 * 1024 * 1024


@pytest.mark.parametrize("stop", [False, True])
def test_stopping_at_warn_can_change_in_an_open_job(stop: bool) -> None:
    detector = Detector("count", by_field_name=ML_CATEGORY, partition_field_name="a")
    job = new_job(detector, per_partition_categorization=PerPartitionCategorization(True, not stop))
    changed = config_of(
        detector,
        categorization_field_name="message",
        per_partition_categorization=PerPartitionCategorization(True, stop),
    )
    job.update(job_of(changed))
    texts = [f"Disk {n} is full" for n in range(300)]
    codes = {"a": np.zeros(300, np.int32)}
    times = np.zeros(300, np.int64)
    run(job, [RecordFrame(time=times, codes=codes, texts={"message": text_column(texts)})])
    assert job.model_size().categories.categorized_doc_count == (101 if stop else 300)


@given(st.data())
def test_cutting_and_restoring_anywhere_gives_the_same_bits(data: st.DataObject) -> None:
    per_partition = data.draw(st.booleans())
    detector = Detector(
        "count", by_field_name=ML_CATEGORY, partition_field_name="a" if per_partition else None
    )
    options = {
        "influencers": ("a",),
        "per_partition_categorization": PerPartitionCategorization(per_partition, per_partition),
    }
    records = frame(600)
    whole = new_job(detector, **options)
    expected = run(whole, [records])
    first, second = sorted(data.draw(st.lists(st.integers(0, 600), min_size=2, max_size=2)))
    job = new_job(detector, **options)
    blocks = run(job, [records.rows(slice(0, first)), records.rows(slice(first, second))])
    job = AnomalyJob.restore(job.job, [stored(job)])
    blocks += run(job, [records.rows(slice(second, 600))])
    assert stored(job) == stored(whole)
    for column in ("time", "score", "probability"):
        joined = [np.concatenate([getattr(b, column) for b in of]) for of in (blocks, expected)]
        assert joined[0].tobytes() == joined[1].tobytes()


def test_a_state_of_another_analyzer_is_not_taken() -> None:
    job = new_job(COUNT_BY_CATEGORY)
    other = new_job(COUNT_BY_CATEGORY, categorization_analyzer="standard")
    with pytest.raises(ValueError, match="another analysis config"):
        AnomalyJob.restore(other.job, [stored(job)])
