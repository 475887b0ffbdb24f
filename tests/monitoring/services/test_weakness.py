"""Weak slices are found in the newest outcomes, or in labels by their probability, and described by their features."""

import random
from datetime import timedelta

import pytest

from apps.monitoring.models import WeakSearch
from apps.monitoring.services import day_counting, inspecting, references, weakness
from apps.monitoring.services.placing import Layout
from apps.truth.services import resolving
from tests.factories import MORNING, draw_all, make_model, prediction_row, push_outcomes, push_predictions

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(day_counting, "ENOUGH", 40)


def outcomes(model, rows, is_wrong):
    told = [
        {
            "id": row["id"],
            "outcome": {"yes": "no", "no": "yes"}[row["prediction"]] if is_wrong(row) else row["prediction"],
            "occurred_at": (MORNING + timedelta(days=3)).isoformat(),
        }
        for row in rows
    ]
    push_outcomes(model, told)
    resolving.resolve_due()


def pushed(n):
    model = make_model()
    rows = [prediction_row(number) for number in range(n)]
    push_predictions(model, rows)
    draw_all(model)
    inspecting.inspect_due()
    return model, rows


def test_a_slice_that_errs_more_is_found_with_its_range_and_share(monkeypatch):
    monkeypatch.setattr(weakness, "LEAST_OUTCOMES", 500)
    model, rows = pushed(1_200)
    chance = random.Random(4)
    # Ages 20 to 25 are a tenth of the cases; the model errs in half of them.
    outcomes(model, rows, lambda row: chance.random() < (0.5 if row["features"]["age"] < 26 else 0.05))
    assert weakness.search_due() == 1
    found = WeakSearch.objects.get()
    assert found.n == 1_200
    first = found.slices[0]
    assert first["parts"][0]["name"] == "age"
    assert 0.05 < first["share"] < 0.2
    assert first["error"]["low"] < 0.5 < first["error"]["high"]
    assert first["q"] < 0.01
    # Nothing new is known: it is not searched again.
    assert weakness.search_due() == 0


def test_errors_by_chance_are_no_slice(monkeypatch):
    monkeypatch.setattr(weakness, "LEAST_OUTCOMES", 500)
    model, rows = pushed(1_000)
    chance = random.Random(4)
    outcomes(model, rows, lambda row: chance.random() < 0.1)
    weakness.search_due()
    assert WeakSearch.objects.get().slices == []


def test_few_outcomes_are_said_to_be_too_few():
    model, rows = pushed(50)
    outcomes(model, rows[:30], lambda row: row["id"] == "case-3")
    weakness.search_due()
    found = WeakSearch.objects.get()
    assert (found.code, found.slices) == ("too_few", [])


@pytest.mark.parametrize("scanned", [1_000, 10])
def test_a_sample_is_of_its_days_and_the_same_each_time(monkeypatch, scanned):
    monkeypatch.setattr(references, "SCANNED", scanned)
    monkeypatch.setattr(references, "RUNS", 5)
    model, _ = pushed(200)
    day = MORNING.date()

    def sample():
        rows = references.sampled_rows(model, start=day, end=day + timedelta(days=1), rows=200, most=50)
        return references.coded(rows, model=model, layout=Layout.of(model))

    first, second = sample(), sample()
    assert 10 <= len(first.codes) <= 50
    assert (first.codes == second.codes).all()
    later = references.sampled_rows(model, start=day + timedelta(days=5), end=day + timedelta(days=6), rows=200)
    assert list(later) == []
