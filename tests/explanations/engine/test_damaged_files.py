"""Files damaged by chance are refused or found to differ, never taken for the model. `badmodels` has 5,000 of them."""

from random import Random

import pytest

from apps.explanations.engine import parity
from apps.explanations.engine.parity import Case
from apps.explanations.engine.running import ChildDied, ModelRefused
from tests.explanations.engine import mutations, trained
from tests.explanations.engine.conftest import Load
from tests.explanations.engine.trained import Trained

pytestmark = pytest.mark.slow

FILES = 60


@pytest.mark.parametrize(
    ("library", "kind"),
    [("xgboost", "categorical"), ("lightgbm", "categorical"), ("onnx", "regression"), ("skops", "RF")],
)
def test_a_damaged_file_is_never_taken_for_the_model(load: Load, library: str, kind: str) -> None:
    model: Trained = getattr(trained, library)(kind)
    scored = load(library, model.content, model.spec).score(model.rows)
    pairs = zip(model.rows, scored, strict=True)
    cases = [Case(str(at), row, each.score, each.predicted or "") for at, (row, each) in enumerate(pairs)]
    rng, refused = Random(f"{library} {kind}"), 0
    for _ in range(FILES):
        content = mutations.mutate(library, model.content, rng)
        try:
            child = load(library, content, model.spec)
            is_accepted = parity.compare(child, cases, spec=model.spec).is_same
            again = child.score(model.rows) if is_accepted else []
        except (ModelRefused, ChildDied):
            refused += 1
            continue
        for case, each in zip(cases, again, strict=False):
            assert each.score == pytest.approx(case.score, abs=model.spec.allowed)
    assert refused > FILES / 4
