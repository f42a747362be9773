"""Scored results as rows: what each score was made of, so that it can be read anew later."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sidecar.engine.arrays import FloatArray

# Columns of a row.
TIME = 0  # start of the bucket, epoch seconds (until it is logged: its place in the block)
KIND = 1  # a `results.ResultKind`
SCOPE = 2  # whose history counts: 0 that of buckets, 1 + place that of an influencer field
PLACE = 3  # place of the influencer field, or detector
CODE = 4  # influencer value, or series; -1 without
NEWS = 5  # surprise of what is new
NEWS_LOG_P = 6  # log probability of the oddest value behind it; 0: nothing is new
ALL = 7  # the same of everything, of which REPEAT_SHARE counts
ALL_LOG_P = 8
LEARNED = 9  # bin of the surprise that the scope's history learned from this bucket
AGE = 10  # natural log of what histories had kept, since the job began, before this bucket
SCORE = 11  # as the stored document has it
INITIAL = 12  # when first written
RAW = 13  # raw_anomaly_score of bucket influencers
WIDTH = 14
NAMES = (
    "time",
    "kind",
    "scope",
    "place",
    "code",
    "news",
    "news_log_p",
    "all",
    "all_log_p",
    "learned",
    "age",
    "score",
    "initial",
    "raw",
)


def rows_of_scores(size: int, **columns: npt.ArrayLike) -> FloatArray:
    """(size, WIDTH) rows from columns by name; those not given are 0, `initial` is `score`."""
    rows = np.zeros((size, WIDTH))
    for name, column in columns.items():
        rows[:, NAMES.index(name)] = column
    rows[:, INITIAL] = rows[:, SCORE]
    return rows
