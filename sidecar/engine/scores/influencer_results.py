"""Scores of influencer values and of influencer fields in each bucket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sidecar.engine.arrays import CodeArray, FloatArray, IntArray
from sidecar.engine.maths.combine import log_alone
from sidecar.engine.results import BucketInfluencerTable, InfluencerTable, ResultKind
from sidecar.engine.scores.influence import Influences, influencer_log_probability
from sidecar.engine.scores.normalizer import REPEAT_SHARE, Normalizer, history_bins
from sidecar.engine.scores.record_table import FoundRecords
from sidecar.engine.scores.scored_rows import CODE, KIND, RAW, rows_of_scores

_NO_ROWS = np.zeros(0, dtype=np.int64)
_NO_CODES = np.zeros(0, dtype=np.int32)
_NO_VALUES = np.zeros(0)


@dataclass(slots=True)
class ScoredInfluencers:
    """Influencers of k buckets.

    `rows` are what the scores were made of (columns in `scored_rows`); `copies` the scopes as they
    were after the marked buckets, by field.
    """

    values: InfluencerTable
    fields: BucketInfluencerTable
    rows: FloatArray
    copies: list[list[Normalizer]]


class InfluencerScorer:
    """A scope for each influencer field; the field as a whole scores as its oddest value."""

    __slots__ = ("_scopes",)

    def __init__(self, fields: int) -> None:
        self._scopes = [Normalizer() for _ in range(fields)]

    def score(
        self,
        found: FoundRecords,
        parts: list[Influences],
        live: FloatArray,
        marks: Sequence[int] = (),
    ) -> ScoredInfluencers:
        """Aggregate and score the influences of k buckets.

        Parameters
        ----------
        parts : list of Influences
            By detector.
        live : (k,) float64
            Series judged in each bucket, over all detectors.
        marks : sequence of int
            Buckets, ascending, after which copies of the scopes are wanted.
        """
        bucket, field, code, log_p, log_p_news = _values(found, parts)
        usual = np.log(np.maximum(live, 1.0))
        score = np.zeros(len(log_p))
        surprise = -log_p - usual[bucket]
        learned = np.zeros(len(log_p))
        copies = []
        for place, scope in enumerate(self._scopes):
            rows = np.flatnonzero(field == place)
            greatest = -usual
            np.maximum.at(greatest, bucket[rows], -log_p_news[rows] - usual[bucket[rows]])
            score[rows], marked = scope.score(
                bucket[rows], surprise[rows], log_p[rows], greatest, marks
            )
            copies.append(marked)
            learned[rows] = history_bins(greatest)[bucket[rows]]
        repeats = log_p_news == 0.0
        score = np.where(repeats, REPEAT_SHARE * score, score)
        influencers = InfluencerTable(
            bucket=bucket,
            field=field,
            code=code,
            probability=np.exp(log_p),
            raw_score=-log_p + 0.0,
            score=score,
        )
        of_values = rows_of_scores(
            len(score),
            time=bucket,
            kind=ResultKind.INFLUENCER,
            scope=field + 1,
            place=field,
            code=code,
            news=surprise,
            news_log_p=np.where(repeats, 0.0, log_p),
            all=surprise,
            all_log_p=log_p,
            learned=learned,
            score=score,
        )
        fields, best = _bucket_influencers(influencers, log_p, live)
        of_fields = of_values[best]
        of_fields[:, KIND] = ResultKind.BUCKET_INFLUENCER
        of_fields[:, CODE] = -1
        of_fields[:, RAW] = fields.raw_score
        return ScoredInfluencers(
            influencers, fields, np.concatenate([of_fields, of_values]), copies
        )

    @property
    def scopes(self) -> Sequence[Normalizer]:
        """By field."""
        return self._scopes

    def copy(self) -> InfluencerScorer:
        """An independent copy."""
        twin = InfluencerScorer(0)
        twin._scopes = [scope.copy() for scope in self._scopes]
        return twin

    def nbytes(self) -> int:
        """Bytes of all scopes."""
        return sum(scope.nbytes() for scope in self._scopes)

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """Arrays of all scopes, by name."""
        return {
            f"{place}.{name}": array
            for place, scope in enumerate(self._scopes)
            for name, array in scope.save().items()
        }

    def load(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Take over saved arrays."""
        for place, scope in enumerate(self._scopes):
            prefix = f"{place}."
            scope.load(
                {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
            )


def _values(
    found: FoundRecords, parts: list[Influences]
) -> tuple[IntArray, CodeArray, CodeArray, FloatArray, FloatArray]:
    """Bucket, field, code and log probability of every influencer value, in that order.

    Then the log probability without records that only go on.
    """
    record = np.concatenate(
        [_NO_ROWS, *(start + p.finding for start, p in zip(found.starts, parts, strict=True))]
    )
    field = np.concatenate([_NO_CODES, *(p.field for p in parts)])
    code = np.concatenate([_NO_CODES, *(p.code for p in parts)])
    share = np.concatenate([_NO_VALUES, *(p.share for p in parts)])
    bucket = found.bucket[record]
    order = np.lexsort((record, code, field, bucket))
    record, field, code, share = record[order], field[order], code[order], share[order]
    bucket = bucket[order]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (bucket[1:] != bucket[:-1]) | (field[1:] != field[:-1]) | (code[1:] != code[:-1])
    group = np.cumsum(new) - 1
    log_p = np.zeros(int(new.sum()))
    log_p_news = np.zeros(len(log_p))
    of_records = found.log_p[record]
    influencer_log_probability(group, share, of_records, log_p)
    of_news = np.where(found.repeats[record], 0.0, of_records)
    influencer_log_probability(group, share, of_news, log_p_news)
    return bucket[new], field[new], code[new], log_p, log_p_news


def _bucket_influencers(
    influencers: InfluencerTable, log_p: FloatArray, live: FloatArray
) -> tuple[BucketInfluencerTable, IntArray]:
    """Of each (bucket, field) the oddest value, its probability corrected for so many series.

    And the row of the value whose score is the field's.
    """
    bucket, field = influencers.bucket, influencers.field
    order = np.lexsort((-influencers.score, field, bucket))
    new = np.ones(len(bucket), dtype=np.bool_)
    new[1:] = (bucket[1:] != bucket[:-1]) | (field[1:] != field[:-1])
    starts = np.flatnonzero(new)
    if not len(starts):
        none = BucketInfluencerTable(_NO_ROWS, _NO_CODES, _NO_VALUES, _NO_VALUES, _NO_VALUES)
        return none, starts
    least = np.minimum.reduceat(log_p, starts)
    counts = live[bucket[starts]]
    log_whole = np.array(
        [log_alone(p, n) for p, n in zip(least.tolist(), counts.tolist(), strict=True)]
    )
    best = order[starts]
    table = BucketInfluencerTable(
        bucket=bucket[starts],
        field=field[starts],
        probability=np.exp(log_whole),
        raw_score=-log_whole + 0.0,
        score=influencers.score[best],
    )
    return table, best
