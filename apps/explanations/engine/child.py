"""The child: imports one library, seals itself, and only then reads a model file and answers about it.

Its parent starts it with `main`, and speaks first.
"""

import importlib
import os
import sys
from collections.abc import Callable
from importlib.abc import MetaPathFinder

import msgspec

from apps.explanations.engine import answering, sealing
from apps.explanations.engine.answering import Answerer
from apps.explanations.engine.formats.models import Library
from apps.explanations.engine.messages import (
    OUT_OF_MEMORY,
    Answer,
    CurveScores,
    Explain,
    Explanations,
    Failed,
    Load,
    Loaded,
    Ready,
    Refused,
    Request,
    Score,
    Scores,
    Start,
    TooLarge,
    frame,
    read_frame,
)
from apps.explanations.engine.refusals import ModelRefused

# They take seconds and 100 MB, and models need none of them.
NOT_NEEDED = {
    "xgboost": ("pandas", "sklearn", "pyarrow"),
    "lightgbm": ("pandas", "sklearn", "pyarrow", "dask", "matplotlib"),
    "onnx": ("pandas", "pyarrow"),
    "skops": ("pyarrow", "matplotlib", "IPython"),
}
NEEDED_BY_SHAP = ("pandas", "sklearn")
# The parent ends a request much earlier; this is for a child whose parent is gone.
REQUEST_SECONDS = 60
MOST_WORDS = 500


class Child:
    """One library and at most one model file."""

    def __init__(self, library: Library, sealed: list[str], read: Callable[[], bytes]) -> None:
        self._library = library
        self._sealed = sealed
        self._read = read
        self._loaded: Answerer | None = None

    def answer(self, request: Request) -> Answer:
        if isinstance(request, Load):
            return self._load(request)
        if self._loaded is None:
            return Failed("no file is loaded")
        if isinstance(request, Score):
            return Scores(self._loaded.score(request.rows, request.spec))
        if isinstance(request, Explain):
            return Explanations(self._loaded.explain(request.rows, request.seed))
        return CurveScores(self._loaded.curves(request.row, request.grids))

    def _load(self, request: Load) -> Answer:
        self._loaded = None
        content = bytearray()
        while piece := self._read():
            content += piece
        loaded = answering.load(self._library, bytes(content), request.spec)
        self._loaded = loaded
        versions = self._library.versions()
        library, version = next(iter(versions.items()))
        how = loaded.explainer
        return Loaded(f"{library} {version}", versions, how.method, how.space, how.reason, self._sealed)


def main() -> None:
    """Serve until the parent closes its pipe."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    # Libraries print; nothing of theirs may reach the answers.
    os.dup2(2, 1)

    def read() -> bytes:
        return read_frame(lambda size: _exactly(requests.read(size), size))

    def send(answer: Answer) -> None:
        try:
            rest = memoryview(frame(msgspec.json.encode(answer)))
        except TooLarge as error:
            rest = memoryview(frame(msgspec.json.encode(Failed(str(error)))))
        while rest:
            rest = rest[answers.write(rest) :]

    try:
        library, sealed = _prepare(msgspec.json.decode(read(), type=Start))
    except Exception as error:  # noqa: BLE001  # such as a library that is not installed; only the parent can say so
        send(Failed(f"{type(error).__name__}: {error}"[:MOST_WORDS]))
        return
    send(Ready(sealed))
    child = Child(library, sealed, read)
    decoder: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
    while True:
        sealing.allow_seconds(REQUEST_SECONDS)
        send(_answer(child, decoder.decode(read())))


def _prepare(start: Start) -> tuple[Library, list[str]]:
    """Import what the format needs, and give up everything else."""
    sealing.die_with_parent(start.parent)
    sealed = ["network"] if sealing.leave_network() else []
    library = _import(start)
    # The namespace changed the credentials, which clears it.
    sealing.die_with_parent(start.parent)
    sealed += sealing.seal()
    # From here on, an import of what is not there yet fails like one of what is not installed.
    sys.meta_path.clear()
    return library, sealed


class NotInstalled(MetaPathFinder):
    """Makes packages look as if they were not installed."""

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:  # noqa: ARG002  # its caller's
        if fullname.partition(".")[0] in self._names:
            raise ModuleNotFoundError(f"{fullname} is left out here", name=fullname)


def _import(start: Start) -> Library:
    """Import what the format needs, run it once, and leave out what libraries import only in case."""
    left_out = set(NOT_NEEDED[start.format]).difference(NEEDED_BY_SHAP if start.needs_shap else ())
    sys.meta_path.insert(0, NotInstalled(left_out))
    library: Library = importlib.import_module(f"apps.explanations.engine.formats.{start.format}")
    library.prepare(with_shap=start.needs_shap)
    return library


def _answer(child: Child, request: Request) -> Answer:
    try:
        return child.answer(request)
    except ModelRefused as refusal:
        return Refused(refusal.code, refusal.message)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except Exception as error:  # noqa: BLE001  # the parent decides what to make of it
        return Failed(f"{type(error).__name__}: {error}"[:MOST_WORDS])


def _exactly(content: bytes, size: int) -> bytes:
    if len(content) < size:
        os._exit(0)
    return content
