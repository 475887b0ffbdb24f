"""The demo's progress in one small file, replaced atomically, so that a restart continues where it stopped.

The progress page reads it too. It holds keys and sign-in links, so only its owner may read it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

import msgspec

# The time over which the demo spreads production.
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
        """Return how long the step took, or has taken so far."""
        if self.started_at is None:
            return None
        return ((self.finished_at or datetime.now(UTC)) - self.started_at).total_seconds()


class Link(msgspec.Struct):
    """A link that signs in, and what it opens."""

    role: str
    sees: str
    url: str


class ReportLink(msgspec.Struct):
    """A requested report; `url` is empty until it is done."""

    kind: str
    label: str
    request: int
    url: str = ""


class Progress(msgspec.Struct):
    """Everything that the demo stores between starts."""

    # The end of the six months, fixed at the first start so that times never change.
    now: datetime
    steps: list[Step]
    keys: dict[str, str] = {}
    links: list[Link] = []
    queue: int | None = None
    # confirmed chunks, by step
    confirmed: dict[str, set[int]] = {}
    # Milliseconds per row, by chunk: rows sent again must be identical.
    latencies: dict[int, float] = {}
    # Outcomes known by then are sent; those until `delivering_until` are being sent.
    delivered_until: datetime | None = None
    delivering_until: datetime | None = None
    # answered cases, by simulated person
    answered: dict[str, int] = {}
    reports: list[ReportLink] = []
    finished_at: datetime | None = None

    def step(self, key: str) -> Step:
        return next(step for step in self.steps if step.key == key)

    @property
    def current(self) -> Step | None:
        """Return the running step."""
        return next((step for step in self.steps if step.started_at and not step.finished_at), None)


def read(path: Path) -> Progress | None:
    """Read the progress; None before the first start."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Progress)
    except FileNotFoundError:
        return None


class StateFile:
    """The file as the running demo updates it, one thread at a time."""

    def __init__(self, path: Path, *, steps: list[Step], now: datetime) -> None:
        self.path = path
        self._lock = Lock()
        self.progress = read(path) or Progress(now=now, steps=steps)
        # A demo of an earlier release goes through what is new.
        known = {step.key: step for step in self.progress.steps}
        self.progress.steps = [known.get(step.key, step) for step in steps]
        self._write()

    @contextmanager
    def change(self) -> Iterator[Progress]:
        """Save the changes made inside the block."""
        with self._lock:
            yield self.progress
            self._write()

    def is_finished(self, key: str) -> bool:
        return self.progress.step(key).finished_at is not None

    def begin(self, key: str, *, total: int, unit: str = "") -> None:
        """Start the step, keeping what it did before a restart."""
        with self.change() as progress:
            step = progress.step(key)
            step.total, step.unit = total, unit
            step.started_at = step.started_at or datetime.now(UTC)

    def confirmed(self, key: str) -> set[int]:
        """Return the step's chunks that the server has confirmed."""
        with self._lock:
            return set(self.progress.confirmed.get(key, ()))

    def confirm(self, key: str, chunk: int, *, rows: int) -> None:
        """Record that the server has stored the chunk."""
        with self.change() as progress:
            progress.confirmed.setdefault(key, set()).add(chunk)
            step = progress.step(key)
            step.done = min(step.done + rows, step.total)

    def begin_delivery(self, until: datetime) -> None:
        with self.change() as progress:
            progress.delivering_until = until

    def finish_delivery(self) -> None:
        """Finish the delivery and forget its chunks: the next one numbers its own."""
        with self.change() as progress:
            progress.delivered_until, progress.delivering_until = progress.delivering_until, None
            progress.confirmed.pop("outcomes", None)

    def count_answer(self, step: str, person: str) -> None:
        with self.change() as progress:
            progress.answered[person] = progress.answered.get(person, 0) + 1
            current = progress.step(step)
            current.done = min(current.done + 1, current.total)

    def count_settled(self, key: str) -> None:
        """Count one more settled case. The total is unknown and stays ahead."""
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
