"""Audit messages never disturb who says something."""

import threading
from typing import Any

from sidecar.errors import UnavailableError
from sidecar.storage.audit import MAX_MESSAGE, ElasticsearchAuditLog, shortened
from sidecar.storage.client import Connection
from tests.storage.scripted_cluster import ScriptedCluster

NOW = 1_700_000_000_000


def connection() -> Connection:
    return ScriptedCluster().connection()


def test_message_has_the_native_members() -> None:
    stored: list[dict[str, Any]] = []
    log = ElasticsearchAuditLog(connection(), lambda: NOW, "node", put=stored.append)
    log.info("job", "Job created")
    log.error(None, "for everybody")
    log.close()
    assert stored == [
        {
            "job_id": "job",
            "message": "Job created",
            "level": "info",
            "timestamp": NOW,
            "node_name": "node",
            "job_type": "anomaly_detector",
        },
        {
            "message": "for everybody",
            "level": "error",
            "timestamp": NOW,
            "node_name": "node",
            "job_type": "system",
        },
    ]


def test_failure_to_store_is_not_the_callers() -> None:
    stored: list[str] = []

    def put(source: dict[str, Any]) -> None:
        if source["message"] == "lost":
            raise UnavailableError("away")
        stored.append(source["message"])

    log = ElasticsearchAuditLog(connection(), lambda: NOW, "node", put=put)
    log.info("job", "lost")
    log.info("job", "kept")
    log.close()
    assert stored == ["kept"]


def test_waiting_messages_are_bounded_and_callers_never_wait() -> None:
    stored: list[str] = []
    busy, away = threading.Event(), threading.Event()

    def put(source: dict[str, Any]) -> None:
        busy.set()
        away.wait()
        stored.append(source["message"])

    log = ElasticsearchAuditLog(connection(), lambda: NOW, "node", put=put)
    log.info("job", "0")
    busy.wait()
    for number in range(1, 1_100):
        log.info("job", str(number))
    away.set()
    log.close()
    assert stored == [str(number) for number in range(1_001)]


def test_log_can_be_used_again_after_it_was_closed() -> None:
    stored: list[dict[str, Any]] = []
    log = ElasticsearchAuditLog(connection(), lambda: NOW, "node", put=stored.append)
    for _ in range(2):
        log.info("job", "said")
        log.close()
    assert len(stored) == 2


def test_long_message_is_cut_and_says_so() -> None:
    cut = shortened("x" * (MAX_MESSAGE + 1))
    assert len(cut) == MAX_MESSAGE
    assert cut.endswith("x... (truncated)")


def test_message_of_the_greatest_length_is_kept() -> None:
    assert shortened("x" * MAX_MESSAGE) == "x" * MAX_MESSAGE
