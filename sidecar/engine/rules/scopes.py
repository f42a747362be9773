"""Which series are in the scope of which rule."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sidecar.engine.arrays import BoolArray, CodeArray
from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.gathering.cells import SeriesKeys
from sidecar.engine.rules.compiler import Scope
from sidecar.engine.rules.filter_items import FilterItems
from sidecar.engine.rules.kernels import DetectorRules
from sidecar.schema.detector import Detector

_LEAST_CAPACITY = 16


class MatchedNames:
    """Which names of one field a filter matches; every name is tested once."""

    __slots__ = ("_dictionary", "_items", "_known")

    def __init__(self, items: FilterItems, dictionary: FieldDictionary) -> None:
        self._items = items
        self._dictionary = dictionary
        # By code + 1: the first is that of a missing value, which is an empty name.
        self._known: BoolArray = np.array([items.match("")])

    def of(self, codes: CodeArray) -> BoolArray:
        """Whether the names behind some codes match."""
        known = len(self._known)
        wanted = int(codes.max(initial=-1)) + 2
        if wanted > known:
            match, name = self._items.match, self._dictionary.name
            fresh = np.array([match(name(code - 1)) for code in range(known, wanted)])
            self._known = np.concatenate([self._known, fresh])
        matched: BoolArray = self._known[codes + 1]
        return matched


class SeriesScopes:
    """Rules of a detector with the scopes of all series, which grow as series come up.

    Parameters
    ----------
    rules : DetectorRules
        Without columns in `scopes`.
    scopes : list of Scope
        Behind each row of `scopes`.
    """

    __slots__ = ("_detector", "_known", "_rules", "_scopes")

    def __init__(self, detector: Detector, rules: DetectorRules, scopes: list[Scope]) -> None:
        self._detector = detector
        self._scopes = scopes
        self._known = 0
        matrix = np.zeros((len(scopes), _LEAST_CAPACITY if scopes else 0), dtype=np.bool_)
        self._rules = rules._replace(scopes=matrix)

    def rules(
        self, keys: SeriesKeys, matches: Mapping[tuple[str, str], MatchedNames]
    ) -> DetectorRules:
        """The rules, ready for all series in `keys`.

        Parameters
        ----------
        matches : mapping of (field name, filter id) to MatchedNames
        """
        series = len(keys.first_bucket)
        if self._scopes and series > self._known:
            self._make_room(series)
            matrix = self._rules.scopes
            for row, scope in enumerate(self._scopes):
                fresh = slice(self._known, series)
                matrix[row, fresh] = self.members(scope, keys, matches, fresh)
            self._known = series
        return self._rules

    def members(
        self,
        scope: Scope,
        keys: SeriesKeys,
        matches: Mapping[tuple[str, str], MatchedNames],
        series: slice = slice(None),
    ) -> BoolArray:
        """Whether each of some series is in a scope: all its fields must agree."""
        detector = self._detector
        codes = {
            detector.partition_field_name: keys.partition,
            detector.by_field_name: keys.by,
            detector.over_field_name: keys.over,
        }
        inside = np.ones(len(keys.first_bucket[series]), dtype=np.bool_)
        for field, reference in scope:
            matched = matches[field, reference.filter_id].of(codes[field][series])
            inside &= matched == (reference.filter_type == "include")
        return inside

    def forget_series(self) -> None:
        """Find the scopes of all series again: their ids have changed."""
        self._known = 0

    def _make_room(self, series: int) -> None:
        matrix = self._rules.scopes
        if series > matrix.shape[1]:
            roomy = np.zeros((len(self._scopes), max(series, 2 * matrix.shape[1])), dtype=np.bool_)
            roomy[:, : self._known] = matrix[:, : self._known]
            self._rules = self._rules._replace(scopes=roomy)
