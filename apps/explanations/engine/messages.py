"""What a worker and its sealed child say to each other: JSON in frames, each with its length in four bytes.

msgspec writes NaN as null, so a score that is none arrives as None.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from apps.explanations.engine.spec import Spec

LENGTH_BYTES = 4
MOST_BYTES = 64 << 20
# All pieces of a model file together.
MOST_MODEL_BYTES = 128 << 20
# The child's exit status when it has used up its memory.
OUT_OF_MEMORY = 86


class Start(msgspec.Struct, tag="start", frozen=True):
    """What to import before the child seals itself."""

    parent: int
    format: str
    needs_shap: bool


class Load(msgspec.Struct, tag="load", frozen=True):
    """The model file follows in frames of its bytes; an empty frame ends it."""

    spec: Spec


class Score(msgspec.Struct, tag="score", frozen=True):
    rows: list[dict[str, Any]]
    # Other encodings than those the file was loaded with.
    spec: Spec | None = None


class Explain(msgspec.Struct, tag="explain", frozen=True):
    rows: list[dict[str, Any]]
    seed: int


class Curves(msgspec.Struct, tag="curves", frozen=True):
    """One row, scored with each of the values of each feature."""

    row: dict[str, Any]
    grids: dict[str, list[Any]]


class Ready(msgspec.Struct, tag="ready", frozen=True):
    sealed: list[str]


class Loaded(msgspec.Struct, tag="loaded", frozen=True):
    """The loaded file: its library, how it is explained, and what seals the child."""

    # with its version, like "xgboost 3.2.0"
    library: str
    versions: dict[str, str]
    # Empty where the file cannot be explained; `reason` says why.
    method: str
    space: str
    reason: str
    # "limits", "seccomp" and "network", as far as the system allows them
    sealed: list[str]


class Refused(msgspec.Struct, tag="refused", frozen=True):
    code: str
    message: str


class Scored(msgspec.Struct, frozen=True):
    """The score as the client would have sent it, before it rounds, and what was predicted."""

    score: float | None
    predicted: str | float | None
    error: str = ""


class Explained(msgspec.Struct, frozen=True):
    score: float | None
    predicted: str | float | None
    base: float | None = None
    values: dict[str, float] | None = None
    # By how much base and contributions miss the output.
    additivity_error: float | None = None
    code: str = ""
    evaluations: int | None = None
    seed: int | None = None
    error: str = ""


class Scores(msgspec.Struct, tag="scores", frozen=True):
    rows: list[Scored]


class Explanations(msgspec.Struct, tag="explanations", frozen=True):
    rows: list[Explained]


class CurveScores(msgspec.Struct, tag="curve_scores", frozen=True):
    features: dict[str, list[Scored]]


class Failed(msgspec.Struct, tag="failed", frozen=True):
    """The child could not answer, through no fault of the file."""

    message: str


Request = Load | Score | Explain | Curves
Answer = Ready | Loaded | Refused | Scores | Explanations | CurveScores | Failed


class TooLarge(ValueError):  # noqa: N818  # what happened
    """A message is longer than both sides accept."""


def frame(content: bytes) -> bytes:
    """Put the length before the content."""
    if len(content) > MOST_BYTES:
        raise TooLarge(f"a message of {len(content):,} bytes is longer than {MOST_BYTES:,}; send fewer rows at once")
    return len(content).to_bytes(LENGTH_BYTES, "big") + content


def read_frame(read: Callable[[int], bytes]) -> bytes:
    """Read a frame with `read`, which returns exactly as many bytes as it is asked for."""
    length = int.from_bytes(read(LENGTH_BYTES), "big")
    if length > MOST_BYTES:
        raise TooLarge(f"a message of {length:,} bytes is longer than {MOST_BYTES:,}")
    return read(length)
