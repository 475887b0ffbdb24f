"""A model's history for tests of reports: predictions over days, draws, labels from the truth, outcomes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import F
from django.utils import timezone
from scipy.special import expit

from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel
from apps.reports import services as reports
from apps.reports.models import Report, ReportJob
from apps.review.models import ReviewItem
from apps.sampling.models import Draw, PopulationCell
from apps.sampling.services.policies import put_document
from apps.truth.services import resolving as truth
from tests.factories import draw_all, make_model, push_outcomes, push_predictions

FIRST = date(2026, 3, 1)


@dataclass
class World:
    """A binary model that is right more often when it is sure, with its true outcomes."""

    model: MonitoredModel
    rows: list[dict[str, Any]]
    y: np.ndarray
    days: int

    @property
    def end(self) -> date:
        return FIRST + timedelta(days=self.days)

    def select(self, wanted: Iterable[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Predicted (0 or 1), score and truth of the rows on these days."""
        at = np.isin(np.arange(len(self.rows)) % self.days, list(wanted))
        predicted = np.array([row["prediction"] == "yes" for row in self.rows])[at].astype(int)
        return predicted, np.array([row["score"] for row in self.rows])[at], self.y[at]


def make_world(
    size: int,
    *,
    days: int = 20,
    seed: int = 7,
    policies: dict[str, Any] | None = None,
    salt: bytes = bytes(32),
    without_baseline: int = 0,
    squeeze: float = 1.0,
    pushed: int | None = None,
    log_share: Callable[[int], float] | None = None,
    version_of: Callable[[int], str] = lambda _: "v1",
    **changes: Any,
) -> World:
    """Predictions spread over days from FIRST on, pushed and drawn; every so-manieth may come without a baseline.

    `squeeze` moves their scores towards one half; only the first `pushed` rows are pushed. With `log_share`, each row
    is logged with this probability by its number, and the others are never sent. `version_of` names the version that
    decides on a row.
    """
    rng = np.random.default_rng(seed)
    z = np.where(rng.random(size) < 0.5, 1, -1) * 1.5 + rng.normal(0, 1.2, size)
    y = (rng.random(size) < expit(z)).astype(int)
    score = np.clip(expit(1.25 * z + 0.25 + rng.normal(0, 0.6, size)), 1e-4, 1 - 1e-4)
    rule = z + rng.normal(0, 1.5, size) > 0
    rows = [
        {
            "id": f"case-{number}",
            "predicted_at": (datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=number % days)).isoformat(),
            "version": version_of(number),
            "features": {"age": 20 + number % 60, "sex": 1 + number % 2},
            "prediction": "yes" if score[number] >= 0.5 else "no",
            "score": float(0.5 + squeeze * (score[number] - 0.5)),
            "baseline": "yes" if rule[number] else "no",
        }
        for number in range(size)
    ]
    for row in rows[::without_baseline] if without_baseline else []:
        del row["baseline"]
    model = make_model(**changes)
    # The same draw in every run: a 95 % range may miss the truth, a test must not.
    model.salt = salt
    model.save()
    put_document(model, policies or {"floor": 0.1, "policies": [uncertainty(0.2)]})
    sent = rows[:pushed]
    if log_share is not None:
        chosen = np.random.default_rng(seed + 1).random(size)
        sent = [row | {"log_share": log_share(n)} for n, row in enumerate(sent) if chosen[n] < log_share(n)]
    push_predictions(model, sent)
    draw_all(model)
    return World(model, rows, y, days)


def uncertainty(rate: float) -> dict[str, Any]:
    return {"name": "unsure", "kind": "uncertainty", "rate": rate, "queue": "main", "rank": 1, "condition": None}


def send_outcomes(world: World, numbers: Iterable[int]) -> None:
    classes = ("no", "yes")
    rows = [
        {"id": f"case-{number}", "outcome": classes[world.y[number]], "occurred_at": "2026-04-01T00:00:00Z"}
        for number in numbers
    ]
    push_outcomes(world.model, rows)
    truth.resolve_due()


def correct_outcomes(world: World, numbers: range) -> None:
    """Send later outcomes, the opposite of the first ones."""
    opposite = ("yes", "no")
    rows = [
        {"id": f"case-{number}", "outcome": opposite[world.y[number]], "occurred_at": "2026-04-09T00:00:00Z"}
        for number in numbers
    ]
    push_outcomes(world.model, rows)
    truth.resolve_due()


def label_draws(world: World, *, answered: float = 1.0, seed: int = 3, wrong: float = 0.0) -> int:
    """Open items for all draws; a random part gets a label, wrong with probability `wrong`."""
    rng = np.random.default_rng(seed)
    draws = list(Draw.objects.filter(model=world.model).select_related("prediction").order_by("pk"))
    items = []
    for draw in draws:
        label = world.y[int(draw.prediction.external_id.removeprefix("case-"))]
        label = 1 - label if rng.random() < wrong else label
        has_label = rng.random() < answered
        items.append(
            ReviewItem(
                draw=draw,
                prediction=draw.prediction,
                queue_id=draw.queue_id,
                is_blind=draw.is_blind,
                features={},
                label=float(label) if has_label else None,
                needs_resolution=has_label,
            )
        )
    ReviewItem.objects.bulk_create(items)
    truth.resolve_due()
    return len(draws)


def close_days(world: World, before: int) -> None:
    """Choose the horizon so that the first days are final and the others are not."""
    opens = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(days=before)
    world.model.maturity_days = (timezone.now() - opens).days
    world.model.save()


def figures_of(report: Report, part: str = "all") -> dict[str, Any]:
    found: dict[str, Any] = report.document["sections"][part]
    return found


def caveat_codes(report: Report) -> set[str]:
    return {caveat["code"] for caveat in report.document["caveats"]}


def report_of(world: World, kind: str = "performance", **asked: Any) -> Report:
    """Request a report on the whole window and make it."""
    job = ask(world, kind, **asked)
    reports.run_due()
    job.refresh_from_db()
    assert job.status == "done", job.error
    assert job.report is not None
    return job.report


def ask(world: World, kind: str = "performance", **asked: Any) -> ReportJob:
    return reports.request_report(world.model, kind, FIRST, world.end, **asked)


def receive_daily(world: World) -> None:
    """Let every prediction have come in on its own day, as they do in production."""
    Prediction.objects.filter(model=world.model).update(received_at=F("predicted_at"))
    PopulationCell.objects.filter(model=world.model).update(received_day=F("day"))
