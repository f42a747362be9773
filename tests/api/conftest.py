"""The whole application over in-memory stores, called in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from sidecar import codec
from sidecar.api.app import create_app
from sidecar.services.services import make_services
from sidecar.settings import Settings
from tests.fakes import FakeStores, make_stores
from tests.fakes.runtime import FakeRuntime

# The public specification is not ours to ship: with a copy, name it to hold the routes to it.
collect_ignore = [] if "ML_OPENAPI" in os.environ else ["test_specification.py"]

NOW = 1_700_000_000_000
JSON = "application/json"
JOB = {
    "analysis_config": {"bucket_span": "5m", "detectors": [{"function": "count"}]},
    "data_description": {"time_field": "time", "time_format": "epoch_ms"},
}


@dataclass
class Sidecar:
    """The application and everything behind it; `spawned` is work beside requests."""

    settings: Settings = field(default_factory=Settings)
    stores: FakeStores = field(default_factory=make_stores)
    now: int = NOW
    runtime: FakeRuntime = field(init=False)
    spawned: list[Callable[[], None]] = field(default_factory=list)
    app: Flask = field(init=False)

    def __post_init__(self) -> None:
        self.runtime = FakeRuntime(self.clock)
        services = make_services(
            self.stores, self.runtime, self.settings, clock=self.clock, spawn=self.spawned.append
        )
        self.app = create_app(services, self.settings)

    def clock(self) -> int:
        return self.now

    def call(
        self, method: str, path: str, body: Any = None, *, headers: Any = None, **options: Any
    ) -> TestResponse:
        """Send a request; a body that is not bytes is sent as JSON."""
        if body is not None and "content_type" not in options:
            options["content_type"] = JSON
        data = body if body is None or isinstance(body, bytes) else codec.dumps(body)
        client = self.app.test_client()
        return client.open(path, method=method, data=data, headers=headers, **options)

    def call_chunked(
        self, method: str, path: str, stream: Any, *, content_type: str = JSON, headers: Any = None
    ) -> TestResponse:
        """Send a request whose length nobody knows beforehand, as a server hands it over."""
        return self.app.test_client().open(
            path,
            method=method,
            input_stream=stream,
            content_type=content_type,
            headers={"Transfer-Encoding": "chunked", **(headers or {})},
            environ_overrides={"wsgi.input_terminated": True},
        )

    def put_job(self, job_id: str = "web", **members: Any) -> dict[str, Any]:
        response = self.call("PUT", f"/_ml/anomaly_detectors/{job_id}", {**JOB, **members})
        assert response.status_code == 200, response.text
        return response.json

    def open_job(self, job_id: str = "web") -> None:
        assert self.call("POST", f"/_ml/anomaly_detectors/{job_id}/_open").status_code == 200

    def write_results(self, job_id: str, documents: Iterable[dict[str, Any]]) -> None:
        numbered = [(f"{job_id}-{i}", {"job_id": job_id, **d}) for i, d in enumerate(documents)]
        self.stores.results_writer.write(job_id, numbered)
        self.stores.results_writer.refresh(job_id)


@pytest.fixture
def sidecar() -> Sidecar:
    return Sidecar()


@pytest.fixture
def make_sidecar() -> Callable[..., Sidecar]:
    return lambda **settings: Sidecar(Settings(**settings))
