"""Whole jobs of lat_long: what they find, and what they let pass."""

from __future__ import annotations

import numpy as np
import pytest

from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.arrays import FloatArray
from sidecar.engine.gathering.cells import SeriesKeys
from sidecar.engine.gathering.gatherer import Gatherer
from sidecar.engine.models.detector_model import Stepped
from sidecar.engine.models.findings import FINDING_LOG_P, FINDING_SERIES
from sidecar.engine.models.location.table import LocationTable
from sidecar.engine.record_frame import MISSING, FieldNeeds, RecordFrame
from sidecar.schema.detector import Detector
from tests.engine.gathering import SPAN, config_of, found_records, new_job, run, scores, stored
from tests.engine.scorer_cases import HOUR_S, START_S, assert_same, cells_of, joined

PLACE = Detector("lat_long", field_name="at", by_field_name="a")
HOME, OFFICE, ABROAD = (52.6, 13.25), (52.52, 13.4), (40.71, -74.0)


def test_a_job_of_places_needs_points() -> None:
    assert new_job(PLACE).needs == FieldNeeds(codes=("a",), points=("at",))


def places(
    points: FloatArray, *, series: int = 1, span_s: int = HOUR_S, field: str = "a"
) -> RecordFrame:
    """One point after another; each bucket has one of each series."""
    n = len(points)
    return RecordFrame(
        time=START_S + np.arange(n) // series * span_s,
        codes={field: (np.arange(n) % series).astype(np.int32)},
        points={"at": points},
    )


