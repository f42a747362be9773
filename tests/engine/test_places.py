"""Known places: what is learned of them, and how likely a point is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sidecar.engine.arrays import FloatArray
from sidecar.engine.models.location.judge import (
    LOG_P,
    TYPICAL_LATITUDE,
    TYPICAL_LONGITUDE,
    VERDICT,
    WORK,
    judge_point,
)
from sidecar.engine.models.location.learn import age, learn_point
from sidecar.engine.models.location.places import (
    HEAD,
    LATITUDE,
    LONGITUDE,
    NOVEL,
    PLACE_WIDTH,
    SCATTER_EAST,
    WEIGHT,
    distance,
)
from tests.engine.naive_places import NaivePlaces

KEEP = 0.999
Point = tuple[float, float]


def learned(points: list[Point], places: int = 8) -> FloatArray:
    row, work = np.zeros(HEAD + places * PLACE_WIDTH), np.zeros(WORK)
    for i, point in enumerate(points):
        age(row, float(i), KEEP)
        learn_point(row, *point, work)
    return row


def judged(row: FloatArray, point: Point) -> FloatArray:
    verdict = np.zeros(VERDICT)
    judge_point(row, *point, np.zeros(WORK), verdict)
    return verdict


def places_of(row: FloatArray) -> FloatArray:
    places = row[HEAD:].reshape(-1, PLACE_WIDTH)
    return places[places[:, WEIGHT] > 0.0]


def around(centres: list[Point], count: int, metres: float = 200.0, seed: int = 1) -> list[Point]:
    """Points around centres, one after another."""
    generator = np.random.default_rng(seed)
    points = []
    for i in range(count):
        latitude, longitude = centres[i % len(centres)]
        north, east = generator.normal(0.0, metres / 111_195.0, 2)
        longitude += east / math.cos(math.radians(latitude))
        points.append((latitude + north, (longitude + 180.0) % 360.0 - 180.0))
    return points


HOME, WORKPLACE, CABIN = (52.6, 13.25), (52.52, 13.4), (53.4, 13.9)


def test_places_are_learned_as_from_all_their_points() -> None:
    points = around([HOME, WORKPLACE, HOME, CABIN], 200)
    row, naive = learned(points), NaivePlaces()
    for point in points:
        naive.age(KEEP)
        naive.learn(point)
    found = places_of(row)
    assert len(found) == len(naive.places) == 3
    assert row[NOVEL] == pytest.approx(naive.novel)
    for place, slow in zip(found, naive.places, strict=True):
        assert place[WEIGHT] == pytest.approx(slow.weight)
        assert place[[LATITUDE, LONGITUDE]] == pytest.approx(slow.centre(), abs=1e-7)
        east, both, north = place[SCATTER_EAST:]
        sums = slow.sums()
        assert [east, both, north] == pytest.approx(
            [sums[0, 0], sums[0, 1], sums[1, 1]], rel=1e-3, abs=1e-3 * float(np.trace(sums))
        )


@pytest.mark.parametrize("metres", [0.0, 150.0, 400.0, 900.0])
@pytest.mark.parametrize("centre", [HOME, CABIN])
def test_a_probability_is_the_mass_of_less_likely_points(centre: Point, metres: float) -> None:
    points = around([HOME, WORKPLACE, HOME, CABIN], 200)
    naive = NaivePlaces()
    for point in points:
        naive.age(KEEP)
        naive.learn(point)
    point = centre[0] + metres / 111_195.0, centre[1]
    new = (naive.novel + 0.5) / (sum(place.weight for place in naive.places) + 1.0)
    p = math.exp(judged(learned(points), point)[LOG_P])
    # The rest is the probability of a new place so near.
    assert 0.0 <= p - (1.0 - new) * naive.known_part(point) + 0.02 <= new + 0.04


def test_usual_points_have_usual_probabilities() -> None:
    points = around([HOME, WORKPLACE], 2000)
    row = learned(points[:1000])
    p = np.exp([judged(row, point)[LOG_P] for point in points[1000:]])
    assert np.mean(p < 0.02) <= 0.02
    for share in (0.1, 0.3, 0.7):
        assert np.mean(p < share) == pytest.approx(share, abs=0.6 * share)


def test_the_farther_the_less_likely() -> None:
    row = learned(around([HOME], 500))
    log_p = [judged(row, (HOME[0], HOME[1] + d))[LOG_P] for d in (0.0, 0.01, 0.1, 1.0, 10.0, 90.0)]
    assert log_p == sorted(log_p, reverse=True)
    assert log_p[-1] < math.log(1e-5)
    assert judged(row, (HOME[0], HOME[1] + 10.0))[TYPICAL_LATITUDE] == pytest.approx(52.6, abs=0.01)


def test_a_traveller_is_less_surprising_than_a_homebody() -> None:
    generator = np.random.default_rng(2)
    trips = [(float(a), float(b)) for a, b in generator.uniform(-50.0, 50.0, (400, 2))]
    home = around([HOME], 400)
    traveller = learned([point for pair in zip(home, trips, strict=True) for point in pair])
    homebody = learned(around([HOME], 800))
    far = (-30.0, 140.0)
    assert judged(traveller, far)[LOG_P] > math.log(0.02)
    assert judged(homebody, far)[LOG_P] < math.log(1e-5)


def test_nothing_is_odd_before_places_are_known() -> None:
    row = learned(around([HOME], 19))
    assert judged(row, (0.0, 0.0))[LOG_P] == 0.0
    assert judged(np.zeros_like(row), HOME).tolist() == [0.0, *HOME]


@pytest.mark.parametrize(
    ("centre", "beyond"),
    [
        pytest.param((-17.0, 179.9995), (-17.0, -179.9995), id="date line"),
        pytest.param((0.0, 0.0), (0.0, -0.001), id="Greenwich"),
        pytest.param((89.99, 10.0), (89.99, 11.0), id="near the pole"),
    ],
)
def test_what_is_near_is_near_wherever_it_is(centre: Point, beyond: Point) -> None:
    row = learned(around([centre], 400, metres=100.0))
    assert len(places_of(row)) == 1
    verdict = judged(row, beyond)
    assert verdict[LOG_P] > math.log(0.05)
    metres = distance(*centre, verdict[TYPICAL_LATITUDE], verdict[TYPICAL_LONGITUDE])
    assert metres < 60.0


def test_a_place_is_known_once_it_was_seen_and_forgotten_in_time() -> None:
    points = around([HOME, WORKPLACE], 400)
    row, work = learned(points), np.zeros(WORK)
    first = judged(row, CABIN)[LOG_P]
    age(row, 1e3, KEEP)
    learn_point(row, *CABIN, work)
    assert judged(row, CABIN)[LOG_P] > first + 1.0
    for i in range(4000):
        age(row, 2e3 + i, KEEP)
        learn_point(row, *points[i % 400], work)
    assert len(places_of(row)) == 2
    # The longer the life without a new place, the less expected is one.
    assert judged(row, CABIN)[LOG_P] < first


def test_many_near_places_become_one_and_far_ones_stay_apart() -> None:
    generator = np.random.default_rng(3)
    town = [(float(52.5 + a), float(13.4 + b)) for a, b in generator.normal(0.0, 0.1, (600, 2))]
    far = around([(-33.9, 151.2)], 200)
    points = [point for i in range(200) for point in (*town[3 * i : 3 * i + 3], far[i])]
    row = learned(points)
    places = places_of(row)
    near_far = [distance(*p[[LATITUDE, LONGITUDE]], -33.9, 151.2) < 20_000.0 for p in places]
    assert any(near_far)
    weight = sum(p[WEIGHT] for p, is_far in zip(places, near_far, strict=True) if is_far)
    assert weight == pytest.approx(places[:, WEIGHT].sum() / 4.0, rel=0.1)
    assert judged(row, (52.45, 13.5))[LOG_P] > math.log(0.1)
    assert judged(row, (48.1, 11.6))[LOG_P] < math.log(0.03)


@pytest.mark.parametrize(
    ("one", "other", "metres"),
    [
        ((0.0, 0.0), (0.0, 1.0), 111_195.0),
        ((0.0, 179.5), (0.0, -179.5), 111_195.0),
        ((90.0, 0.0), (-90.0, 0.0), 20_015_115.0),
        ((52.52, 13.4), (40.71, -74.0), 6_385_000.0),
    ],
)
def test_distances_are_those_of_the_globe(one: Point, other: Point, metres: float) -> None:
    assert distance(*one, *other) == pytest.approx(metres, rel=1e-3)
