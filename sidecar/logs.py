"""Log lines: the Elastic Common Schema, one JSON object a line, on stdout."""

from __future__ import annotations

import logging.config
from typing import Any

AUDIT_LOGGER = "ml_sidecar.audit"


def log_config(level: str) -> dict[str, Any]:
    """Tell `logging.config.dictConfig` what every process of the sidecar logs, and how."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"ecs": {"()": "ecs_logging.StdlibFormatter"}},
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "formatter": "ecs",
                "stream": "ext://sys.stdout",
            }
        },
        "root": {"level": level.upper(), "handlers": ["stdout"]},
        "loggers": {
            # One line for each call to Elasticsearch, and for each kernel that is compiled.
            "elastic_transport": {"level": "WARNING"},
            "numba": {"level": "WARNING"},
            # Who was refused and who changed something is written whatever the level.
            AUDIT_LOGGER: {"level": "INFO"},
        },
    }


def configure_logs(level: str) -> None:
    """Set the logging of this process up; raises ValueError for an unknown level."""
    logging.config.dictConfig(log_config(level))
