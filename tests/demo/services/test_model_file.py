"""The demo's model file, loaded as a registered one: the same scores and contributions as the demo sends."""

from pathlib import Path

import msgspec
import pytest

from apps.demo.services.codebook import FEATURES
from apps.demo.services.dataset import load_production, load_reference
from apps.demo.services.documents import FILE_DOCUMENT, MODEL_DOCUMENT
from apps.demo.services.scoring import load_or_train
from apps.explanations.engine.running import Children
from apps.explanations.engine.spec import Spec


@pytest.mark.slow
def test_the_loaded_file_gives_the_scores_and_the_contributions_that_the_demo_sends(tmp_path: Path) -> None:
    predictor, people = load_or_train(tmp_path / "model.json", load_reference()), load_production(limit=200)
    features = [{"name": name} for name in FILE_DOCUMENT["features"]]
    own = {"classes": MODEL_DOCUMENT["classes"], "positive": MODEL_DOCUMENT["positive_class"]}
    spec = msgspec.convert({**FILE_DOCUMENT, "features": features, **own}, Spec)
    rows = [dict(zip(FEATURES, row, strict=True)) for row in people.features.tolist()]
    children = Children()
    try:
        child = children.get("demo", "xgboost", spec, lambda: [(tmp_path / "model.json").read_bytes()])
        found = child.explain(rows)
    finally:
        children.close()
    # The demo sends scores with six digits, and contributions with four.
    assert [each.score for each in found] == pytest.approx(predictor.scores(people.features).tolist(), abs=6e-7)
    sent = predictor.contributions(people.features)
    for each, row in zip(found, sent.tolist(), strict=True):
        assert each.values is not None
        assert [each.values[name] for name in FEATURES] == pytest.approx(row[:-1], abs=6e-5)
        assert each.base == pytest.approx(row[-1], abs=6e-5)
