"""Categorization as a part of a job: the texts of a field become codes of `mlcategory`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from sidecar.engine.categorization.categorizer import Categorizer
from sidecar.engine.categorization.stats import CategorizerStats
from sidecar.engine.columns import AnyArray, under, within
from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.record_frame import RecordFrame
from sidecar.schema.analysis_config import ML_CATEGORY, AnalysisConfig
from sidecar.schema.categorization_analyzer import default_analyzer, parse_analyzer
from sidecar.schema.job import Job

_PREFIX = "categorization"


class JobCategorization:
    """The categorizer of a job, and the names of its categories.

    Attributes
    ----------
    categorizer : Categorizer
    dictionary : FieldDictionary
        Names of `mlcategory`: the ids of the categories, in order.
    partition_field : str or None
        Whose values are categorized apart from one another, if they are.
    """

    def __init__(self, job: Job, field: str) -> None:
        config = job.analysis_config
        analyzer = config.categorization_analyzer
        if analyzer is None:
            analyzer = default_analyzer(config.categorization_filters or ())
        self.categorizer = Categorizer(
            parse_analyzer(analyzer),
            job.analysis_limits.categorization_examples_limit,
            stop_on_warn=config.per_partition_categorization.stop_on_warn,
        )
        self.dictionary = FieldDictionary()
        self.partition_field = _partition_field(config)
        self._field = field

    @classmethod
    def of(cls, job: Job) -> JobCategorization | None:
        """The categorization of a job; None if it has none."""
        field = job.analysis_config.categorization_field_name
        return None if field is None else cls(job, field)

    def coded(self, frame: RecordFrame, new_bytes: int) -> RecordFrame:
        """The records with codes of `mlcategory`; see `Categorizer.categorize`."""
        partitions = None if self.partition_field is None else frame.codes[self.partition_field]
        codes = self.categorizer.categorize(frame.texts[self._field], partitions, new_bytes)
        self._name_categories()
        return dataclasses.replace(frame, codes={**frame.codes, ML_CATEGORY: codes})

    def update(self, config: AnalysisConfig) -> None:
        """Apply what may change in an open job: `stop_on_warn`."""
        self.categorizer.set_stop_on_warn(config.per_partition_categorization.stop_on_warn)

    @property
    def failures(self) -> int:
        """Messages that got no category for lack of memory."""
        return self.categorizer.failures

    def stats(self) -> CategorizerStats:
        """Of all partitions together."""
        return self.categorizer.stats()

    def nbytes(self) -> int:
        """Estimated memory in bytes, without the names."""
        return self.categorizer.nbytes()

    def save(self) -> dict[str, AnyArray]:
        """Named arrays."""
        return under(_PREFIX, self.categorizer.save())

    def load(self, arrays: Mapping[str, AnyArray]) -> None:
        """Take the arrays of a saved job over."""
        self.categorizer.load(within(arrays, _PREFIX))
        self._name_categories()

    def _name_categories(self) -> None:
        for category in range(len(self.dictionary), len(self.categorizer)):
            self.dictionary.code(str(category + 1))


def _partition_field(config: AnalysisConfig) -> str | None:
    if not config.per_partition_categorization.enabled:
        return None
    fields = (detector.partition_field_name for detector in config.detectors)
    return next((field for field in fields if field), None)
