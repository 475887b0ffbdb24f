import csv
import html
import random
import re

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Role
from apps.monitoring.services import inspecting
from apps.reports import services as reports
from apps.reports.models import Report, ReportJob
from apps.reports.services import weak_spots
from tests.factories import draw_all, make_member, make_model, prediction_row, push_predictions
from tests.monitoring.services.test_weakness import outcomes
from tests.reports.worlds import FIRST

pytestmark = pytest.mark.django_db


def made(monkeypatch) -> Report:
    """Report on 1,200 predictions; the model errs in half of those of ages 20 to 25, a tenth of them."""
    monkeypatch.setattr(weak_spots, "LEAST_OUTCOMES", 500)
    model = make_model()
    rows = [prediction_row(number) for number in range(1_200)]
    push_predictions(model, rows)
    draw_all(model)
    inspecting.inspect_due()
    chance = random.Random(4)
    outcomes(model, rows, lambda row: chance.random() < (0.5 if row["features"]["age"] < 26 else 0.05))
    model.maturity_days = 0
    model.save()
    day = min(row["predicted_at"] for row in rows)[:10]
    job = reports.request_report(model, "performance", FIRST.fromisoformat(day), FIRST.fromisoformat("2026-12-31"))
    reports.run_due()
    job = ReportJob.objects.get(pk=job.pk)
    assert job.report is not None, job.error
    return job.report


def test_weak_spots_of_a_window_stand_apart_and_say_what_they_cost(monkeypatch):
    found = made(monkeypatch).document["pictures"]["weak"]
    assert found["searched"] == 1_200
    first = found["spots"][0]
    assert first["parts"][0]["label"] == "Age"
    value, low, high = first["right"]
    assert low < value < high
    assert low < 0.5 < high
    # 45 more of 100 are wrong there than elsewhere, in a tenth of 1,200 predictions.
    assert first["wrong_above"][1] < 0.45 * first["n"] < first["wrong_above"][2]


def test_a_weak_spot_opens_its_cases_and_they_are_as_many_as_it_says(monkeypatch):
    report = made(monkeypatch)
    engineer, stakeholder = (make_member(report.model.project, role) for role in (Role.ENGINEER, Role.STAKEHOLDER))
    address = reverse("report", args=[report.model.project.slug, report.pk])
    cases = reverse("cases", args=[report.model.project.slug, report.model.slug])

    def links(member):
        client = Client()
        client.force_login(member.user)
        weak = client.get(address).content.decode().partition('id="weak"')[2].partition("</section>")[0]
        return [html.unescape(each) for each in re.findall(r'href="([^"]+)"', weak)]

    spots = report.document["pictures"]["weak"]["spots"]
    opened = links(engineer)
    assert len(opened) == len(spots) > 0
    client = Client()
    client.force_login(engineer.user)
    for spot, link in zip(spots, opened, strict=True):
        assert link.startswith(f"{cases}?where=")
        file = client.get(link.replace(f"{cases}?", f"{cases.rstrip('/')}.csv?"))
        # All 1,200 were searched, so the report counts and need not estimate.
        assert len(list(csv.DictReader(file.getvalue().decode().splitlines()))) == spot["n"]
    assert links(stakeholder) == []
