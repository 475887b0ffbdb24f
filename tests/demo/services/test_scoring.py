import numpy as np
import pytest

from apps.demo.services.dataset import load_production, load_reference
from apps.demo.services.scoring import Predictor, Scorer, load_or_train


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return load_or_train(tmp_path_factory.mktemp("demo") / "demo-model.json", load_reference())


def test_a_later_start_uses_the_model_of_the_first(tmp_path):
    path, reference, people = tmp_path / "demo-model.json", load_reference(), load_production(limit=500)
    first = load_or_train(path, reference)
    again = load_or_train(path, reference)
    assert (first.scores(people.features) == again.scores(people.features)).all()
    assert (first.contributions(people.features) == again.contributions(people.features)).all()


@pytest.mark.slow
def test_the_model_beats_the_rule_it_replaced(predictor: Predictor):
    people = load_production()
    model = ((predictor.scores(people.features) >= 0.5) == people.employed).mean()
    rule = (predictor.baseline(people.features) == people.employed).mean()
    assert model == pytest.approx(0.828, abs=0.003)
    assert rule == pytest.approx(0.788, abs=0.003)


def test_contributions_and_base_add_up_to_the_log_odds(predictor: Predictor):
    people = load_production(limit=300)
    scorer = Scorer(predictor, people)
    scored = scorer.score(range(100, 300))
    log_odds = np.log(scored.scores / (1 - scored.scores))
    # Sixteen contributions and a base are rounded to four digits; far from zero, rounding the score matters more.
    near = np.abs(log_odds) < 4
    assert scored.contributions[near].sum(axis=1) + scored.base[near] == pytest.approx(log_odds[near], abs=2e-3)


def test_a_person_is_explained_the_same_in_every_chunk(predictor: Predictor):
    people = load_production(limit=300)
    at_once = Scorer(predictor, people).score(range(300))
    in_parts = Scorer(predictor, people)
    parts = [in_parts.score(part) for part in (range(200, 300), range(100, 200), range(100))]
    assert (np.vstack([part.contributions for part in reversed(parts)]) == at_once.contributions).all()
    assert (np.concatenate([part.scores for part in reversed(parts)]) == at_once.scores).all()
