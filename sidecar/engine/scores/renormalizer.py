"""Earlier scores read again from the history as it has become: which, when, and what changes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sidecar.engine.arrays import BoolArray, CodeArray, FloatArray, IntArray
from sidecar.engine.columns import AnyArray, under, within
from sidecar.engine.kernel import kernel
from sidecar.engine.results import RescoredTable, ResultKind
from sidecar.engine.scores.normalizer import (
    REPEAT_SHARE,
    Normalizer,
    fade_after,
    score_of,
)
from sidecar.engine.scores.score_log import NOTABLE_SCORE, ScoreLog, notable
from sidecar.engine.scores.scored_rows import (
    AGE,
    ALL,
    ALL_LOG_P,
    CODE,
    INITIAL,
    KIND,
    LEARNED,
    NEWS,
    NEWS_LOG_P,
    PLACE,
    RAW,
    SCOPE,
    SCORE,
    TIME,
)

# A surprise is a new extreme when it is so many nats above the last one, and at least so many.
_EXTREME_MARGIN = 0.5
_LEAST_EXTREME = 3.0
# Buckets before which nothing is renormalised, and at which scores are let up to 100.
_FIRST_BUCKETS = 25
_GROWN_BUCKETS = 100
# Without extremes the next time is when the job has grown by such a part, a young one by less; a
# history's memory is bounded, so a job older than so many buckets counts as that old.
_YOUNG_GROWTH, _GROWTH = 0.125, 0.25
_YOUNG_BUCKETS, _OLD_BUCKETS = 2_000, 10_000
# Changes that are written: to another of the bands of severity, or by so many points, or to less
# than such a share. With one goes everything of its bucket that changed by this much.
_BAND = 25.0
_BIG_CHANGE = 1.5
_BIG_SHARE = 0.33
_SMALL_CHANGE = 0.1
# Later history takes no more than the rest of a score: in a short job a second incident would make
# the first look common, and neither is.
_KEPT_SHARE = 0.7
# Rows up to this kind make up the document of a bucket.
_MEMBER = float(ResultKind.BUCKET_INFLUENCER)
# Places in the array of triggers.
_NEXT, _EXTREME, _KEPT, _TRIGGERS = 0, 1, 2, 3


@kernel
def find_marks(
    greatest: FloatArray, seen: float, triggers: FloatArray, marks: IntArray, age: FloatArray
) -> int:
    """Find the buckets after which earlier results are to be scored again.

    Parameters
    ----------
    greatest : (k,) float64
        What the history of buckets learns of each.
    seen : float
        Buckets it had seen before.
    triggers : (_TRIGGERS,) float64
        Buckets seen at the next regular time, last extreme, natural log of what histories have
        kept since the job began; moved on.
    marks : (k,) int64
        Filled with the buckets found, ascending.
    age : (k,) float64
        Filled with what histories had kept before each bucket.

    Returns
    -------
    How many were found.
    """
    found = 0
    for b in range(len(greatest)):
        age[b] = triggers[_KEPT]
        seen += 1.0
        triggers[_KEPT] += math.log(fade_after(seen))
        extreme = greatest[b] > max(_LEAST_EXTREME, triggers[_EXTREME] + _EXTREME_MARGIN)
        if extreme:
            triggers[_EXTREME] = greatest[b]
        if seen < _FIRST_BUCKETS or not (extreme or seen >= triggers[_NEXT]):
            continue
        growth = _YOUNG_GROWTH if seen < _YOUNG_BUCKETS else _GROWTH
        triggers[_NEXT] = seen + max(_FIRST_BUCKETS, growth * min(seen, _OLD_BUCKETS))
        if seen < _GROWN_BUCKETS:
            triggers[_NEXT] = min(triggers[_NEXT], _GROWN_BUCKETS)
        marks[found] = b
        found += 1
    return found


@kernel
def scores_now(
    rows: FloatArray,
    histories: npt.NDArray[np.float32],
    totals: FloatArray,
    kept: float,
    out: FloatArray,
) -> None:
    """Score rows against the histories as they are, each without what its own bucket taught.

    What was notable stays so: results that were not are never scored again, and the order
    between the two would be lost.

    Parameters
    ----------
    rows : (r, WIDTH) float64
        Columns in `scored_rows`.
    histories : (scopes, bins) float32
        May end behind the last bins in use; as they were before, on return.
    totals : (scopes, 2) float64
        Weight of each history, buckets seen.
    kept : float
        Natural log of what histories have kept since the job began.
    out : (r,) float64
        Filled.
    """
    for i in range(len(rows)):
        scope = int(rows[i, SCOPE])
        history = histories[scope]
        bin_ = int(rows[i, LEARNED])
        held = history[bin_]
        own = math.exp(kept - rows[i, AGE])
        history[bin_] = max(0.0, held - own)
        weight = max(0.0, totals[scope, 0] - own)
        seen = totals[scope, 1]
        news_log_p = rows[i, NEWS_LOG_P]
        news = 0.0
        if news_log_p < 0.0:
            news = score_of(history, weight, seen, rows[i, NEWS], news_log_p)
        out[i] = news
        if rows[i, ALL] != rows[i, NEWS] or rows[i, ALL_LOG_P] != news_log_p:
            everything = score_of(history, weight, seen, rows[i, ALL], rows[i, ALL_LOG_P])
            out[i] = max(news, REPEAT_SHARE * everything)
        out[i] = max(out[i], min(NOTABLE_SCORE, rows[i, INITIAL]))
        history[bin_] = held


@kernel
def is_big(old: float, new: float) -> bool:
    """Whether a score has changed so much that what is stored has to change."""
    if min(3.0, old // _BAND) != min(3.0, new // _BAND):
        return True
    return abs(new - old) >= _BIG_CHANGE or min(old, new) < _BIG_SHARE * max(old, new)


@kernel
def apply_changes(rows: FloatArray, score: FloatArray, changed: BoolArray) -> int:
    """Give rows their new scores where these are to be written.

    Parameters
    ----------
    rows : (r, WIDTH) float64
        By bucket; SCORE is set.
    score : (r,) float64
        The scores now.
    changed : (r,) bool
        Filled: rows to be written.

    Returns
    -------
    How many these are.
    """
    count = 0
    first = 0
    while first < len(rows):
        last = first
        big = False
        whole = False
        while last < len(rows) and rows[last, TIME] == rows[first, TIME]:
            change = abs(score[last] - rows[last, SCORE])
            big = big or is_big(rows[last, SCORE], score[last])
            if rows[last, KIND] <= _MEMBER and change >= _SMALL_CHANGE:
                whole = True
            last += 1
        for i in range(first, last):
            member = rows[i, KIND] <= _MEMBER
            moved = abs(score[i] - rows[i, SCORE]) >= _SMALL_CHANGE
            changed[i] = big and ((member and whole) or (not member and moved))
            if changed[i]:
                rows[i, SCORE] = score[i]
                count += 1
        first = last
    return count


class Renormalizer:
    """Keeps the log of notable results and scores them again at points that the buckets set.

    Points are new extremes and regular ages of the job, never ends of frames, so the scores that
    documents end with do not depend on how records come nor on save and restore.
    """

    __slots__ = ("_log", "_triggers", "_window_s")

    def __init__(self, window_s: int) -> None:
        self._log = ScoreLog()
        self._triggers: FloatArray = np.zeros(_TRIGGERS)
        self._window_s = window_s

    @property
    def window_s(self) -> int:
        """How far back results are scored again, s."""
        return self._window_s

    def set_window(self, window_s: int) -> None:
        """Change how far back results are scored again, s; 0: not at all."""
        self._window_s = window_s
        if not window_s:
            self._log.clear()

    def marks(self, greatest: FloatArray, seen: float) -> tuple[IntArray, FloatArray]:
        """Buckets of k after which to renormalise, and AGE of the results of each bucket."""
        marks = np.empty(len(greatest), dtype=np.int64)
        age = np.empty(len(greatest))
        found = find_marks(greatest, seen, self._triggers, marks, age)
        return marks[: found if self._window_s else 0], age

    def step(
        self,
        time: IntArray,
        age: FloatArray,
        rows: FloatArray,
        marks: IntArray,
        copies: Sequence[Sequence[Normalizer]],
    ) -> RescoredTable | None:
        """Log the results of k buckets and renormalise after the marked ones.

        Parameters
        ----------
        time : (k,) int64
            Start of each bucket, s.
        age : (k,) float64
            As `marks` gave it, as are `marks`.
        rows : (r, WIDTH) float64
            All results; columns in `scored_rows`.
        copies : by scope, by mark
            The scopes as they were after each mark.
        """
        if not self._window_s:
            return None
        rows = notable(rows, len(time))
        bucket = rows[:, TIME].astype(np.int64)
        rows[:, AGE] = age[bucket]
        rows[:, TIME] = time[bucket]
        kept = np.append(age, self._triggers[_KEPT])
        rescored = []
        done = 0
        for place, mark in enumerate(marks.tolist()):
            end = int(np.searchsorted(bucket, mark, side="right"))
            self._log.append(rows[done:end])
            done = end
            self._log.expire(float(time[mark] - self._window_s))
            scopes = [scope[place] for scope in copies]
            if len(changed := self._rescore(scopes, float(kept[mark + 1]))):
                rescored.append(changed)
        self._log.append(rows[done:])
        return _table(np.concatenate(rescored)) if rescored else None

    def _rescore(self, scopes: Sequence[Normalizer], kept: float) -> FloatArray:
        """Rows whose stored scores have to change, as they are now."""
        rows = self._log.rows
        score = np.empty(len(rows))
        histories = np.stack([scope.history for scope in scopes])
        # An empty bin at the end stands for all that follow: the tail of history goes on in it.
        used = int(np.flatnonzero(histories.any(axis=0)).max(initial=0))
        histories = histories[:, : max(used, int(rows[:, LEARNED].max(initial=0.0))) + 2].copy()
        totals = np.stack([scope.totals for scope in scopes])
        scores_now(rows, histories, totals, kept, score)
        np.maximum(score, _KEPT_SHARE * rows[:, INITIAL], out=score)
        changed = np.empty(len(rows), dtype=np.bool_)
        apply_changes(rows, score, changed)
        return rows[changed]

    def everything(self) -> RescoredTable | None:
        """All logged results with the scores that their documents should have."""
        return _table(self._log.rows) if self._log.size else None

    def keep_series(self, series: Sequence[IntArray]) -> None:
        """Forget all series but these (by detector, ascending), which get new ids 0, 1, ..."""
        self._log.keep_series(series)

    def nbytes(self) -> int:
        """Bytes of the log."""
        return self._log.nbytes() + self._triggers.nbytes

    def save(self) -> dict[str, AnyArray]:
        """Arrays by name."""
        return {
            "triggers": self._triggers.copy(),
            "window_s": np.array([self._window_s]),
            **under("log", self._log.save()),
        }

    def load(self, arrays: Mapping[str, AnyArray]) -> None:
        """Take saved arrays over, the window among them; without any, the log begins anew."""
        triggers = arrays.get("triggers", np.zeros(0))[:_TRIGGERS]
        self._triggers[: len(triggers)] = triggers
        self._log.load(within(arrays, "log"))
        self.set_window(int(arrays.get("window_s", np.array([self._window_s]))[0]))


def _table(rows: FloatArray) -> RescoredTable:
    def codes(place: int) -> CodeArray:
        return rows[:, place].astype(np.int32)

    return RescoredTable(
        time=rows[:, TIME].astype(np.int64),
        kind=codes(KIND),
        place=codes(PLACE),
        code=codes(CODE),
        score=rows[:, SCORE].copy(),
        initial_score=rows[:, INITIAL].copy(),
        raw_score=rows[:, RAW].copy(),
        probability=np.exp(-rows[:, RAW]),
    )
