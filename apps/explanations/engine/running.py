"""The parent's side: keeps a few sealed children with their files loaded."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

from apps.explanations.engine.messages import (
    MOST_MODEL_BYTES,
    Curves,
    CurveScores,
    Explain,
    Explained,
    Explanations,
    Failed,
    Load,
    Loaded,
    Ready,
    Refused,
    Request,
    Score,
    Scored,
    Scores,
    Start,
)
from apps.explanations.engine.process import ChildDied, ChildProcess
from apps.explanations.engine.refusals import ModelRefused
from apps.explanations.engine.spec import Method, Spec

__all__ = ["Child", "ChildDied", "Children", "Explained", "Loaded", "ModelRefused", "NotStarted", "Scored"]

Content = Callable[[], Iterable[bytes]]
A = TypeVar("A", Loaded, Scores, Explanations, CurveScores)


class NotStarted(Exception):  # noqa: N818  # what happened
    """A library cannot be used in this installation, whatever the file."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Child:
    """A sealed process with one model file. Threads that ask at the same time wait for each other."""

    def __init__(self, start: Callable[[], ChildProcess], *, request_seconds: float, start_seconds: float) -> None:
        self.used_at = time.monotonic()
        self._start = start
        self._request_seconds = request_seconds
        self._start_seconds = start_seconds
        self._lock = Lock()
        self._process: ChildProcess | None = None
        self._loaded: Loaded | None = None

    @property
    def loaded(self) -> Loaded:
        assert self._loaded is not None  # `Children.get` returns loaded ones
        return self._loaded

    @property
    def is_dead(self) -> bool:
        return self._process is not None and not self._process.is_alive

    def open(self, format: str, spec: Spec, content: Content) -> None:  # noqa: A002  # the word of the product
        """Start the process and load the file, unless that is done."""
        with self._lock:
            if self._process is not None:
                return
            self._process = self._start()
            needs_shap = spec.method == Method.TREE_INTERVENTIONAL
            self._process.send(Start(self._process.parent, format, needs_shap), seconds=self._start_seconds)
            self._receive_ready()
            self._loaded = self._load(spec, content)

    def load(self, spec: Spec, content: Content) -> Loaded:
        """Load another file of the same format in place of this one."""
        with self._lock:
            self._loaded = self._load(spec, content)
            return self._loaded

    def score(self, rows: list[dict[str, Any]], *, spec: Spec | None = None) -> list[Scored]:
        """Score rows as they were sent; another spec encodes them in another way."""
        return self._ask(Score(rows, spec), Scores).rows

    def explain(self, rows: list[dict[str, Any]], *, seed: int = 0) -> list[Explained]:
        """Explain rows as they were sent."""
        return self._ask(Explain(rows, seed), Explanations).rows

    def curves(self, row: dict[str, Any], grids: dict[str, list[Any]]) -> dict[str, list[Scored]]:
        """Score a row with each value of each feature, all else unchanged."""
        return self._ask(Curves(row, grids), CurveScores).features

    def close(self) -> None:
        """End the process, after its current request."""
        with self._lock:
            if self._process is not None:
                self._process.end()
                self._process = None

    def _ask(self, request: Request, kind: type[A]) -> A:
        with self._lock:
            self._running.send(request, seconds=self._request_seconds)
            return self._receive(kind, seconds=self._request_seconds)

    def _load(self, spec: Spec, content: Content) -> Loaded:
        """Send the file in frames; their time is not the file's own."""
        process, sent = self._running, 0
        process.send(Load(spec), seconds=self._start_seconds)
        for piece in content():
            sent += len(piece)
            if sent > MOST_MODEL_BYTES:
                process.end()
                raise ModelRefused("too_large", f"The file is larger than {MOST_MODEL_BYTES >> 20} MB.")
            if piece:
                process.send_bytes(piece, seconds=self._start_seconds)
        process.send_bytes(b"", seconds=self._start_seconds)
        return self._receive(Loaded, seconds=self._request_seconds)

    def _receive(self, kind: type[A], *, seconds: float) -> A:
        answer = self._running.receive(seconds=seconds)
        self.used_at = time.monotonic()
        if isinstance(answer, Refused):
            raise ModelRefused(answer.code, answer.message)
        if isinstance(answer, kind):
            return answer
        self._running.end()
        raise ChildDied(
            answer.message if isinstance(answer, Failed) else "The model's process answered something else."
        )

    def _receive_ready(self) -> None:
        answer = self._running.receive(seconds=self._start_seconds)
        if not isinstance(answer, Ready):
            raise NotStarted(answer.message if isinstance(answer, Failed) else "The process did not start.")

    @property
    def _running(self) -> ChildProcess:
        if self._process is None:
            raise ChildDied("The model's process was closed.")
        return self._process


class Children:
    """The children of this process, one for each key; those used least recently are closed."""

    def __init__(
        self, *, most: int = 4, idle_seconds: float = 600, request_seconds: float = 5, start_seconds: float = 60
    ) -> None:
        self._most = most
        self._idle_seconds = idle_seconds
        self._request_seconds = request_seconds
        self._start_seconds = start_seconds
        self._children: OrderedDict[str, Child] = OrderedDict()
        self._lock = Lock()
        # The kernel ends a child with the *thread* that started it. This one lives as long as we do.
        self._starter = ThreadPoolExecutor(1, "children")

    def get(self, key: str, format: str, spec: Spec, content: Content) -> Child:  # noqa: A002  # the word of the product
        """Return the child that has this file loaded; start one where there is none."""
        with self._lock:
            closed = self._forgotten()
            child = self._children.setdefault(key, self._new())
            self._children.move_to_end(key)
            while len(self._children) > self._most:
                closed.append(self._children.popitem(last=False)[1])
        for each in closed:
            each.close()
        try:
            child.open(format, spec, content)
        except BaseException:
            self._forget(key, child)
            raise
        return child

    def close(self) -> None:
        """End all children."""
        with self._lock:
            children = list(self._children.values())
            self._children.clear()
        for each in children:
            each.close()

    def _new(self) -> Child:
        return Child(
            lambda: self._starter.submit(ChildProcess).result(),
            request_seconds=self._request_seconds,
            start_seconds=self._start_seconds,
        )

    def _forgotten(self) -> list[Child]:
        """Take out the dead and the idle."""
        now = time.monotonic()
        old = [key for key, each in self._children.items() if each.is_dead or now - each.used_at > self._idle_seconds]
        return [self._children.pop(key) for key in old]

    def _forget(self, key: str, child: Child) -> None:
        with self._lock:
            if self._children.get(key) is child:
                del self._children[key]
        child.close()
