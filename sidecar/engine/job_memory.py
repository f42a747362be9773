"""Memory of a job: what it takes, what its limit still allows."""

from __future__ import annotations

from collections.abc import Mapping

from sidecar.engine.arrays import CodeArray
from sidecar.engine.categorization.job_categorization import JobCategorization
from sidecar.engine.categorization.stats import CategorizerStats
from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.gathering.gatherer import Gatherer
from sidecar.engine.model_size import NEW_SERIES_BYTES, MemoryLimit, ModelSize, NameBytes
from sidecar.engine.pair_table import NO_LIMIT
from sidecar.engine.scores.scoring import BucketScorer

# By memory status: the prune window is so many times shorter.
_HASTE = {"ok": 1, "soft_limit": 2, "hard_limit": 4}


class JobMemory:
    """Adds up what the parts of a job take and compares it with the model memory limit.

    Attributes
    ----------
    limit : MemoryLimit
    names : NameBytes
        What the names take that the engine has met.
    """

    __slots__ = ("_categorization", "_distinct", "_gatherer", "_scorer", "limit", "names")

    def __init__(
        self,
        gatherer: Gatherer,
        scorer: BucketScorer,
        categorization: JobCategorization | None,
        dictionaries: Mapping[str, FieldDictionary],
        limit_mb: int | None,
    ) -> None:
        self._gatherer = gatherer
        self._scorer = scorer
        self._categorization = categorization
        self._distinct: tuple[int, tuple[int, int, int]] | None = None
        self.limit = MemoryLimit(limit_mb)
        self.names = NameBytes(dictionaries)

    def meet(self, codes: Mapping[str, CodeArray]) -> None:
        """Account for the names behind the codes of a frame."""
        self.names.meet(codes)

    def new_series(self) -> int:
        """How many new series fit: counted as if all known ones had models already."""
        models = max(self._scorer.nbytes(), self._gatherer.series_count() * NEW_SERIES_BYTES)
        expected = self._gatherer.nbytes() + models + self._text_bytes()
        return self.limit.room(expected, NO_LIMIT)

    def haste(self) -> int:
        """By how much shorter the prune window is while memory is short."""
        return _HASTE[self.limit.status(self._model_bytes())]

    def note_pruned(self) -> None:
        """Series are gone: whether the limit is reached shows again with the next records."""
        self.limit.reached = False
        self._distinct = None

    def size(self) -> ModelSize:
        """Memory in use and what it is used for."""
        model_bytes = self._model_bytes()
        partition, by, over = self._distinct_values()
        categorization = self._categorization
        return ModelSize(
            model_bytes=model_bytes,
            total_by_field_count=by,
            total_over_field_count=over,
            total_partition_field_count=partition,
            bucket_allocation_failures_count=self._gatherer.allocation_failures,
            memory_status=self.limit.status(model_bytes),
            model_bytes_exceeded=self.limit.exceeded(model_bytes),
            categories=categorization.stats() if categorization else CategorizerStats(),
        )

    def _model_bytes(self) -> int:
        return self._gatherer.nbytes() + self._scorer.nbytes() + self._text_bytes()

    def _text_bytes(self) -> int:
        return self.names.total + (self._categorization.nbytes() if self._categorization else 0)

    def _distinct_values(self) -> tuple[int, int, int]:
        series = self._gatherer.series_count()
        if self._distinct is None or self._distinct[0] != series:
            self._distinct = series, self._gatherer.distinct_values()
        return self._distinct[1]
