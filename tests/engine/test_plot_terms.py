"""model_plot_config.terms limits model plots to some partition and by values."""

from __future__ import annotations

import dataclasses

import pytest

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.plot_terms import parse_terms
from sidecar.schema.detector import Detector
from sidecar.schema.job import Job, ModelPlotConfig
from tests.engine.gathering import SPAN, config_of, frame_of, job_of, named, run

SPLIT = Detector("mean", field_name="v", partition_field_name="a", by_field_name="b")
PLAIN = Detector("count")


def plotting(terms: str | None) -> Job:
    job = job_of(config_of(SPLIT, PLAIN))
    return dataclasses.replace(job, model_plot_config=ModelPlotConfig(True, terms=terms))


def plotted(job: AnomalyJob) -> set[tuple[int, str | None, str | None]]:
    """(detector, partition, by) of all plot rows of a few buckets with all pairs of values."""
    pairs = [(a, b) for a in range(3) for b in range(3)]
    rows = [(1000 + i * SPAN, a, b) for i in range(3) for a, b in pairs]
    times, partitions, bys = (list(column) for column in zip(*rows, strict=True))
    shown: set[tuple[int, str | None, str | None]] = set()
    for block in run(job, [frame_of(times, a=partitions, b=bys)]):
        plot = block.model_plot
        assert plot is not None
        for detector in (0, 1):
            series = plot.series[plot.detector == detector]
            partition, by, _ = job.series_names(detector, series)
            shown |= {(detector, p, b) for p, b in zip(partition, by, strict=True)}
    return shown


@pytest.mark.parametrize("terms", [None, "", " , "], ids=["absent", "empty", "blanks"])
def test_without_terms_everything_is_shown(terms: str | None) -> None:
    assert len(plotted(named(AnomalyJob(plotting(terms))))) == 9 + 1


def test_series_are_shown_whose_partition_or_by_value_is_a_term() -> None:
    shown = plotted(named(AnomalyJob(plotting("a1, b2,elsewhere"))))
    assert shown == {(0, p, b) for p, b in [("a1", "b0"), ("a1", "b1"), ("a1", "b2")]} | {
        (0, "a0", "b2"),
        (0, "a2", "b2"),
    }


def test_terms_of_an_open_job_can_be_changed() -> None:
    job = named(AnomalyJob(plotting("a1")))
    job.update(plotting("a2"))
    assert {partition for _, partition, _ in plotted(job)} == {"a2"}


def test_terms_are_trimmed() -> None:
    assert parse_terms(" a , b b,,") == ("a", "b b")
