"""How well the planted anomalies of each kind of series are told from the rest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.labelled_kinds import labelled_series
from benchmarks.nab import PROFILES, FloatArray, Series, nab_score
from sidecar.engine.arrays import BoolArray

# False alarms this close to each other are one.
_ONE_ALARM_ROWS = 48


def average_precision(score: FloatArray, truth: BoolArray) -> float:
    """Area under the curve of precision over recall; rows of equal score count together.

    NaN where nothing is true.
    """
    total = int(np.count_nonzero(truth))
    if not total:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True)
    found = np.cumsum(truth[order])[last]
    precision = found / (np.flatnonzero(last) + 1)
    return float(np.sum(np.diff(np.concatenate([[0], found])) * precision) / total)


def planted_ranks(score: FloatArray, series: Series) -> list[int]:
    """Of each window: how many separate false alarms score as high as its best row, plus one."""
    ranks = []
    outside = ~truth_of(series)
    for first, last in series.windows:
        rows = np.flatnonzero(outside & (score >= score[first : last + 1].max()))
        rows = rows[rows >= series.probation]
        ranks.append(
            1 + (int(np.count_nonzero(np.diff(rows) > _ONE_ALARM_ROWS)) + 1 if len(rows) else 0)
        )
    return ranks


def truth_of(series: Series) -> BoolArray:
    """(n,) whether each row lies in a window."""
    truth = np.zeros(len(series.time), dtype=np.bool_)
    for first, last in series.windows:
        truth[first : last + 1] = True
    return truth


def print_kinds(score_of: Callable[[Series], FloatArray], seed: int = 1) -> None:
    """Print each kind's mean AUC-PR, median rank, and false alarms; then all kinds together."""
    made = labelled_series(seed)
    scores = [score_of(each) for each in made]
    print(f"labelled kinds, seed {seed}: AUC-PR of the bucket score, median rank of the planted")
    print("  anomaly among separate false alarms, normal buckets in 1,000 over 50 and over 75")
    kinds = list(dict.fromkeys(each.name.partition("/")[0] for each in made))
    precisions = []
    for kind in kinds:
        rows = [i for i, each in enumerate(made) if each.name.startswith(f"{kind}/")]
        precision = [_precision(made[i], scores[i]) for i in rows]
        ranks = [rank for i in rows for rank in planted_ranks(scores[i], made[i])]
        over = [
            1000 * float(np.mean(np.concatenate([_normal(made[i], scores[i]) for i in rows]) > top))
            for top in (50, 75)
        ]
        mean = float(np.mean(precision))
        precisions.append(mean)
        rank = f"{np.median(ranks):5.1f}" if ranks else "    -"
        print(f"  {kind:20} {mean:5.2f}  {rank}  {over[0]:5.2f}  {over[1]:5.2f}")
    found = "  ".join(f"{p.name} {nab_score(made, scores, p)[0]:.1f}" for p in PROFILES)
    print(f"  all: AUC-PR {np.nanmean(precisions):.3f}; scored as NAB: {found}")


def _precision(series: Series, score: FloatArray) -> float:
    rows = slice(series.probation, None)
    return average_precision(score[rows], truth_of(series)[rows])


def _normal(series: Series, score: FloatArray) -> FloatArray:
    rows = slice(series.probation, None)
    return score[rows][~truth_of(series)[rows]]
