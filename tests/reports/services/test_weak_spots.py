import random

import pytest

from apps.monitoring.services import inspecting
from apps.reports import services as reports
from apps.reports.models import ReportJob
from apps.reports.services import weak_spots
from tests.factories import draw_all, make_model, prediction_row, push_predictions
from tests.monitoring.services.test_weakness import outcomes
from tests.reports.worlds import FIRST

pytestmark = pytest.mark.django_db


def test_weak_spots_of_a_window_stand_apart_and_say_what_they_cost(monkeypatch):
    monkeypatch.setattr(weak_spots, "LEAST_OUTCOMES", 500)
    model = make_model()
    rows = [prediction_row(number) for number in range(1_200)]
    push_predictions(model, rows)
    draw_all(model)
    inspecting.inspect_due()
    chance = random.Random(4)
    # Ages 20 to 25 are a tenth of the cases; the model errs in half of them.
    outcomes(model, rows, lambda row: chance.random() < (0.5 if row["features"]["age"] < 26 else 0.05))
    model.maturity_days = 0
    model.save()
    day = min(row["predicted_at"] for row in rows)[:10]
    job = reports.request_report(model, "performance", FIRST.fromisoformat(day), FIRST.fromisoformat("2026-12-31"))
    reports.run_due()
    job = ReportJob.objects.get(pk=job.pk)
    assert job.report is not None, job.error
    found = job.report.document["pictures"]["weak"]
    assert found["searched"] == 1_200
    first = found["spots"][0]
    assert first["parts"][0]["label"] == "Age"
    value, low, high = first["right"]
    assert low < value < high
    assert low < 0.5 < high
    # 45 more of 100 are wrong there than elsewhere, in a tenth of 1,200 predictions.
    assert first["wrong_above"][1] < 0.45 * first["n"] < first["wrong_above"][2]
