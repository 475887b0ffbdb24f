"""The embedded servers of a state folder: as programs for the supervisor, or running for the length of a block."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from config.local.postgres import cluster_of
from config.local.process import Child, Program
from config.local.state import State
from config.local.valkey import broker_of

START_SECONDS = 60.0
SHOWN_LOG_LINES = 20


def embedded(
    state: State, *, is_durable: bool = True, given: Mapping[str, str] = os.environ
) -> tuple[list[Program], dict[str, str]]:
    """Return the servers to run, and the environment that tells the product where they are.

    DATABASE_URL and REDIS_URL, where given, replace the embedded servers.
    """
    state.make()
    programs: list[Program] = []
    environment = {
        "COUNTERSIGN_HOME": str(state.home),
        "COUNTERSIGN_SECRET_KEY": given.get("COUNTERSIGN_SECRET_KEY") or state.secret_key(),
    }
    if not given.get("DATABASE_URL"):
        cluster = cluster_of(state, is_durable=is_durable)
        programs.append(cluster.program())
        environment["DATABASE_URL"] = cluster.url
    if not given.get("REDIS_URL"):
        broker = broker_of(state)
        programs.append(broker.program())
        environment["REDIS_URL"] = broker.url
    return programs, environment


@contextmanager
def running(programs: list[Program], *, logs: Path) -> Iterator[None]:
    """Start the servers, wait until each is ready, and stop them in the opposite order at the end."""
    with ExitStack() as stack:
        for program in programs:
            log = logs / f"{program.name}.log"
            output = stack.enter_context(open(log, "ab"))
            child = Child(program, environment={}, output=output)
            stack.callback(child.stop)
            _wait_until_ready(child, log=log)
        yield


def wait_for(programs: list[Program]) -> None:
    """Wait for servers that another process runs."""
    deadline = time.monotonic() + START_SECONDS
    while not all(program.is_ready() for program in programs):
        if time.monotonic() > deadline:
            names = " and ".join(program.name for program in programs)
            raise RuntimeError(f"Countersign runs on this state folder, but {names} did not answer in time.")
        time.sleep(0.1)


def _wait_until_ready(child: Child, *, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not child.program.is_ready():
        if child.exit_code() is not None or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-SHOWN_LOG_LINES:])
            raise RuntimeError(f"{child.program.name} did not start. The last lines of {log}:\n{tail}")
        time.sleep(0.02)
