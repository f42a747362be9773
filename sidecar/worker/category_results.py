"""What categorization makes known: categories, statistics of partitions, changes of status."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

from sidecar import messages
from sidecar.clock import Clock
from sidecar.engine.anomaly_job import AnomalyJob
from sidecar.engine.categorization.categories import COUNTED, REDEFINED
from sidecar.engine.categorization.definition import CategoryDefinition
from sidecar.engine.categorization.job_categorization import JobCategorization
from sidecar.engine.categorization.partitions import StatusChange
from sidecar.engine.categorization.stats import CategorizerStats
from sidecar.errors import MlError
from sidecar.interfaces import AnnotationStore, AuditLog, Document
from sidecar.schema.document_ids import (
    categorization_annotation_id,
    categorizer_stats_id,
    category_definition_id,
)
from sidecar.schema.result_fields import RESERVED_RESULT_FIELDS
from sidecar.worker.results_queue import ResultsQueue
from sidecar.worker.snapshots import SYSTEM_USER

logger = logging.getLogger(__name__)


class CategoryResults:
    """Queues the documents of a job's categories behind its other results.

    All methods are called from the engine's thread. Nothing happens in a job that does not
    categorize.
    """

    def __init__(
        self,
        engine: AnomalyJob,
        results: ResultsQueue,
        annotations: AnnotationStore,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._results = results
        self._annotations = annotations
        self._audit = audit
        self._clock = clock
        self._written_stats: dict[int, CategorizerStats] = {}

    def write_redefined(self) -> None:
        """Write categories that are new or look different, and changes of status."""
        if (categorization := self._engine.categorization) is not None:
            self._write(categorization, REDEFINED)

    def write_all(self) -> None:
        """Write all that changed, numbers of matches and statistics of partitions too."""
        if (categorization := self._engine.categorization) is None:
            return
        self._write(categorization, COUNTED)
        if categorization.partition_field is not None:
            self._write_stats(categorization)

    def _write(self, categorization: JobCategorization, at_least: int) -> None:
        job_id = self._engine.job.job_id
        definitions = categorization.categorizer.take_changed(at_least)
        self._results.put(
            [
                (
                    category_definition_id(job_id, definition.category_id),
                    _definition_document(job_id, definition, self._partition(definition.partition)),
                )
                for definition in definitions
            ]
        )
        for change in categorization.categorizer.take_status_changes():
            self._tell(change)

    def _write_stats(self, categorization: JobCategorization) -> None:
        job_id, now = self._engine.job.job_id, self._clock()
        stats = categorization.categorizer.stats_by_partition()
        documents: list[tuple[str, Document]] = []
        for code, counts in stats.items():
            if self._written_stats.get(code) == counts:
                continue
            partition = self._partition(code)
            name = categorizer_stats_id(job_id, now, partition.get("partition_field_value"))
            document = {
                "job_id": job_id,
                "result_type": "categorizer_stats",
                **partition,
                **dataclasses.asdict(counts),
                "log_time": now,
                "timestamp": self._bucket_ms(now),
            }
            documents.append((name, document))
        self._results.put(documents)
        self._written_stats = stats

    def _partition(self, code: int) -> dict[str, Any]:
        """Members of a document that say which partition it is about."""
        categorization = self._engine.categorization
        name = None if categorization is None else categorization.partition_field
        if name is None:
            return {}
        value = self._engine.dictionaries[name].name(code)
        members = {"partition_field_name": name, "partition_field_value": value}
        return members if name in RESERVED_RESULT_FIELDS else {**members, name: value}

    def _bucket_ms(self, otherwise: int) -> int:
        start_s = self._engine.first_open_bucket
        return otherwise if start_s is None else start_s * 1000

    def _tell(self, change: StatusChange) -> None:
        """Annotate and audit a change of status, behind the results before it."""
        job_id, now = self._engine.job.job_id, self._clock()
        partition = self._partition(change.partition)
        value = partition.get("partition_field_value")
        text = messages.categorization_status_changed(
            change.status, partition.get("partition_field_name"), value
        )
        time = self._bucket_ms(now)
        annotation = {
            "annotation": text,
            "create_time": now,
            "create_username": SYSTEM_USER,
            "timestamp": time,
            "end_timestamp": time,
            "job_id": job_id,
            "modified_time": now,
            "modified_username": SYSTEM_USER,
            "type": "annotation",
            "event": "categorization_status_change",
        }
        if value is not None:
            annotation["partition_field_name"] = partition["partition_field_name"]
            annotation["partition_field_value"] = value
        name = categorization_annotation_id(job_id, change.messages, value)

        def tell() -> None:
            audit = self._audit.warning if change.status == "warn" else self._audit.info
            audit(job_id, text)
            try:
                self._annotations.put(annotation, name)
            except MlError as error:
                logger.warning(
                    "annotation is not stored: %s", error.reason, extra={"ml.job_id": job_id}
                )

        self._results.call(tell)


def _definition_document(
    job_id: str, definition: CategoryDefinition, partition: dict[str, Any]
) -> Document:
    return {
        "job_id": job_id,
        "result_type": "category_definition",
        "category_id": definition.category_id,
        **partition,
        "terms": definition.terms,
        "regex": definition.regex,
        "max_matching_length": definition.max_matching_length,
        "examples": list(definition.examples),
        "num_matches": definition.num_matches,
        "preferred_to_categories": list(definition.preferred_to_categories),
        "mlcategory": str(definition.category_id),
    }
