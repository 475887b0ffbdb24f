"""The generated models: rows that are accepted, the same at every start, with what happens to them in the data."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.demo.services import generated
from apps.predictions.models import Outcome, Prediction
from apps.registry.services import registering
from apps.registry.services.documents import ModelSerializer
from apps.sampling.services import policies, validation
from tests.factories import make_project, push_outcomes, push_predictions

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SOURCES = {generated.ENERGY: generated.Energy, generated.TICKETS: generated.Tickets}


@pytest.mark.django_db
@pytest.mark.parametrize("name", SOURCES)
def test_every_kind_of_row_is_accepted(name: str) -> None:
    serializer = ModelSerializer(data=generated.DOCUMENTS[name])
    serializer.is_valid(raise_exception=True)
    model = registering.put_model(make_project(), slug=name, document=serializer.validated_data)
    policies.put_document(model, validation.validated(generated.POLICIES[name], model=model))
    source = SOURCES[name](NOW)
    assert push_predictions(model, source.predictions()[::400]).rejected == []
    assert push_outcomes(model, source.outcomes()[::400]).rejected == []
    assert Prediction.objects.count() > 15
    assert Outcome.objects.count() > 15


@pytest.mark.parametrize("name", SOURCES)
def test_rows_sent_again_are_the_same_and_no_outcome_comes_from_the_future(name: str) -> None:
    first, again = SOURCES[name](NOW), SOURCES[name](NOW)
    assert first.predictions()[:500] == again.predictions()[:500]
    outcomes = first.outcomes()
    assert outcomes == again.outcomes()
    assert max(datetime.fromisoformat(each["occurred_at"]) for each in outcomes) <= NOW


def right(rows: list[dict[str, Any]], truth: dict[str, Any], said: str = "prediction") -> float:
    known = [row for row in rows if row["id"] in truth]
    return sum(row[said] == truth[row["id"]] for row in known) / len(known)


def test_the_model_reads_tickets_better_than_the_rule() -> None:
    source = generated.Tickets(NOW)
    truth, rows = {each["id"]: each["outcome"] for each in source.outcomes()}, source.predictions()
    assert right(rows, truth) > right(rows, truth, "baseline") + 0.1
    assert {row["prediction"] for row in rows} == set(generated.TEAMS)


def test_the_second_version_reads_tickets_better_than_the_first() -> None:
    source = generated.Tickets(NOW)
    truth, rows = {each["id"]: each["outcome"] for each in source.outcomes()}, source.predictions()
    old, new = ([row for row in rows if row["version"] == name] for name in (generated.OLD, generated.NEW))
    assert right(new, truth) > right(old, truth) + 0.03


def test_the_new_wing_of_the_hospital_makes_its_forecasts_too_low() -> None:
    source = generated.Energy(NOW)
    truth = {each["id"]: each["outcome"] for each in source.outcomes()}
    opened = NOW - generated.SPAN + timedelta(days=generated.NEW_WING)
    errors: dict[bool, list[float]] = {True: [], False: []}
    for row in source.predictions():
        if row["features"]["site"] == "hospital" and row["id"] in truth:
            after = datetime.fromisoformat(row["predicted_at"]) >= opened
            errors[after].append(row["prediction"] / truth[row["id"]] - 1)
    before, after = (sum(each) / len(each) for each in (errors[False], errors[True]))
    assert before - after == pytest.approx(generated.WING, abs=0.02)
