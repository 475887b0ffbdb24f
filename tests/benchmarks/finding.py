"""Find predictions among a million, over HTTP: one by its id, and lists by what is known of them.

`found_ms` is the median time of a call on the server's own machine; the baseline is one bare statement by the same id.
Arguments: `--rows 1000000`, `--calls 9`.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import httpx
import psycopg

from tests.benchmarks.harness import BACKGROUND, Site, print_table, running_site
from tests.benchmarks.intake import MODEL, as_json, prepared, rows_of

# Copies of a real row; every third is positive, every tenth has a subject, every second an outcome.
FILL = """
INSERT INTO predictions_prediction (id, model_id, external_id, content_hash, batch_id, version_id, predicted_at,
    received_at, predicted, score, baseline, amount, subject, slices)
SELECT 100000000 + i, model_id, 'fill-' || i, content_hash, batch_id, version_id,
    timestamptz '2026-01-01' + i * interval '15 seconds', received_at, (mod(i, 3) = 0)::int, (mod(i, 1000)) / 1000.0,
    (mod(i, 5) = 0)::int, 10, CASE WHEN mod(i, 10) = 0 THEN 'subject-' || i END, '{}'
FROM (SELECT * FROM predictions_prediction LIMIT 1) AS one, generate_series(1, %(rows)s) AS i
"""
OUTCOMES = """
INSERT INTO predictions_outcome (model_id, external_id, batch_id, outcome, occurred_at, received_at)
SELECT model_id, 'fill-' || i, batch_id, (mod(i, 3) = 0)::int, received_at, received_at
FROM (SELECT * FROM predictions_prediction LIMIT 1) AS one, generate_series(1, %(rows)s, 2) AS i
"""
BARE = """
SELECT row.* FROM predictions_prediction AS row JOIN registry_monitoredmodel AS model ON model.id = row.model_id
WHERE model.slug = %s AND row.external_id = %s
"""
LISTS = {
    "all": {},
    "a class": {"prediction": "yes"},
    "a rare score": {"score_from": "0.9985"},
    "no such score": {"score_from": "2"},
    "no such version": {"version": "none"},
    "another answer than the baseline": {"differs": "true"},
    "an outcome": {"outcome": "yes"},
    "no outcome": {"has_outcome": "false"},
    "drawn": {"drawn": "true"},
    "disputed": {"disputed": "true"},
    "a subject": {"subject": "subject-5000"},
    "a day": {"since": "2026-05-01T00:00:00Z", "until": "2026-05-02T00:00:00Z"},
}


def run(arguments: list[str]) -> dict[str, float | int | str]:
    parser = argparse.ArgumentParser(prog="./run.sh bench finding")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--calls", type=int, default=9)
    asked = parser.parse_args(arguments)
    with running_site(without=BACKGROUND) as site:
        key = prepared(site)
        _fill(site, key, asked.rows)
        headers, name = {"Authorization": f"Bearer {key}"}, f"fill-{asked.rows // 2}"
        url = f"{site.base_url}/api/v1/models/{MODEL}/predictions"
        with psycopg.connect(site.database_url) as database, httpx.Client(headers=headers, timeout=120) as client:
            bare = _median(lambda: database.execute(BARE, [MODEL, name]).fetchall(), asked.calls)
            found = _median(lambda: client.get(f"{url}/{name}").raise_for_status(), asked.calls)
            lists = {
                told: _median(lambda query=query: client.get(url, params=query).raise_for_status(), asked.calls)
                for told, query in LISTS.items()
            }
    rows = [{"what": "by id, bare statement (baseline)", "ms": bare}, {"what": "by id", "ms": found}]
    print_table([*rows, *({"what": told, "ms": ms} for told, ms in lists.items())])
    return {"rows": asked.rows, "found_ms": round(found, 1), "slowest_list_ms": round(max(lists.values()), 1)}


def _fill(site: Site, key: str, rows: int) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    url = f"{site.base_url}/api/v1/models/{MODEL}/predictions"
    httpx.post(url, content=as_json(rows_of(range(1), prefix="real")), headers=headers).raise_for_status()
    with psycopg.connect(site.database_url, autocommit=True) as database:
        for statement in (FILL, OUTCOMES):
            database.execute(statement, {"rows": rows})
        database.execute("ANALYZE")


def _median(call: Callable[[], object], calls: int) -> float:
    """Return the median time of some calls, in milliseconds, after one that does not count."""
    call()
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)
