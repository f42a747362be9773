"""Every detector function from posted records to the shape of its result documents."""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from integration.api.conftest import SPAN_S, START_S, Jobs

pytestmark = pytest.mark.integration

BUCKETS = 240
ODD_BUCKET = 220
ODD_MS = (START_S + ODD_BUCKET * SPAN_S) * 1000

Record = dict[str, Any]
Detector = dict[str, str]


def metrics(*functions: str) -> list[Detector]:
    """Detectors of a metric field."""
    return [{"function": function, "field_name": "value"} for function in functions]


def counts(*functions: str, **fields: str) -> list[Detector]:
    """Detectors with the same fields."""
    return [{"function": function, **fields} for function in functions]


def metric_records(generator: random.Random, change: float) -> list[Record]:
    """Four values in a bucket; in the odd one they are wide apart and lie elsewhere."""
    records = []
    for bucket in range(BUCKETS):
        odd = bucket == ODD_BUCKET
        for place in range(4):
            value = 100 + generator.gauss(0, 1)
            if odd:
                value += change * (1 + place)
            time = START_S + bucket * SPAN_S + place * 60
            records.append({"time": time, "value": value, "host": "a"})
    return records


def counted(generator: random.Random, in_odd_bucket: int) -> list[Record]:
    records = []
    for bucket in range(BUCKETS):
        count = in_odd_bucket if bucket == ODD_BUCKET else generator.randint(18, 22)
        for place in range(count):
            time = START_S + bucket * SPAN_S + place * SPAN_S // max(count, 1)
            records.append(
                {
                    "time": time,
                    "host": "a",
                    "user": f"user-{place}",
                    "name": f"{'q' * (place % 3)}host{place % 5}.example.org",
                }
            )
    return records


def informative(generator: random.Random) -> list[Record]:
    """The same few names all the time, then long random ones."""
    records = counted(generator, 20)
    for record in records:
        if (record["time"] - START_S) // SPAN_S == ODD_BUCKET:
            record["name"] = "".join(
                generator.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=60)
            )
    return records


