"""Speed of the engine alone, without parsing: `python -m benchmarks.engine`.

Prints, for each workload, thousands or millions of records per second of processor time on one
core: taking records into buckets (gather), models and scores of the closed buckets (score), and
both together with the memory accounting around them (job).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.workloads import BUCKET_SPAN_S, SEED, START_S, WORKLOADS, Workload
from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.gathering.cells import ClosedBuckets
from sidecar.engine.gathering.gatherer import Gatherer
from sidecar.engine.record_frame import RecordFrame
from sidecar.engine.scores.scoring import BucketScorer
from sidecar.engine.warm_up import warm_up
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from sidecar.schema.job import DataDescription, Job
from sidecar.schema.units import TimeValue

RECORDS_PER_FRAME = 100_000
BUCKETS_PER_BLOCK = 4096


def main() -> None:
    """Run all workloads with the functions asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--functions", nargs="+", default=["mean"], help="detector functions")
    parser.add_argument(
        "--repeat", type=int, default=3, help="runs of each figure; the best counts"
    )
    arguments = parser.parse_args()
    warm_up()
    print(
        f"{'workload':24}{'function':16}{'buckets':>9}"
        + "".join(
            f"{name:>14}" for name in ("gather rec/s", "score rec/s", "job rec/s", "score pairs/s")
        )
    )
    for function in arguments.functions:
        for workload in WORKLOADS:
            measure(workload, function, arguments.repeat)


def measure(workload: Workload, function: str, repeat: int) -> None:
    """Print the line of one workload."""
    config, frames = config_of(workload, function), list(frames_of(workload))
    closed: list[ClosedBuckets] = []

    def gather() -> None:
        closed.clear()
        gatherer = Gatherer(config)
        for frame in frames:
            gatherer.add(frame)
            closed.extend(gatherer.close(BUCKETS_PER_BLOCK))
        keys[:] = gatherer.keys()

    keys: list = []  # type: ignore[type-arg]

    def score() -> None:
        scorer = BucketScorer(config)
        for block in closed:
            scorer.score(block, keys)

    def whole() -> None:
        job = job_of(workload, config)
        for frame in frames:
            for _ in job.process(frame):
                pass

    seconds = [best(step, repeat) for step in (gather, score, whole)]
    rates = [workload.records / each for each in seconds]
    buckets = sum(len(block.time) for block in closed)
    rates.append(buckets * workload.series / seconds[1])
    print(
        f"{workload.name:24}{function:16}{buckets:9,}"
        + "".join(f"{rate / 1e6:12.2f} M" for rate in rates),
        flush=True,
    )


def best(step: Callable[[], None], repeat: int) -> float:
    """Least processor seconds of several runs."""
    times = []
    for _ in range(repeat):
        started = time.process_time()
        step()
        times.append(time.process_time() - started)
    return min(times)


def config_of(workload: Workload, function: str) -> AnalysisConfig:
    """The workload's analysis with another function, unless it has detectors of its own."""
    detectors = tuple(
        Detector(**detector, detector_index=index)  # type: ignore[arg-type]
        for index, detector in enumerate(workload.detectors)
    )
    mean = Detector(
        function,
        field_name=None if function.endswith("count") and "distinct" not in function else "value",
        by_field_name="key" if workload.split == "by" else None,
        partition_field_name="key" if workload.split == "partition" else None,
    )
    span = TimeValue(BUCKET_SPAN_S * 1000, f"{BUCKET_SPAN_S}s")
    return AnalysisConfig(span, detectors or (mean,))


def job_of(workload: Workload, config: AnalysisConfig) -> AnomalyJob:
    """A fresh job that knows the names of all series."""
    job = AnomalyJob(Job("benchmark", config, DataDescription()))
    if "key" in job.dictionaries:
        for code in range(workload.series):
            job.dictionaries["key"].code(f"series-{code}")
    return job


def frames_of(workload: Workload) -> Iterator[RecordFrame]:
    """The workload's records as the record reader would hand them over."""
    generator = np.random.Generator(np.random.PCG64(SEED))
    for first in range(0, workload.records, RECORDS_PER_FRAME):
        rows = np.arange(first, min(first + RECORDS_PER_FRAME, workload.records))
        key = (rows % workload.series).astype(np.int32)
        value = 100 + key % 50 + 10 * generator.standard_normal(len(rows))
        yield RecordFrame(
            time=START_S + rows * workload.buckets * BUCKET_SPAN_S // workload.records,
            numbers={"value": value},
            codes={"key": key},
            hashes={"value": value.view(np.uint64)},
        )


if __name__ == "__main__":
    main()
