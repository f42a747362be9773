"""Generated log messages with the template each was made from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Generator = np.random.Generator

_USERS = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy")
_SERVICES = ("billing", "search", "login", "checkout", "catalog", "shipping", "reports")
_HOSTS = tuple(f"web{i:02d}.example.com" for i in range(1, 40))


def _number(generator: Generator, low: int = 0, high: int = 100_000) -> str:
    return str(generator.integers(low, high))


def _address(generator: Generator) -> str:
    return ".".join(str(part) for part in generator.integers(1, 255, 4))


def _hexadecimal(generator: Generator, length: int = 16) -> str:
    return "".join(f"{digit:x}" for digit in generator.integers(0, 16, length))


def _uuid(generator: Generator) -> str:
    return "-".join(_hexadecimal(generator, n) for n in (8, 4, 4, 4, 12))


def _one_of(*values: str) -> Callable[[Generator], str]:
    return lambda generator: values[int(generator.integers(0, len(values)))]


_FIELDS: dict[str, Callable[[Generator], str]] = {
    "user": _one_of(*_USERS),
    "host": _one_of(*_HOSTS),
    "service": _one_of(*_SERVICES),
    "n": _number,
    "ms": lambda g: f"{_number(g, 1, 900)}ms",
    "ip": _address,
    "port": lambda g: _number(g, 1024, 65536),
    "hex": _hexadecimal,
    "uuid": _uuid,
    "file": lambda g: f"/var/lib/app/data-{_number(g)}.db",
    "url": lambda g: f"https://api.example.com/v1/orders/{_number(g)}?page={_number(g, 1, 9)}",
    "mail": lambda g: f"{_FIELDS['user'](g)}@example.com",
}

TEMPLATES = (
    "sshd[{n}]: Accepted publickey for {user} from {ip} port {port} ssh2",
    "sshd[{n}]: Failed password for invalid user {user} from {ip} port {port} ssh2",
    "sshd[{n}]: pam_unix(sshd:session): session opened for user {user} by (uid=0)",
    "sshd[{n}]: pam_unix(sshd:session): session closed for user {user}",
    "Receiving block blk_{n} src: /{ip}:{port} dest: /{ip}:50010",
    "PacketResponder {n} for block blk_-{n} terminating",
    "Verification succeeded for blk_{n}",
    "Request {uuid} to service {service} completed in {ms} with status 200",
    "Request {uuid} to service {service} timed out after {ms}",
    "Health check of {host} passed",
    "Connection to {host}:{port} refused, retrying in {ms}",
    "User {user} logged in from {ip}",
    "User {user} changed the password",
    "Deleted {n} expired documents from index {service}-{n}",
    "GC pause {ms}, heap {n}K->{n}K",
    "Out of memory: killed process {n} ({service}) total-vm:{n}kB",
    "Could not write {file}: no space left on device",
    "Sent notification mail to {mail}, id {hex}",
    "GET {url} took {ms}",
    "Transaction {hex} rolled back because of a deadlock",
    "Starting nightly backup of volume {n}",
    "Certificate of {host} expires in {n} days",
)


def messages(count: int, seed: int = 1) -> tuple[list[str], list[int]]:
    """Messages with a time in front, and the template of each; templates are not equally common."""
    generator = np.random.Generator(np.random.PCG64(seed))
    share = 1.0 / np.arange(1, len(TEMPLATES) + 1)
    order = generator.permutation(len(TEMPLATES))
    chosen = order[generator.choice(len(TEMPLATES), count, p=share / share.sum())].tolist()
    made = []
    for second, template in enumerate(chosen):
        pieces = TEMPLATES[template].replace("}", "{").split("{")
        for i in range(1, len(pieces), 2):
            pieces[i] = _FIELDS[pieces[i]](generator)
        time = f"2024-03-{second // 86400 % 28 + 1:02d}T{second // 3600 % 24:02d}:{second % 60:02d}"
        made.append(f"{time} {''.join(pieces)}")
    return made, chosen


def adjusted_rand_index(one: list[int], other: list[int]) -> float:
    """Agreement of two partitions of the same things; 1 if they are the same [1]_.

    References
    ----------
    .. [1] Hubert, Arabie: Comparing partitions, Journal of Classification 2 (1985).
    """
    _, a = np.unique(np.array(one), return_inverse=True)
    _, b = np.unique(np.array(other), return_inverse=True)
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1)

    def pairs(counts: npt.NDArray[np.float64]) -> float:
        return float((counts * (counts - 1) / 2).sum())

    both, rows, columns = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    expected = rows * columns / pairs(np.array([float(len(one))]))
    most = (rows + columns) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)
