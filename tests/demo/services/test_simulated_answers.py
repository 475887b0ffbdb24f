from datetime import UTC, datetime

import numpy as np
import pytest

from apps.demo.services.dataset import load_production, load_reference
from apps.demo.services.scoring import load_or_train
from apps.demo.services.simulated_answers import Case, SimulatedReviewer, adjudication

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
REASONS = ["The age points the other way", "The input data looks wrong"]


def cases(*, score: float, count: int = 4_000) -> list[Case]:
    return [Case(str(number), is_employed=number % 2 == 0, score=score) for number in range(count)]


def error_rate(some: list[Case]) -> float:
    return float(np.mean([SimulatedReviewer("simulated-a").is_wrong(case) for case in some]))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """Production rows drawn with the demo's rates, each with the highest of its policies."""
    people = load_production()
    predictor = load_or_train(tmp_path_factory.mktemp("demo") / "demo-model.json", load_reference())
    scores = predictor.scores(people.features)
    differs = (scores >= 0.5) != predictor.baseline(people.features)
    borderline = (scores >= 0.35) & (scores < 0.65)
    rates = np.maximum(np.where(differs | borderline, 0.02, 0.005), 0.016 * 4 * scores * (1 - scores))
    chosen = np.flatnonzero(np.random.default_rng(7).random(len(people)) < rates)
    return [Case(str(people.ids[i]), is_employed=bool(people.employed[i]), score=float(scores[i])) for i in chosen]


def test_about_2150_cases_are_drawn(drawn: list[Case]):
    assert len(drawn) == pytest.approx(2_150, abs=140)


def test_reviewers_are_wrong_in_about_6_of_100_drawn_cases(drawn: list[Case]):
    # About 2,150 cases by three people: a standard error of 0.3 percentage points.
    rates = [np.mean([SimulatedReviewer(name).is_wrong(case) for case in drawn]) for name in "abc"]
    assert np.mean(rates) == pytest.approx(0.06, abs=0.01)


def test_reviewers_are_wrong_more_often_where_the_case_is_close():
    assert error_rate(cases(score=0.5)) > 2 * error_rate(cases(score=0.02))


def test_a_reviewer_gives_the_same_answer_at_every_start():
    case = Case("70001", is_employed=True, score=0.4)
    assert SimulatedReviewer("simulated-a").judgement(case) == SimulatedReviewer("simulated-a").judgement(case)


def test_reviewers_err_independently_of_each_other():
    close = cases(score=0.5)
    both = [
        SimulatedReviewer("simulated-a").is_wrong(case) and SimulatedReviewer("simulated-b").is_wrong(case)
        for case in close
    ]
    assert np.mean(both) == pytest.approx(0.08**2, abs=0.004)


def test_about_two_in_a_hundred_cases_get_no_label():
    decisions = [SimulatedReviewer("simulated-a").passes(case, now=NOW) for case in cases(score=0.5)]
    verdicts = [body["verdict"] for body in decisions if body]
    assert len(verdicts) / len(decisions) == pytest.approx(0.018, abs=0.006)
    assert set(verdicts) == {"skip", "cannot_tell"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("is_model_right", "expected"),
    [
        (True, {"agree": 0.45, "dispute": 0.12, "correct": 0.43}),
        (False, {"agree": 0.08, "dispute": 0.12, "correct": 0.80}),
    ],
)
def test_after_the_reveal_a_reviewer_keeps_disputes_or_is_swayed_mostly_by_a_model_that_is_right(
    is_model_right: bool, expected: dict[str, float]
):
    reviewer, verdicts = SimulatedReviewer("simulated-a"), []
    for case in cases(score=0.6, count=20_000):
        first = reviewer.judgement(case)["value"]
        other = "employed" if first == "not_employed" else "not_employed"
        assert reviewer.decision(case, predicted=first, dispute_reasons=REASONS)["verdict"] == "agree"
        if (other == case.truth) is not is_model_right:
            continue
        decision = reviewer.decision(case, predicted=other, dispute_reasons=REASONS)
        assert decision.get("value") in (None, first)
        assert ("value" in decision) == (decision["verdict"] != "agree")
        verdicts.append(decision["verdict"])
    # About 1,600 wrong first answers: a standard error of 1.2 percentage points.
    assert {verdict: verdicts.count(verdict) / len(verdicts) for verdict in set(verdicts)} == pytest.approx(
        expected, abs=0.04
    )


@pytest.mark.parametrize("is_employed", [True, False])
@pytest.mark.parametrize("predicted", ["employed", "not_employed"])
def test_the_adjudicator_is_always_right(is_employed: bool, predicted: str):
    settled = adjudication(Case("70001", is_employed=is_employed, score=0.5), predicted=predicted)
    value = predicted if settled["verdict"] == "agree" else settled["value"]
    assert value == ("employed" if is_employed else "not_employed")
