"""No walk through the product leads from a case that was shown to a judgement that counts as blind."""

import pytest

from apps.explanations.services import trials
from tests.review.walking import Walk, answer_trials

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_loaded_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "wait", answer_trials)


def walk(seed: int, steps: int) -> Walk:
    walked = Walk(seed).go(steps)
    assert walked.violations + walked.counted_unblind() == []
    return walked


@pytest.mark.slow
def test_a_walk_of_the_whole_team() -> None:
    walked = walk(seed=1, steps=150)
    # It shows cases and stores blind judgements, so that it could find a way from one to the other.
    assert walked.sights
    assert walked.last_decision
    assert len(walked.acts) > 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_long_walks(seed: int) -> None:
    walk(seed=seed, steps=400)
