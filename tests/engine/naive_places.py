"""Known places, slowly: every place keeps all of its points; room for any number of places."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from sidecar.engine.arrays import FloatArray

METRES = math.radians(1.0) * 6_371_008.8  # in a degree of latitude


@dataclass
class Place:
    points: list[tuple[float, float]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    @property
    def weight(self) -> float:
        return sum(self.weights)

    def centre(self) -> FloatArray:
        return np.average(self.points, axis=0, weights=self.weights)

    def metres(self, points: object) -> FloatArray:
        """East and north of the centre, on the plane that touches the Earth there."""
        away = np.atleast_2d(np.asarray(points)) - self.centre()
        middle = np.radians(self.centre()[0] + 0.5 * away[:, 0])
        return np.stack([away[:, 1] * np.cos(middle) * METRES, away[:, 0] * METRES], axis=1)

    def sums(self) -> FloatArray:
        away = self.metres(self.points)
        return np.einsum("i,ij,ik->jk", np.array(self.weights), away, away)


class NaivePlaces:
    def __init__(self) -> None:
        self.places: list[Place] = []
        self.novel = 0.0

    def age(self, keep: float) -> None:
        self.novel *= keep
        for place in self.places:
            place.weights = [weight * keep for weight in place.weights]

    def scatter(self, place: Place) -> FloatArray:
        extra = sum(max(0.0, each.weight - 1.0) for each in self.places)
        prior = 4.0 * 500.0**2 * np.eye(2)
        common = (prior + sum(each.sums() for each in self.places)) / (4.0 + extra)
        own: FloatArray = (place.sums() + 3.0 * common) / (place.weight + 3.0)
        return own + 50.0**2 * np.eye(2)

    def deviations(self, place: Place, point: tuple[float, float]) -> float:
        (away,) = place.metres([point])
        squared = away @ np.linalg.inv(self.scatter(place)) @ away
        return float(squared / (1.0 + 1.0 / place.weight))

    def learn(self, point: tuple[float, float]) -> None:
        fitting = [place for place in self.places if self.deviations(place, point) <= 20.0]
        near = max(
            fitting,
            key=lambda place: self._density(place, place.metres([point]))[0],
            default=None,
        )
        if near is None:
            self.novel += bool(self.places)
            near = Place()
            self.places.append(near)
        near.points.append(point)
        near.weights.append(1.0)

    def known_part(self, point: tuple[float, float], draws: int = 200_000) -> float:
        """Mass of the known places' points less dense than this one, by drawing such points."""
        generator = np.random.default_rng(1)
        total = sum(place.weight for place in self.places)
        mass = 0.0
        for place in self.places:
            # A bivariate Student law with 4 degrees; its variances are `spread`.
            spread = self.scatter(place) * (1.0 + 1.0 / place.weight)
            normal = generator.multivariate_normal([0.0, 0.0], spread, draws)
            away = normal / np.sqrt(generator.chisquare(4.0, draws) / 2.0)[:, None]
            less = self._density(place, away) <= self._density_at(point)
            mass += place.weight / total * float(np.mean(less))
        return mass

    def _density_at(self, point: tuple[float, float]) -> float:
        return float(sum(self._density(place, place.metres([point]))[0] for place in self.places))

    def _density(self, place: Place, away: FloatArray) -> FloatArray:
        spread = self.scatter(place) * (1.0 + 1.0 / place.weight)
        squared = np.einsum("ij,jk,ik->i", away, np.linalg.inv(spread), away)
        peak = place.weight / math.sqrt(np.linalg.det(spread))
        return np.asarray(peak * (1.0 + squared / 2.0) ** -3.0)
