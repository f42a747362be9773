"""The histories that scores are read from, as text for people and other programs."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sidecar.engine.scores.normalizer import BINS_PER_NAT, LEAST_SURPRISE, Normalizer

FORMAT_VERSION = 1
# Significant digits of the weights.
_DIGITS = 6


def quantiles_text(scopes: Iterable[tuple[str | None, Normalizer]]) -> str:
    """JSON of the history of every scope.

    Bin i holds the weight of buckets whose greatest surprise, in nats, is at least
    `least_surprise` + i / `bins_per_nat`; bins without weight are left out.

    Parameters
    ----------
    scopes : iterable of (str or None, Normalizer)
        Influencer field, None for the buckets themselves.
    """
    described = []
    for field, scope in scopes:
        weights = {
            str(i): float(f"{weight:.{_DIGITS}g}")
            for i, weight in enumerate(scope.history.tolist())
            if weight > 0.0
        }
        described.append(
            {
                "scope": "bucket" if field is None else "influencer",
                **({} if field is None else {"influencer_field_name": field}),
                "bucket_count": int(scope.totals[1]),
                "weights": weights,
            }
        )
    text = {
        "version": FORMAT_VERSION,
        "least_surprise": LEAST_SURPRISE,
        "bins_per_nat": BINS_PER_NAT,
        "scopes": described,
    }
    return json.dumps(text, separators=(",", ":"))
