"""Tasks of jobs that are not closed, in the sidecar's own index."""

from __future__ import annotations

from typing import Any

from sidecar.interfaces import Versioned
from sidecar.schema.job_task import JobTask
from sidecar.storage.client import Connection, translated_errors
from sidecar.storage.documents import BRIEF_PATIENCE_S, Documents
from sidecar.storage.names import Names
from sidecar.storage.retries import Retries
from sidecar.storage.scan import scan

_JOB_TASK = "job_task"


class ElasticsearchJobTaskStore:
    """Implements `interfaces.JobTaskStore`."""

    def __init__(self, connection: Connection, names: Names) -> None:
        self._connection = connection
        self._index = names.sidecar
        self._documents = Documents(connection, names.sidecar)

    def get(self, job_id: str) -> tuple[JobTask, Versioned] | None:
        """See `interfaces.JobTaskStore.get`."""
        stored = self._documents.get(_task_id(job_id))
        return None if stored is None else (JobTask.from_document(stored.source), stored.version)

    def get_all(self) -> list[JobTask]:
        """See `interfaces.JobTaskStore.get_all`."""

        def action() -> list[dict[str, Any]]:
            # Tasks change often and are listed seldom: the reader refreshes, not each writer.
            with translated_errors():
                self._connection.client.indices.refresh(index=self._index, ignore_unavailable=True)
            query = {"bool": {"filter": {"term": {"type": _JOB_TASK}}}}
            hits = scan(self._connection, self._index, query, source=True)
            return [hit["_source"] for hit in hits]

        found = Retries(patience_s=BRIEF_PATIENCE_S).call("list of job tasks", action)
        return sorted(map(JobTask.from_document, found), key=lambda task: task.job_id)

    def put(self, task: JobTask, version: Versioned | None) -> Versioned:
        """See `interfaces.JobTaskStore.put`."""
        name, source = _task_id(task.job_id), {**task.to_document(), "type": _JOB_TASK}
        if version is None:
            return self._documents.create(name, source, refresh=False)
        return self._documents.replace(name, source, version, refresh=False)

    def delete(self, job_id: str) -> None:
        """See `interfaces.JobTaskStore.delete`."""
        self._documents.delete(_task_id(job_id), refresh=False)


def _task_id(job_id: str) -> str:
    return f"{_JOB_TASK}_{job_id}"
