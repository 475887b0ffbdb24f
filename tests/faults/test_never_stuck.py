"""Whatever one client, one lock or one server does, health and pushes are answered within two seconds, with 200 or 503.

Everything acknowledged meanwhile is stored once, and everything works again without a restart.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from config.local.state import PROJECT_ROOT
from tests.benchmarks.harness import Site, free_port, running_site
from tests.benchmarks.intake import MODEL, prepared
from tests.faults.callers import Callers, calling, stored
from tests.faults.processes import answers, children, eventually, is_ready, leader

pytestmark = pytest.mark.faults

LONG_SECONDS = 20.0
SHORT_SECONDS = 5.0
VARIABLES = {"COUNTERSIGN_REQUESTS_PER_MINUTE": "0"}
PUSH = f"POST /api/v1/models/{MODEL}/predictions HTTP/1.1"
SLOW_HEAD = f"{PUSH}\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n".encode()
DISK_MIB = 500


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site(variables=VARIABLES) as running:
        yield running


@pytest.fixture(scope="module")
def key(site: Site) -> str:
    return prepared(site)


@pytest.fixture(scope="module")
def proxied(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of nginx before the instance, with the configuration that docker-compose.yml uses."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    ours = (PROJECT_ROOT / "config" / "nginx.conf").read_text()
    ours = ours.replace("server web:8000;", f"server {urlsplit(site.base_url).netloc};")
    ours = ours.replace("listen 8080;", f"listen 127.0.0.1:{port};")
    (folder / "ours.conf").write_text(ours)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 1024; }}\n"
        f"http {{ access_log off; {temporary} include {folder}/ours.conf; }}\n"
    )
    process = subprocess.Popen(["nginx", "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"])
    try:
        address = f"http://127.0.0.1:{port}"
        eventually(lambda: answers(f"{address}/healthz"))
        yield address
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize("is_proxied", [False, True], ids=["alone", "behind-nginx"])
def test_idle_and_slow_clients_keep_nobody_waiting(site: Site, key: str, proxied: str, is_proxied: bool) -> None:
    base_url = proxied if is_proxied else site.base_url
    with calling(site, key, base_url=base_url) as callers, ExitStack() as open_ones:
        clients = [open_ones.enter_context(_connected(base_url)) for _ in range(360)]
        callers.phase = "crowded"
        _drip(clients[300:], seconds=10)
        callers.phase = "over"
    callers.expect("crowded", statuses={200})
    assert set(stored(site, callers.acknowledged).values()) == {1}


def test_a_locked_table_keeps_nobody_waiting(site: Site, key: str) -> None:
    with calling(site, key) as callers:
        with psycopg.connect(site.database_url) as connection:
            connection.execute("LOCK TABLE predictions_prediction IN ACCESS EXCLUSIVE MODE")
            callers.phase = "locked"
            time.sleep(LONG_SECONDS)
            callers.phase = "unlocking"
        _recover(site, callers)
    _expect_recovered(site, callers, after="locked", statuses={503})


def test_a_database_that_hangs_keeps_nobody_waiting(site: Site, key: str) -> None:
    with calling(site, key) as callers:
        time.sleep(1)
        callers.phase = "stopping"
        with _stopped(leader(site, "postgres")):
            time.sleep(1)
            callers.phase = "stopped"
            time.sleep(LONG_SECONDS)
            callers.phase = "going on"
        _recover(site, callers)
    _expect_recovered(site, callers, after="stopped", statuses={503})


def test_a_full_disk_keeps_nobody_waiting(tmp_path: Path) -> None:
    with _small_disk(tmp_path / "disk") as disk, running_site(home=disk, variables=VARIABLES) as site:
        key = prepared(site)
        filler = disk / "filler"
        with calling(site, key) as callers:
            time.sleep(2)
            callers.phase = "filling"
            _fill(filler)
            eventually(lambda: any(call.status == 503 for call in callers.of("filling", "push")))
            callers.phase = "full"
            time.sleep(10)
            callers.phase = "emptied"
            filler.unlink()
            _recover(site, callers)
        _expect_recovered(site, callers, after="full", statuses={200, 503})


def _recover(site: Site, callers: Callers) -> None:
    """Wait until the instance is ready again, and watch it for a while."""
    eventually(lambda: is_ready(site))
    callers.phase = "after"
    time.sleep(SHORT_SECONDS)


def _expect_recovered(site: Site, callers: Callers, *, after: str, statuses: set[int]) -> None:
    callers.expect(after, statuses=statuses)
    callers.expect("after", statuses={200})
    assert set(stored(site, callers.acknowledged).values()) == {1}


@contextmanager
def _connected(base_url: str) -> Iterator[socket.socket]:
    address = urlsplit(base_url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as client:
        yield client


def _drip(clients: list[socket.socket], *, seconds: int) -> None:
    """Send requests, a byte a second: every second client its headers, the others a body."""
    for number, client in enumerate(clients):
        client.sendall(SLOW_HEAD[:40] if number % 2 else SLOW_HEAD)
    for _ in range(seconds):
        time.sleep(1)
        for client in clients:
            try:
                client.sendall(b"x")
            except OSError:  # the server has given it up
                continue


@contextmanager
def _stopped(postgres: int) -> Iterator[None]:
    """Stop the database server with its connections: it answers nothing, and refuses nothing."""
    os.kill(postgres, signal.SIGSTOP)  # from now on, it starts no others
    everybody = [postgres, *children(postgres)]
    for pid in everybody:
        _signal(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in everybody:
            _signal(pid, signal.SIGCONT)


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    """A small file system in memory."""
    folder.mkdir()
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    options = f"size={DISK_MIB}m,mode=755,uid={os.geteuid()},gid={os.getegid()}"
    subprocess.run([*as_root, "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*as_root, "umount", "--lazy", str(folder)], check=True)


def _fill(path: Path) -> None:
    """Take all the space that is left."""
    with open(path, "wb", buffering=0) as file:
        piece = bytes(1024 * 1024)
        while piece:
            try:
                file.write(piece)
            except OSError:
                piece = piece[: len(piece) // 2]
