"""Functions of texts and of places, from posted bytes to documents."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from sidecar.schema.detector import Detector
from tests.worker.open_job import SPAN_S, START_S, World, flush, job, lines, post

BUCKETS = 150
ODD = BUCKETS - 10
PLACES = {"k0": "52.52,13.405", "k1": " 48.137 , 11.575 ", "k2": "-33.9,18.4"}


def rows() -> list[dict[str, Any]]:
    """Three keys with a place each and the same few queries; in one bucket k1 is elsewhere."""
    made: list[dict[str, Any]] = []
    for bucket in range(BUCKETS):
        for i in range(12):
            key = f"k{i % 3}"
            row = {"time": START_S + bucket * SPAN_S + i, "key": key, "at": PLACES[key]}
            row["query"] = f"{('www', 'mail', 'api', 'cdn')[(i + bucket) % 4]}.example.com"
            if bucket == ODD and key == "k1":
                row["at"] = "35.68,139.77"
                row["query"] = hashlib.sha256(b"%d" % i).hexdigest() + ".example.com"
            made.append(row)
    # What is no place and no text is counted, but not looked at.
    made += [{**made[-1], "at": bad, "query": None} for bad in ("here", 7, None, "91,181", [])]
    return made


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(
        tmp_path,
        job(
            detectors=(
                Detector("lat_long", field_name="at", by_field_name="key"),
                Detector(
                    "high_info_content", field_name="query", by_field_name="key", detector_index=1
                ),
                Detector("lat_long", field_name="at", over_field_name="key", detector_index=2),
            ),
            influencers=("key",),
        ),
    )


@pytest.mark.parametrize("killed_after", [None, 777, 12 * ODD + 5])
def test_records_name_the_place_and_the_information(world: World, killed_after: int | None) -> None:
    process, made = world.open(), rows()
    post(process, lines(made[:killed_after]))
    if killed_after is not None:
        world.kill(process)
        process = world.open()
        post(process, lines(made[killed_after:]))
    flush(process, calc_interim=True)
    time = (START_S + ODD * SPAN_S) * 1000
    found = {
        document["detector_index"]: document
        for document in world.results().values()
        if document["result_type"] == "record" and document["timestamp"] == time
    }
    place, information = found[0], found[1]
    assert (place["actual"], place["typical"]) == ([35.68, 139.77], [48.137, 11.575])
    assert place["geo_results"] == {
        "actual_point": "35.68,139.77",
        "typical_point": "48.137,11.575",
    }
    assert (place["function"], place["function_description"]) == ("lat_long", "lat_long")
    assert place["influencers"] == [
        {"influencer_field_name": "key", "influencer_field_values": ["k1"]}
    ]
    assert information["function_description"] == "info_content"
    assert information["actual"][0] > 4 * 30 > 100 > information["typical"][0] > 10
    assert found[2]["over_field_value"] == "k1"
    world.kill(process)
