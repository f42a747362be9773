"""The application object that gunicorn's workers load, each for itself."""

from __future__ import annotations

from sidecar.bootstrap import build_app
from sidecar.settings import Settings

app = build_app(Settings.from_environment())