def rare_value(generator: random.Random) -> list[Record]:
    records = counted(generator, 20)
    for record in records:
        record["user"] = f"user-{generator.randint(0, 5)}"
    odd = [r for r in records if (r["time"] - START_S) // SPAN_S == ODD_BUCKET]
    odd[3]["user"] = "intruder"
    return records


def located(generator: random.Random) -> list[Record]:
    records = []
    for bucket in range(BUCKETS):
        odd = bucket == ODD_BUCKET
        latitude, longitude = (-33.9, 151.2) if odd else (51.5, -0.1)
        for place in range(3):
            point = f"{latitude + generator.gauss(0, 0.01)},{longitude + generator.gauss(0, 0.01)}"
            time = START_S + bucket * SPAN_S + place * 60
            records.append({"time": time, "point": point, "user": "a"})
    return records


def population(generator: random.Random) -> list[Record]:
    """Thirty clients that send about the same; one sends far more in the odd bucket."""
    records = []
    for bucket in range(BUCKETS):
        for client in range(30):
            sent = generator.lognormvariate(0, 0.3)
            if bucket == ODD_BUCKET and client == 7:
                sent *= 60
            records.append(
                {
                    "time": START_S + bucket * SPAN_S + client,
                    "client": f"client-{client}",
                    "sent": sent,
                    "port": str(443 if client % 2 else 80),
                }
            )
    return records


def rare_in_population(generator: random.Random) -> list[Record]:
    """Everybody uses the same few programs; in the odd bucket somebody uses unheard ones."""
    records = []
    for bucket in range(BUCKETS):
        for client in range(20):
            program = f"program-{generator.randint(0, 3)}"
            time = START_S + bucket * SPAN_S + client
            records.append({"time": time, "client": f"client-{client}", "program": program})
        if bucket == ODD_BUCKET:
            time = START_S + bucket * SPAN_S + 50
            records += [
                {"time": time, "client": "client-3", "program": f"strange-{i}"} for i in range(6)
            ]
    return records


_CAUSE_MEMBERS = {"probability", "function", "function_description", "typical", "actual"}
BY_HOST = {"by_field_name": "host"}
SENT = {"field_name": "sent", "over_field_name": "client"}
PROGRAMS = {"by_field_name": "program", "over_field_name": "client"}

# Records in which every detector of the list finds something in the odd bucket.
DATA: dict[str, tuple[Callable[[random.Random], list[Record]], list[Detector]]] = {
    "higher values": (
        functools.partial(metric_records, change=30.0),
        [
            *metrics("mean", "high_mean", "avg", "median", "high_median", "sum", "high_sum"),
            *metrics("non_null_sum", "high_non_null_sum", "min", "max", "metric"),
            *metrics("varp", "high_varp"),
        ],
    ),
    "lower values": (
        functools.partial(metric_records, change=-30.0),
        metrics("low_mean", "low_median", "low_sum", "low_non_null_sum", "min", "max"),
    ),
    "more records": (
        functools.partial(counted, in_odd_bucket=400),
        [
            *counts("count", "high_count"),
            *counts("non_zero_count", "high_non_zero_count", **BY_HOST),
            *counts("distinct_count", "high_distinct_count", field_name="user"),
        ],
    ),
    "fewer records": (
        functools.partial(counted, in_odd_bucket=1),
        [
            *counts("count", "low_count"),
            *counts("low_non_zero_count", **BY_HOST),
            *counts("low_distinct_count", field_name="user"),
        ],
    ),
    "long names": (
        informative,
        counts("info_content", "high_info_content", field_name="name"),
    ),
    "a stranger": (rare_value, counts("rare", by_field_name="user")),
    "far away": (located, counts("lat_long", field_name="point", by_field_name="user")),
    "strange programs": (rare_in_population, counts("rare", "freq_rare", **PROGRAMS)),
    "a greedy client": (
        population,
        [
            *counts("mean", **SENT),
            *counts("high_sum", by_field_name="port", **SENT),
            *counts("max", partition_field_name="port", **SENT),
        ],
    ),
}
WHO = {"strange programs": "client-3", "a greedy client": "client-7"}
CASES = [
    pytest.param(data, index, id=f"{detector['function']} of {data}")
    for data, (_, detectors) in DATA.items()
    for index, detector in enumerate(detectors)
]


class Analysed:
    """One job for each kind of data, made when its first test asks."""

    def __init__(self, jobs: Jobs, client: Elasticsearch) -> None:
        self._jobs = jobs
        self._client = client
        self._job_ids: dict[str, str] = {}

    def records(self, data: str, detector_index: int) -> list[Record]:
        """Records of a detector, highest score first."""
        if data not in self._job_ids:
            make, detectors = DATA[data]
            job_id = self._jobs.create(opened=True, analysis_config={"detectors": detectors})
            assert self._jobs.post(job_id, make(random.Random(data))).status == 202
            self._client.ml.flush_job(job_id=job_id)
            self._job_ids[data] = job_id
        answer = self._client.ml.get_records(
            job_id=self._job_ids[data], sort="record_score", desc=True, size=1000
        )
        return [r for r in answer["records"] if r["detector_index"] == detector_index]


@pytest.fixture(scope="module")
def analysed(shared_jobs: Jobs, client: Elasticsearch) -> Analysed:
    return Analysed(shared_jobs, client)


@pytest.mark.parametrize(("data", "index"), CASES)
def test_function_finds_the_odd_bucket(data: str, index: int, analysed: Analysed) -> None:
    detector = DATA[data][1][index]
    function = detector["function"]
    found = analysed.records(data, index)
    assert found, "no records"
    top = found[0]
    assert top["timestamp"] == ODD_MS
    assert top["record_score"] > 25
    assert 0 < top["probability"] <= 1
    assert top["function"] == function
    if data in WHO:
        assert top["over_field_value"] == WHO[data]
        assert top["causes"]
        for cause in top["causes"]:
            assert cause.keys() >= _CAUSE_MEMBERS
            assert cause["over_field_value"] == WHO[data]
        return
    assert len(top["actual"]) == len(top["typical"]) == (2 if function == "lat_long" else 1)
    assert all(map(math.isfinite, top["actual"] + top["typical"]))
    if function == "lat_long":
        assert top["geo_results"].keys() == {"actual_point", "typical_point"}
    if function in ("info_content", "rare", "lat_long"):
        assert top["function_description"] == function


@pytest.mark.parametrize("function", ["time_of_day", "time_of_week"])
def test_events_at_an_unusual_time_are_found(
    function: str, jobs: Jobs, client: Elasticsearch
) -> None:
    generator = random.Random(function)
    # Three weeks of events between nine and five, and then one at three in the morning.
    start = START_S - START_S % 86_400
    records: list[Record] = []
    for day in range(21):
        for _ in range(20):
            second = 9 * 3600 + generator.randrange(8 * 3600)
            records.append({"time": start + day * 86_400 + second, "user": "a"})
    odd = start + 20 * 86_400 + 3 * 3600 + 60
    records = sorted([*records, {"time": odd, "user": "a"}], key=lambda record: record["time"])
    detector = {"function": function, "by_field_name": "user"}
    job_id = jobs.create(
        opened=True, analysis_config={"detectors": [detector], "bucket_span": "15m"}
    )
    assert jobs.post(job_id, records).status == 202
    client.ml.flush_job(job_id=job_id)

    (top, *_) = client.ml.get_records(job_id=job_id, sort="record_score", desc=True)["records"]
    assert top["timestamp"] == odd // 900 * 900 * 1000
    assert top["function_description"] == "time"
    period = 86_400 if function == "time_of_day" else 7 * 86_400
    assert top["actual"][0] == pytest.approx(odd % period, abs=900)
    assert top["typical"][0] != top["actual"][0]


def test_memory_estimate_is_answered(client: Elasticsearch) -> None:
    answer = client.ml.estimate_model_memory(
        analysis_config={
            "bucket_span": "15m",
            "detectors": [
                {"function": "mean", "field_name": "value", "partition_field_name": "host"}
            ],
            "influencers": ["host", "user"],
        },
        overall_cardinality={"host": 10_000},
        max_bucket_cardinality={"user": 100},
    )
    assert 10 <= int(answer["model_memory_estimate"].removesuffix("mb")) <= 200
