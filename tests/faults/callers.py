"""Clients that call a running instance all the time, and note what each call got and how long it took."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import psycopg

from tests.benchmarks.harness import Site
from tests.benchmarks.intake import MODEL, as_json, rows_of

PUSHERS = 4
# How long a client waits before it calls again.
PAUSE_SECONDS = 0.1
LONGEST_SECONDS = 30.0


@dataclass(frozen=True)
class Call:
    """One call. `status` is 0 if no answer came. `row` is the id of the pushed row."""

    what: str
    phase: str
    is_over_in_phase: bool
    status: int
    started_at: float
    seconds: float
    row: str = ""


@dataclass
class Callers:
    """The calls so far. `phase` names what happens to the instance meanwhile."""

    phase: str = "calm"
    calls: list[Call] = field(default_factory=list)

    def of(self, phase: str, what: str) -> list[Call]:
        return [call for call in self.calls if (call.phase, call.what) == (phase, what)]

    @property
    def acknowledged(self) -> set[str]:
        return {call.row for call in self.calls if call.row and call.status == httpx.codes.OK}

    def expect(self, phase: str, *, statuses: set[int], within: float = 2.0) -> None:
        """Assert that each call of a phase got an answer in time, a push one of these, health 200."""
        for what, expected in (("health", {200}), ("push", statuses)):
            calls = self.of(phase, what)
            assert len(calls) > 5, f"{what} was hardly called: {calls}"
            got = Counter(call.status for call in calls if call.is_over_in_phase)
            assert set(got) <= expected, f"{what} in {phase}: {got}"
            began_at, ended_at = calls[0].started_at, calls[-1].started_at
            slow = [
                f"{call.status} after {call.seconds:.2f} s, begun at {call.started_at - began_at:.2f} s"
                for call in calls
                if call.seconds > within
            ]
            assert not slow, f"{what} in {phase}, of {ended_at - began_at:.1f} s: {slow}"


@contextmanager
def calling(site: Site, key: str, *, base_url: str | None = None) -> Iterator[Callers]:
    """Call health check and intake from several threads until the end of the block."""
    callers, stop = Callers(), threading.Event()
    base_url = base_url or site.base_url

    def repeat(what: str, call: Callable[[str], httpx.Response], name: str) -> None:
        number = 0
        while not stop.wait(PAUSE_SECONDS):
            number += 1
            phase, row, started = callers.phase, f"{name}-{number}", time.monotonic()
            try:
                status = call(row).status_code
            except httpx.HTTPError:
                status = 0
            seconds = time.monotonic() - started
            is_over = phase == callers.phase
            pushed = f"{row}-0" if what == "push" else ""
            callers.calls.append(Call(what, phase, is_over, status, started, seconds, pushed))

    def push(row: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        body = as_json(rows_of(range(1), prefix=row))
        return httpx.post(
            f"{base_url}/api/v1/models/{MODEL}/predictions", content=body, headers=headers, timeout=LONGEST_SECONDS
        )

    def health(_row: str) -> httpx.Response:
        return httpx.get(f"{base_url}/healthz", timeout=LONGEST_SECONDS)

    tasks = [("health", health, "health"), *(("push", push, f"pusher{n}") for n in range(PUSHERS))]
    threads = [threading.Thread(target=repeat, args=task) for task in tasks]
    for thread in threads:
        thread.start()
    try:
        yield callers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def stored(site: Site, rows: set[str]) -> dict[str, int]:
    """How often each of these predictions is stored."""
    with psycopg.connect(site.database_url) as connection:
        found = connection.execute(
            "SELECT external_id, count(*) FROM predictions_prediction WHERE external_id = ANY(%s) GROUP BY 1",
            [list(rows)],
        ).fetchall()
    return dict.fromkeys(rows, 0) | dict(found)
