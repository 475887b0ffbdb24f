"""How far pushes have been processed."""

import pytest
from django.test import Client

from tests.factories import draw_all, make_key, make_model, make_project, prediction_row, push_predictions

pytestmark = pytest.mark.django_db


def test_batches_are_counted_with_what_is_due_in_each_stage():
    project = make_project()
    model = make_model(project, "employment")
    client = Client(headers={"authorization": f"Bearer {make_key(project)[1]}"})
    for n in range(2):
        push_predictions(model, [prediction_row(n)])
    ask = "/api/v1/models/employment/batches"
    assert client.get(ask).json() == {
        "batches": 2,
        "due": {"draw": 2, "open_items": 0, "resolve": 2, "inspect": 2, "fill_slices": 0, "add_up": 0, "explain": 0},
    }
    draw_all(model)
    assert client.get(ask).json() == {
        "batches": 2,
        "due": {"draw": 0, "open_items": 2, "resolve": 2, "inspect": 2, "fill_slices": 0, "add_up": 0, "explain": 2},
    }
