"""The seven models of a city, as somebody might find them in the first days of a month."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from apps.accounts.models import Project
from apps.home.services.months import following
from apps.registry.models import MonitoredModel
from apps.reports.models import Kind
from tests.factories import make_model
from tests.home.planted import BEFORE, LAST, make_alert, plant, weeks

K = 1_000
# Thousands in the last month and in the one before, each with its range; right decisions; cases in the two months; the
# price of reviews; how many days before the end of the month are final; the course of eight weeks.
CITY: dict[str, dict[str, Any]] = {
    "Employment": {
        "question": "Who is offered support",
        "now": (412, 298, 531),
        "before": (554, 494, 614),
        "right": (0.84, 0.79, 0.88),
        "n": (24_900, 34_100),
        "spend": 3_940,
        "open": 59,
        "course": [0.826, 0.844, 0.83, 0.842, 0.824, 0.851, 0.835, 0.845],
        "why": {"outcomes": 1_240},
    },
    "Invoice fraud": {
        "question": "Which invoices to hold",
        "now": (268, 180, 352),
        "before": (301, 251, 351),
        "right": (0.97, 0.96, 0.98),
        "n": (117_000, 118_000),
        "spend": 6_120,
        "open": 15,
        "course": [0.976, 0.974, 0.977, 0.972, 0.973, 0.968, 0.97, 0.966],
        "why": {"adjudications": 3},
    },
    "House prices": {
        "question": "Valued within 10 %",
        "now": (-12.4, -41, 16),
        "before": (9, -18, 36),
        "right": (0.71, 0.66, 0.76),
        "n": (6_400, 6_500),
        "spend": 1_480,
        "open": 30,
        "course": [0.756, 0.75, 0.745, 0.732, 0.722, 0.72, 0.704, 0.699],
    },
    "Missed appointments": {
        "question": "Who gets a reminder call",
        "now": (74.2, 58, 90),
        "before": (81, 64, 98),
        "right": (0.88, 0.86, 0.9),
        "n": (57_000, 58_000),
        "spend": 860,
        "open": 8,
        "course": [0.881, 0.875, 0.885, 0.878, 0.882, 0.87, 0.872, 0.88],
    },
    "Energy demand": {
        "question": "Next day, within 5 %",
        "now": (196.4, 171, 221),
        "before": (188, 163, 213),
        "right": (0.88, 0.86, 0.9),
        "n": (2_880, 2_976),
        "spend": 640,
        "open": 0,
        "course": [0.86, 0.866, 0.87, 0.875, 0.872, 0.88, 0.883, 0.886],
    },
    "Ticket routing": {
        "question": "Which of nine teams",
        "now": (38.6, 33.1, 44),
        "before": (35.9, 30.6, 41.2),
        "right": (0.91, 0.9, 0.92),
        "n": (79_000, 78_000),
        "spend": 2_210,
        "open": 0,
        "course": [0.902, 0.906, 0.904, 0.907, 0.911, 0.905, 0.909, 0.908],
    },
    "Form reading": {
        "question": "Text from scanned forms",
        "now": None,
        "before": None,
        "right": (0.985, 0.98, 0.989),
        "n": (118_000, 118_000),
        "spend": 0,
        "open": 1,
        "course": [0.988, 0.99, 0.986, 0.989, 0.99, 0.985, 0.991, 0.99],
    },
}


def make_city(project: Project) -> list[MonitoredModel]:
    """Plant the models with their months, their alerts and what became known of them."""
    models = [_make(project, name, **line) for name, line in CITY.items()]
    for model in (models[0], models[1], models[5]):
        make_alert(model, state="acknowledged")
    make_alert(models[1])
    make_alert(models[2])
    make_alert(models[4], state="resolved", title="Energy demand: temperatures arrive again; no forecast was harmed.")
    return models


def _make(project: Project, name: str, **line: Any) -> MonitoredModel:
    model = make_model(project, name.lower().replace(" ", "-"), name=name, question=line["question"])
    final = following(LAST) - timedelta(days=1 + line["open"])
    states: dict[str, Any] = {"is_final": not line["open"], "is_newly_final": not line["open"], "final_through": final}
    for month, when, n in ((LAST, "now", line["n"][0]), (BEFORE, "before", line["n"][1])):
        figure = line[when]
        money = tuple(each * K for each in figure) if figure else None
        priced = {"review_cost": Decimal(line["spend"])} if figure else {"currency": "", "code": "no_value_model"}
        plant(model, Kind.VALUE, money, month=month, n=n, **states | priced)
    course = weeks(line["course"], until=following(LAST) - timedelta(days=1), is_open=line["open"] > 0)
    plant(model, Kind.PERFORMANCE, line["right"], n=line["n"][0], weeks=course, **states)
    restated = {"was": line["right"][0] + 0.003, "why": line["why"]} if "why" in line else None
    plant(model, Kind.PERFORMANCE, line["right"], n=line["n"][1], month=BEFORE, restated=restated)
    return model
