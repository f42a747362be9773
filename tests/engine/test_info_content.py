"""Whole jobs of info_content: what they find, and what they let pass."""

from __future__ import annotations

import string
import zlib

import numpy as np
import pytest

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.record_frame import FieldNeeds, RecordFrame, TextColumn
from sidecar.schema.detector import Detector
from tests.engine.gathering import found_records, new_job, run, scores, text_column
from tests.engine.scorer_cases import HOUR_S, START_S, assert_same


def queries(hours: int, *, noisy: int, seed: int = 1) -> RecordFrame:
    """DNS queries of three domains: a few hosts each, and random ones in one hour of domain 1."""
    generator = np.random.default_rng(seed)
    letters = np.frombuffer((string.ascii_lowercase + string.digits).encode(), np.uint8)
    hosts = ("www", "mail", "api", "cdn1", "cdn2", "img", "login", "static", "shop", "m")
    time, domain, texts = [], [], []
    for hour in range(hours):
        for each in range(3):
            names = [
                hosts[i].encode() for i in generator.integers(0, 10, generator.poisson(30) + 1)
            ]
            if hour == noisy and each == 1:
                # As many queries as ever, but each carries something away.
                names = [generator.choice(letters, 40).tobytes() for _ in names]
            time += [START_S + hour * HOUR_S] * len(names)
            domain += [each] * len(names)
            texts += names
    hashes = np.array([zlib.crc32(text) + 1 for text in texts], np.uint64)
    return RecordFrame(
        time=np.array(time, np.int64),
        codes={"a": np.array(domain, np.int32)},
        hashes={"sub": hashes},
        texts={"sub": text_column(texts)},
    )


@pytest.mark.parametrize(
    ("function", "finds"),
    [("high_info_content", True), ("info_content", True), ("low_info_content", False)],
)
def test_data_carried_away_in_dns_queries_come_first(function: str, finds: bool) -> None:
    detector = Detector(function, field_name="sub", partition_field_name="a")
    blocks = run(new_job(detector, span=HOUR_S), [queries(500, noisy=420)])
    found = [row for row in found_records(blocks) if row[2] > 75]
    assert ((START_S + 420 * HOUR_S, 1) in [row[:2] for row in found]) is finds
    assert not finds or found_records(blocks)[0][:2] == (START_S + 420 * HOUR_S, 1)
    assert np.mean(np.delete(scores(blocks), 420) > 75) < 0.005


def test_hours_without_queries_are_no_anomaly() -> None:
    frame = queries(500, noisy=-1)
    kept = frame.time != START_S + 450 * HOUR_S
    spans = frame.texts["sub"]
    frame = RecordFrame(
        time=frame.time[kept],
        codes={"a": frame.codes["a"][kept]},
        hashes={"sub": frame.hashes["sub"][kept]},
        texts={"sub": TextColumn(spans.data, spans.start[kept], spans.end[kept])},
    )
    detector = Detector("low_info_content", field_name="sub", partition_field_name="a")
    blocks = run(new_job(detector, span=HOUR_S), [frame])
    assert START_S + 450 * HOUR_S not in [row[0] for row in found_records(blocks)]


def test_texts_of_open_buckets_count_as_memory_and_survive_a_restore() -> None:
    detector = Detector("info_content", field_name="sub", partition_field_name="a")
    job = new_job(detector, span=HOUR_S)
    before = job.model_size().model_bytes
    frame = queries(1, noisy=0)
    run(job, [frame])
    texts = frame.texts["sub"]
    assert job.model_size().model_bytes - before > len(set(frame.hashes["sub"].tolist())) * 40
    assert len(texts.data) < 10_000
    restored = AnomalyJob.restore(job.job, job.save())
    first, second = job.interim(), restored.interim()
    assert first is not None
    assert second is not None
    assert_same(first, second)


def test_needs_are_texts_and_their_hashes() -> None:
    job = new_job(Detector("info_content", field_name="sub"))
    assert job.needs == FieldNeeds(hashes=("sub",), texts=("sub",))
