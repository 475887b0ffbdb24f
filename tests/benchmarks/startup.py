"""Measure the time to the first page, with a new state folder and with an existing one."""

import tempfile
import time
from pathlib import Path

from config.local.servers import embedded, running
from config.local.state import State
from tests.benchmarks.harness import print_table, running_site


def run(_arguments: list[str]) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="countersign-startup-") as folder:
        servers = _seconds_of_servers(Path(folder) / "servers")
        home = Path(folder) / "site"
        home.mkdir()
        first, again = _seconds_of_site(home), _seconds_of_site(home)
    print_table(
        [
            {"start": "database and broker alone, new (baseline)", "seconds": servers},
            {"start": "everything, new state folder", "seconds": first},
            {"start": "everything, again", "seconds": again},
        ]
    )
    return {"servers_s": round(servers, 2), "first_s": round(first, 2), "again_s": round(again, 2)}


def _seconds_of_servers(home: Path) -> float:
    began = time.perf_counter()
    state = State(home)
    programs, _ = embedded(state)
    with running(programs, logs=state.logs):
        return time.perf_counter() - began


def _seconds_of_site(home: Path) -> float:
    began = time.perf_counter()
    with running_site(home=home, is_first=True):
        return time.perf_counter() - began
