"""Closed buckets in, bucket results out: models of every detector, aggregation, scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sidecar.engine.arrays import FloatArray, IntArray
from sidecar.engine.functions import FUNCTIONS
from sidecar.engine.gathering.cells import ClosedBuckets, SeriesKeys
from sidecar.engine.models import findings as columns
from sidecar.engine.models.detector_model import GrowingModel, Stepped
from sidecar.engine.models.of_detector import model_of
from sidecar.engine.results import BucketResults, ModelPlotTable, RescoredTable, ResultKind
from sidecar.engine.rules.job_rules import RulesInForce
from sidecar.engine.rules.time_shifts import step_with_shifts
from sidecar.engine.scores.aggregation import join_detectors, record_excess
from sidecar.engine.scores.influence import influences
from sidecar.engine.scores.influencer_results import InfluencerScorer
from sidecar.engine.scores.normalizer import REPEAT_SHARE, Normalizer, history_bins
from sidecar.engine.scores.record_table import FoundRecords, join_findings, record_table
from sidecar.engine.scores.renormalizer import Renormalizer
from sidecar.engine.scores.score_log import NOTABLE_SCORE
from sidecar.engine.scores.scored_rows import rows_of_scores
from sidecar.schema.analysis_config import AnalysisConfig

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(slots=True)
class _Scored:
    """Scores of buckets and records; surprises of records; the scope after marked buckets."""

    bucket_time: FloatArray
    record: FloatArray
    alone: FloatArray
    copies: list[Normalizer]


class BucketScorer:
    """Scores closed buckets of a job and learns from them; the same input gives the same bits.

    Parameters
    ----------
    config : AnalysisConfig
        Detectors, influencers and bucket span.
    model_plot : bool
        Whether results carry the bounds of every series in every bucket.
    renormalization_window_s : int
        How far back results are scored again, seconds; 0: not at all.
    """

    def __init__(
        self,
        config: AnalysisConfig,
        *,
        model_plot: bool = False,
        renormalization_window_s: int = 0,
    ) -> None:
        self._config = config
        self._model_plot = model_plot
        self._functions = [FUNCTIONS[d.function] for d in config.detectors]
        self._models = [model_of(detector, config) for detector in config.detectors]
        self._normalizer = Normalizer()
        self._influencers = InfluencerScorer(len(config.influencers))
        self._renormalizer = Renormalizer(renormalization_window_s)

    def set_model_plot(self, enabled: bool) -> None:
        """Switch model plot rows on or off from the next buckets on."""
        self._model_plot = enabled

    @property
    def renormalization_window_s(self) -> int:
        """How far back results are scored again, seconds."""
        return self._renormalizer.window_s

    def set_renormalization_window(self, window_s: int) -> None:
        """Change how far back results are scored again, seconds; 0: not at all."""
        self._renormalizer.set_window(window_s)

    def logged_results(self) -> RescoredTable | None:
        """The results that may still be scored again, with their scores as of now."""
        return self._renormalizer.everything()

    def quantiles(self) -> list[tuple[str | None, Normalizer]]:
        """The scopes: that of buckets (None), then by influencer field."""
        return [
            (None, self._normalizer),
            *zip(self._config.influencers, self._influencers.scopes, strict=True),
        ]

    def skip(self, until_s: int) -> None:
        """Pass over a gap up to `until_s` without results and without learning."""
        for model in self._models:
            model.skip(until_s)

    def keep(self, series: list[IntArray]) -> None:
        """Forget all series but these (by detector, ascending), which get new ids 0, 1, ..."""
        for model, kept in zip(self._models, series, strict=True):
            model.keep(kept)
        self._renormalizer.keep_series(series)

    def allow_growth(self, allowed: bool) -> None:
        """Whether models may give series more state than they have, from the next buckets on."""
        for model in self._models:
            if isinstance(model, GrowingModel):
                model.allow_growth(allowed)

    def nbytes(self) -> int:
        """Bytes of all model state."""
        scopes = self._normalizer.nbytes() + self._influencers.nbytes()
        log = self._renormalizer.nbytes()
        return scopes + log + sum(model.nbytes() for model in self._models)

    def score(
        self,
        closed: ClosedBuckets,
        keys: list[SeriesKeys],
        *,
        learn: bool = True,
        rules: Sequence[RulesInForce] = (),
    ) -> BucketResults:
        """Score k consecutive buckets.

        Parameters
        ----------
        closed : ClosedBuckets
            Gathered statistics.
        keys : list of SeriesKeys
            By detector: all series known by the last of the buckets, or later.
        learn : bool
            False for partial buckets (interim results): the state stays as it is to the last bit,
            and counts and sums are judged on the high side only.
        rules : sequence of RulesInForce
            By detector; empty when no rules are in force.
        """
        scorer = self if learn else self._twin()
        in_force = rules or [RulesInForce()] * len(self._models)
        return scorer._score(closed, keys, in_force, partial=not learn)

    def _twin(self) -> BucketScorer:
        """An independent copy."""
        twin = BucketScorer.__new__(BucketScorer)
        twin._config = self._config
        twin._model_plot = self._model_plot
        twin._functions = self._functions
        twin._models = [model.copy() for model in self._models]
        twin._normalizer = self._normalizer.copy()
        twin._influencers = self._influencers.copy()
        twin._renormalizer = Renormalizer(0)
        return twin

    def _score(
        self,
        closed: ClosedBuckets,
        keys: list[SeriesKeys],
        rules: Sequence[RulesInForce],
        *,
        partial: bool,
    ) -> BucketResults:
        stepped = [
            step_with_shifts(
                model,
                closed.time,
                cells,
                names,
                partial=partial,
                plot=self._model_plot,
                rules=of_detector.rules,
                shifts=of_detector.shifts,
            )
            for model, cells, names, of_detector in zip(
                self._models, closed.detectors, keys, rules, strict=True
            )
        ]
        detectors = np.stack([each.detector for each in stepped])
        whole = np.zeros(detectors.shape[1:])
        join_detectors(detectors, whole)
        log_p = whole[:, columns.DETECTOR_LOG_P]
        found = join_findings(stepped, [f.is_count_like for f in self._functions])
        learned = whole[:, columns.NEWS_EXCESS]
        marks, age = self._renormalizer.marks(learned, float(self._normalizer.totals[1]))
        scored = self._scores(whole, found, detectors, marks)

        parts = [
            influences(function, detector, self._config.influencers, each.findings, cells, names)
            for function, detector, each, cells, names in zip(
                self._functions,
                self._config.detectors,
                stepped,
                closed.detectors,
                keys,
                strict=True,
            )
        ]
        influencers = self._influencers.score(found, parts, whole[:, columns.LIVE], marks.tolist())
        best = scored.bucket_time.copy()
        np.maximum.at(best, influencers.fields.bucket, influencers.fields.score)
        rows = np.concatenate([_notable_rows(whole, found, scored, best), influencers.rows])
        copies = [scored.copies, *influencers.copies]
        return BucketResults(
            time=closed.time,
            event_count=closed.event_count,
            probability=np.exp(log_p),
            raw_score=-log_p + 0.0,
            bucket_time_score=scored.bucket_time,
            score=best,
            records=record_table(found, scored.record, parts, self._config.influencers, partial),
            influencers=influencers.values,
            bucket_influencers=influencers.fields,
            model_plot=_plot_table(stepped) if self._model_plot else None,
            is_interim=partial,
            rescored=self._renormalizer.step(closed.time, age, rows, marks, copies),
        )

    def _scores(
        self, whole: FloatArray, found: FoundRecords, detectors: FloatArray, marks: IntArray
    ) -> _Scored:
        """Scores of k buckets and of all records, against the history of buckets.

        What goes on counts less than what is new; the history learns what was new.
        """
        buckets = np.arange(len(whole))
        alone = np.zeros(len(found.bucket))
        record_excess(found.bucket, found.detector, found.log_p, detectors, alone)
        bucket = np.concatenate([buckets, buckets, found.bucket])
        news, everything = whole[:, columns.NEWS_EXCESS], whole[:, columns.ALL_EXCESS]
        news_least, least = whole[:, columns.NEWS_LEAST], whole[:, columns.ALL_LEAST]
        surprise = np.concatenate([news, everything, alone])
        log_p = np.concatenate([news_least, least, found.log_p])
        order = np.argsort(bucket, kind="stable")
        score = np.empty(len(bucket))
        score[order], copies = self._normalizer.score(
            bucket[order], surprise[order], log_p[order], news, marks.tolist()
        )
        of_news, of_everything, of_records = np.split(score, [len(buckets), 2 * len(buckets)])
        time_score = np.maximum(of_news, REPEAT_SHARE * of_everything)
        record_score = of_records * np.where(found.repeats, REPEAT_SHARE, 1.0)
        return _Scored(time_score, record_score, alone, copies)

    def save(self) -> tuple[dict[str, Any], Arrays]:
        """State as a header of plain JSON values and arrays by name."""
        header: dict[str, Any] = {"detectors": []}
        arrays: Arrays = {}
        for index, model in enumerate(self._models):
            part, named = model.save()
            header["detectors"].append(part)
            arrays.update({f"detector.{index}.{name}": a for name, a in named.items()})
        arrays.update({f"bucket.{name}": a for name, a in self._normalizer.save().items()})
        arrays.update({f"influencer.{n}": a for n, a in self._influencers.save().items()})
        arrays.update({f"renormalizer.{n}": a for n, a in self._renormalizer.save().items()})
        return header, arrays

    def load(self, header: dict[str, Any], arrays: Arrays) -> None:
        """Take over a state that `save` gave; the scorer goes on as if it had never stopped."""
        for index, (model, part) in enumerate(zip(self._models, header["detectors"], strict=True)):
            model.load(part, _under(f"detector.{index}.", arrays))
        self._normalizer.load(_under("bucket.", arrays))
        self._influencers.load(_under("influencer.", arrays))
        self._renormalizer.load(_under("renormalizer.", arrays))


def _notable_rows(
    whole: FloatArray, found: FoundRecords, scored: _Scored, best: FloatArray
) -> FloatArray:
    """What the scores of notable buckets and records were made of; columns in `scored_rows`."""
    records = np.flatnonzero(scored.record >= NOTABLE_SCORE)
    chosen = best >= NOTABLE_SCORE
    chosen[found.bucket[records]] = True
    buckets = np.flatnonzero(chosen)
    learned = history_bins(whole[:, columns.NEWS_EXCESS])
    log_p, alone = found.log_p[records], scored.alone[records]
    rows = (
        rows_of_scores(
            len(buckets),
            time=buckets,
            kind=ResultKind.BUCKET_TIME,
            code=-1,
            news=whole[buckets, columns.NEWS_EXCESS],
            news_log_p=whole[buckets, columns.NEWS_LEAST],
            all=whole[buckets, columns.ALL_EXCESS],
            all_log_p=whole[buckets, columns.ALL_LEAST],
            learned=learned[buckets],
            score=scored.bucket_time[buckets],
            raw=-whole[buckets, columns.DETECTOR_LOG_P] + 0.0,
        ),
        rows_of_scores(
            len(records),
            time=found.bucket[records],
            kind=ResultKind.RECORD,
            place=found.detector[records],
            code=found.findings[records, columns.FINDING_SERIES],
            news=alone,
            news_log_p=np.where(found.repeats[records], 0.0, log_p),
            all=alone,
            all_log_p=log_p,
            learned=learned[found.bucket[records]],
            score=scored.record[records],
        ),
    )
    return np.concatenate(rows)


def _under(prefix: str, arrays: Arrays) -> Arrays:
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}


def _plot_table(stepped: list[Stepped]) -> ModelPlotTable:
    """All detectors' plot rows, sorted by bucket."""
    detector = np.repeat(
        np.arange(len(stepped), dtype=np.int32), [len(each.plot) for each in stepped]
    )
    plot = np.concatenate([each.plot for each in stepped])
    order = np.argsort(plot[:, columns.PLOT_BUCKET], kind="stable")
    plot = plot[order]

    def column(place: int) -> FloatArray:
        return np.ascontiguousarray(plot[:, place])

    return ModelPlotTable(
        bucket=column(columns.PLOT_BUCKET).astype(np.int64),
        detector=detector[order],
        series=column(columns.PLOT_SERIES).astype(np.int32),
        feature=column(columns.PLOT_FEATURE).astype(np.int32),
        lower=column(columns.PLOT_LOWER),
        median=column(columns.PLOT_MEDIAN),
        upper=column(columns.PLOT_UPPER),
        actual=column(columns.PLOT_ACTUAL),
    )
