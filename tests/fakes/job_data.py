"""Model state, stats and annotations in memory."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sidecar.errors import ResourceNotFoundError
from sidecar.interfaces import Document
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.document_ids import (
    data_counts_id,
    model_size_stats_id,
    model_snapshot_id,
    model_state_id,
    quantiles_id,
    timing_stats_id,
)
from sidecar.schema.model_size_stats import ModelSizeStats
from sidecar.schema.model_snapshot import ModelSnapshot
from sidecar.schema.timing_stats import TimingStats
from tests.fakes.failing import Failing
from tests.fakes.fake_index import FakeIndex


class FakeModelStateStore(Failing):
    """Implements `interfaces.ModelStateStore`."""

    def __init__(self, results: FakeIndex, state: FakeIndex) -> None:
        super().__init__()
        self._results = results
        self._state = state
        self._chunks: dict[str, bytes] = {}

    def save(self, snapshot: ModelSnapshot, chunks: Iterable[bytes]) -> ModelSnapshot:
        self._called("save")
        job_id, count = snapshot.job_id, 0
        for count, chunk in enumerate(chunks, start=1):
            self._chunks[model_state_id(job_id, snapshot.snapshot_id, count)] = bytes(chunk)
        self._called("save quantiles")
        if snapshot.quantiles is not None:
            self._state.put(quantiles_id(job_id), dict(snapshot.quantiles))
        self._called("save document")
        stored = dataclasses.replace(snapshot, snapshot_doc_count=count)
        name = model_snapshot_id(job_id, snapshot.snapshot_id)
        self._results.put(name, stored.to_document())
        self._results.refresh()
        return stored

    def load(self, snapshot: ModelSnapshot) -> Iterator[bytes]:
        self._called("load")
        for number in range(1, snapshot.snapshot_doc_count + 1):
            name = model_state_id(snapshot.job_id, snapshot.snapshot_id, number)
            if name not in self._chunks:
                raise ResourceNotFoundError(f"model state [{name}] is missing")
            yield self._chunks[name]

    def get(self, job_id: str, snapshot_id: str) -> ModelSnapshot | None:
        self._called("get")
        document = self._results.get(model_snapshot_id(job_id, snapshot_id))
        return None if document is None else ModelSnapshot.from_document(document)

    def list(self, job_id: str) -> list[ModelSnapshot]:
        self._called("list")
        documents = self._results.search(
            lambda d: d.get("job_id") == job_id and "snapshot_doc_count" in d
        )
        found = [ModelSnapshot.from_document(document) for document in documents]
        return sorted(found, key=lambda s: (s.timestamp, s.snapshot_id), reverse=True)

    def delete(self, snapshot: ModelSnapshot) -> None:
        self._called("delete")
        self._results.delete(model_snapshot_id(snapshot.job_id, snapshot.snapshot_id))
        self._results.refresh()
        for number in range(1, snapshot.snapshot_doc_count + 1):
            self.drop_chunk(snapshot, number)

    def delete_all(self, job_id: str) -> None:
        self._called("delete_all")
        self._results.delete_matching(
            lambda d: d.get("job_id") == job_id and "snapshot_doc_count" in d
        )
        for name in [n for n in self._chunks if n.startswith(f"{job_id}_model_state_")]:
            del self._chunks[name]
        self._state.delete(quantiles_id(job_id))

    def drop_chunk(self, snapshot: ModelSnapshot, number: int) -> None:
        """Lose one chunk, as a broken cluster would."""
        name = model_state_id(snapshot.job_id, snapshot.snapshot_id, number)
        self._chunks.pop(name, None)

    def chunk_ids(self) -> Sequence[str]:
        """Ids of all chunks stored."""
        return sorted(self._chunks)


class FakeStatsStore(Failing):
    """Implements `interfaces.StatsStore`; what is put can be read at once."""

    def __init__(self, results: FakeIndex) -> None:
        super().__init__()
        self._results = results

    def put(
        self,
        counts: DataCounts | None = None,
        size: ModelSizeStats | None = None,
        timing: TimingStats | None = None,
    ) -> None:
        self._called("put")
        if counts is not None:
            self._results.put(data_counts_id(counts.job_id), counts.to_document())
        if size is not None:
            name = model_size_stats_id(size.job_id, size.log_time)
            self._results.put(name, size.to_document())
        if timing is not None:
            document = {**timing.to_document(), "result_type": "timing_stats"}
            self._results.put(timing_stats_id(timing.job_id), document)

    def data_counts(self, job_ids: Sequence[str]) -> Mapping[str, Document]:
        self._called("data_counts")
        found = {job_id: self._results.get(data_counts_id(job_id)) for job_id in job_ids}
        return {job_id: document for job_id, document in found.items() if document is not None}

    def model_size_stats(self, job_ids: Sequence[str]) -> Mapping[str, Document]:
        self._called("model_size_stats")
        newest: dict[str, Document] = {}
        for document in self._results.all().values():
            job_id: str = document["job_id"]
            if document.get("result_type") != "model_size_stats" or job_id not in job_ids:
                continue
            if document["log_time"] >= newest.get(job_id, document)["log_time"]:
                newest[job_id] = document
        return newest

    def timing_stats(self, job_ids: Sequence[str]) -> Mapping[str, Document]:
        self._called("timing_stats")
        found = {job_id: self._results.get(timing_stats_id(job_id)) for job_id in job_ids}
        return {job_id: document for job_id, document in found.items() if document is not None}


class FakeAnnotationStore(Failing):
    """Implements `interfaces.AnnotationStore`; `documents` are those of all jobs, by id."""

    def __init__(self) -> None:
        super().__init__()
        self._index = FakeIndex()
        self._numbers = itertools.count()

    def put(self, annotation: Document, annotation_id: str | None = None) -> None:
        self._called("put")
        self._index.put(annotation_id or f"annotation-{next(self._numbers)}", annotation)

    def delete(self, job_id: str, *, user_annotations: bool) -> None:
        self._called("delete")

        def is_doomed(document: Document) -> bool:
            system = document.get("create_username") == "_xpack"
            return document["job_id"] == job_id and (user_annotations or system)

        self._index.delete_matching(is_doomed)

    @property
    def documents(self) -> Mapping[str, Document]:
        return self._index.all()
