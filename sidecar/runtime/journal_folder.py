"""Folders of journals: names, making, locking, removing."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from pathlib import Path

from sidecar.errors import UnavailableError
from sidecar.runtime.file_lock import FolderInUseError, lock_file
from sidecar.runtime.journal_segment import sync_folder

_LOCK = "lock"
# `~` never begins a job's folder: what begins so is on its way out.
_REMOVED = "~removed-"
_SAFE_JOB_ID = re.compile(r"[a-z0-9](?:[a-z0-9_.-]{0,62}[a-z0-9])?")


def journal_folder(data_dir: Path, job_id: str) -> Path:
    """Folder of a job's journal; an id that is no safe file name is hashed."""
    if _SAFE_JOB_ID.fullmatch(job_id):
        name = job_id
    else:
        name = "=" + hashlib.sha256(job_id.encode()).hexdigest()
    return data_dir / "journal" / name


def make_folder(folder: Path) -> None:
    """Make the folder and those above it; the new names are durable."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in reversed(missing):
        sync_folder(path.parent)


def lock_folder(folder: Path, job_id: str, timeout_s: float) -> int:
    """Become the folder's one writer; raises UnavailableError when there is another."""
    try:
        return lock_file(folder / _LOCK, timeout_s)
    except FolderInUseError as error:
        raise UnavailableError(
            f"the journal of job [{job_id}] is in use: {error}", headers={"Retry-After": "30"}
        ) from error


def remove_folder(folder: Path) -> None:
    """Remove a folder that is locked by the caller: whole, or (after a crash) not at all."""
    doomed = folder.with_name(_REMOVED + secrets.token_hex(8))
    folder.rename(doomed)
    sync_folder(folder.parent)
    shutil.rmtree(doomed, ignore_errors=True)


def remove_journal(data_dir: Path, job_id: str) -> None:
    """Remove the journal of a job that is not open; gone already is fine."""
    folder = journal_folder(data_dir, job_id)
    if not folder.is_dir():
        return
    fd = lock_folder(folder, job_id, timeout_s=10.0)
    try:
        remove_folder(folder)
    finally:
        os.close(fd)


def remove_remains(data_dir: Path) -> None:
    """Finish removals that a crash interrupted."""
    for folder in (data_dir / "journal").glob(_REMOVED + "*"):
        shutil.rmtree(folder, ignore_errors=True)
