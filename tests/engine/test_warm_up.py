"""Warming up leaves no kernel to be loaded or compiled by the first job."""

from __future__ import annotations

import subprocess
import sys

import pytest

# In processes of their own: other tests have compiled kernels in this one.
BEGIN = """
import importlib, pkgutil
import numpy as np
from numba.core.dispatcher import Dispatcher
import sidecar.engine
from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.warm_up import warm_up, warm_up_series
from sidecar.schema.detector import Detector
from sidecar.schema.scheduled_event import ScheduledEvent
from benchmarks.generated_logs import messages
from tests.engine.categorization.support import ids, new_categorizer
from tests.engine.gathering import FUNCTION_NAMES, config_of, frame_of, job_of, named, new_job, run

OVER = ("rare", "freq_rare", "time_of_day", "time_of_week")

def kernels():
    for found in pkgutil.walk_packages(sidecar.engine.__path__, "sidecar.engine."):
        for name, value in vars(importlib.import_module(found.name)).items():
            if isinstance(value, Dispatcher):
                yield f"{value.py_func.__module__}.{name}", len(value.signatures)
"""
ANY_JOB = """
warm_up()
before = dict(kernels())
assert len(before) > 10
n = 2000
rows = np.arange(n)
values = rows * 7919 % 101.0
values[[400, 900, 1700]] = 1e5, np.nan, -1e5
detectors = [Detector(f, field_name="v", by_field_name="a") for f in FUNCTION_NAMES]
detectors += [Detector(f, by_field_name="a", over_field_name="b") for f in OVER]
for options in ({"influencers": ("a", "b"), "latency": 25}, {"summary_count_field_name": "n"}):
    job = new_job(Detector("low_count"), *detectors, **options)
    frame = frame_of(rows.tolist(), values.tolist(), a=(rows % 7).tolist(), b=(rows % 3).tolist())
    run(job, [frame.rows(slice(0, n // 2))])
    job.interim()
    job.set_events([ScheduledEvent("e", 0, 10_000), ScheduledEvent("f", 1_000_000, 1_100_000)])
    job = AnomalyJob.restore(job.job, job.save())
    job.update(job_of(job.job.analysis_config, model_plot=True))
    job.skip_time(n // 2 + 50)
    run(job, [frame.rows(slice(n // 2, n))])
for analyzer in (None, {"tokenizer": "letter", "char_filter": ["first_line_with_letters"]}):
    categorizer = new_categorizer(analyzer)
    texts, _ = messages(500)
    ids(categorizer, [*texts, "a b\\nc"], [i % 3 for i in range(501)], cuts=[7])
    categorizer.load(categorizer.save())
    ids(categorizer, texts)
"""
SERIES_JOB = """
warm_up_series()
before = dict(kernels())
rows = np.arange(500)
job = new_job(*(Detector(f, field_name="v", by_field_name="a") for f in ("count", "mean", "sum")))
frame = frame_of(rows.tolist(), (rows % 7.0).tolist(), a=(rows % 7).tolist())
run(job, [frame])
AnomalyJob.restore(job.job, job.save())
"""
END = """
print(*(name for name, count in kernels() if count != before[name]))
"""


@pytest.mark.parametrize(
    "job", [pytest.param(ANY_JOB, id="any"), pytest.param(SERIES_JOB, id="series")]
)
def test_no_kernel_is_loaded_or_compiled_after_warming_up(job: str) -> None:
    command = [sys.executable, "-c", BEGIN + job + END]
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.split() == []
