"""The journal promises the committed prefix, in order, whatever happens to the file."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.errors import ConflictError, UnavailableError
from sidecar.runtime.journal import FileJournal
from sidecar.runtime.journal_folder import journal_folder, remove_journal, remove_remains


@dataclass(frozen=True)
class Step:
    """An upload with these chunks, or (None) a flush."""

    chunks: tuple[bytes, ...] | None


STEPS = st.lists(
    st.builds(Step, st.none() | st.lists(st.binary(max_size=60), max_size=4).map(tuple)), max_size=6
)


def apply(journal: FileJournal, step: Step, number: int) -> None:
    if step.chunks is None:
        journal.append("flush", {"n": number})
        return
    upload = journal.begin_upload({"n": number})
    for chunk in step.chunks:
        upload.append(chunk)
    upload.commit()


def contents(journal: FileJournal, after: int = 0) -> list[tuple[int, str, int, bytes]]:
    return [
        (entry.position, entry.kind, entry.arguments["n"], b"".join(blocks))
        for entry, blocks in journal.entries(after)
    ]


def expected(steps: list[Step]) -> list[tuple[int, str, int, bytes]]:
    return [
        (n, "flush", n, b"") if step.chunks is None else (n, "upload", n, b"".join(step.chunks))
        for n, step in enumerate(steps, start=1)
    ]


@contextmanager
def opened(data_dir: Path, job_id: str = "web", **options: int) -> Iterator[FileJournal]:
    journal = FileJournal(data_dir, job_id, lock_timeout_s=0, **options)
    try:
        yield journal
    finally:
        journal.close()


def files(data_dir: Path, job_id: str = "web") -> list[Path]:
    return sorted(journal_folder(data_dir, job_id).glob("*.journal"))


@given(steps=STEPS, data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_file_cut_at_any_byte_replays_exactly_the_committed_prefix(
    steps: list[Step], data: st.DataObject
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        ends = []
        with opened(folder) as journal:
            ends.append(files(folder)[0].stat().st_size)
            for number, step in enumerate(steps, start=1):
                apply(journal, step, number)
                ends.append(journal._active.end)
        (path,) = files(folder)
        cut = data.draw(st.integers(0, path.stat().st_size))
        os.truncate(path, cut)
        survivors = sum(end <= cut for end in ends[1:])
        with opened(folder) as journal:
            assert contents(journal) == expected(steps)[:survivors]
            assert journal.position() == survivors
            apply(journal, Step((b"later",)), survivors + 1)
        with opened(folder) as journal:
            assert contents(journal, after=survivors) == [
                (survivors + 1, "upload", survivors + 1, b"later")
            ]


@given(steps=STEPS.filter(len), data=st.data())
@settings(max_examples=100, deadline=None)
def test_a_damaged_byte_ends_the_replay_before_its_entry(
    steps: list[Step], data: st.DataObject
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        with opened(folder) as journal:
            begin = journal._active.end
            ends = []
            for number, step in enumerate(steps, start=1):
                apply(journal, step, number)
                ends.append(journal._active.end)
        (path,) = files(folder)
        offset = data.draw(st.integers(begin, ends[-1] - 1))
        content = bytearray(path.read_bytes())
        content[offset] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        with opened(folder) as journal:
            assert contents(journal) == expected(steps)[: sum(end <= offset for end in ends)]


def test_an_upload_that_was_not_committed_is_not_replayed(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        apply(journal, Step((b"kept",)), 1)
        journal.begin_upload({"n": 2}).append(b"never committed")
    with opened(tmp_path) as journal:
        assert contents(journal) == [(1, "upload", 1, b"kept")]


def test_a_discarded_upload_gives_its_space_back(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        apply(journal, Step((b"kept",)), 1)
        before = journal._active.end
        upload = journal.begin_upload({"n": 2})
        upload.append(b"x" * 5_000_000)
        upload.discard()
        assert journal.size_bytes() == before
        apply(journal, Step(None), 2)
        assert [kind for _, kind, _, _ in contents(journal)] == ["upload", "flush"]


def test_a_receiver_that_failed_without_discarding_leaves_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        journal.begin_upload({"n": 1}).append(b"lost")
        apply(journal, Step((b"kept",)), 1)
        assert contents(journal) == [(1, "upload", 1, b"kept")]


def test_an_upload_can_be_read_before_it_is_committed(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        upload = journal.begin_upload({"n": 1})
        upload.append(b"a" * 3_000_000)
        upload.append(b"b")
        blocks = list(upload.read())
        assert b"".join(blocks) == b"a" * 3_000_000 + b"b"
        assert max(len(block) for block in blocks) <= 1024 * 1024
        upload.commit()
        assert contents(journal)[0][3] == b"a" * 3_000_000 + b"b"


def test_truncate_frees_space_and_positions_go_on(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        for number in (1, 2, 3):
            apply(journal, Step((b"x" * 1000,)), number)
        life = journal.journal_id
        journal.truncate(3)
        assert journal.size_bytes() < 200
        assert contents(journal) == []
        apply(journal, Step((b"y",)), 4)
    with opened(tmp_path) as journal:
        assert journal.journal_id == life
        assert contents(journal) == [(4, "upload", 4, b"y")]
        assert journal.position() == 4


def test_truncate_keeps_segments_with_entries_behind_the_snapshot(tmp_path: Path) -> None:
    with opened(tmp_path, segment_bytes=500) as journal:
        for number in range(1, 8):
            apply(journal, Step((b"x" * 300,)), number)
        journal.truncate(4)
        assert len(files(tmp_path)) < 4
        assert [position for position, *_ in contents(journal, after=4)] == [5, 6, 7]
    with opened(tmp_path) as journal:
        assert [position for position, *_ in contents(journal, after=4)] == [5, 6, 7]


def test_a_crash_while_a_segment_is_made_loses_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, segment_bytes=10) as journal:
        apply(journal, Step((b"a",)), 1)
        apply(journal, Step((b"b",)), 2)
    os.truncate(files(tmp_path)[-1], 7)
    with opened(tmp_path) as journal:
        assert contents(journal) == [(1, "upload", 1, b"a")]
        apply(journal, Step((b"b",)), 2)
        assert journal.position() == 2


def test_damage_in_the_middle_of_the_journal_is_not_passed_over(tmp_path: Path) -> None:
    with opened(tmp_path, segment_bytes=10) as journal:
        for number in (1, 2, 3):
            apply(journal, Step((b"abc",)), number)
    middle = files(tmp_path)[1]
    os.truncate(middle, middle.stat().st_size - 3)
    with pytest.raises(ConflictError, match="is damaged"):
        FileJournal(tmp_path, "web")


def test_old_segments_that_came_back_after_a_crash_are_dropped(tmp_path: Path) -> None:
    with opened(tmp_path, segment_bytes=10) as journal:
        for number in (1, 2):
            apply(journal, Step((b"abc",)), number)
        first = files(tmp_path)[0]
        content = first.read_bytes()
        journal.truncate(2)
        apply(journal, Step((b"def",)), 3)
    first.write_bytes(content)
    with opened(tmp_path) as journal:
        assert contents(journal) == [(3, "upload", 3, b"def")]
        assert not first.exists()


def test_a_journal_has_one_writer(tmp_path: Path) -> None:
    with (
        opened(tmp_path),
        pytest.raises(UnavailableError, match=r"journal of job \[web\] is in use"),
    ):
        FileJournal(tmp_path, "web", lock_timeout_s=0)


def test_a_deleted_journal_begins_a_new_life(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        apply(journal, Step((b"old",)), 1)
        life = journal.journal_id
        journal.delete()
    assert not journal_folder(tmp_path, "web").exists()
    with opened(tmp_path) as journal:
        assert (journal.position(), contents(journal)) == (0, [])
        assert journal.journal_id != life


def test_the_journal_of_a_closed_job_can_be_removed(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        apply(journal, Step((b"old",)), 1)
    remove_journal(tmp_path, "web")
    remove_journal(tmp_path, "web")
    assert list((tmp_path / "journal").iterdir()) == []


def test_a_removal_that_a_crash_interrupted_is_finished(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    journal_folder(tmp_path, "web").rename(tmp_path / "journal" / "~removed-1")
    remove_remains(tmp_path)
    assert list((tmp_path / "journal").iterdir()) == []


def test_the_last_receipt_survives_crashes_and_truncation(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        assert journal.last_receipt is None
        journal.receipt = "r1"
        apply(journal, Step((b"a",)), 1)
        apply(journal, Step(None), 2)
        assert journal.last_receipt == "r1"
        journal.truncate(2)
    with opened(tmp_path) as journal:
        assert journal.last_receipt == "r1"
        journal.receipt = "r2"
        journal.begin_upload({"n": 3}).append(b"not committed")
    with opened(tmp_path) as journal:
        assert journal.last_receipt == "r1"


@pytest.mark.parametrize("job_id", ["../evil", "a/b", "", ".", "..", "UPPER", "x" * 200, "a\0b"])
def test_any_job_id_is_a_safe_folder_name(tmp_path: Path, job_id: str) -> None:
    folder = journal_folder(tmp_path, job_id)
    assert folder.parent == tmp_path / "journal"
    assert folder.name.startswith("=")


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Files cannot grow beyond `size` bytes, as on a full disk (EFBIG instead of ENOSPC)."""
    import signal

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_refuses_the_upload_and_the_job_goes_on(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        apply(journal, Step((b"kept",)), 1)
        with disk_of(20_000):
            upload = journal.begin_upload({"n": 2})
            with pytest.raises(UnavailableError, match=str(tmp_path / "journal" / "web")) as raised:
                upload.append(b"x" * 100_000)
            assert raised.value.headers["Retry-After"]
            assert os.strerror(errno.EFBIG) in raised.value.reason
            upload.discard()
            apply(journal, Step((b"small",)), 2)
        apply(journal, Step((b"y" * 100_000,)), 3)
        assert not journal.broken
    with opened(tmp_path) as journal:
        assert [body[:5] for *_, body in contents(journal)] == [b"kept", b"small", b"yyyyy"]


def test_no_room_for_the_commit_is_noticed_before_the_upload_is_analysed(tmp_path: Path) -> None:
    with opened(tmp_path) as journal, disk_of(3_000):
        upload = journal.begin_upload({"n": 1})
        upload.append(b"x" * 1000)
        with pytest.raises(UnavailableError):
            upload.read()
        assert not journal.broken
        with disk_of(100_000):
            apply(journal, Step((b"kept",)), 1)
        assert contents(journal) == [(1, "upload", 1, b"kept")]


def test_a_full_disk_refuses_a_flush_and_the_job_goes_on(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        with disk_of(journal._active.end + 5), pytest.raises(UnavailableError):
            journal.append("flush", {"n": 1})
        apply(journal, Step(None), 1)
        assert contents(journal) == [(1, "flush", 1, b"")]


def test_a_commit_that_failed_breaks_the_journal_until_it_is_opened_again(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        apply(journal, Step((b"kept",)), 1)
        upload = journal.begin_upload({"n": 2})
        upload.append(b"lost")
        with disk_of(journal._active.end + 20), pytest.raises(UnavailableError):
            upload.commit()
        assert journal.broken
        with pytest.raises(UnavailableError, match="is being opened again"):
            journal.begin_upload({"n": 2})
    with opened(tmp_path) as journal:
        assert contents(journal) == [(1, "upload", 1, b"kept")]
