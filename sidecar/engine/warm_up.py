"""Compiles every kernel, so that the on-disk cache is filled before the first job runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.categorization.categorizer import Categorizer
from sidecar.engine.functions import FUNCTIONS
from sidecar.engine.record_frame import RecordFrame, TextColumn
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.categorization_analyzer import default_analyzer, parse_analyzer
from sidecar.schema.detector import Detector
from sidecar.schema.job import DataDescription, Job, ModelPlotConfig
from sidecar.schema.scheduled_event import ScheduledEvent
from sidecar.schema.units import TimeValue

_SPAN_S = 60
_ROOM_BYTES = 1 << 20
_FIELD = "field"
_SPLIT = "split"
_POPULATION = "population"
_INFLUENCER = "influencer"


def warm_up() -> None:
    """Run every kernel at least once on tiny arrays of the types that jobs use."""
    split = [_by(name) for name in FUNCTIONS]
    # One more of each kind of models: functions share their kernels.
    split += [
        replace(_by(name), over_field_name=_POPULATION) for name in ("freq_rare", "time_of_day")
    ]
    split += [
        Detector("mean", field_name=_FIELD, by_field_name=_SPLIT, exclude_frequent="by"),
        Detector("mean", field_name=_FIELD, over_field_name=_POPULATION, exclude_frequent="over"),
    ]
    _run(split, multivariate=True)
    _categorize()


def warm_up_series() -> None:
    """Run the kernels of jobs that model series, which most jobs do.

    Those of the other kinds take a job of theirs a few hundredths of a second to load from the
    cache, and megabytes that the other jobs do without.
    """
    _run([_by("count"), _by("mean")], multivariate=False)


def _by(function: str) -> Detector:
    return Detector(function, field_name=_FIELD, by_field_name=_SPLIT)


def _run(detectors: list[Detector], *, multivariate: bool) -> None:
    config = AnalysisConfig(
        TimeValue(_SPAN_S * 1000, f"{_SPAN_S}s"),
        tuple(replace(each, detector_index=i) for i, each in enumerate(detectors)),
        influencers=(_SPLIT, _INFLUENCER),
        multivariate_by_fields=multivariate,
    )
    job = AnomalyJob(
        Job("warm-up", config, DataDescription(), model_plot_config=ModelPlotConfig(enabled=True))
    )
    for name, dictionary in job.dictionaries.items():
        dictionary.code(name)
    job.set_events([ScheduledEvent("", 0, 2000 * _SPAN_S)])
    for _ in job.process(_frame(job)):
        job.interim()
    AnomalyJob.restore(job.job, job.save())


def _categorize() -> None:
    """Messages of a category that takes another one over, by both ways to read a message."""
    long, short = b"Queue worker failed: alpha beta gamma delta", b"Queue worker failed"
    texts = [long, short, long.replace(b"alpha", b"x"), long.replace(b"beta", b"y")]
    texts += [long.replace(b"gamma", b"z").replace(b"delta", b"v")]
    end = np.cumsum(np.array([len(text) for text in texts], np.int64))
    data = np.frombuffer(bytearray(b"".join(texts)), np.uint8)
    column = TextColumn(data, np.concatenate((end[:1] * 0, end[:-1])), end)
    by_words = {"char_filter": ["first_line_with_letters"], "tokenizer": "whitespace"}
    for analyzer in (default_analyzer(), by_words):
        categorizer = Categorizer(parse_analyzer(analyzer), len(texts))
        categorizer.categorize(column, None, _ROOM_BYTES)
        categorizer.load(categorizer.save())


def _frame(job: AnomalyJob) -> RecordFrame:
    """A record a bucket, with a spike at the end."""
    buckets = 60
    value = np.ones(buckets)
    value[-2] = 1e6
    text, text_start = np.arange(100, dtype=np.uint8), np.arange(buckets, dtype=np.int64)
    point = np.minimum(value, 90.0)
    return RecordFrame(
        time=np.arange(buckets, dtype=np.int64) * _SPAN_S,
        numbers=dict.fromkeys(job.needs.numbers, value),
        codes={name: np.zeros(buckets, np.int32) for name in job.needs.codes},
        hashes={name: value.view(np.uint64) for name in job.needs.hashes},
        texts=dict.fromkeys(job.needs.texts, TextColumn(text, text_start, text_start + 20)),
        points={name: np.stack([point, point], axis=1) for name in job.needs.points},
    )
