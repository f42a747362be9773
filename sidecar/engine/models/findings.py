"""Columns of what models give: findings, what a bucket comes to, rows of model plots."""

from __future__ import annotations

# Columns of a finding: an anomalous cell, before it gets scores.
FINDING_BUCKET = 0
FINDING_SERIES = 1
FINDING_CELL = 2  # row of ClosedCells, -1 for an empty bucket
FINDING_FEATURE = 3
FINDING_LOG_P = 4
FINDING_LOG_P_SINGLE = 5
FINDING_LOG_P_MULTI = 6
FINDING_REPEATS = 7  # 1: the same incident goes on
FINDING_ACTUAL = 8
FINDING_TYPICAL = 9
FINDING_LOWER = 10
FINDING_UPPER = 11
FINDING_LENGTH = 12
FINDING_THIN = 13
FINDING_ACTUAL_LONGITUDE = 14  # second coordinates, NaN unless the function has two
FINDING_TYPICAL_LONGITUDE = 15
FINDING_FIRST = 16  # 1: the by value was never seen before
FINDING_RARITY = 17  # of a rare by value: how much rarer it is than the others, NaN unless judged
FINDING_CHARACTERISTICS = 18  # log probability of how unlike the past it is, 0 unless judged
FINDING_MODES = 19  # 1: the series' residuals gather around several values
FINDING_CORRELATED = 20  # 1 + the series that says so, where a correlation broke
FINDING_WIDTH = 21

# Columns of what a detector's bucket comes to.
LIVE = 0  # series judged
DETECTOR_LOG_P = 1  # log probability of the bucket, all incidents included
NEWS_EXCESS = 2  # surprise beyond the usual (`maths.combine`) of series with something new
NEWS_LEAST = 3  # log probability of the oddest of these
ALL_EXCESS = 4  # the same of all series
ALL_LEAST = 5
DETECTOR_WIDTH = 6

# Columns of a model plot row.
PLOT_BUCKET = 0
PLOT_SERIES = 1
PLOT_FEATURE = 2
PLOT_LOWER = 3
PLOT_MEDIAN = 4
PLOT_UPPER = 5
PLOT_ACTUAL = 6
PLOT_WIDTH = 7
