"""Which series a model plot is limited to: model_plot_config.terms."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from sidecar.engine.arrays import BoolArray
from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.gathering.cells import SeriesKeys
from sidecar.engine.results import ModelPlotTable
from sidecar.schema.detector import Detector


def parse_terms(text: str | None) -> tuple[str, ...]:
    """The partition and by values of a comma separated list; none: no limit."""
    return tuple(term for part in (text or "").split(",") if (term := part.strip()))


def limited(
    plot: ModelPlotTable,
    terms: Sequence[str],
    detectors: Sequence[Detector],
    keys: Sequence[SeriesKeys],
    dictionaries: Mapping[str, FieldDictionary],
) -> ModelPlotTable:
    """The rows of series whose partition or by value is one of the terms; all without terms."""
    if not terms:
        return plot
    kept = np.zeros(len(plot.series), dtype=np.bool_)
    for index, (detector, names) in enumerate(zip(detectors, keys, strict=True)):
        shown: BoolArray = np.zeros(len(names.by), dtype=np.bool_)
        for field, values in (
            (detector.partition_field_name, names.partition),
            (detector.by_field_name, names.by),
        ):
            if field:
                found = [dictionaries[field].find(term) for term in terms]
                shown |= np.isin(values, [code for code in found if code is not None])
        rows = np.flatnonzero(plot.detector == index)
        kept[rows] = shown[plot.series[rows]]
    columns = {f.name: getattr(plot, f.name)[kept] for f in dataclasses.fields(plot)}
    return ModelPlotTable(**columns)
