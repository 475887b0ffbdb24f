"""The processes of a running instance, as the operating system sees them."""

import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.harness import Site

PATIENCE_SECONDS = 60.0


def leader(site: Site, name: str) -> int:
    """Wait until the supervisor has started the program; return its process id."""
    eventually(lambda: find_leader(site, name) is not None)
    return find_leader(site, name) or 0


def find_leader(site: Site, name: str) -> int | None:
    marks = {
        "postgres": b"\0-D\0",
        "valkey": b"valkey-server",
        "worker": b"--queues\0celery",
        "draws": b"--queues\0draws",
        "uploads": b"--queues\0uploads",
        "reports": b"--queues\0reports",
        "deliveries": b"--queues\0deliveries",
        "web": b"gunicorn",
        "beat": b"\0beat\0",
    }
    for pid in children(site.process.pid):
        arguments = read(pid, "cmdline")
        if marks[name] in arguments and b"config.local.launch" not in arguments:
            return pid
    return None


def children(parent: int | None) -> set[int]:
    """Return the direct children of a process: every program's leader, or a leader's workers."""
    return {pid for pid in pids() if read(pid, "stat").rpartition(b")")[2].split()[1:2] == [b"%d" % (parent or 0)]}


def tree(root: int) -> set[int]:
    """Return a process and all of its descendants."""
    return {root}.union(*(tree(child) for child in children(root)))


def living(pids: set[int]) -> set[int]:
    """Return the processes that still run; a zombie does not."""
    return {pid for pid in pids if read(pid, "stat").rpartition(b")")[2].split()[:1] not in ([], [b"Z"])}


def pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def is_ready(site: Site) -> bool:
    return answers(f"{site.base_url}/readyz")


def answers(url: str) -> bool:
    """Return whether the address answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def eventually(condition: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
