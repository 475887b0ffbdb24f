"""Two windows of a model for tests of comparisons: in the second, people of another home come for some days."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from django.utils import timezone

from apps.registry.models import MonitoredModel
from apps.reports import services as reports
from apps.reports.models import Comparison, ComparisonJob
from apps.reports.services.comparisons import Side, request_comparison
from apps.review.models import ReviewItem
from apps.sampling.models import Draw
from apps.sampling.services.policies import put_document
from apps.truth.services import resolving as truth
from tests.factories import draw_all, make_model, push_outcomes, push_predictions

FIRST, SPLIT, END = date(2026, 3, 1), date(2026, 3, 11), date(2026, 3, 21)
# Days of the second window on which all live in group quarters.
EVENT = (date(2026, 3, 14), date(2026, 3, 18))
FORMER, LATTER = Side(FIRST, SPLIT), Side(SPLIT, END)
HOMES = {"1": "Household", "2": "Institution", "3": "Group quarters"}


@dataclass
class Rows:
    """Predictions with the home and whether the model is right, all with a score and a baseline."""

    day: np.ndarray
    home: np.ndarray
    is_right: np.ndarray
    said: np.ndarray
    score: np.ndarray

    @property
    def truth(self) -> np.ndarray:
        return np.where(self.is_right, self.said, 1 - self.said)

    def of(self, side: Side) -> np.ndarray:
        days = np.array([FIRST + timedelta(days=int(day)) for day in self.day])
        return (days >= side.start) & (days < side.end)

    def mean(self, mask: np.ndarray) -> float:
        return float(self.is_right[mask].mean())


def make_rows(size: int = 2_000, *, worse: float = 0.0, seed: int = 5) -> Rows:
    """Right in 90 of 100 households and 60 of 100 group quarters; `worse` of the households from SPLIT on."""
    rng = np.random.default_rng(seed)
    day = np.arange(size) % (END - FIRST).days
    in_event = (day >= (EVENT[0] - FIRST).days) & (day < (EVENT[1] - FIRST).days)
    home = np.where(in_event, 3, rng.choice([1, 2, 3], size, p=[0.9, 0.04, 0.06]))
    chance = np.where(home == 3, 0.6, 0.9) - np.where((home == 1) & (day >= (SPLIT - FIRST).days), worse, 0.0)
    said = rng.integers(0, 2, size)
    # What the score says of the home is little.
    score = np.where(said == 1, 1, -1) * rng.uniform(0.05, 0.45, size) + 0.5
    return Rows(day, home, rng.random(size) < chance, said, score)


def make_compared(rows: Rows, *, version_of: Callable[[int], str] = lambda _: "v1", **changes: Any) -> MonitoredModel:
    features = [
        {
            "name": "home",
            "type": "category",
            "label": "Home",
            "codes": HOMES,
            "sensitive": changes.pop("secret", False),
        },
        {"name": "sex", "type": "category", "label": "Sex", "codes": {"1": "male", "2": "female"}},
    ]
    slices = [{"name": "home", "feature": "home"}, {"name": "sex", "feature": "sex"}]
    model = make_model(**({"features": features, "slices": slices} | changes))
    model.salt = bytes(32)
    model.save()
    put_document(model, {"floor": 0.3, "policies": []})
    push_predictions(model, [_row(rows, number) | {"version": version_of(number)} for number in range(len(rows.day))])
    draw_all(model)
    return model


def _row(rows: Rows, number: int) -> dict[str, Any]:
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=int(rows.day[number]))
    return {
        "id": f"case-{number}",
        "predicted_at": moment.isoformat(),
        "features": {"home": int(rows.home[number]), "sex": 1 + number % 2},
        "prediction": ("no", "yes")[rows.said[number]],
        "score": float(rows.score[number]),
        "baseline": ("no", "yes")[number % 2],
    }


def close(model: MonitoredModel, rows: Rows) -> None:
    """Let all outcomes be in."""
    outcomes = [
        {"id": f"case-{number}", "outcome": ("no", "yes")[true], "occurred_at": "2026-04-01T00:00:00Z"}
        for number, true in enumerate(rows.truth)
    ]
    push_outcomes(model, outcomes)
    truth.resolve_due()
    model.maturity_days = (timezone.now() - datetime(2026, 3, 22, tzinfo=UTC)).days
    model.save()


def review(model: MonitoredModel, rows: Rows) -> None:
    """Answer all drawn cases."""
    items = [
        ReviewItem(
            draw=draw, prediction=draw.prediction, queue_id=draw.queue_id, is_blind=draw.is_blind, features={},
            label=float(rows.truth[int(draw.prediction.external_id.removeprefix("case-"))]), needs_resolution=True,
        )
        for draw in Draw.objects.filter(model=model).select_related("prediction")
    ]  # fmt: skip
    ReviewItem.objects.bulk_create(items)
    truth.resolve_due()


def compared(model: MonitoredModel, kind: str = "performance", *, first: Side = FORMER, second: Side = LATTER) -> Any:
    """Request a comparison, make it, and return it."""
    asked = request_comparison(model, kind, first, second)
    if isinstance(asked, Comparison):
        return asked
    reports.run_due()
    job = ComparisonJob.objects.get(pk=asked.pk)
    assert job.status == "done", job.error
    return job.comparison
