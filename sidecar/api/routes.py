"""The route table: every path and verb that is served."""

from __future__ import annotations

from sidecar.api import anomaly_detectors, cluster, results
from sidecar.api.rest import Route

ROUTES: tuple[Route, ...] = (*cluster.ROUTES, *anomaly_detectors.ROUTES, *results.ROUTES)
