"""Reports of a model with many classes: 100,000 predictions of 30 days in 10 slices, 1,000 of them labeled.

For each number of classes: the seconds of a performance, a baseline and a value report, from the database back to it,
and of opening the page of the first; beside them one `GROUP BY` over the same predictions.
Arguments: `--classes 20 80`.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from config.local.servers import embedded, running
from config.local.state import State
from tests.benchmarks.harness import print_table

CLASSES = (20, 80, 150, 300)
ROWS, DAYS, LABELS, SLICES, PUSH = 100_000, 30, 1_000, 10, 20_000
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
KINDS = ("performance", "baseline", "value")


def run(arguments: list[str]) -> dict[str, float | int | str]:
    parser = argparse.ArgumentParser(prog="bench classes")
    parser.add_argument("--classes", type=int, nargs="+", default=CLASSES)
    sizes = parser.parse_args(arguments).classes
    with _django():
        rows = [_measure(size) for size in sizes]
    print_table(rows)
    return {f"{name}_{row['classes']}": figure for row in rows for name, figure in row.items() if name != "classes"}


@contextmanager
def _django() -> Iterator[None]:
    """Run the product's code in this process, on a database of its own."""
    with tempfile.TemporaryDirectory(prefix="countersign-classes-") as folder:
        state = State(Path(folder))
        programs, environment = embedded(state)
        os.environ.update(environment, DJANGO_SETTINGS_MODULE="config.settings", COUNTERSIGN_LOG_LEVEL="ERROR")
        with running(programs, logs=state.logs):
            import django
            from django.core.management import call_command
            from django.db import connection

            django.setup()
            call_command("migrate", verbosity=0)
            yield
            connection.close()


def _measure(classes: int) -> dict[str, float | int]:
    from django.db import connection

    from apps.predictions.models import Prediction

    model = _filled(classes)
    # The pass that any report needs at least.
    count = "SELECT predicted, baseline, count(*) FROM predictions_prediction WHERE model_id = %s GROUP BY 1, 2"
    with connection.cursor() as cursor:
        one_pass = _seconds(lambda: cursor.execute(count, [model.pk]).fetchall())
    made = {kind: _reported(model, kind) for kind in KINDS}
    assert Prediction.objects.filter(model=model).count() == ROWS
    return {
        "classes": classes,
        "pass_s": round(one_pass, 3),
        **{f"{kind}_s": round(seconds, 2) for kind, (seconds, _) in made.items()},
        "page_s": round(_page(made["performance"][1]), 3),
        "document_mb": round(len(json.dumps(made["performance"][1].document)) / 1e6, 2),
    }


def _reported(model: Any, kind: str) -> tuple[float, Any]:
    from apps.reports import services as reports

    start = FIRST.date()
    job = reports.request_report(model, kind, start, start + timedelta(days=DAYS))
    seconds = _seconds(reports.run_due)
    job.refresh_from_db()
    assert job.report is not None, job.error
    return seconds, job.report


def _page(report: Any) -> float:
    """Open the report's page twice; the first time loads templates and fonts."""
    from django.test import Client

    from apps.accounts.models import Role
    from tests.factories import make_member

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(make_member(report.model.project, Role.STAKEHOLDER).user)
    url = f"/p/{report.model.project.slug}/reports/{report.pk}/"
    answers = []
    client.get(url)
    seconds = _seconds(lambda: answers.append(client.get(url)))
    assert answers[0].status_code == 200, answers[0].status_code
    return seconds


def _filled(classes: int) -> Any:
    """Register a model; push, draw and label its predictions."""
    from apps.sampling.services.policies import put_document
    from tests.factories import draw_all, make_model, push_predictions

    names = [f"c{number:03d}" for number in range(classes)]
    worth = {name: {other: float(name == other) - 0.25 for other in names} for name in names}
    model = make_model(
        task="multiclass",
        classes=names,
        positive_class="",
        class_labels={},
        features=[{"name": "region", "type": "category", "label": "Region"}],
        slices=[{"name": "region", "feature": "region", "edges": []}],
        maturity_days=100_000,
        value_model={"currency": "USD", "matrix": worth, "statement": "", "review_cost": "0.5"},
    )
    put_document(model, {"floor": LABELS / ROWS, "policies": []})
    rows, truth = _rows(names)
    for start in range(0, ROWS, PUSH):
        push_predictions(model, rows[start : start + PUSH])
        draw_all(model)
    _label(model, truth)
    return model


def _rows(names: list[str]) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Make predictions of classes of very different frequency, right where their probability says so."""
    rng = np.random.default_rng(1)
    share = 1 / np.arange(1, len(names) + 1)
    truth, top = rng.choice(len(names), ROWS, p=share / share.sum()), rng.beta(4, 1.5, ROWS)
    right, same = rng.random(ROWS) < top, rng.random(ROWS) < 0.8
    other = rng.integers(0, len(names), (2, ROWS))
    predicted = np.where(right, truth, other[0])
    baseline = np.where(same, predicted, other[1])
    rows = [
        {
            "id": f"case-{number}",
            "predicted_at": (FIRST + timedelta(days=number % DAYS, hours=12)).isoformat(),
            "version": "v1",
            "features": {"region": f"r{number % SLICES}"},
            "prediction": names[predicted[number]],
            "probabilities": _probabilities(names, predicted[number], top[number]),
            "baseline": names[baseline[number]],
        }
        for number in range(ROWS)
    ]
    return rows, truth


def _probabilities(names: list[str], predicted: int, top: float) -> dict[str, float]:
    """Give the predicted class its probability, and the next class the rest; it stays below."""
    sure = max(round(float(top), 6), 0.51)
    return {names[predicted]: sure, names[(predicted + 1) % len(names)]: 1 - sure}


def _label(model: Any, truth: np.ndarray) -> None:
    from apps.review.models import ReviewItem
    from apps.sampling.models import Draw
    from apps.truth.services import resolving

    draws = Draw.objects.filter(model=model).select_related("prediction")
    ReviewItem.objects.bulk_create(
        ReviewItem(
            draw=draw,
            prediction=draw.prediction,
            queue_id=draw.queue_id,
            is_blind=draw.is_blind,
            features={},
            label=float(truth[int(draw.prediction.external_id.removeprefix("case-"))]),
            needs_resolution=True,
        )
        for draw in draws
    )
    resolving.resolve_due()


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
