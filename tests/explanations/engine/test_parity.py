from dataclasses import dataclass
from typing import Any

import pytest

from apps.explanations.engine import parity
from apps.explanations.engine.parity import Case
from apps.explanations.engine.spec import Input, Output, Spec


@dataclass(frozen=True)
class Said:
    score: float | None
    predicted: str | float | None
    error: str = ""


class Sum:
    """A model that adds its inputs, encoded as its spec says; a missing value counts as its code, NaN as none."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def score(self, rows: list[dict[str, Any]], *, spec: Spec | None = None) -> list[Said]:
        used = spec or self.spec
        return [self._said(used, row) for row in rows]

    def _said(self, spec: Spec, row: dict[str, Any]) -> Said:
        total = 0.0
        for weight, each in enumerate(spec.features, 1):
            value = row.get(each.name)
            if each.categories and value is not None:
                codes = each.categories
                value = float(codes.index(str(value))) if isinstance(codes, list) else codes[str(value)]
            coded = each.missing if value is None else value
            total += weight * (0.0 if coded is None else float(coded))
        score = min(0.99, max(0.01, 0.5 + total / 1000))
        return Said(score, "yes" if score >= spec.output.threshold else "no")


def spec(*features: Input, **changes: Any) -> Spec:
    return Spec(features=list(features), classes=["no", "yes"], positive="yes", **changes)


def cases(scorer: Sum, rows: list[dict[str, Any]]) -> list[Case]:
    return [
        Case(f"case-{number}", row, said.score, str(said.predicted))
        for number, (row, said) in enumerate(zip(rows, scorer.score(rows), strict=True))
    ]


AGE, HOURS = Input("age"), Input("hours")
ROWS = [{"age": age, "hours": None if age % 3 == 0 else age % 40} for age in range(20, 70)]


def test_the_same_model_reproduces_every_row() -> None:
    same = Sum(spec(AGE, HOURS))
    found = parity.compare(same, cases(same, ROWS), spec=same.spec)
    assert (found.rows, found.matched, found.largest_difference, found.misses) == (50, 50, 0.0, [])
    assert found.is_same


def test_no_rows_prove_nothing() -> None:
    assert not parity.compare(Sum(spec(AGE)), [], spec=spec(AGE)).is_same


def test_the_feature_with_another_code_for_missing_values_is_named() -> None:
    right = Sum(spec(AGE, Input("hours", missing=-1.0)))
    given = Sum(spec(AGE, HOURS))
    known = cases(right, ROWS)
    found = parity.compare(given, known, spec=given.spec)
    # 17 of the 50 ages are multiples of three.
    assert (found.matched, len(found.misses)) == (33, 10)
    (suspect,) = parity.suspects(given, known, spec=given.spec, found=found)
    assert (suspect.feature, suspect.what, suspect.matched) == ("hours", "a missing value is -1", 50)


def test_two_wrong_encodings_are_both_named() -> None:
    rows = [row | {"job": ("b", "a", "c")[number % 3]} for number, row in enumerate(ROWS)]
    right = Sum(spec(AGE, Input("hours", missing=-9.0), Input("job", categories=["a", "b", "c"])))
    given = Sum(spec(AGE, HOURS, Input("job", categories=["b", "a", "c"])))
    known = cases(right, rows)
    found = parity.compare(given, known, spec=given.spec)
    named = parity.suspects(given, known, spec=given.spec, found=found)
    assert {each.feature for each in named} == {"hours", "job"}
    assert named[-1].matched == 50


def test_swapped_inputs_are_named() -> None:
    right, given = Sum(spec(AGE, HOURS)), Sum(spec(HOURS, AGE))
    known = cases(right, ROWS)
    found = parity.compare(given, known, spec=given.spec)
    (suspect,) = parity.suspects(given, known, spec=given.spec, found=found)
    assert (suspect.feature, suspect.what) == ("hours", "changes places with age")


def test_another_model_has_no_suspects() -> None:
    given = Sum(spec(AGE, HOURS))
    known = [Case(each.id, each.row, 0.123, "no") for each in cases(given, ROWS)]
    found = parity.compare(given, known, spec=given.spec)
    assert found.matched == 0
    assert parity.suspects(given, known, spec=given.spec, found=found) == []


@pytest.mark.parametrize(
    ("decimals", "stored", "matched"), [(2, 0.55, 1), (2, 0.56, 0), (None, 0.55, 0), (None, 0.552, 1)]
)
def test_a_score_may_be_rounded_as_the_client_rounds_it(decimals: int | None, stored: float, matched: int) -> None:
    given = Sum(spec(AGE, output=Output(decimals=decimals)))
    found = parity.compare(given, [Case("case", {"age": 52}, stored, "yes")], spec=given.spec)
    assert found.matched == matched


def test_the_right_score_with_another_class_is_a_miss_unless_it_lies_at_the_threshold() -> None:
    given = Sum(spec(AGE))
    wrong, edge = Case("wrong", {"age": 52}, 0.552, "no"), Case("edge", {"age": 0}, 0.5, "no")
    found = parity.compare(given, [wrong, edge], spec=given.spec)
    assert [miss.id for miss in found.misses] == ["wrong"]


def test_a_number_may_differ_relative_to_its_size() -> None:
    class Doubles:
        def score(self, rows: list[dict[str, Any]], *, spec: Spec | None = None) -> list[Said]:  # as a model
            return [Said(2.0 * row["age"], 2.0 * row["age"]) for row in rows]

    given = Spec(features=[AGE], task="regression")
    near, far = Case("near", {"age": 1e6}, None, 2e6 + 1), Case("far", {"age": 1.0}, None, 2.001)
    found = parity.compare(Doubles(), [near, far], spec=given)
    assert [miss.id for miss in found.misses] == ["far"]


def test_a_row_that_cannot_be_scored_is_the_first_miss() -> None:
    class Fails:
        def score(self, rows: list[dict[str, Any]], *, spec: Spec | None = None) -> list[Said]:  # as a model
            return [Said(None, None, "age is a text") if row["age"] == "x" else Said(0.9, "yes") for row in rows]

    known = [Case("other", {"age": 1}, 0.8, "yes"), Case("text", {"age": "x"}, 0.9, "yes")]
    found = parity.compare(Fails(), known, spec=spec(AGE))
    assert [(miss.id, miss.error) for miss in found.misses] == [("text", "age is a text"), ("other", "")]
