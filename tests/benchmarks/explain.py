"""Contributions of drawn predictions through the whole stage, and those of a changed row in the debug window.

The census model of the demo (16 features, 80 trees of depth 4) explains predictions of its own version. The whole stage
reads what was sent, checks the score of each row, explains it in a sealed process, and stores and counts what it
computed; the baseline of the same run is xgboost's bare `pred_contribs` of the same rows, in calls of the same size.
`one_row_ms` is a row asked of a warm process; `bars_ms` is the time from letting a control go until the bars
of the model are on the page, in Chromium, without the pause that the page waits for. Arguments: `--rows 10000`,
`--changes 40`.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
import xgboost as xgb
from httpx import HTTPTransport
from playwright.sync_api import Page, expect, sync_playwright

from apps.demo.services.codebook import FEATURES
from apps.demo.services.dataset import load_production, load_reference
from apps.demo.services.documents import FILE_DOCUMENT, MODEL_DOCUMENT
from apps.demo.services.scoring import Predictor, train
from apps.explanations.engine.running import Children
from apps.explanations.engine.spec import Input, Spec
from countersign import Client
from tests.benchmarks.harness import Site, print_table, running_site

MODEL, PROJECT, EMAIL, VERSION = "employment", "bench", "bench@example.org", "bench-1"
ROWS_A_CALL = 500
PATIENCE_SECONDS = 900
# The page waits so long for a control to rest.
REST_MS = 150

# Runs the stage in the instance's own settings, alone, and prints the seconds that it took.
EXPLAIN = """
import time
from apps.explanations.models import Artifact, Attribution
from apps.explanations.services import checking, explaining
# The check loads the file: the start of its process is no part of a row.
checking.check_due()
assert Artifact.objects.get().is_ready
started = time.perf_counter()
while explaining.explain_due():
    pass
print(time.perf_counter() - started, Attribution.objects.filter(code="").count())
"""
# From the last `input` of a control to the model's own bars.
LET_GO = """
() => new Promise((done) => {
  const control = document.getElementById("try-AGEP");
  const at = Number(control.value);
  control.value = String(at >= Number(control.max) ? at - 1 : at + 1);
  const began = performance.now();
  document.addEventListener("debug:answered", () => done(performance.now() - began), { once: true });
  control.dispatchEvent(new Event("input", { bubbles: true }));
})
"""


def run(arguments: list[str]) -> dict[str, float | int]:
    parser = argparse.ArgumentParser(prog="./run.sh bench explain")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=40)
    asked = parser.parse_args(arguments)
    predictor, people = train(load_reference()), load_production(limit=asked.rows)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.json"
        predictor.booster.save_model(file)
        one_row = _one_row(file, people.features[0].tolist())
        # Nobody else does the work that is measured.
        with running_site(without=("explanations",)) as site, _prepared(site) as client:
            _push(client, predictor, people.features)
            client.model(MODEL).register_file(VERSION, file, document=FILE_DOCUMENT)
            seconds, explained = site.manage("shell", "-v", "0", "-c", EXPLAIN).split()[-2:]
            bars = _bars(site, asked.changes)
    bare = _bare(predictor, people.features)
    count = int(explained)
    whole = 1e6 * float(seconds) / count
    print_table(
        [
            {"what": "pred_contribs alone (baseline), µs a row", "figure": bare},
            {"what": "the whole stage, µs a row", "figure": whole},
            {"what": "one row of a warm process, ms", "figure": median(one_row)},
            {"what": "from a control let go to the bars, ms", "figure": median(bars)},
            {"what": "the same, 95th percentile", "figure": quantiles(bars, n=20)[-1]},
        ]
    )
    return {
        "rows": count,
        "rows_s": round(count / float(seconds)),
        "bare_us": round(bare, 1),
        "stage_us": round(whole, 1),
        "ratio": round(whole / bare, 2),
        "one_row_ms": round(median(one_row), 2),
        "bars_ms": round(median(bars)),
        "bars_p95_ms": round(quantiles(bars, n=20)[-1]),
    }


def _bare(predictor: Predictor, features: Any) -> float:
    """Microseconds a row of the library alone."""
    calls = [features[at : at + ROWS_A_CALL].astype(np.float32) for at in range(0, len(features), ROWS_A_CALL)]
    started = time.perf_counter()
    for rows in calls:
        predictor.booster.predict(xgb.DMatrix(rows, feature_names=list(FEATURES)), pred_contribs=True)
    return 1e6 * (time.perf_counter() - started) / len(features)


def _one_row(file: Path, row: list[int]) -> list[float]:
    """Milliseconds of a row each, asked of a warm process."""
    spec = Spec([Input(name) for name in FEATURES], classes=["no", "yes"], positive="yes")
    children, sent = Children(), dict(zip(FEATURES, row, strict=True))
    child = children.get("model", "xgboost", spec, lambda: [file.read_bytes()])
    found = []
    for _ in range(300):
        started = time.perf_counter()
        child.explain([sent])
        found.append(1e3 * (time.perf_counter() - started))
    children.close()
    return found[100:]


def _prepared(site: Site) -> Client:
    person = ("--user", EMAIL, "--role", "owner")
    key = site.manage("create_key", "--project", PROJECT, *person, "--scopes", "all").strip().splitlines()[-1].strip()
    client = Client(site.base_url, key, transport=HTTPTransport())
    model = client.model(MODEL)
    model.register(MODEL_DOCUMENT)
    model.set_policies({"floor": 1.0})
    return client


def _push(client: Client, predictor: Predictor, features: Any) -> None:
    scores = predictor.scores(features)
    rows = (
        {
            "id": f"person-{at}",
            "predicted_at": "2026-11-01T00:00:00Z",
            "version": VERSION,
            "features": dict(zip(FEATURES, row, strict=True)),
            "prediction": "employed" if score >= 0.5 else "not_employed",
            "score": score,
        }
        for at, (row, score) in enumerate(zip(features.tolist(), scores.tolist(), strict=True))
    )
    model = client.model(MODEL)
    model.push_predictions(rows)
    model.wait_until_drawn(PATIENCE_SECONDS)


def _bars(site: Site, changes: int) -> list[float]:
    """Milliseconds from a control let go to the bars, in Chromium."""
    (row,) = json.loads(site.manage("shell", "-v", "0", "-c", FIRST).splitlines()[-1])
    link = site.manage("sign_in_link", "--user", EMAIL, "--next", f"/p/{PROJECT}/models/{MODEL}/cases/{row}/")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    options = ["--disable-background-networking", "--disable-gpu", "--disable-dev-shm-usage"]
    options += ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(link.strip())
        _open(page)
        found = [page.evaluate(LET_GO) - REST_MS for _ in range(changes)]
        browser.close()
    return found[2:]


FIRST = """
import json
from apps.predictions.models import Prediction
print(json.dumps(list(Prediction.objects.order_by("pk").values_list("pk", flat=True)[:1])))
"""


def _open(page: Page) -> None:
    button = page.locator("form button.primary")
    if button.count():
        button.first.click()
    expect(page.locator("[data-debug]")).to_have_count(1, timeout=60_000)
