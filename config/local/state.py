"""The state folder: everything that outlives a run, and the lock that allows one run at a time."""

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
SYSTEM_FOLDER = Path("/var/lib/countersign")


class StateInUseError(RuntimeError):
    """Another process holds the state folder; `holder` is what it wrote about itself."""

    def __init__(self, holder: dict[str, Any]) -> None:
        super().__init__(holder)
        self.holder = holder


@dataclass(frozen=True)
class State:
    """One state folder and the paths below it."""

    home: Path

    @classmethod
    def from_environment(cls, *, folder: str = ".local") -> "State":
        """Return the folder that COUNTERSIGN_HOME names, or else `folder` inside the checkout."""
        home = os.environ.get("COUNTERSIGN_HOME") or str(PROJECT_ROOT / folder)
        return cls(Path(home).expanduser().resolve())

    @property
    def digest(self) -> str:
        """A short name for this folder, used outside of it."""
        return hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def sockets(self) -> Path:
        """The folder of the servers' sockets; in /tmp if the state folder's path is too long for a socket."""
        inside = self.home / "run"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
            return inside
        return Path(f"/tmp/countersign-{os.geteuid()}-{self.digest}")  # noqa: S108  # make() refuses a folder that is not ours

    @property
    def system_folder(self) -> Path:
        """The folder for data that another account must reach, outside of the state folder."""
        return SYSTEM_FOLDER / self.digest

    def remove(self) -> None:
        """Delete everything; for throw-away folders."""
        for folder in (self.sockets, self.system_folder, self.home):
            shutil.rmtree(folder, ignore_errors=True)

    def make(self) -> None:
        """Create the folders, closed to all other users."""
        for folder in (self.home, self.logs, self.sockets):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = self.sockets.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            raise RuntimeError(f"{self.sockets} belongs to another user. Remove it, or set COUNTERSIGN_HOME.")

    def secret_key(self) -> str:
        """Return this installation's key: created once, readable by its owner alone."""
        path = self.home / "secret_key"
        if not path.exists():
            draft = path.with_suffix(f".{os.getpid()}")
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
            draft.rename(path)
        return path.read_text()

    @contextmanager
    def locked(self, **about: object) -> Iterator[None]:
        """Lock the folder for this process. The kernel releases the lock when the process dies, however it dies."""
        with open(self.home / "lock", "a+") as file:
            if not _try_lock(file):
                raise StateInUseError(_read_holder(file))
            file.truncate(0)
            file.write(json.dumps({"pid": os.getpid(), **about}))
            file.flush()
            yield

    @contextmanager
    def used(self, *, alone: bool = False) -> Iterator[None]:
        """Mark the servers as in use by this process; `alone` waits until no other process uses them."""
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
