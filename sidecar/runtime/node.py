"""Who this sidecar is: an id that survives restarts, folders, the node document."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import stat
import tempfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.interfaces import Document
from sidecar.runtime.journal_folder import make_folder
from sidecar.settings import Settings

_NODE_ID = "node_id"


class RunDirError(Exception):
    """The folder of the local sockets cannot be used safely."""


@dataclass(frozen=True, slots=True)
class Node:
    """One sidecar, as other sidecars and users see it."""

    node_id: str
    name: str
    transport_address: str
    ephemeral_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def of(cls, settings: Settings) -> Node:
        """Make the node of these settings; its id is kept in the data folder."""
        return cls(
            node_id=read_node_id(Path(settings.data_dir)),
            name=settings.node_name or socket.gethostname(),
            transport_address=f"{settings.host}:{settings.port}",
        )

    def document(self) -> Document:
        """Render it as `_stats` shows it."""
        return {
            "id": self.node_id,
            "name": self.name,
            "ephemeral_id": self.ephemeral_id,
            "transport_address": self.transport_address,
            "attributes": {},
        }


def read_node_id(data_dir: Path) -> str:
    """Read the id of this data folder; made at the first call, by whoever is first."""
    path = data_dir / _NODE_ID
    if not path.exists():
        make_folder(data_dir)
        draft = path.with_name(f"{_NODE_ID}.{secrets.token_hex(4)}")
        draft.write_text(secrets.token_urlsafe(16) + "\n", encoding="ascii")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def run_dir_of(settings: Settings) -> Path:
    """Path of the folder for local sockets: short, since socket paths are limited."""
    if settings.run_dir:
        return Path(settings.run_dir).resolve()
    digest = hashlib.sha256(str(Path(settings.data_dir).resolve()).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir(), f"ml-sidecar-{os.getuid()}-{digest}")


def make_run_dir(settings: Settings) -> Path:
    """Make the folder for local sockets, for this user alone; raises RunDirError."""
    folder = run_dir_of(settings)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise RunDirError(f"the folder of local sockets [{folder}]: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise RunDirError(f"the folder of local sockets [{folder}] belongs to somebody else")
    folder.chmod(0o700)
    if len(os.fsencode(folder)) > 80:
        raise RunDirError(f"the path of the folder of local sockets [{folder}] is too long")
    return folder


def clear_run_dir(folder: Path) -> None:
    """Remove the sockets that a supervisor and its jobs left behind when they were killed."""
    for path in folder.iterdir():
        if path.is_socket():
            path.unlink(missing_ok=True)


def supervisor_socket(run_dir: Path) -> str:
    """Path of the socket on which the supervisor listens."""
    return str(run_dir / "supervisor.sock")


def job_socket(run_dir: Path, job_id: str, generation: int) -> str:
    """Path of the socket of one life of a job's process; `generation` is never used twice."""
    digest = hashlib.sha256(job_id.encode()).hexdigest()[:8]
    return str(run_dir / f"{generation:x}-{digest}")
