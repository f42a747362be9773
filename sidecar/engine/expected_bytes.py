"""Bytes that a detector's models take after some weeks.

Who answers how much a job would take is no job's process, and must not load numpy and the kernels
for it. So the sizes of rows are written down here; tests hold them against the models.
"""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.engine.functions import FUNCTIONS, Function, Statistic
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector

_HOUR_S = 3_600
_DAY_S = 24 * _HOUR_S
_WEEK_S = 7 * _DAY_S
# Part of many series that show a week of their own beside the day.
_WEEKLY_PART = 0.5
# Series of a detector up to which all of them show it, and get the richer features.
_FEW_SERIES = 24
# Entities of a population that are remembered.
_MOST_REMEMBERED = 4096.0


@dataclass(frozen=True, slots=True)
class RowBytes:
    """Bytes of one row of each kind of models, without what depends on the bucket span."""

    series: float = 896.0  # a feature of a series: scalars and sketches
    series_coarse: float = 96.0  # what its season test looks at
    series_rich: float = 26_072.0  # the richer features of few series, and the period looked for
    shape_bin: float = 4.0  # a bin of a daily or weekly shape
    attribute: float = 512.0  # a feature of a by value of a population
    entity: float = 36.0  # an over value, wherever it is
    remembered: float = 88.0  # one whose oddity is remembered
    places: float = 408.0  # places of a series
    population_places: float = 1_560.0  # and of a whole population
    place_series: float = 32.0  # what each of the series has of its own
    rare_value: float = 64.0  # a value with its ids and its part of what it shares
    time_row: float = 112.0  # the same for times of day or week, but for the density
    time_slot: float = 4.0  # a slot of the density


ROWS = RowBytes()


def expected_bytes(
    detector: Detector, config: AnalysisConfig, *, attributes: float, entities: float
) -> float:
    """Bytes that a detector's models take after some weeks.

    Parameters
    ----------
    attributes, entities : float
        Numbers of (partition, by) values, and of (partition, over) values where there is an over
        field.
    """
    function = FUNCTIONS[detector.function]
    over = bool(detector.over_field_name)
    span_s = config.bucket_span.seconds
    if function.statistic is Statistic.LAT_LONG:
        places = ROWS.population_places if over else ROWS.places
        return places * attributes + ROWS.place_series * max(attributes, entities)
    if function.statistic in (Statistic.RARE, Statistic.FREQ_RARE):
        return ROWS.rare_value * (attributes + (entities if over else 0.0))
    if function.statistic is Statistic.TIME:
        density = ROWS.time_slot * (96 if function.circle_s == _DAY_S else 336)
        return (density + ROWS.time_row) * attributes + ROWS.time_row * entities
    if over:
        return _population_bytes(function, span_s, attributes, entities)
    return _series_bytes(function, span_s, attributes)


def _series_bytes(function: Function, span_s: int, series: float) -> float:
    day_bins = min(96, _DAY_S // span_s) if span_s <= 6 * _HOUR_S else 0
    week_bins = 168 if day_bins else _WEEK_S // span_s if span_s <= _DAY_S else 0
    few = series <= _FEW_SERIES
    weekly = 1.0 if few or not day_bins else _WEEKLY_PART
    row = ROWS.series + ROWS.shape_bin * (day_bins + weekly * week_bins)
    if week_bins:
        row += ROWS.series_coarse
    if few:
        row += ROWS.series_rich
    return len(function.features) * series * row


def _population_bytes(function: Function, span_s: int, attributes: float, entities: float) -> float:
    row = ROWS.attribute + (ROWS.shape_bin * 24 if span_s <= 6 * _HOUR_S else 0.0)
    remembered = ROWS.remembered * min(_MOST_REMEMBERED, entities)
    return len(function.features) * attributes * row + ROWS.entity * entities + remembered
