"""An open job that counts lines and keeps its snapshot in a file; a forked process can import it.

What it is sent decides what it does: a line `refuse`, `fail`, `die`, `die after commit` or
`block <file>` (reads that FIFO to its end).
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sidecar.errors import (
    JobFailedError,
    ParseError,
    ResourceNotFoundError,
    TooManyRequestsError,
    UnavailableError,
)
from sidecar.interfaces import (
    FlushAnswer,
    FlushRequest,
    Journal,
    OpenJob,
    OpenJobFactory,
    OpenJobStats,
    TimeRange,
)
from sidecar.schema.data_counts import DataCounts
from sidecar.schema.job import Job
from sidecar.schema.model_size_stats import ModelSizeStats
from sidecar.schema.timing_stats import TimingStats


def refuse_if_told(chunk: bytes) -> None:
    if chunk == b"no room":
        raise TooManyRequestsError("full", headers={"Retry-After": "7"})


@dataclass(frozen=True)
class FakeFactory:
    """Opens `FakeJob`s that keep their snapshots (and what they saw) in a folder."""

    folder: Path

    def __call__(self, job_id: str, epoch: int, journal: Journal) -> OpenJob:
        if (self.folder / "do-not-open").exists():
            raise ResourceNotFoundError(f"No known job with id '{job_id}'")
        if (self.folder / "not-now").exists():
            raise UnavailableError("the cluster is away")
        if (self.folder / "die-at-open").exists():
            os._exit(3)
        return FakeJob(job_id, epoch, journal, self.folder / f"{job_id}.snapshot")


@dataclass(frozen=True)
class MakeFakeFactory:
    """What the job's process calls to get its factory."""

    folder: Path

    @contextmanager
    def __call__(self) -> Iterator[OpenJobFactory]:
        yield FakeFactory(self.folder)


class FakeJob:
    """Implements `interfaces.OpenJob`."""

    def __init__(self, job_id: str, epoch: int, journal: Journal, snapshot: Path) -> None:
        self._job_id = job_id
        self._journal = journal
        self._snapshot = snapshot
        self._totals = DataCounts(job_id)
        self._description: str | None = None
        after = 0
        if snapshot.exists():
            stored = json.loads(snapshot.read_text())
            self._totals = DataCounts(**stored["totals"])
            after = stored["position"] if stored["journal_id"] == journal.journal_id else 0
        for entry, blocks in journal.entries(after):
            if entry.kind == "upload":
                self._totals = self._totals.plus(self._count(blocks))
        self._log(f"open epoch={epoch}")

    def post(self, chunks: Iterable[bytes], reset: TimeRange | None) -> DataCounts:
        upload = self._journal.begin_upload({"reset": None if reset is None else reset.start})
        try:
            for chunk in chunks:
                refuse_if_told(chunk)
                upload.append(chunk)
        except BaseException as error:
            upload.discard()
            self._log(f"discarded {type(error).__name__}")
            raise
        lines = b"".join(upload.read()).splitlines()
        counts = self._count(upload.read())
        if b"die" in lines:
            os.kill(os.getpid(), signal.SIGKILL)
        if b"fail" in lines:
            raise JobFailedError(f"[{self._job_id}] the analysis failed: as told")
        for line in lines:
            if line.startswith(b"block "):
                Path(line[6:].decode()).read_bytes()
        self._totals = self._totals.plus(counts)
        upload.commit()
        self._log(f"posted {b' '.join(lines[:1]).decode()}")
        if b"die after commit" in lines:
            os.kill(os.getpid(), signal.SIGKILL)
        if b"refuse" in lines:
            raise ParseError("malformed", metadata={"line": 3})
        return counts

    def flush(self, request: FlushRequest) -> FlushAnswer:
        self._journal.append("flush", {})
        self._log("flushed")
        return FlushAnswer(request.advance_time)

    def update(self, job: Job) -> None:
        self._log(f"updated {job.description}")

    def reload_rules(self) -> None:
        self._log("reloaded rules")

    def persist(self) -> str:
        position = self._journal.position()
        state = {
            "position": position,
            "journal_id": self._journal.journal_id,
            "totals": dataclasses.asdict(self._totals),
        }
        draft = self._snapshot.with_suffix(".draft")
        draft.write_text(json.dumps(state))
        draft.replace(self._snapshot)
        self._journal.truncate(position)
        self._log("persisted")
        return str(position)

    def stats(self) -> OpenJobStats:
        return OpenJobStats(
            self._totals, ModelSizeStats(self._job_id, model_bytes=7), TimingStats(self._job_id)
        )

    def close(self) -> None:
        if self._snapshot.with_name("cannot-close").exists():
            raise UnavailableError("cannot persist now")
        self.persist()
        self._log("closed")

    def abandon(self) -> None:
        self._log("abandoned")

    def _count(self, blocks: Iterator[bytes]) -> DataCounts:
        data = b"".join(blocks)
        return DataCounts(
            self._job_id,
            processed_record_count=len(data.splitlines()),
            input_bytes=len(data),
            last_data_time=5,
        )

    def _log(self, text: str) -> None:
        with self._snapshot.with_suffix(".log").open("a") as file:
            file.write(text + "\n")
