"""The portfolio of a project with many models over HTTP, beside a bare read of the rows that it shows.

`page_ms` is the median time of a request on the server's own machine, `bare_ms` that of the narrow rows of three months
alone, and `documents_ms` that of the newest full documents, which the page does without.
Arguments: `--models 200`, `--calls 9`.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import psycopg

from tests.benchmarks.harness import BACKGROUND, print_table, running_site, signed_in

PLANT = """
from apps.accounts.models import Membership, Project, Role, User
from tests.factories import make_model
from tests.home.planted import BEFORE, LAST, make_alert, plant, weeks
from tests.reports.documents import document
project = Project.objects.create(slug="bench", name="Bench")
user = User.objects.create_user("stakeholder@bench.example", "a long password")
Membership.objects.create(project=project, user=user, role=Role.STAKEHOLDER)
for number in range({models}):
    model = make_model(project, f"model-{{number}}", name=f"Model {{number}}", question="Which of these to hold?")
    for month in (LAST, BEFORE):
        value = 1_000.0 * (number + 1)
        money = (value, 0.8 * value, 1.2 * value)
        plant(model, "value", money, month=month, document=document("value"))
        course = weeks([0.9, 0.91, 0.89, 0.9, 0.92], until=month)
        right = (0.9, 0.88, 0.92)
        plant(model, "performance", right, month=month, weeks=course, document=document("performance"))
    if number % 10 == 0:
        make_alert(model)
"""
PAGE = "/p/bench/"
BARE = "SELECT * FROM reports_headline WHERE is_newest ORDER BY model_id"
DOCUMENTS = "SELECT document FROM reports_report ORDER BY model_id"


def run(arguments: list[str]) -> dict[str, float | int | str]:
    parser = argparse.ArgumentParser(prog="./run.sh bench portfolio")
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--calls", type=int, default=9)
    asked = parser.parse_args(arguments)
    with running_site(without=BACKGROUND) as site:
        site.manage("shell", "-c", PLANT.format(models=asked.models))
        with signed_in(site, "stakeholder@bench.example") as client:
            size = len(client.get(PAGE).raise_for_status().content)
            page = _median(lambda: client.get(PAGE).raise_for_status(), asked.calls)
        with psycopg.connect(site.database_url) as connection:
            bare = _median(lambda: connection.execute(BARE).fetchall(), asked.calls)
            documents = _median(lambda: connection.execute(DOCUMENTS).fetchall(), asked.calls)
    print_table(
        [
            {"what": "the page, ms", "figure": 1000 * page},
            {"what": "a bare read of its rows, ms", "figure": 1000 * bare},
            {"what": "a bare read of the documents, ms", "figure": 1000 * documents},
            {"what": "the page, kB", "figure": size / 1000},
        ]
    )
    return {
        "models": asked.models,
        "page_ms": round(1000 * page, 1),
        "bare_ms": round(1000 * bare, 1),
        "documents_ms": round(1000 * documents, 1),
    }


def _median(call: Callable[[], object], times: int) -> float:
    call()
    found = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return statistics.median(found)
