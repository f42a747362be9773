"""Earlier results are scored again as history grows, at points that the buckets alone set."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.arrays import FloatArray
from sidecar.engine.results import BucketResults, ResultKind
from sidecar.engine.scores.normalizer import (
    HISTORY_BINS,
    REPEAT_SHARE,
    Normalizer,
    history_bins,
    score_of,
)
from sidecar.engine.scores.renormalizer import Renormalizer, is_big, scores_now
from sidecar.engine.scores.score_log import MOST_LEAVES, MOST_ROWS, NOTABLE_SCORE, ScoreLog, notable
from sidecar.engine.scores.scored_rows import (
    CODE,
    INITIAL,
    KIND,
    NAMES,
    PLACE,
    SCORE,
    TIME,
    rows_of_scores,
)
from sidecar.engine.scores.scoring import BucketScorer
from sidecar.schema.detector import Detector
from tests.engine.gathering import SPAN, config_of, frame_of, job_of, named, run, stored
from tests.engine.scorer_cases import (
    HOUR_S,
    assert_same,
    cells_of,
    closed,
    job,
    keys,
    part_of,
    times,
)

DAY_S = 86_400
WINDOW_S = 30 * DAY_S
BLIP, INCIDENT = 60, 200


def young_values(buckets: int = 300, series: int = 2) -> FloatArray:
    """Noise, a blip early on, a real incident later."""
    values = 100 + np.random.default_rng(4).normal(size=(buckets, series))
    values[BLIP, 0] += 6
    values[INCIDENT, 0] += 60
    return values


def scorer_of(*functions: str, window_s: int = WINDOW_S) -> BucketScorer:
    config = job(*(functions or ("mean",)), influencers=("key",))
    return BucketScorer(config, renormalization_window_s=window_s)


def changes(blocks: list[BucketResults]) -> dict[str, Any]:
    """All changes that blocks ask for, in order."""
    tables = [block.rescored for block in blocks if block.rescored is not None]
    return {
        name: np.concatenate([getattr(table, name) for table in tables] or [np.zeros(0)])
        for name in ("time", "kind", "place", "code", "score", "initial_score", "raw_score")
    }


def scores_of_buckets(blocks: list[BucketResults]) -> tuple[FloatArray, FloatArray]:
    """Bucket scores as first written and as they are in the end."""
    time = np.concatenate([block.time for block in blocks])
    first = np.concatenate([block.score for block in blocks])
    final = first.copy()
    for block in blocks:
        if (table := block.rescored) is None:
            continue
        members = np.flatnonzero(table.kind <= ResultKind.BUCKET_INFLUENCER)
        for row in members[table.kind[members] == ResultKind.BUCKET_TIME].tolist():
            final[np.searchsorted(time, table.time[row])] = table.score[row]
        for row in members[table.kind[members] != ResultKind.BUCKET_TIME].tolist():
            at = np.searchsorted(time, table.time[row])
            final[at] = max(final[at], table.score[row])
    return first, final


# --- what changes -----------------------------------------------------------------------------


def test_an_early_blip_goes_down_when_a_real_incident_comes() -> None:
    values = young_values()
    results = scorer_of().score(closed(times(300), cells_of(values)), keys(2))
    first, final = scores_of_buckets([results])
    assert first[BLIP] > 40
    assert final[BLIP] < 0.8 * first[BLIP]
    assert final[INCIDENT] > 75 > final[BLIP]


def test_what_a_young_job_held_back_is_given_when_the_job_has_grown() -> None:
    surprise = np.random.default_rng(4).exponential(size=200)
    surprise[30] = 30.0
    log_p = -surprise - 1.0
    scope, renormalizer = Normalizer(), Renormalizer(WINDOW_S)
    marks, age = renormalizer.marks(surprise, 0.0)
    score, copies = scope.score(np.arange(200), surprise, log_p, surprise, marks.tolist())
    rows = rows_of_scores(
        200,
        time=np.arange(200),
        news=surprise,
        news_log_p=log_p,
        all=surprise,
        all_log_p=log_p,
        learned=history_bins(surprise),
        score=score,
    )
    table = renormalizer.step(times(200), age, rows, marks, [copies])
    assert table is not None
    assert score[30] < 60
    assert table.score[table.time == times(200)[30]][-1] > 85


def test_an_incident_is_not_compared_with_itself() -> None:
    values = 100 + np.random.default_rng(4).normal(size=(400, 2))
    values[INCIDENT, 0] += 60
    results = scorer_of().score(closed(times(400), cells_of(values)), keys(2))
    first, final = scores_of_buckets([results])
    assert final[INCIDENT] >= first[INCIDENT] - 2


def test_records_and_influencers_change_with_their_bucket_and_initial_scores_stay() -> None:
    results = scorer_of().score(closed(times(300), cells_of(young_values())), keys(2))
    table = results.rescored
    assert table is not None
    blip = table.time == results.time[BLIP]
    assert set(table.kind[blip].tolist()) == set(ResultKind)
    record = int(np.flatnonzero(results.records.bucket == BLIP)[0])
    changed = blip & (table.kind == ResultKind.RECORD)
    assert set(table.initial_score[changed].tolist()) == {float(results.records.score[record])}
    assert set(table.code[changed].tolist()) == {int(results.records.series[record])}
    time_rows = blip & (table.kind == ResultKind.BUCKET_TIME)
    assert set(table.raw_score[time_rows].tolist()) == {float(results.raw_score[BLIP])}
    assert set(table.probability[time_rows].tolist()) == {float(results.probability[BLIP])}


def test_results_older_than_the_window_stay_as_they_are() -> None:
    results = scorer_of(window_s=DAY_S).score(closed(times(300), cells_of(young_values())), keys(2))
    table = results.rescored
    assert table is not None
    everything = scorer_of().score(closed(times(300), cells_of(young_values())), keys(2)).rescored
    assert everything is not None
    assert len(table.time) < len(everything.time)


def test_interim_results_are_not_logged() -> None:
    buckets = closed(times(300), cells_of(young_values()))
    scorer = scorer_of()
    scorer.score(part_of(buckets, 0, 199), keys(2))
    before = scorer.save()
    assert scorer.score(part_of(buckets, 199, 300), keys(2), learn=False).rescored is None
    assert_same(scorer.save(), before)


def test_without_a_window_nothing_is_kept_and_it_can_be_switched_on_live() -> None:
    buckets = closed(times(300), cells_of(young_values()))
    scorer = scorer_of(window_s=0)
    assert scorer.score(part_of(buckets, 0, 190), keys(2)).rescored is None
    assert scorer.logged_results() is None
    empty = scorer.nbytes()
    scorer.set_renormalization_window(WINDOW_S)
    scorer.score(part_of(buckets, 190, 300), keys(2))
    logged = scorer.logged_results()
    assert logged is not None
    assert int(times(300)[INCIDENT]) in logged.time.tolist()
    assert scorer.nbytes() > empty
    scorer.set_renormalization_window(0)
    assert scorer.logged_results() is None


# --- when: points do not depend on how buckets come ---------------------------------------------


@settings(deadline=None, max_examples=10)
@given(st.lists(st.integers(1, 299), max_size=8))
def test_cutting_buckets_into_calls_asks_for_the_same_changes(cuts: list[int]) -> None:
    buckets = closed(times(300), cells_of(young_values()))
    whole, pieces = scorer_of(), scorer_of()
    expected = changes([whole.score(buckets, keys(2))])
    edges = sorted({0, *cuts, 300})
    parts = [pieces.score(part_of(buckets, a, b), keys(2)) for a, b in pairwise(edges)]
    assert_same(changes(parts), expected)
    assert_same(pieces.save(), whole.save())


def test_later_incidents_take_no_more_than_a_part_of_a_score() -> None:
    values = young_values(500)
    for bucket, series, size in ((150, 0, 20.0), (250, 1, 30.0), (350, 0, 60.0), (450, 1, 90.0)):
        values[bucket, series] += size
    first, final = scores_of_buckets(
        [scorer_of().score(closed(times(500), cells_of(values)), keys(2))]
    )
    assert (final >= 0.7 * first - 0.1).all()
    assert final[BLIP] < first[BLIP]


@settings(deadline=None, max_examples=6)
@given(st.integers(1, 299))
def test_saving_and_loading_in_the_middle_asks_for_the_same_changes(cut: int) -> None:
    buckets = closed(times(300), cells_of(young_values()))
    scorer, restored = scorer_of(), scorer_of()
    scorer.score(part_of(buckets, 0, cut), keys(2))
    header, arrays = scorer.save()
    restored.load(json.loads(json.dumps(header)), arrays)
    rest = part_of(buckets, cut, 300)
    assert_same(changes([restored.score(rest, keys(2))]), changes([scorer.score(rest, keys(2))]))
    assert_same(restored.logged_results(), scorer.logged_results())


def test_a_state_from_before_there_was_a_log_is_read() -> None:
    buckets = closed(times(300), cells_of(young_values()))
    scorer, restored = scorer_of(), scorer_of()
    scorer.score(part_of(buckets, 0, 150), keys(2))
    header, arrays = scorer.save()
    restored.load(header, {n: a for n, a in arrays.items() if "renormalizer" not in n})
    first, final = scores_of_buckets([restored.score(part_of(buckets, 150, 300), keys(2))])
    # The incident is the greatest so far: later history takes nothing from it.
    assert final[INCIDENT - 150] >= first[INCIDENT - 150] > 50


def test_a_job_renormalises_and_keeps_its_log_over_save_and_restore() -> None:
    frame = frame_of(
        (1000 + np.repeat(np.arange(300), 2) * SPAN).tolist(),
        young_values().ravel().tolist(),
        a=[0, 1] * 300,
    )
    detector = Detector("mean", field_name="v", by_field_name="a")
    config = config_of(detector, influencers=("a",))
    whole = named(AnomalyJob(job_of(config)))
    blocks = run(whole, [frame])
    job = named(AnomalyJob(job_of(config)))
    parts = run(job, [frame.rows(slice(0, 300))])
    job = AnomalyJob.restore(job_of(config), [stored(job)])
    parts += run(job, [frame.rows(slice(300, 600))])
    assert len(changes(blocks)["time"])
    assert_same(changes(parts), changes(blocks))
    assert_same(job.logged_results(), whole.logged_results())
    scopes = json.loads(whole.quantiles())["scopes"]
    assert [scope.get("influencer_field_name") for scope in scopes] == [None, "a"]
    assert scopes[0]["bucket_count"] == 299


# --- the log ----------------------------------------------------------------------------------


def log_rows(sizes: list[int], seed: int = 1) -> FloatArray:
    """Rows of consecutive buckets of so many rows each."""
    generator = np.random.default_rng(seed)
    bucket = np.repeat(np.arange(len(sizes)), sizes)
    return rows_of_scores(
        len(bucket),
        time=bucket * HOUR_S,
        kind=generator.integers(0, 4, len(bucket)),
        score=generator.uniform(0, 100, len(bucket)),
    )


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(1, 900), min_size=40, max_size=80), st.sets(st.integers(0, 79)))
def test_the_log_is_bounded_and_does_not_depend_on_calls(sizes: list[int], cuts: set[int]) -> None:
    rows = log_rows(sizes)
    whole, pieces = ScoreLog(), ScoreLog()
    whole.append(rows)
    edges = [0, *np.cumsum(sizes)[[c for c in sorted(cuts) if c < len(sizes)]].tolist(), len(rows)]
    for first, last in pairwise(edges):
        pieces.append(rows[first:last])
    np.testing.assert_array_equal(whole.rows, pieces.rows)
    assert whole.size <= MOST_ROWS
    assert (np.diff(whole.rows[:, TIME]) >= 0).all()
    kept = np.unique(whole.rows[:, TIME])
    assert whole.size == np.count_nonzero(np.isin(rows[:, TIME], kept))


def test_the_buckets_that_score_least_go_first() -> None:
    sizes = [500] * 60
    rows = log_rows(sizes)
    rows[:, SCORE] = np.repeat(np.arange(60.0)[::-1], 500)
    log = ScoreLog()
    log.append(rows[:15_000])
    log.append(rows[15_000:])
    kept = np.unique(log.rows[:, TIME]) / HOUR_S
    assert set(range(20)) <= set(kept.tolist())


def test_records_follow_their_series_and_go_with_them() -> None:
    record = int(ResultKind.RECORD)
    rows = rows_of_scores(5, kind=[0, record, record, record, 2], place=[0, 0, 0, 1, 0])
    rows[:, CODE] = [-1, 3, 5, 3, 5]
    log = ScoreLog()
    log.append(rows)
    log.keep_series([np.array([1, 5]), np.array([0, 3])])
    assert log.rows[:, [KIND, PLACE, CODE]].tolist() == [
        [0, 0, -1],
        [record, 0, 1],
        [record, 1, 1],
        [2, 0, 5],
    ]


def test_only_what_is_notable_is_logged_but_buckets_whole() -> None:
    rows = rows_of_scores(
        6,
        time=[0, 0, 0, 1, 2, 2],
        kind=[0, 1, 2, 0, 0, 3],
        score=[0.1, 0.2, 5.0, 0.9, 0.5, 0.4],
    )
    kept = notable(rows, 3)
    assert kept[:, [TIME, KIND]].tolist() == [[0, 0], [0, 1], [0, 2]]


def test_of_a_crowded_bucket_the_best_are_logged() -> None:
    size = MOST_LEAVES + 500
    score = np.random.default_rng(1).permutation(size) / size * 90 + NOTABLE_SCORE
    rows = rows_of_scores(size, time=0, kind=int(ResultKind.RECORD), place=0, score=score)
    member = rows_of_scores(1, time=0, kind=int(ResultKind.BUCKET_TIME), score=2.0)
    kept = notable(np.concatenate([rows, member]), 1)
    assert len(kept) == MOST_LEAVES + 1
    assert kept[0, KIND] == ResultKind.BUCKET_TIME
    assert kept[1:, SCORE].min() == np.sort(score)[-MOST_LEAVES]


# --- kernels ----------------------------------------------------------------------------------


def test_scores_are_those_of_a_history_without_the_bucket_itself() -> None:
    generator = np.random.default_rng(3)
    surprise = generator.exponential(size=200) - generator.random(200)
    log_p = -surprise - 3.0
    other = surprise + 2.0
    nothing_new = generator.random(200) < 0.3
    scope = Normalizer()
    scope.score(np.zeros(0, np.int64), np.zeros(0), np.zeros(0), surprise[:63])
    bins = history_bins(surprise)
    rows = rows_of_scores(
        63,
        news=surprise[:63],
        news_log_p=np.where(nothing_new, 0.0, log_p)[:63],
        all=other[:63],
        all_log_p=log_p[:63],
        learned=bins[:63],
    )
    found = np.empty(63)
    histories = scope.history[None, :].copy()
    scores_now(rows, histories, scope.totals[None, :].copy(), 0.0, found)
    np.testing.assert_array_equal(histories[0], scope.history)
    for i in range(63):
        history = np.bincount(np.delete(bins[:63], i).astype(int), minlength=HISTORY_BINS)
        held = history.astype(np.float32)
        news = 0.0 if nothing_new[i] else score_of(held, 62.0, 63.0, surprise[i], log_p[i])
        everything = score_of(held, 62.0, 63.0, other[i], log_p[i])
        assert found[i] == pytest.approx(max(news, REPEAT_SHARE * everything), rel=1e-6)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(24.9, 25.1, True, id="another band"),
        pytest.param(80.0, 81.0, False, id="less than 1.5 points"),
        pytest.param(80.0, 81.5, True, id="1.5 points"),
        pytest.param(99.5, 100.0, False, id="100 is in the last band"),
        pytest.param(1.0, 0.3, True, id="less than a third"),
        pytest.param(0.3, 0.2, False, id="little of little"),
        pytest.param(0.0, 0.0, False, id="nothing"),
    ],
)
def test_big_changes_are_those_users_would_see(old: float, new: float, expected: bool) -> None:
    assert bool(is_big(old, new)) is expected


def test_rows_take_their_columns_by_name() -> None:
    rows = rows_of_scores(2, score=[3.0, 4.0], place=1)
    assert rows.shape == (2, len(NAMES))
    assert rows[:, INITIAL].tolist() == [3.0, 4.0]
    assert rows[:, PLACE].tolist() == [1.0, 1.0]
