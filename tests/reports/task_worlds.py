"""Histories of models that predict a number or one of several classes, with a baseline and a value model."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from apps.registry.models import MonitoredModel, ValueModel
from apps.reports import services as reports
from apps.reports.models import Report
from apps.review.models import ReviewItem
from apps.sampling.models import Draw
from apps.sampling.services.policies import put_document
from apps.truth.services import resolving as truth
from tests.factories import draw_all, make_model, push_outcomes, push_predictions
from tests.reports.worlds import FIRST

CLASSES = ("cat", "dog", "fox")
WORTH = {
    "cat": {"cat": "5", "dog": "-20", "fox": "-1"},
    "dog": {"cat": "-2", "dog": "8", "fox": "-6"},
    "fox": {"cat": "-1", "dog": "-30", "fox": "2"},
}


@dataclass(frozen=True)
class TaskWorld:
    """Predictions spread over days from FIRST on, their baselines (nan or -1: none) and truths."""

    model: MonitoredModel
    predicted: np.ndarray
    baseline: np.ndarray
    truth: np.ndarray
    amount: np.ndarray
    days: int

    def on(self, before: int) -> np.ndarray:
        """Mark the rows of the first days."""
        return np.arange(len(self.truth)) % self.days < before

    def sent(self, stored: float) -> Any:
        return self.model.decode(float(stored))


def make_numbers(
    size: int = 1_200, *, days: int = 6, floor: float = 0.1, tolerance_share: float = 0.05, **changes: Any
) -> TaskWorld:
    """Energy in kWh, between −20 and 250; the baseline says the same in a third of them, and is missing in a tenth."""
    rules = {"task": "regression", "classes": [], "positive_class": "", "class_labels": {}}
    fields = {"prediction_range": [-20, 250], "unit": "kWh", "tolerance_share": tolerance_share, "maturity_days": 1}
    model = make_model(**rules, **{"salt": bytes(32), **fields, **changes})
    rng = np.random.default_rng(12)
    predicted = rng.normal(100, 30, size).round(3)
    predicted[0] = -1.0
    actual = predicted + rng.normal(1.0, 2 + 0.03 * np.abs(predicted))
    apart = np.where(rng.random(size) < 1 / 3, 0.0, rng.normal(2, 12, size))
    baseline = np.where(rng.random(size) < 0.1, np.nan, (predicted + apart).round(3))
    baseline[0] = -1.0
    return _pushed(model, predicted, baseline, actual, rng.uniform(1, 5, size).round(2), days=days, floor=floor)


def make_several(size: int = 1_200, *, days: int = 6, floor: float = 0.1, **changes: Any) -> TaskWorld:
    """Animals: the model is right in four of five, the baseline in three of five."""
    rules = {"task": "multiclass", "classes": list(CLASSES), "positive_class": "", "class_labels": {}}
    model = make_model(**rules, **{"salt": bytes(32), "maturity_days": 1, **changes})
    rng = np.random.default_rng(13)
    actual = rng.choice(3, size, p=[0.5, 0.3, 0.2])
    predicted, baseline = (np.where(rng.random(size) < p, actual, rng.integers(0, 3, size)) for p in (0.7, 0.4))
    return _pushed(model, predicted, baseline, actual, rng.uniform(1, 5, size).round(2), days=days, floor=floor)


def _pushed(
    model: MonitoredModel,
    predicted: np.ndarray,
    baseline: np.ndarray,
    actual: np.ndarray,
    amount: np.ndarray,
    *,
    days: int,
    floor: float,
) -> TaskWorld:
    world = TaskWorld(model, predicted, baseline, actual, amount, days)
    put_document(model, {"floor": floor})
    rows = []
    for n in range(len(actual)):
        moment = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=n % days)
        row = {
            "id": f"case-{n}",
            "predicted_at": moment.isoformat(),
            "version": "v1",
            "features": {"age": 20 + n % 60, "sex": 1 + n % 2},
            "prediction": world.sent(predicted[n]),
            "amount": float(amount[n]),
        }
        if not np.isnan(baseline[n]):
            row["baseline"] = world.sent(baseline[n])
        if not model.is_regression:
            row["probabilities"] = {name: 0.7 if name == row["prediction"] else 0.15 for name in CLASSES}
        rows.append(row)
    push_predictions(model, rows)
    draw_all(model)
    return world


def close(world: TaskWorld, before: int) -> None:
    """Send the outcomes of the first days, and let the horizon end behind them."""
    rows = [
        {"id": f"case-{n}", "outcome": world.sent(world.truth[n]), "occurred_at": "2026-03-20T00:00:00Z"}
        for n in np.flatnonzero(world.on(before))
    ]
    push_outcomes(world.model, rows)
    truth.resolve_due()
    opens = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=before)
    world.model.maturity_days = max((datetime.now(UTC) - opens).days, 1)
    world.model.save()


def label(world: TaskWorld) -> None:
    """Open items for all draws, each labeled with the truth."""
    draws = Draw.objects.filter(model=world.model).select_related("prediction").order_by("pk")
    ReviewItem.objects.bulk_create(
        ReviewItem(
            draw=draw,
            prediction=draw.prediction,
            queue_id=draw.queue_id,
            is_blind=draw.is_blind,
            features={},
            label=float(world.truth[int(draw.prediction.external_id.removeprefix("case-"))]),
            needs_resolution=True,
        )
        for draw in draws
    )
    truth.resolve_due()


def price(world: TaskWorld, **changes: Any) -> ValueModel:
    """A value matrix, or a kWh too high for 0.30 and one too low for 0.90."""
    worth = (
        {"over_cost": Decimal("0.30"), "under_cost": Decimal("0.90")}
        if world.model.is_regression
        else {"matrix": WORTH}
    )
    fields = {"currency": "USD", "review_cost": Decimal("2.50"), **worth, **changes}
    return ValueModel.objects.create(model=world.model, version=1, **fields)


def report_on(world: TaskWorld, kind: str) -> Report:
    job = reports.request_report(world.model, kind, FIRST, FIRST + timedelta(days=world.days))
    reports.run_due()
    job.refresh_from_db()
    assert job.status == "done", job.error
    assert job.report is not None
    return job.report
