"""Is it the same model? Score stored predictions again, and find what would explain the differences.

It needs no database: a check is the same for a worker and for a benchmark.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from apps.explanations.engine.spec import Input, Spec

# Usual codes of a missing value, beside NaN.
MISSING_CODES = (0.0, -1.0, -9.0, -99.0, -999.0, -9999.0, 999.0)
MOST_MISSES = 10
# A wrong encoding of more features than these is a wrong file.
MOST_SUSPECTS = 6
# A change of encoding is worth a line if it removes this share of what is left of the differences.
WORTH = 0.05


class Scored(Protocol):
    """What a model says of one row; without a score, `error` says why."""

    @property
    def score(self) -> float | None: ...
    @property
    def predicted(self) -> str | float | None: ...
    @property
    def error(self) -> str: ...


class Scorer(Protocol):
    """A loaded model."""

    def score(self, rows: list[dict[str, Any]], *, spec: Spec | None = None) -> Sequence[Scored]: ...


@dataclass(frozen=True)
class Case:
    """A stored prediction: what the model saw, and what it said. `score` is None where none was sent."""

    id: str
    row: dict[str, Any]
    score: float | None
    predicted: str | float


@dataclass(frozen=True)
class Miss:
    """A stored prediction that the file does not reproduce; the larger `difference` is, the further off."""

    id: str
    stored: float | str | None
    computed: float | str | None
    difference: float
    error: str = ""


@dataclass(frozen=True)
class Compared:
    """How many of the rows the file reproduces. `largest_difference` is over all rows that have a number."""

    rows: int
    matched: int
    largest_difference: float | None
    misses: list[Miss] = field(default_factory=list)
    # Sum of the differences: with equal matches, the smaller one is the better encoding.
    total: float = 0.0

    @property
    def is_same(self) -> bool:
        return self.rows > 0 and self.matched == self.rows


@dataclass(frozen=True)
class Suspect:
    """A change of the encoding with which more rows are reproduced."""

    feature: str
    what: str
    matched: int


def compare(scorer: Scorer, cases: Sequence[Case], *, spec: Spec, other: Spec | None = None) -> Compared:
    """Score the cases again, with another encoding if one is given, and compare with what is stored."""
    found = scorer.score([case.row for case in cases], spec=other)
    results = [judge(case, scored, spec) for case, scored in zip(cases, found, strict=True)]
    misses = sorted((each.miss for each in results if each.miss is not None), key=lambda miss: -miss.difference)
    numbers = [each.difference for each in results if each.difference is not None]
    return Compared(
        rows=len(results),
        matched=sum(each.miss is None for each in results),
        largest_difference=max(numbers, default=None),
        misses=misses[:MOST_MISSES],
        total=sum(1.0 if each.difference is None else each.difference for each in results),
    )


@dataclass(frozen=True)
class Judged:
    """How far a computed prediction is from the stored one, and the miss if they are not the same."""

    difference: float | None
    miss: Miss | None = None


def judge(case: Case, scored: Scored, spec: Spec) -> Judged:
    """Compare one prediction with what is stored: the score within the tolerance, and the class."""
    is_number = spec.task == "regression"
    stored = case.predicted if is_number else case.score
    computed = scored.predicted if is_number else scored.score
    if scored.error or (computed is None and stored is not None):
        return Judged(None, Miss(case.id, stored, None, math.inf, scored.error or "The model gave no score."))
    if stored is None or computed is None:
        is_same = scored.predicted == case.predicted
        return Judged(None, None if is_same else Miss(case.id, case.predicted, scored.predicted, 1.0))
    difference = abs(float(computed) - float(stored))
    allowed = spec.allowed * (max(1.0, abs(float(stored))) if is_number else 1.0)
    is_near = difference <= allowed
    if is_near and (is_number or scored.predicted == case.predicted or _is_on_the_edge(case.score, spec)):
        return Judged(difference)
    if is_near:
        return Judged(difference, Miss(case.id, case.predicted, scored.predicted, difference))
    return Judged(difference, Miss(case.id, float(stored), float(computed), difference))


def _is_on_the_edge(score: float | None, spec: Spec) -> bool:
    """A score at the threshold may fall to either side."""
    return score is not None and spec.task == "binary" and abs(score - spec.output.threshold) <= spec.allowed


def suspects(scorer: Scorer, cases: Sequence[Case], *, spec: Spec, found: Compared) -> list[Suspect]:
    """Change one encoding after the other, always the one that explains most, until nothing explains more."""
    changed, before = spec, found
    named: list[Suspect] = []
    while len(named) < MOST_SUSPECTS and not before.is_same:
        tries = [(each, compare(scorer, cases, spec=spec, other=each.spec)) for each in _changes(changed, cases)]
        better = [pair for pair in tries if _is_better(pair[1], before)]
        if not better:
            break
        change, before = max(better, key=lambda pair: (pair[1].matched, -pair[1].total))
        changed = change.spec
        named.append(Suspect(change.feature, change.what, before.matched))
    # What only moves the differences about explains nothing.
    return named if before.matched > found.matched else []


def _is_better(new: Compared, old: Compared) -> bool:
    return new.matched > old.matched or (new.matched == old.matched and new.total < old.total * (1 - WORTH))


@dataclass(frozen=True)
class _Change:
    feature: str
    what: str
    spec: Spec


def _changes(spec: Spec, cases: Sequence[Case]) -> Iterator[_Change]:
    """Yield every change of one encoding that the rows can tell."""
    yield from _of_all(spec, cases)
    for position, each in enumerate(spec.features):
        values = [case.row.get(each.name) for case in cases]
        for what, other in _of_one(each, values):
            features = [*spec.features[:position], other, *spec.features[position + 1 :]]
            yield _Change(each.name, what, msgspec.structs.replace(spec, features=features))
    for position in range(len(spec.features) - 1):
        one, other = spec.features[position : position + 2]
        swapped = [*spec.features[:position], other, one, *spec.features[position + 2 :]]
        yield _Change(one.name, f"changes places with {other.name}", msgspec.structs.replace(spec, features=swapped))


def _of_all(spec: Spec, cases: Sequence[Case]) -> Iterator[_Change]:
    for dtype in ("float32", "float64"):
        if any(each.dtype not in (dtype, "string") for each in spec.features):
            yield _Change("", f"all numbers are {dtype}", _each(spec, lambda one, dtype=dtype: _typed(one, dtype)))  # type: ignore[misc]  # mypy cannot infer a lambda's default
    lacking = {each.name for each in spec.features if any(case.row.get(each.name) is None for case in cases)}
    if len(lacking) > 1:
        for code in (None, *MISSING_CODES):
            said = "NaN" if code is None else f"{code:g}"
            other = _each(spec, lambda one, code=code: msgspec.structs.replace(one, missing=code))  # type: ignore[misc]  # see above
            yield _Change("", f"every missing value is {said}", other)


def _of_one(each: Input, values: Sequence[Any]) -> Iterator[tuple[str, Input]]:
    if any(value is None for value in values):
        for code in (None, *MISSING_CODES):
            if code != each.missing:
                said = "NaN" if code is None else f"{code:g}"
                yield f"a missing value is {said}", msgspec.structs.replace(each, missing=code)
    if each.categories:
        codes = list(each.categories) if isinstance(each.categories, list) else list(each.categories.keys())
        yield "its categories are coded in alphabetical order", msgspec.structs.replace(each, categories=sorted(codes))
        yield "its categories are counted from 1", _counted(each, codes, start=1)
        yield "its categories are counted from 0", _counted(each, codes, start=0)
    for dtype in ("float32", "float64"):
        if each.dtype not in (dtype, "string"):
            yield f"it is {dtype}", _typed(each, dtype)


def _counted(each: Input, codes: Sequence[str], *, start: int) -> Input:
    return msgspec.structs.replace(each, categories={code: float(at) for at, code in enumerate(codes, start)})


def _typed(each: Input, dtype: str) -> Input:
    return each if each.dtype == "string" else msgspec.structs.replace(each, dtype=dtype)


def _each(spec: Spec, change: Callable[[Input], Input]) -> Spec:
    return msgspec.structs.replace(spec, features=[change(each) for each in spec.features])
