"""How far the demo is: one small file, replaced as a whole, so that a restart goes on where it was.

It also feeds the progress page. It holds keys and sign-in links, so it is readable by its owner alone.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

import msgspec

# How much of production the demo shows.
SPAN = timedelta(weeks=26)


class Step(msgspec.Struct):
    """One line of the progress page."""

    key: str
    label: str
    total: int = 1
    done: int = 0
    unit: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took, or has taken so far."""
        if self.started_at is None:
            return None
        return ((self.finished_at or datetime.now(UTC)) - self.started_at).total_seconds()


class Link(msgspec.Struct):
    """A way to sign in, and what is to be seen behind it."""

    role: str
    sees: str
    url: str


class ReportLink(msgspec.Struct):
    """A report that was asked for; `url` is empty until it is done."""

    kind: str
    label: str
    request: int
    url: str = ""


class Progress(msgspec.Struct):
    """Everything that the demo remembers."""

    # The moment at which the six months end; fixed at the first start, so that times never move.
    now: datetime
    steps: list[Step]
    keys: dict[str, str] = {}
    links: list[Link] = []
    queue: int | None = None
    # Per step, the chunks that the server has confirmed.
    confirmed: dict[str, set[int]] = {}
    # Milliseconds a row that scoring each chunk took: sent again, a row must be the same to the last digit.
    latencies: dict[int, float] = {}
    # Outcomes that became known until then have been sent, and those that are being sent now.
    delivered_until: datetime | None = None
    delivering_until: datetime | None = None
    # Per simulated person, how many cases are answered.
    answered: dict[str, int] = {}
    reports: list[ReportLink] = []
    finished_at: datetime | None = None

    def step(self, key: str) -> Step:
        return next(step for step in self.steps if step.key == key)

    @property
    def current(self) -> Step | None:
        """The step that is under way."""
        return next((step for step in self.steps if step.started_at and not step.finished_at), None)


def read(path: Path) -> Progress | None:
    """The progress in the file; None before the first start."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Progress)
    except FileNotFoundError:
        return None


class StateFile:
    """The file in the hands of the running demo; its threads change it one at a time."""

    def __init__(self, path: Path, *, steps: list[Step], now: datetime) -> None:
        self.path = path
        self._lock = Lock()
        self.progress = read(path) or Progress(now=now, steps=steps)
        self._write()

    @contextmanager
    def change(self) -> Iterator[Progress]:
        """What is changed inside is in the file afterwards."""
        with self._lock:
            yield self.progress
            self._write()

    def is_finished(self, key: str) -> bool:
        return self.progress.step(key).finished_at is not None

    def begin(self, key: str, *, total: int, unit: str = "") -> None:
        """The step is under way; what it had done before a restart stays."""
        with self.change() as progress:
            step = progress.step(key)
            step.total, step.unit = total, unit
            step.started_at = step.started_at or datetime.now(UTC)

    def confirmed(self, key: str) -> set[int]:
        """The chunks of a step that the server has."""
        with self._lock:
            return set(self.progress.confirmed.get(key, ()))

    def confirm(self, key: str, chunk: int, *, rows: int) -> None:
        """The server has the chunk."""
        with self.change() as progress:
            progress.confirmed.setdefault(key, set()).add(chunk)
            step = progress.step(key)
            step.done = min(step.done + rows, step.total)

    def begin_delivery(self, until: datetime) -> None:
        with self.change() as progress:
            progress.delivering_until = until

    def finish_delivery(self) -> None:
        """The chunks of the next delivery are counted afresh."""
        with self.change() as progress:
            progress.delivered_until, progress.delivering_until = progress.delivering_until, None
            progress.confirmed.pop("outcomes", None)

    def count_answer(self, step: str, person: str) -> None:
        with self.change() as progress:
            progress.answered[person] = progress.answered.get(person, 0) + 1
            found = progress.step(step)
            found.done = min(found.done + 1, found.total)

    def count_settled(self, key: str) -> None:
        """One more, and nobody knows how many are left."""
        with self.change() as progress:
            step = progress.step(key)
            step.done += 1
            step.total = max(step.total, step.done + 1)

    def finish(self, key: str, *, total: int | None = None) -> None:
        with self.change() as progress:
            step = progress.step(key)
            step.total = step.total if total is None else total
            step.done, step.finished_at = step.total, datetime.now(UTC)

    def _write(self) -> None:
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(self.progress))
        draft.replace(self.path)
