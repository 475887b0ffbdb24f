"""stub"""

from dataclasses import dataclass
from typing import Any


class ModelRefused(Exception): ...


class ChildDied(Exception): ...


@dataclass(frozen=True)
class Loaded:
    library: str
    versions: dict
    method: str
    space: str
    reason: str
    sealed: list


@dataclass(frozen=True)
class Scored:
    score: float | None
    predicted: Any
    error: str = ""


@dataclass(frozen=True)
class Explained(Scored):
    base: float | None = None
    values: dict | None = None
    additivity_error: float | None = None
    code: str = ""
    evaluations: int | None = None
    seed: int | None = None


class Child:
    loaded: Loaded

    def score(self, rows, *, spec=None): ...
    def explain(self, rows, *, seed=0): ...
    def curves(self, row, grids): ...


class Children:
    def get(self, *a): ...
