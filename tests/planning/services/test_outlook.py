"""What a sampling brings: cases by policy and queue, what each adds, and whom only the floor reaches."""

import numpy as np
import pytest

from apps.planning.services import preview
from apps.planning.services.outlook import Outlook
from apps.planning.services.recent import Recent
from apps.sampling.services import kept, policies
from tests.factories import draw_all, make_model, prediction_row, push_predictions

pytestmark = pytest.mark.django_db(transaction=True)
N = 300


@pytest.fixture(autouse=True)
def nothing_kept():
    yield
    preview.forget()
    kept.forget()


@pytest.fixture
def model():
    """300 predictions of one day, every second a disagreement with the baseline, amounts 1 to 300."""
    monitored = make_model()
    policies.put_document(monitored, {"floor": 0.1, "queues": [{"name": "main"}, {"name": "second"}]})
    rows = [
        prediction_row(n, prediction="yes", score=0.9, baseline="yes" if n % 2 else "no", amount=n + 1)
        for n in range(N)
    ]
    push_predictions(monitored, rows)
    draw_all(monitored)
    return monitored


def outlook(model, *drafted):
    document = {"floor": 0.1, "policies": list(drafted), "queues": []}
    return Outlook(Recent(model), policies.rated_document(model, document))


def differs(**changes):
    return {"name": "differs", "kind": "disagreement", "rate": 0.4, "queue": "second", "rank": 10, **changes}


def test_policies_share_a_random_number_so_the_larger_probability_counts(model):
    found = outlook(model, differs())
    # π is 0.4 for the 150 that differ and 0.1 for all others.
    assert found.all.mean == pytest.approx(150 * 0.4 + 150 * 0.1)
    by_name = {each.rated.policy.name: each for each in found.by_policy}
    assert by_name["differs"].all.mean == pytest.approx(60)
    assert by_name["differs"].only == pytest.approx(150 * 0.3)
    assert by_name["floor"].all.mean == pytest.approx(30)
    assert by_name["floor"].only == pytest.approx(15)


def test_the_first_policy_by_rank_chooses_the_queue(model):
    found = outlook(model, differs())
    queues = {each.slug: each.pk for each in model.queues.all()}
    assert found.by_queue[queues["second"]].mean() == pytest.approx(60)
    assert found.by_queue[queues["main"]].mean() == pytest.approx(15)


def test_whom_only_the_floor_reaches_is_said_in_decisions_and_in_money(model):
    share, money = outlook(model, differs()).only_by_floor
    assert share == pytest.approx(0.5)
    # Those that agree have the amounts 2, 4, …, 300.
    assert money == pytest.approx(sum(range(2, N + 1, 2)) / sum(range(1, N + 1)))
    assert outlook(model).only_by_floor[0] == 1


def test_a_policy_that_is_off_brings_nothing(model):
    assert outlook(model, differs(is_on=False)).all.mean == pytest.approx(30)


def test_a_budget_brings_as_many_cases_as_it_says(model):
    policy = differs()
    del policy["rate"]
    found = outlook(model, policy | {"budget": {"per_day": 45}})
    assert found.by_policy[0].all.mean == pytest.approx(45)
    assert np.unique(found.p[0].round(6)).tolist() == [0.0, 0.3]


def test_a_budget_larger_than_what_comes_takes_all_of_it(model):
    policy = differs()
    del policy["rate"]
    assert outlook(model, policy | {"budget": {"per_day": 900}}).by_policy[0].all.mean == pytest.approx(150)
