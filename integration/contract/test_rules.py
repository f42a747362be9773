"""Contract of `FilterStore` and `CalendarStore`."""

from __future__ import annotations

import dataclasses

import pytest

from integration.contract.support import START_MS, Bench
from sidecar.errors import ResourceNotFoundError
from sidecar.interfaces import filters_of, rule_context
from sidecar.schema.detection_rule import DetectionRule, FilterRef
from sidecar.schema.job import Job
from sidecar.schema.scheduled_event import ScheduledEvent

HOUR_MS = 3_600_000


def put_filter(bench: Bench, filter_id: str, *items: str) -> None:
    """Store a filter as Elasticsearch's own API does."""
    document = {"type": "filter", "filter_id": filter_id, "items": sorted(items)}
    bench.put_meta(f"filter_{filter_id}", document)


def put_calendar(bench: Bench, calendar_id: str, *job_ids: str) -> None:
    """Store a calendar."""
    document = {"type": "calendar", "calendar_id": calendar_id, "job_ids": list(job_ids)}
    bench.put_meta(f"calendar_{calendar_id}", document)


def put_event(bench: Bench, calendar_id: str, hour: int, **members: object) -> ScheduledEvent:
    """Store an event of one hour; returns it as it should be found."""
    start = START_MS + hour * HOUR_MS
    document = {
        "type": "scheduled_event",
        "calendar_id": calendar_id,
        "description": f"hour {hour}",
        "start_time": start,
        "end_time": start + HOUR_MS,
        **members,
    }
    name = f"{calendar_id}-{hour}"
    bench.put_meta(name, document)
    return ScheduledEvent.from_document(document, name)


def ruled(job: Job, *filter_ids: str) -> Job:
    """Give the job's detector a rule for each filter."""
    rules = tuple(DetectionRule(scope={"airline": FilterRef(name)}) for name in filter_ids)
    config = job.analysis_config
    detectors = tuple(dataclasses.replace(d, custom_rules=rules) for d in config.detectors)
    return dataclasses.replace(
        job, analysis_config=dataclasses.replace(config, detectors=detectors)
    )


def test_filters_are_found_by_id(bench: Bench) -> None:
    job_id = bench.job(prepared=False).job_id
    put_filter(bench, f"{job_id}-a", "x", "y*")
    put_filter(bench, f"{job_id}-b")
    wanted = [f"{job_id}-a", f"{job_id}-b", f"{job_id}-c"]
    found = bench.stores.filters.get(wanted)
    assert found == {f"{job_id}-a": ("x", "y*"), f"{job_id}-b": ()}
    assert bench.stores.filters.get([]) == {}


def test_a_rule_that_names_a_missing_filter_is_a_404(bench: Bench) -> None:
    job = bench.job(prepared=False)
    put_filter(bench, f"{job.job_id}-a", "x")
    known = ruled(job, f"{job.job_id}-a")
    assert filters_of(known, bench.stores.filters) == {f"{job.job_id}-a": ("x",)}
    with pytest.raises(ResourceNotFoundError) as caught:
        filters_of(ruled(job, f"{job.job_id}-a", "no-such-filter"), bench.stores.filters)
    assert caught.value.reason == "No filter with id [no-such-filter] exists"


def test_events_come_from_the_calendars_of_the_job_its_groups_and_all(bench: Bench) -> None:
    job = dataclasses.replace(bench.job(prepared=False), groups=("contract-group",))
    other = bench.job(prepared=False)
    by_member = {
        "mine": (other.job_id, job.job_id),
        "group": ("contract-group",),
        "all": ("_all",),
        "other": (other.job_id,),
        "nobody": (),
    }
    events = {}
    for hour, (name, members) in enumerate(by_member.items()):
        put_calendar(bench, f"{job.job_id}-{name}", *members)
        events[name] = put_event(bench, f"{job.job_id}-{name}", 5 - hour)
    found = bench.stores.calendars.events(job)
    assert found == [events["all"], events["group"], events["mine"]]


def test_an_event_says_what_it_skips_and_shifts(bench: Bench) -> None:
    job = bench.job(prepared=False)
    put_calendar(bench, job.job_id, job.job_id)
    plain = put_event(bench, job.job_id, 0)
    shift = put_event(
        bench, job.job_id, 1, skip_result=False, skip_model_update=False, force_time_shift=3600
    )
    context = rule_context(job, bench.stores.filters, bench.stores.calendars)
    assert context.events == (plain, shift)
    skipped = [(e.skip_result, e.skip_model_update) for e in context.events]
    assert skipped == [(True, True), (False, False)]
    assert [event.force_time_shift for event in context.events] == [None, 3600]


def test_a_job_without_rules_and_calendars_has_neither_filters_nor_events(bench: Bench) -> None:
    context = rule_context(bench.job(prepared=False), bench.stores.filters, bench.stores.calendars)
    assert (context.filters, context.events) == ({}, ())
