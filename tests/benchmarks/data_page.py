"""The page *Data* of a model with 200 features and 180 counted days, over HTTP, beside a bare read of its counts.

`page_ms` is the median time of a request on the server's own machine; `bytes_per_feature_day` what PostgreSQL keeps.
Arguments: `--features 200`, `--days 180`, `--calls 9`.
"""

import argparse
import statistics
import time

import psycopg

from tests.benchmarks.harness import BACKGROUND, print_table, running_site, signed_in

PLANT = """
from apps.accounts.models import Membership, Project, Role, User
from tests.monitoring.days import wide_model
project = Project.objects.create(slug="bench", name="Bench")
user = User.objects.create_user("engineer@bench.example", "a long password")
Membership.objects.create(project=project, user=user, role=Role.ENGINEER)
wide_model(project, features={features}, days={days})
"""
PAGE = "/p/bench/models/wide/data/"
SIZE = "SELECT sum(pg_column_size(counts) + pg_column_size(sums)) FROM monitoring_daycount"


def run(arguments: list[str]) -> dict[str, float | int | str]:
    parser = argparse.ArgumentParser(prog="./run.sh bench data_page")
    parser.add_argument("--features", type=int, default=200)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--calls", type=int, default=9)
    asked = parser.parse_args(arguments)
    with running_site(without=BACKGROUND) as site:
        site.manage("shell", "-c", PLANT.format(features=asked.features, days=asked.days))
        with signed_in(site, "engineer@bench.example") as client:
            page = _median(lambda: client.get(PAGE).raise_for_status(), asked.calls)
        with psycopg.connect(site.database_url) as connection:
            bare = _median(lambda: connection.execute("SELECT * FROM monitoring_daycount").fetchall(), asked.calls)
            kept = connection.execute(SIZE).fetchone()
    stored = float(kept[0]) / (asked.features * asked.days) if kept else 0.0
    print_table(
        [
            {"what": "the page, ms", "figure": 1000 * page},
            {"what": "a bare read of its counts, ms", "figure": 1000 * bare},
            {"what": "bytes kept per feature and day", "figure": stored},
        ]
    )
    return {
        "features": asked.features,
        "days": asked.days,
        "page_ms": round(1000 * page, 1),
        "bare_ms": round(1000 * bare, 1),
        "bytes_per_feature_day": round(stored, 1),
    }


def _median(call: "object", times: int) -> float:
    assert callable(call)
    call()
    found = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return statistics.median(found)
