"""The state folder: everything that outlives a run, and the lock that keeps two runs apart."""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

PROJECT_ROOT = Path(__file__).resolve().parents[2]

# sun_path holds 108 bytes; PostgreSQL appends "/.s.PGSQL.5432.lock" to the folder.
LONGEST_SOCKET_FOLDER = 80
ELSEWHERE = Path("/var/lib/countersign")


class StateInUseError(RuntimeError):
    """Another process holds the state folder; `holder` says what it wrote about itself."""

    def __init__(self, holder: dict[str, Any]) -> None:
        super().__init__(holder)
        self.holder = holder


@dataclass(frozen=True)
class State:
    """Paths below one state folder."""

    home: Path

    @classmethod
    def of_environment(cls, *, folder: str = ".local") -> "State":
        """COUNTERSIGN_HOME, or `folder` inside the checkout."""
        home = os.environ.get("COUNTERSIGN_HOME") or str(PROJECT_ROOT / folder)
        return cls(Path(home).expanduser().resolve())

    @property
    def digest(self) -> str:
        """A short name for this folder, for places outside of it."""
        return hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def sockets(self) -> Path:
        """Where the servers listen; in /tmp when the state folder's path is too long for a socket."""
        inside = self.home / "run"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
            return inside
        return Path(f"/tmp/countersign-{os.geteuid()}-{self.digest}")  # noqa: S108  # make() refuses a folder that is not ours

    @property
    def elsewhere(self) -> Path:
        """Where data of this folder lie that must be in reach of another account."""
        return ELSEWHERE / self.digest

    def remove(self) -> None:
        """Delete everything, for folders that were made to be thrown away."""
        for folder in (self.sockets, self.elsewhere, self.home):
            shutil.rmtree(folder, ignore_errors=True)

    def make(self) -> None:
        """Create the folders, closed to everybody else."""
        for folder in (self.home, self.logs, self.sockets):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = self.sockets.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise RuntimeError(f"{self.sockets} belongs to somebody else")

    def secret_key(self) -> str:
        """The key of this installation: made once, readable by its owner alone."""
        path = self.home / "secret_key"
        if not path.exists():
            draft = path.with_suffix(f".{os.getpid()}")
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
            draft.rename(path)
        return path.read_text()

    @contextmanager
    def locked(self, **about: object) -> Iterator[None]:
        """Hold the folder for this process; the kernel lets go when it dies, however it dies."""
        with open(self.home / "lock", "a+") as file:
            if not _try_lock(file):
                raise StateInUseError(_read_holder(file))
            file.truncate(0)
            file.write(json.dumps({"pid": os.getpid(), **about}))
            file.flush()
            yield

    @contextmanager
    def used(self, *, alone: bool = False) -> Iterator[None]:
        """Say that the servers are in use by this process; `alone` waits until they are not by others."""
        with open(self.home / "users", "a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_holder(file: IO[str]) -> dict[str, Any]:
    file.seek(0)
    try:
        return dict(json.load(file))
    except ValueError:
        return {}
