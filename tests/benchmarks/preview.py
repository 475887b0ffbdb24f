"""The sampling editor of a model with 10⁷ predictions in its cells, over HTTP: what a change in the open policy costs.

`p95_ms` is the 95th percentile of the time until the consequences of what was typed are there, on the server's own
machine; `first_ms` the first page of a process, which reads the kept sample. Beside them a bare read of the cells.
Arguments: `--predictions 10000000`, `--features 20`, `--calls 60`.
"""

import argparse
import time
from functools import partial

import numpy as np
import psycopg

from tests.benchmarks.harness import BACKGROUND, form_token, print_table, running_site, signed_in

PLANT = """
from tests.planning.traffic import plant_traffic
plant_traffic(predictions={predictions}, features={features})
"""
PAGE = "/p/bench/models/busy/sampling/"
CELLS = "SELECT day, sum(n) FROM sampling_populationcell WHERE slice_name = '' GROUP BY day"


def run(arguments: list[str]) -> dict[str, float | int | str]:
    parser = argparse.ArgumentParser(prog="./run.sh bench preview")
    parser.add_argument("--predictions", type=int, default=10_000_000)
    parser.add_argument("--features", type=int, default=20)
    parser.add_argument("--calls", type=int, default=60)
    asked = parser.parse_args(arguments)
    with running_site(without=BACKGROUND) as site:
        site.manage("shell", "-c", PLANT.format(predictions=asked.predictions, features=asked.features))
        with signed_in(site, "engineer@bench.example") as client:
            first = _seconds(lambda: client.get(PAGE).raise_for_status())
            page = client.get(PAGE)
            headers = {
                "HX-Request": "true",
                "HX-Target": "consequences",
                "X-CSRFToken": form_token(page),
                "referer": str(page.url),
            }

            def change(number: int) -> None:
                client.post(f"{PAGE}edit/", data=_typed(number), headers=headers).raise_for_status()

            times = [_seconds(partial(change, number)) for number in range(asked.calls)]
        with psycopg.connect(site.database_url) as connection:
            bare = _seconds(lambda: connection.execute(CELLS).fetchall())
    median, slow = (float(np.percentile(times, q)) for q in (50, 95))
    print_table(
        [
            {"what": "a change, median, ms", "figure": 1000 * median},
            {"what": "a change, 95th percentile, ms", "figure": 1000 * slow},
            {"what": "the first page of a process, ms", "figure": 1000 * first},
            {"what": "a bare read of the cells by day, ms", "figure": 1000 * bare},
        ]
    )
    return {
        "predictions": asked.predictions,
        "median_ms": round(1000 * median, 1),
        "p95_ms": round(1000 * slow, 1),
        "first_ms": round(1000 * first, 1),
        "bare_ms": round(1000 * bare, 1),
    }


def _typed(call: int) -> dict[str, str]:
    """Return the open policy with another value typed into it."""
    return {
        "act": "put",
        "name_was": "group",
        "name": "group",
        "kind": "uniform",
        "how": "rate",
        "rate": f"1 in {20 + call}",
        "queue": "main",
        "c.0.join": "all",
        "c.0.0.field": "features.f1",
        "c.0.0.op": "ge",
        "c.0.0.value": str(call % 9),
    }


def _seconds(call: "object") -> float:
    assert callable(call)
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
