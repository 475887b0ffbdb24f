"""The recommended policy in force: its priorities are fitted by a worker, and count from then on."""

import numpy as np
import pytest

from apps.planning.services import preview, recommending
from apps.planning.services.precision import Draw, Precision
from apps.planning.services.proposing import propose, wished
from apps.sampling.models import Draw as Drawn
from apps.sampling.models import PolicyRate
from apps.sampling.services import kept, policies
from tests.factories import draw_all, make_model, prediction_row, push_predictions

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_kept():
    yield
    preview.forget()
    kept.forget()


def rows(first, n):
    """Most predictions are sure of "no"; one in ten is undecided."""
    scores = [0.5 if number % 10 == 0 else 0.02 for number in range(n)]
    return [
        prediction_row(first + number, prediction="yes" if score >= 0.5 else "no", score=score)
        for number, score in enumerate(scores)
    ]


@pytest.fixture
def model():
    monitored = make_model()
    policies.put_document(monitored, {"floor": 0.01})
    push_predictions(monitored, rows(0, 1_000))
    draw_all(monitored)
    return monitored


RECOMMENDED = {
    "name": "sharp",
    "kind": "recommended",
    "metrics": ["accuracy"],
    "rate": 0.1,
    "queue": "main",
    "rank": 10,
}


def test_it_draws_evenly_until_it_is_fitted_and_undecided_cases_more_often_from_then_on(model):
    policies.put_document(model, {"policies": [RECOMMENDED]})
    assert recommending.fit_due() == 1
    assert recommending.fit_due() == 0
    rate = PolicyRate.objects.get()
    assert rate.factor == 0.1
    push_predictions(model, rows(1_000, 1_000))
    draw_all(model)
    drawn = Drawn.objects.filter(model=model, probabilities__has_key=str(rate.policy_id))
    by_score = dict(drawn.values_list("prediction__score", "inclusion_probability"))
    assert by_score[0.5] > 1.5 * by_score[0.02]


def test_the_plan_knows_it_before_it_is_saved(model):
    known = preview.known(model)
    document = policies.current_document(model)
    drafted = preview.Preview(model, {**document, "policies": [RECOMMENDED]})
    even = preview.Preview(model, {**document, "policies": [{**RECOMMENDED, "kind": "uniform"} | {"metrics": None}]})
    widths = [each.precision.rows[0].planned[0][1].half_width for each in (drafted, even)]
    assert widths[0] < widths[1]
    assert np.isclose(drafted.draft.all.mean, even.draft.all.mean, rtol=0.05)
    assert known is preview.known(model)


def test_a_proposal_is_the_smallest_draw_that_meets_the_wish(model):
    known = preview.known(model)
    wish = wished(known, metrics=["accuracy"], half_width=0.006, weeks=2, part="", minutes=None)
    found = propose(known, wish, policies.current_document(model))
    assert found.reached.half_width <= 0.006
    per_day = found.document["policies"][0]["budget"]["per_day"]
    smaller = {**found.document, "policies": [{**found.document["policies"][0], "budget": {"per_day": per_day * 0.8}}]}
    less = preview.outlook_of(known, policies.rated_document(model, smaller))
    plan = Precision(known.recent, [Draw.of(less, response=1.0)], known.expectations)
    assert plan.after("accuracy", 2)[0].half_width > 0.006
    assert found.at_random is None or found.at_random >= found.outlook.all.mean


def test_the_floor_alone_is_proposed_where_it_is_enough(model):
    known = preview.known(model)
    wish = wished(known, metrics=["accuracy"], half_width=0.2, weeks=4, part="", minutes=None)
    assert propose(known, wish, policies.current_document(model)).document["policies"] == []


def test_a_wish_for_a_group_becomes_a_policy_for_it(model):
    known = preview.known(model)
    wish = wished(known, metrics=["accuracy"], half_width=0.005, weeks=4, part="sex=1", minutes=None)
    policy = propose(known, wish, policies.current_document(model)).document["policies"][0]
    assert (policy["kind"], policy["slice"], policy["rates"][0]["value"]) == ("slice", "sex", "1")
