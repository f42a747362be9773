"""What every runtime promises, written once; `test_inline` and `test_local` run it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sidecar.errors import (
    ConflictError,
    JobFailedError,
    MlError,
    ParseError,
    ResourceNotFoundError,
    TooManyRequestsError,
)
from sidecar.interfaces import FlushRequest, JobRuntime, TimeRange
from sidecar.schema.analysis_config import AnalysisConfig
from sidecar.schema.detector import Detector
from sidecar.schema.job import DataDescription, Job
from sidecar.schema.job_task import JobState
from sidecar.schema.units import TimeValue

PATIENCE_MS = 60_000
PATIENCE_S = 60.0
MAX_OPEN_JOBS = 4
ANALYSIS = AnalysisConfig(TimeValue(300_000, "5m"), (Detector("count"),))


class CallerWentAwayError(Exception):
    """What reading the request's body raises."""


def log(folder: Path, job_id: str = "web") -> list[str]:
    """What the fake job saw, in order."""
    return (folder / f"{job_id}.log").read_text().splitlines()


def records(runtime: JobRuntime, job_id: str = "web") -> int:
    """Records counted in the open job's totals."""
    stats = runtime.status([job_id])[job_id].stats
    assert stats is not None
    return stats.data_counts.processed_record_count


class RuntimeContract:
    """Fixtures `runtime` (at most 4 open jobs) and `folder` (the fake job's) come from below."""

    def test_a_job_is_opened_fed_flushed_and_closed(
        self, runtime: JobRuntime, folder: Path
    ) -> None:
        node_id = runtime.open("web", PATIENCE_MS)
        assert node_id == runtime.node()["id"]
        counts = runtime.post("web", [b"a\nb", b"\nc\n"], TimeRange(1000, 2000))
        assert counts.processed_record_count == 3
        assert counts.input_bytes == 6
        answer = runtime.flush("web", FlushRequest(advance_time=86_400_000))
        assert answer.last_finalized_bucket_end == 86_400_000
        runtime.close("web", force=False, timeout_ms=PATIENCE_MS)
        assert runtime.status(["web"]) == {}
        assert log(folder) == ["open epoch=1", "posted a", "flushed", "persisted", "closed"]

    def test_an_open_job_tells_its_status(self, runtime: JobRuntime) -> None:
        runtime.open("web", PATIENCE_MS)
        runtime.post("web", [b"a\n"], None)
        status = runtime.status(["web", "other"])["web"]
        assert status.state is JobState.OPENED
        assert status.node == runtime.node()
        assert status.open_time is not None
        assert status.stats is not None
        assert status.stats.data_counts.processed_record_count == 1
        assert status.stats.model_size_stats.model_bytes == 7
        assert set(runtime.node()) == {
            "id",
            "name",
            "ephemeral_id",
            "transport_address",
            "attributes",
        }

    def test_a_closed_job_refuses_data_flushes_and_snapshots(self, runtime: JobRuntime) -> None:
        for call in (
            lambda: runtime.post("web", [b"a"], None),
            lambda: runtime.flush("web", FlushRequest()),
            lambda: runtime.persist("web"),
        ):
            with pytest.raises(ConflictError, match=r"because job \[web\] is not open"):
                call()

    def test_closing_a_closed_job_does_nothing(self, runtime: JobRuntime) -> None:
        runtime.close("web", force=False, timeout_ms=PATIENCE_MS)
        runtime.close("web", force=True, timeout_ms=PATIENCE_MS)

    def test_an_open_job_cannot_be_opened_again(self, runtime: JobRuntime) -> None:
        runtime.open("web", PATIENCE_MS)
        with pytest.raises(ConflictError, match=r"Cannot open job \[web\] because it has already"):
            runtime.open("web", PATIENCE_MS)

    def test_a_job_continues_where_it_was_closed(self, runtime: JobRuntime) -> None:
        for _ in range(2):
            runtime.open("web", PATIENCE_MS)
            runtime.post("web", [b"a\nb\n"], None)
            runtime.close("web", force=False, timeout_ms=PATIENCE_MS)
        runtime.open("web", PATIENCE_MS)
        assert records(runtime) == 4

    def test_closing_with_force_does_not_persist_and_loses_nothing(
        self, runtime: JobRuntime, folder: Path
    ) -> None:
        runtime.open("web", PATIENCE_MS)
        runtime.post("web", [b"a\nb\n"], None)
        runtime.close("web", force=True, timeout_ms=PATIENCE_MS)
        assert runtime.status(["web"]) == {}
        assert "persisted" not in log(folder)
        runtime.open("web", PATIENCE_MS)
        assert records(runtime) == 2

    def test_a_forgotten_job_begins_anew(self, runtime: JobRuntime) -> None:
        runtime.open("web", PATIENCE_MS)
        runtime.post("web", [b"a\n"], None)
        runtime.close("web", force=True, timeout_ms=PATIENCE_MS)
        runtime.forget("web")
        runtime.forget("web")
        runtime.open("web", PATIENCE_MS)
        assert records(runtime) == 0

    def test_persist_stores_a_snapshot_of_an_open_job(
        self, runtime: JobRuntime, folder: Path
    ) -> None:
        runtime.open("web", PATIENCE_MS)
        runtime.post("web", [b"a\n"], None)
        assert runtime.persist("web") == "1"
        assert log(folder)[-1] == "persisted"

    def test_an_open_job_is_told_of_changes_and_a_closed_one_is_not(
        self, runtime: JobRuntime, folder: Path
    ) -> None:
        job = Job("web", ANALYSIS, DataDescription(), description="new")
        runtime.update(job)
        runtime.reload_rules("web")
        runtime.open("web", PATIENCE_MS)
        runtime.update(job)
        runtime.reload_rules("web")
        assert log(folder)[-3:] == ["open epoch=1", "updated new", "reloaded rules"]

    def test_the_number_of_open_jobs_is_limited(self, runtime: JobRuntime) -> None:
        for number in range(MAX_OPEN_JOBS):
            runtime.open(f"job-{number}", PATIENCE_MS)
        with pytest.raises(TooManyRequestsError, match=r"max running job capacity \[4\] reached"):
            runtime.open("one-more", PATIENCE_MS)
        runtime.close("job-0", force=False, timeout_ms=PATIENCE_MS)
        runtime.open("one-more", PATIENCE_MS)

    def test_a_malformed_upload_is_refused_and_the_job_goes_on(self, runtime: JobRuntime) -> None:
        runtime.open("web", PATIENCE_MS)
        with pytest.raises(ParseError, match="malformed") as raised:
            runtime.post("web", [b"a\nrefuse\n"], None)
        assert raised.value.metadata == {"line": 3}
        runtime.post("web", [b"b\n"], None)
        assert records(runtime) == 3

    def test_a_refusal_before_the_end_of_the_upload_comes_out(self, runtime: JobRuntime) -> None:
        runtime.open("web", PATIENCE_MS)
        chunks = [b"no room", *(b"x" * 1_000_000 for _ in range(30))]
        with pytest.raises(TooManyRequestsError, match="full") as raised:
            runtime.post("web", chunks, None)
        assert raised.value.headers == {"Retry-After": "7"}
        assert records(runtime) == 0

    @pytest.mark.parametrize(
        "error",
        [CallerWentAwayError("gone"), ConflictError("anything of ours")],
        ids=["not-ours", "ours"],
    )
    def test_an_upload_whose_caller_goes_away_leaves_nothing(
        self, runtime: JobRuntime, folder: Path, error: Exception
    ) -> None:
        def breaks_off() -> Iterator[bytes]:
            yield b"a\n" * 1000
            raise error

        runtime.open("web", PATIENCE_MS)
        with pytest.raises(type(error), match=str(error)):
            runtime.post("web", breaks_off(), None)
        runtime.post("web", [b"b\n"], None)
        assert records(runtime) == 1
        assert log(folder)[1].startswith("discarded")

    def test_a_large_upload_arrives_whole(self, runtime: JobRuntime) -> None:
        line = b"x" * 999 + b"\n"
        runtime.open("web", PATIENCE_MS)
        counts = runtime.post("web", [line * 5_000] * 4, None)
        assert (counts.processed_record_count, counts.input_bytes) == (20_000, 20_000_000)

    def test_an_empty_upload_is_an_upload(self, runtime: JobRuntime) -> None:
        runtime.open("web", PATIENCE_MS)
        assert runtime.post("web", [], None).processed_record_count == 0

    def test_a_job_whose_analysis_dies_fails_until_it_is_closed_with_force(
        self, runtime: JobRuntime
    ) -> None:
        runtime.open("web", PATIENCE_MS)
        runtime.post("web", [b"a\n"], None)
        with pytest.raises(JobFailedError, match="as told"):
            runtime.post("web", [b"fail\n"], None)
        self.wait_for(lambda: runtime.status(["web"])["web"].state is JobState.FAILED)
        status = runtime.status(["web"])["web"]
        assert "as told" in (status.assignment_explanation or "")
        with pytest.raises(ConflictError, match="is not open"):
            runtime.post("web", [b"b\n"], None)
        with pytest.raises(ConflictError, match="because it failed, use force close"):
            runtime.close("web", force=False, timeout_ms=PATIENCE_MS)
        with pytest.raises(ConflictError, match="already been opened"):
            runtime.open("web", PATIENCE_MS)
        runtime.close("web", force=True, timeout_ms=PATIENCE_MS)
        assert runtime.status(["web"]) == {}
        runtime.open("web", PATIENCE_MS)
        assert records(runtime) == 1

    def test_a_job_that_cannot_be_opened_fails_with_the_reason(
        self, runtime: JobRuntime, folder: Path
    ) -> None:
        (folder / "do-not-open").touch()
        with pytest.raises(ResourceNotFoundError, match="No known job with id 'web'"):
            runtime.open("web", PATIENCE_MS)
        assert runtime.status(["web"])["web"].state is JobState.FAILED
        (folder / "do-not-open").unlink()
        runtime.close("web", force=True, timeout_ms=PATIENCE_MS)
        runtime.open("web", PATIENCE_MS)

    def test_uploads_wait_for_each_other_and_a_close_for_them(
        self, runtime: JobRuntime, folder: Path
    ) -> None:
        begun, go = threading.Event(), threading.Event()

        def slow() -> Iterator[bytes]:
            begun.set()
            yield b"slow\n"
            assert go.wait(PATIENCE_S)
            yield b"end\n"

        runtime.open("web", PATIENCE_MS)
        outcomes: list[MlError] = []

        def run(call: Callable[[], object]) -> None:
            try:
                call()
            except MlError as error:
                outcomes.append(error)

        first = threading.Thread(target=run, args=(lambda: runtime.post("web", slow(), None),))
        first.start()
        assert begun.wait(PATIENCE_S)
        second = threading.Thread(
            target=run, args=(lambda: runtime.post("web", [b"second\n"], None),)
        )
        second.start()
        assert records(runtime) == 0
        go.set()
        first.join(PATIENCE_S)
        second.join(PATIENCE_S)
        runtime.close("web", force=False, timeout_ms=PATIENCE_MS)
        assert outcomes == []
        assert log(folder) == [
            "open epoch=1",
            "posted slow",
            "posted second",
            "persisted",
            "closed",
        ]

    @staticmethod
    def wait_for(condition: Callable[[], bool]) -> None:
        """Poll; an assertion error after a minute."""
        pause = threading.Event()
        for _ in range(1200):
            if condition():
                return
            pause.wait(0.05)
        raise AssertionError("waited in vain")
