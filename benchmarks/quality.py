"""Detection quality: NAB, generated anomalies among many series, planted ones in whole jobs.

    python -m benchmarks.quality [NAB_DIR] [--files] [--generated] [--known-truth]

NAB_DIR is a checkout of NAB, or a folder of csv groups with a windows.json beside them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.generated_anomalies import print_generated
from benchmarks.kind_quality import print_kinds
from benchmarks.known_truth import print_known_truth
from benchmarks.nab import PROFILES, FloatArray, Series, edges, nab_score, read_series
from benchmarks.scorer_input import closed_buckets, mean_config, series_keys
from sidecar.engine.scores.scoring import BucketScorer

_EDGE_ROWS = 120


def bucket_scores(series: Series) -> FloatArray:
    """Initial bucket score of every row of a file, as a `mean` job at the file's own interval."""
    span = int(np.median(np.diff(series.time)))
    bucket = series.time // span
    first, last = int(bucket[0]), int(bucket[-1])
    values = np.full((last - first + 1, 1), np.nan)
    rows = np.clip(bucket - first, 0, None)
    totals = np.bincount(rows, weights=series.value, minlength=len(values))
    counts = np.bincount(rows, minlength=len(values))
    seen = counts > 0
    values[seen, 0] = totals[seen] / counts[seen]
    time = (np.arange(first, last + 1) * span).astype(np.int64)
    scorer = BucketScorer(mean_config(span))
    return scorer.score(closed_buckets(time, values), series_keys(1, int(time[0]))).score[rows]


def print_nab(folder: Path, *, per_file: bool) -> None:
    """Print NAB scores of all files and of both halves, plain and with the edge rule."""
    series = read_series(folder)
    plain = [bucket_scores(each) for each in series]
    edged = [edges(score, _EDGE_ROWS) for score in plain]
    print(f"NAB, {len(series)} files: score at the best threshold (threshold)")
    half = np.arange(len(series)) % 2 == 0
    for name, scores in (("plain", plain), (f"edge {_EDGE_ROWS}", edged)):
        for part, chosen in (
            ("all", np.ones(len(series), dtype=bool)),
            ("half 1", half),
            ("half 2", ~half),
        ):
            rows = np.flatnonzero(chosen)
            found = [
                nab_score([series[i] for i in rows], [scores[i] for i in rows], profile)
                for profile in PROFILES
            ]
            text = "  ".join(
                f"{p.name} {score:5.1f} ({threshold:.2f})"
                for p, (score, threshold) in zip(PROFILES, found, strict=True)
            )
            print(f"  {name:9} {part:7} {text}")
    if per_file:
        _print_files(series, plain)


def _print_files(series: list[Series], scores: list[FloatArray]) -> None:
    threshold = nab_score(series, scores, PROFILES[0])[1]
    print("file: windows found, false alarms at the standard profile's threshold")
    for each, score in zip(series, scores, strict=True):
        alarm = (score >= threshold) & (np.arange(len(score)) >= each.probation)
        inside = np.zeros(len(score), dtype=bool)
        tops = []
        for first, last in each.windows:
            inside[first : last + 1] = True
            tops.append(f"{score[first : last + 1].max():.1f}")
        hit = sum(bool(alarm[first : last + 1].any()) for first, last in each.windows)
        false = int(np.count_nonzero(alarm & ~inside))
        print(f"  {each.name:60} {hit}/{len(each.windows)}  {false:4d}  tops {' '.join(tops)}")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nab_dir", nargs="?", type=Path, help="NAB data and windows")
    parser.add_argument("--files", action="store_true", help="also print each NAB file")
    parser.add_argument("--kinds", action="store_true", help="also labelled series of many kinds")
    parser.add_argument("--generated", action="store_true", help="also generated anomalies")
    parser.add_argument("--known-truth", action="store_true", help="also planted anomalies")
    arguments = parser.parse_args()
    if arguments.nab_dir:
        print_nab(arguments.nab_dir, per_file=arguments.files)
    if arguments.kinds:
        print_kinds(bucket_scores)
    if arguments.generated or not (arguments.nab_dir or arguments.kinds):
        print_generated()
    if arguments.known_truth or not arguments.nab_dir:
        print_known_truth()


if __name__ == "__main__":
    main()
