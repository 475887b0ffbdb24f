"""A temporary Countersign instance, started as `./run.sh up` does, for benchmarks and fault tests."""

import atexit
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx

from config.local import launch, product
from config.local.postgres import cluster_of
from config.local.servers import embedded
from config.local.state import PROJECT_ROOT, State

START_SECONDS = 150.0
MODULE = "config.local"
# All programs but the web and its servers.
BACKGROUND = (*product.WORKERS, "beat")


@dataclass(frozen=True)
class Site:
    """A running instance. `environment` holds the addresses of its servers."""

    base_url: str
    home: Path
    process: subprocess.Popen[bytes]
    environment: Mapping[str, str]

    @property
    def database_url(self) -> str:
        return self.environment["DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        return self.environment["REDIS_URL"]

    @property
    def terminal(self) -> str:
        """Return what the supervisor has printed so far."""
        return _terminal(self.home).read_text(errors="replace")

    def manage(self, *arguments: str) -> str:
        """Run a management command against this instance and return its output."""
        command = [sys.executable, "-m", MODULE, "manage", *arguments]
        variables = {**_clean_environment(), "COUNTERSIGN_HOME": str(self.home)}
        return subprocess.run(
            command, cwd=PROJECT_ROOT, env=variables, check=True, stdout=subprocess.PIPE, text=True
        ).stdout


@contextmanager
def signed_in(site: Site, email: str) -> Iterator[httpx.Client]:
    """Open a client that has followed this person's sign-in link."""
    link = re.search(r"http\S+", site.manage("sign_in_link", "--user", email))
    assert link is not None
    with httpx.Client(base_url=site.base_url, follow_redirects=True, timeout=60) as client:
        form = client.get(re.sub(r"^https?://[^/]+", "", link[0]))
        client.post(str(form.url), data={"csrfmiddlewaretoken": form_token(form)}, headers={"referer": str(form.url)})
        yield client


def form_token(page: httpx.Response) -> str:
    """Return the token that a page's forms send along."""
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token is not None
    return token[1]


@contextmanager
def running_site(
    *,
    home: Path | None = None,
    without: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    path: str = "",
    is_first: bool = False,
) -> Iterator[Site]:
    """Start an instance on a free port, wait until it serves, and stop it at the end.

    `home` is an existing state folder; by default a new one is made and removed at the end. `without` names programs
    to leave out, and `path` stands before every address. The database is durable, so timings include its syncs.
    A new folder gets a copy of a migrated database, unless this is to be a first start as users see it.
    """
    folder = home or Path(tempfile.mkdtemp(prefix="countersign-site-"))
    try:
        site = start_site(folder, without=without, variables=variables, path=path, is_first=is_first)
        try:
            yield site
        finally:
            site.process.send_signal(signal.SIGTERM)
            site.process.wait()
    finally:
        if home is None:
            State(folder).remove()


def start_site(
    home: Path,
    *,
    without: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    path: str = "",
    is_first: bool = False,
) -> Site:
    """Start an instance and wait until it serves. The caller ends `process`."""
    State(home).make()
    data = cluster_of(State(home)).data
    if not is_first and not data.exists():
        subprocess.run(["cp", "-a", str(_migrated()), str(data)], check=True)
    port = free_port()
    base_url = f"http://127.0.0.1:{port}{path}"
    command = [sys.executable, "-m", MODULE, "up", *(f"--without={name}" for name in without)]
    _, servers = embedded(State(home), given=_clean_environment())
    with open(_terminal(home), "wb") as terminal:
        process = subprocess.Popen(
            launch.wrap(command, number=signal.SIGTERM),
            cwd=PROJECT_ROOT,
            env={
                **_clean_environment(),
                **(variables or {}),
                "COUNTERSIGN_HOME": str(home),
                "PORT": str(port),
                "COUNTERSIGN_BASE_URL": base_url,
            },
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=subprocess.STDOUT,
        )
    site = Site(base_url=base_url, home=home, process=process, environment=servers)
    _wait(site)
    return site


@cache
def _migrated() -> Path:
    """Return the data folder of a migrated database, made once: migrations take ten seconds, and a copy half of one."""
    home = Path(tempfile.mkdtemp(prefix="countersign-migrated-"))
    atexit.register(State(home).remove)
    migrate = ("migrate", "--no-input", "--verbosity", "0", product.SKIP_CHECKS)
    command = [sys.executable, "-m", MODULE, "manage", *migrate]
    subprocess.run(command, cwd=PROJECT_ROOT, env={**_clean_environment(), "COUNTERSIGN_HOME": str(home)}, check=True)
    return cluster_of(State(home)).data


def free_port() -> int:
    """Return an unused port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def print_table(rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows with equal keys as an aligned table."""
    names = list(rows[0])
    cells = [names, *([_cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    for line in cells:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _clean_environment() -> dict[str, str]:
    """Return our environment without variables that name other servers or another instance."""
    foreign = ("DATABASE_URL", "REDIS_URL", "COUNTERSIGN_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def _terminal(home: Path) -> Path:
    return home / "terminal.log"


def _wait(site: Site) -> None:
    deadline = time.monotonic() + START_SECONDS
    while f"Countersign is at {site.base_url}" not in site.terminal:
        if site.process.poll() is not None or time.monotonic() > deadline:
            site.process.kill()
            raise RuntimeError(f"the instance did not start:\n{site.terminal[-5000:]}")
        time.sleep(0.05)
