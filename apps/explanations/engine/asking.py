"""One sealed process with a loaded file, as its parent sees it: it is asked, and what it answers is checked."""

import time
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, TypeVar

import msgspec

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
from apps.explanations.engine.pacing import Pace
from apps.explanations.engine.process import NO_SENSE, ChildDied, ChildProcess
from apps.explanations.engine.refusals import ModelRefused
from apps.explanations.engine.spec import Method, Spec

# Bytes of a file that a child reads and checks in a second: a third of what XGBoost's JSON takes, the slowest format.
READ_A_SECOND = 5 << 20

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
        self._scoring, self._explaining = Pace(request_seconds), Pace(request_seconds)
        self._process: ChildProcess | None = None
        self._loaded: Loaded | None = None
        self._sealed: list[str] = []
        self._features: list[str] = []
        self._is_over = False

    @property
    def loaded(self) -> Loaded:
        assert self._loaded is not None  # `Children.get` returns loaded ones
        return self._loaded

    @property
    def is_dead(self) -> bool:
        return self._is_over or (self._process is not None and not self._process.is_alive)

    def open(self, format: str, spec: Spec, content: Content) -> bool:  # noqa: A002  # the word of the product
        """Start the process and load the file, unless that is done. Return whether it can be asked."""
        with self._lock:
            if self._process is None and not self._is_over:
                self._process = self._start()
                needs_shap = spec.method == Method.TREE_INTERVENTIONAL
                self._process.send(Start(self._process.parent, format, needs_shap), seconds=self._start_seconds)
                self._sealed = self._receive_ready()
                self._loaded = self._load(spec, content)
            return not self._is_over

    def load(self, spec: Spec, content: Content) -> Loaded:
        """Load another file of the same format in place of this one."""
        with self._lock:
            self._loaded = self._load(spec, content)
            return self._loaded

    def score(self, rows: list[dict[str, Any]], *, spec: Spec | None = None) -> list[Scored]:
        """Score rows as they were sent; another spec encodes them in another way."""
        return self._scoring.in_parts(rows, lambda part: self._score(part, spec))

    def explain(self, rows: list[dict[str, Any]], *, seed: int = 0) -> list[Explained]:
        """Explain rows as they were sent."""
        return self._explaining.in_parts(rows, lambda part: self._explain(part, seed))

    def curves(self, row: dict[str, Any], grids: dict[str, list[Any]]) -> dict[str, list[Scored]]:
        """Score a row with each value of each feature, all else unchanged."""
        with self._lock:
            found = self._ask(Curves(row, grids), CurveScores).features
            self._check({name: len(values) for name, values in grids.items()} == _lengths(found))
            return found

    def close(self) -> None:
        """End the process, after its current request."""
        with self._lock:
            self._is_over = True
            if self._process is not None:
                self._process.end()

    def _score(self, rows: list[dict[str, Any]], spec: Spec | None) -> list[Scored]:
        with self._lock:
            found = self._ask(Score(rows, spec), Scores).rows
            self._check(len(found) == len(rows))
            return found

    def _explain(self, rows: list[dict[str, Any]], seed: int) -> list[Explained]:
        with self._lock:
            found = self._ask(Explain(rows, seed), Explanations).rows
            is_whole = all(each.values is None or list(each.values) == self._features for each in found)
            self._check(is_whole and len(found) == len(rows))
            return found

    def _check(self, is_right: bool) -> None:
        """A file may have taken its process over: nobody gets an answer to something else."""
        if not is_right:
            self._running.end()
            raise ChildDied(NO_SENSE)

    def _ask(self, request: Request, kind: type[A]) -> A:
        self._running.send(request, seconds=self._request_seconds)
        return self._receive(kind, seconds=self._request_seconds)

    def _load(self, spec: Spec, content: Content) -> Loaded:
        """Send the file in frames; a large one may take longer to answer."""
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
        loaded = self._receive(Loaded, seconds=self._request_seconds + sent / READ_A_SECOND)
        self._features = [each.name for each in spec.features]
        # As it was before it read the file.
        return msgspec.structs.replace(loaded, sealed=self._sealed)

    def _receive(self, kind: type[A], *, seconds: float) -> A:
        answer = self._running.receive(seconds=seconds)
        self.used_at = time.monotonic()
        if isinstance(answer, Refused):
            raise ModelRefused(answer.code, answer.message)
        if isinstance(answer, kind):
            return answer
        self._running.end()
        raise ChildDied(answer.message if isinstance(answer, Failed) else NO_SENSE)

    def _receive_ready(self) -> list[str]:
        answer = self._running.receive(seconds=self._start_seconds)
        if not isinstance(answer, Ready):
            raise NotStarted(answer.message if isinstance(answer, Failed) else NO_SENSE)
        return answer.sealed

    @property
    def _running(self) -> ChildProcess:
        if self._process is None or self._is_over or self._process.is_ended:
            raise ChildDied("The model's process was closed.")
        return self._process


def _lengths(curves: dict[str, list[Scored]]) -> dict[str, int]:
    return {name: len(values) for name, values in curves.items()}
