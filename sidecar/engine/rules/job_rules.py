"""The custom rules, filters and scheduled events of a job that are in force."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sidecar.engine.arrays import IntArray
from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.gathering.cells import SeriesKeys
from sidecar.engine.rules.compiler import CompiledRule, compile_event, compile_rule, rule_arrays
from sidecar.engine.rules.filter_items import FilterItems
from sidecar.engine.rules.kernels import NO_RULES, DetectorRules
from sidecar.engine.rules.scopes import MatchedNames, SeriesScopes
from sidecar.engine.rules.time_shifts import TimeShift
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector_parser import RULE_PARSER, render_rule
from sidecar.schema.rule_context import CustomRules, custom_rules
from sidecar.schema.scheduled_event import ScheduledEvent


@dataclass(frozen=True, slots=True)
class RulesInForce:
    """Rules of a detector for a block of buckets, and what its clock does in them."""

    rules: DetectorRules = NO_RULES
    shifts: list[TimeShift] = field(default_factory=list)


class JobRules:
    """Rules of all detectors; they hold for every bucket that is scored from now on.

    Attributes
    ----------
    custom_rules : tuple of tuples of DetectionRule
        By detector index.
    filters : mapping of filter id to items
        A filter that is absent here has no items.
    events : tuple of ScheduledEvent
    """

    def __init__(self, config: AnalysisConfig) -> None:
        self._config = config
        self.custom_rules: CustomRules = custom_rules(config)
        self.filters: dict[str, tuple[str, ...]] = {}
        self.events: tuple[ScheduledEvent, ...] = ()
        # Keys of the shifts that were made: each is made once.
        self._shifted: set[str] = set()
        self._compile()

    # --- what is in force ---------------------------------------------------------------------

    def set_custom_rules(self, rules: CustomRules) -> None:
        """Replace the custom rules of all detectors."""
        if rules != self.custom_rules:
            self.custom_rules = rules
            self._compile()

    def set_filters(self, filters: Mapping[str, Iterable[str]]) -> None:
        """Replace all filters."""
        replaced = {name: tuple(items) for name, items in filters.items()}
        if replaced != self.filters:
            self.filters = replaced
            self._compile()

    def set_events(self, events: Iterable[ScheduledEvent]) -> None:
        """Replace all events."""
        replaced = tuple(events)
        if replaced != self.events:
            self.events = replaced
            self._compile()

    def _compile(self) -> None:
        span_s = self._config.bucket_span.seconds
        self._matches: dict[tuple[str, str], MatchedNames] = {}
        self._events = [compile_event(event, span_s) for event in self.events]
        self._event_start = np.array([rule.start for rule in self._events], dtype=np.int64)
        self._event_end = np.array([rule.end for rule in self._events], dtype=np.int64)
        self._rules = [[compile_rule(rule) for rule in rules] for rules in self.custom_rules]
        self._scopes = [
            SeriesScopes(detector, *rule_arrays([*rules, *self._events]))
            for detector, rules in zip(self._config.detectors, self._rules, strict=True)
        ]
        # Hardly any job shifts clocks: the others do not look for it in every block.
        self._may_shift = any(
            rule.shift_s for rules in (*self._rules, self._events) for rule in rules
        )

    # --- at work ------------------------------------------------------------------------------

    def in_force(
        self,
        time: IntArray,
        keys: Sequence[SeriesKeys],
        dictionaries: Mapping[str, FieldDictionary],
        *,
        learn: bool = True,
    ) -> list[RulesInForce]:
        """The rules of each detector for a block of buckets.

        Parameters
        ----------
        time : (k,) int64
            Start of each bucket, s; at least one.
        keys : sequence of SeriesKeys
            By detector.
        learn : bool
            False when the buckets will be scored again: a clock that shifts now will do so then.
        """
        self._match_filters(dictionaries)
        shifts = self._due(time, keys, learn=learn)
        return [
            RulesInForce(scopes.rules(names, self._matches), due)
            for scopes, names, due in zip(self._scopes, keys, shifts, strict=True)
        ]

    def descriptions(self, time: IntArray) -> list[tuple[int, str]]:
        """(row, description) of the events that cover each bucket, in order of their begin."""
        near = (self._event_start <= time[-1]) & (self._event_end > time[0])
        covering = []
        for index in np.flatnonzero(near).tolist():
            rule, event = self._events[index], self.events[index]
            rows = np.flatnonzero((time >= rule.start) & (time < rule.end))
            covering += [(row, event.start_time, event.description) for row in rows.tolist()]
        return [(row, description) for row, _, description in sorted(covering)]

    def forget_series(self) -> None:
        """Find the scopes of all series again: their ids have changed."""
        for scopes in self._scopes:
            scopes.forget_series()

    def _match_filters(self, dictionaries: Mapping[str, FieldDictionary]) -> None:
        if self._matches:
            return
        self._matches = {
            (name, reference.filter_id): MatchedNames(
                FilterItems(self.filters.get(reference.filter_id, ())), dictionaries[name]
            )
            for rules in self._rules
            for rule in rules
            for name, reference in rule.scope
        }

    def _due(
        self, time: IntArray, keys: Sequence[SeriesKeys], *, learn: bool
    ) -> list[list[TimeShift]]:
        """Shifts of each detector's clock, in order of their buckets."""
        due: list[list[TimeShift]] = [[] for _ in keys]
        if not self._may_shift:
            return due
        made = set()
        for index, rules in enumerate(self._rules):
            for rule in (*rules, *self._events):
                if not rule.shift_s or rule.conditions:
                    continue
                key = _key(rule, index)
                rows = np.flatnonzero((time >= rule.start) & (time < rule.end))
                if key in self._shifted or not len(rows):
                    continue
                made.add(key)
                first = int(rows[0])
                members = self._scopes[index].members(rule.scope, keys[index], self._matches)
                # Series that come up later learn by the new time from the beginning.
                members &= keys[index].first_bucket < time[first]
                due[index].append(TimeShift(first, rule.shift_s, np.flatnonzero(members)))
            due[index].sort(key=lambda shift: shift.bucket)
        if learn:
            self._shifted |= made
        return due

    # --- state --------------------------------------------------------------------------------

    def save(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "custom_rules": [[render_rule(rule) for rule in rules] for rules in self.custom_rules],
            "filters": {name: list(items) for name, items in self.filters.items()},
            "events": [event.to_document() for event in self.events],
            "shifted": sorted(self._shifted),
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        """Take a saved state over; without one no rules are in force."""
        none = [()] * len(self._config.detectors)
        self.custom_rules = tuple(
            tuple(RULE_PARSER.parse_document(rule) for rule in rules)
            for rules in saved.get("custom_rules", none)
        )
        filters = saved.get("filters", {})
        self.filters = {str(name): tuple(items) for name, items in filters.items()}
        self.events = tuple(map(ScheduledEvent.from_document, saved.get("events", ())))
        self._shifted = set(saved.get("shifted", ()))
        self._compile()


def _key(rule: CompiledRule, detector_index: int) -> str:
    """What makes a shift the same one, also after the rules have been replaced."""
    scope = [[name, ref.filter_id, ref.filter_type] for name, ref in rule.scope]
    return json.dumps([detector_index, rule.name, rule.start, rule.end, rule.shift_s, scope])
