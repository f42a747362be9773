"""Which models a detector has."""

from __future__ import annotations

from sidecar.engine.functions import FUNCTIONS, Statistic
from sidecar.engine.models.detector_model import DetectorModel
from sidecar.engine.models.frequent import FrequentValues
from sidecar.engine.models.location.table import LocationTable
from sidecar.engine.models.population.table import PopulationTable
from sidecar.engine.models.rare.tables import RareInPopulation, RareInTime
from sidecar.engine.models.series.correlated import CorrelatedTable
from sidecar.engine.models.series.series_table import SeriesTable
from sidecar.engine.models.times.tables import TimesOnCircle
from sidecar.engine.models.without_frequent import WithoutFrequent
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector


def model_of(detector: Detector, config: AnalysisConfig) -> DetectorModel:
    """Fresh models for a detector of a job."""
    function = FUNCTIONS[detector.function]
    span_s = config.bucket_span.seconds
    over = bool(detector.over_field_name)
    values = FrequentValues(detector, span_s)
    model: DetectorModel
    if function.statistic is Statistic.LAT_LONG:
        model = LocationTable(span_s, population=over)
    elif function.statistic in (Statistic.RARE, Statistic.FREQ_RARE):
        frequent = function.statistic is Statistic.FREQ_RARE
        model = RareInPopulation(span_s, frequent=frequent) if over else RareInTime(span_s)
    elif function.statistic is Statistic.TIME:
        model = TimesOnCircle(function.circle_s, span_s, pooled=over)
    elif over:
        return PopulationTable(function, span_s, values, has_by=bool(detector.by_field_name))
    elif config.multivariate_by_fields and detector.by_field_name:
        model = CorrelatedTable(function, span_s)
    else:
        model = SeriesTable(function, span_s)
    return WithoutFrequent(model, values) if values else model