def commuter(days: int, seed: int = 1) -> FloatArray:
    """Hourly: nights and weekends at home, working hours at the office."""
    hours = START_S // HOUR_S + np.arange(days * 24)
    works = (hours % 24 >= 9) & (hours % 24 < 17) & (hours // 24 % 7 < 5)
    jitter = np.random.default_rng(seed).normal(0.0, 5e-4, (len(hours), 2))
    return np.where(works[:, None], OFFICE, HOME) + jitter


@pytest.mark.parametrize("seed", range(4))
def test_a_commuters_trip_abroad_comes_first(seed: int) -> None:
    points = commuter(60, seed)
    trip = 45 * 24 + 10
    points[trip : trip + 4] = ABROAD
    blocks = run(new_job(PLACE, span=HOUR_S), [places(points)])
    score = scores(blocks)
    assert int(np.argmax(score)) == trip
    assert score[trip] > 75
    # It is said once, and daily life says nothing.
    assert np.delete(score, trip).max() < 30
    table = next(block.records for block in blocks if trip * HOUR_S + START_S in block.time)
    first = int(np.argmax(table.score))
    assert (table.actual[first], table.actual_longitude[first]) == ABROAD
    assert table.typical[first] == pytest.approx(HOME[0], abs=0.1)
    assert table.typical_longitude[first] == pytest.approx(HOME[1], abs=0.2)


def test_the_one_of_many_who_is_elsewhere_is_named() -> None:
    points = np.stack([commuter(30, seed) for seed in range(50)], axis=1)
    points[600, 17] = ABROAD
    blocks = run(
        new_job(PLACE, span=HOUR_S, influencers=("a",), names=50),
        [places(points.reshape(-1, 2), series=50)],
    )
    start, series, score = found_records(blocks)[0]
    assert (start, series) == (START_S + 600 * HOUR_S, 17)
    assert score > 75


def test_a_member_of_a_population_is_compared_with_all() -> None:
    generator = np.random.default_rng(5)
    cities = generator.uniform((45.0, 0.0), (55.0, 20.0), (12, 2))
    members, hours = 60, 400
    home = generator.integers(0, 12, members)
    # Members move between the cities: no city is new to the population.
    where = np.where(
        generator.random((hours, members)) < 0.1, generator.integers(0, 12, (hours, members)), home
    )
    points = cities[where] + generator.normal(0.0, 0.02, (hours, members, 2))
    points[350, 9] = (-33.9, 151.2)
    detector = Detector("lat_long", field_name="at", over_field_name="a")
    blocks = run(
        new_job(detector, span=HOUR_S, names=60), [places(points.reshape(-1, 2), series=members)]
    )
    found = found_records(blocks)
    assert found[0][:2] == (START_S + 350 * HOUR_S, 9)
    assert found[0][2] > 75
    assert sum(score > 75 for _, _, score in found[1:]) <= 2
    causes = [block.records.causes for block in blocks]
    assert sum(len(each.record) for each in causes) == len(found)
    assert max(float(np.nanmax(c.actual_longitude, initial=-180.0)) for c in causes) > 150.0


def test_the_causes_of_a_members_record_are_its_by_values() -> None:
    rows = np.arange(2 * 3 * 200)  # two members, three by values, 200 buckets
    points = np.full((len(rows), 2), 50.0)
    points[-12:-10] = 10.0  # in the last bucket but one: member 0, by values 0 and 1
    frame = RecordFrame(
        time=START_S + rows // 6 * SPAN,
        codes={"a": (rows % 3).astype(np.int32), "b": (rows // 3 % 2).astype(np.int32)},
        points={"at": points},
    )
    detector = Detector("lat_long", field_name="at", by_field_name="a", over_field_name="b")
    job = new_job(detector)
    table = run(job, [frame])[-1].records
    assert len(table.bucket) == 1
    assert table.causes.record.tolist() == [0, 0]
    _, by, over = job.series_names(0, table.causes.series)
    assert (sorted(map(str, by)), over) == (["a0", "a1"], ["b0", "b0"])
    assert table.causes.actual.tolist() == table.causes.actual_longitude.tolist() == [10.0, 10.0]


def test_the_mean_point_of_a_bucket_is_weighted_and_crosses_the_date_line() -> None:
    gatherer = Gatherer(
        config_of(Detector("lat_long", field_name="at"), summary_count_field_name="n")
    )
    frame = RecordFrame(
        time=np.array([0, 1, 2, SPAN]),
        numbers={"n": np.array([3.0, 1.0, 1.0, 1.0])},
        points={"at": np.array([[0.0, 179.0], [0.0, -177.0], [np.nan, np.nan], [0.0, 0.0]])},
    )
    gatherer.add(frame)
    (block,) = gatherer.close(10)
    assert block.detectors[0].count.tolist() == [4.0]
    assert block.detectors[0].value[0] == pytest.approx([0.0, 180.0], abs=0.01)


def test_single_points_come_out_as_they_came_in() -> None:
    gatherer = Gatherer(config_of(Detector("lat_long", field_name="at")))
    points = np.array([[52.52437, 13.41053], [-33.92584, 18.42322], [91.0, 0.0], [0.0, 0.0]])
    frame = RecordFrame(time=np.arange(4) * SPAN, points={"at": points})
    gatherer.add(frame)
    (block,) = gatherer.close(10)
    # Beyond the pole it goes down on the other side.
    assert block.detectors[0].value.tolist() == [*points[:2].tolist(), [89.0, 180.0]]


def test_places_do_not_depend_on_cuts_saves_or_interim_results() -> None:
    points = np.stack([commuter(20, seed) for seed in range(3)], axis=1)
    points[400:402, 1] = ABROAD
    frame = places(points.reshape(-1, 2), series=3)
    for detector in (PLACE, Detector("lat_long", field_name="at", over_field_name="a")):
        whole = run(new_job(detector, span=HOUR_S), [frame])
        job, parts = new_job(detector, span=HOUR_S), []
        for begin in range(0, len(frame), 333):
            parts += run(job, [frame.rows(slice(begin, begin + 333))])
            state = stored(job)
            assert job.interim() is not None
            assert stored(job) == state
            job = AnomalyJob.restore(job.job, [state])
        assert_same(joined(whole), joined(parts))


@pytest.mark.parametrize("population", [False, True], ids=["series", "population"])
def test_forgotten_series_leave_the_places_of_the_others(population: bool) -> None:
    points = np.stack([commuter(40, seed) for seed in range(4)], axis=1)
    points[900, 3] = ABROAD
    time = START_S + np.arange(len(points)) * HOUR_S

    def stepped(model: LocationTable, series: list[int], rows: slice) -> Stepped:
        # Each of them is the only member of its partition.
        names = np.array(series, np.int32)
        none = np.full(len(series), MISSING, np.int32)
        keys = SeriesKeys(
            names, none, names if population else none, np.zeros(len(series), np.int64)
        )
        cells = cells_of(points[rows][:, series])
        return model.step(time[rows], cells, keys, partial=False, plot=False)

    model, other = (LocationTable(HOUR_S, population=population) for _ in range(2))
    stepped(model, [0, 1, 2, 3], slice(0, 800))
    stepped(other, [1, 3], slice(0, 800))
    before = model.nbytes()
    model.keep(np.array([1, 3, 4]))
    assert model.nbytes() < before
    found = stepped(model, [1, 3], slice(800, 950))
    assert_same(found, stepped(other, [1, 3], slice(800, 950)))
    assert found.findings[np.argmin(found.findings[:, FINDING_LOG_P]), FINDING_SERIES] == 1
