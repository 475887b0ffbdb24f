"""Draws that chance alone made, by the policies in force when they were made."""

import numpy as np
import pytest

from apps.sampling.models import Draw
from apps.sampling.services import policies
from apps.sampling.services.chance import drawn_by_chance_alone
from apps.sampling.services.randomness import permanent_number
from tests.factories import draw_all, make_model, prediction_row, push_predictions

pytestmark = pytest.mark.django_db

UNSURE = {"name": "unsure", "kind": "uncertainty", "rate": 0.5, "queue": "main", "rank": 10}
EVERYONE = {"name": "everyone", "kind": "uniform", "rate": 0.3, "queue": "main", "rank": 20}
WOMEN = EVERYONE | {"name": "women", "condition": {"field": "features.sex", "op": "eq", "value": 2}}


def drawn_model(*drawing):
    model = make_model()
    policies.put_document(model, {"floor": 0.2, "policies": list(drawing)})
    push_predictions(model, [prediction_row(n, score=(0.02, 0.5)[n % 2]) for n in range(1, 401)])
    draw_all(model)
    return model


def by_chance(model):
    draws = list(Draw.objects.filter(model=model).select_related("prediction").order_by("pk"))
    marked = drawn_by_chance_alone(
        model, [draw.prediction.external_id for draw in draws], [draw.probabilities for draw in draws]
    )
    u = np.array([permanent_number(bytes(model.salt), draw.prediction.external_id) for draw in draws])
    return draws, marked, u


def test_a_draw_below_the_floor_counts_unless_another_policy_drew_it_too():
    """Where the score is sure the other policy draws with .5 · 4 · .02 · .98 = .0392; where it is not, with .5."""
    draws, marked, u = by_chance(drawn_model(UNSURE))
    unsure = np.array([draw.prediction.score == 0.5 for draw in draws])
    expected = ~unsure & (u >= 0.5 * 4 * 0.02 * 0.98)
    assert marked.tolist() == expected.tolist()
    assert 0 < marked.sum() < len(draws)


def test_a_uniform_policy_for_all_is_chance_and_one_with_a_condition_is_not():
    assert by_chance(drawn_model(EVERYONE))[1].all()
    draws, marked, u = by_chance(drawn_model(WOMEN))
    is_woman = np.array([int(draw.prediction.external_id.removeprefix("case-")) % 2 == 1 for draw in draws])
    assert marked.tolist() == (~is_woman).tolist()  # 1 + n % 2 is the sex; their rate of .3 exceeds the floor
    assert (u[~is_woman] < 0.2).all()


def test_raising_the_floor_later_changes_no_earlier_draw():
    model = drawn_model(UNSURE)
    _, before, _ = by_chance(model)
    policies.put_document(model, {"floor": 0.9, "policies": [EVERYONE]})
    assert by_chance(model)[1].tolist() == before.tolist()


def test_without_draws_nothing_is_marked():
    assert drawn_by_chance_alone(make_model(), [], []).tolist() == []
