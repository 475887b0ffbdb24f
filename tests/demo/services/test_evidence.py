"""The demo's three models: an independent program rebuilds their reports to eight digits, from their evidence alone."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from apps.demo.services import generated
from apps.demo.services.codebook import FEATURES
from apps.demo.services.dataset import FOLDER
from apps.demo.services.documents import MODEL_DOCUMENT, POLICIES_DOCUMENT
from apps.demo.services.rows import CLASSES
from apps.registry.models import MonitoredModel
from apps.registry.services import registering
from apps.registry.services.documents import ModelSerializer
from apps.reports import services as reports
from apps.reports.models import Report
from apps.review.models import ReviewItem
from apps.sampling.models import Draw
from apps.sampling.services import policies, validation
from apps.truth.services import resolving
from tests.factories import draw_all, make_project, push_outcomes, push_predictions
from tests.reports.evidence import verify, written

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NOW = datetime.now(UTC).replace(microsecond=0)
KINDS = ("performance", "baseline", "value")
SOURCES = {generated.ENERGY: generated.Energy, generated.TICKETS: generated.Tickets}
# Of the last weeks, so that some days are closed and others open; of the census people every fiftieth.
DAYS, EVERY = 45, 50

Rows = list[dict[str, Any]]


def registered(document: dict[str, Any], policy: dict[str, Any]) -> MonitoredModel:
    serializer = ModelSerializer(data=document)
    serializer.is_valid(raise_exception=True)
    model = registering.put_model(make_project(), slug="demo", document=serializer.validated_data)
    policies.put_document(model, validation.validated(policy, model=model))
    return model


def census() -> tuple[MonitoredModel, Rows, Rows]:
    """People with the publisher's own predictions; the rule of thumb is that of the demo in its simplest form."""
    rows = pq.read_table(FOLDER / "production.parquet").to_pandas().iloc[::EVERY]
    truth = pq.read_table(FOLDER / "outcomes.parquet")["employed"].to_numpy()[::EVERY]
    names = list(FEATURES)
    start = NOW - timedelta(days=DAYS)
    moments = [start + timedelta(days=DAYS) * float(place) for place in np.linspace(0, 0.999, len(rows))]
    predictions = [
        {
            "id": str(number),
            "predicted_at": moment.isoformat(),
            "version": "1",
            "prediction": CLASSES[int(row["predicted_probability"] >= 0.5)],
            "score": float(row["predicted_probability"]),
            "baseline": CLASSES[int(20 <= row["AGEP"] < 62)],
            "features": {name: int(row[name]) for name in names if row[name] == row[name]},
        }
        for number, (moment, row) in enumerate(zip(moments, rows.to_dict("records"), strict=True))
    ]
    outcomes = [
        {
            "id": str(number),
            "outcome": CLASSES[int(truth[number])],
            "occurred_at": (moment + timedelta(days=5)).isoformat(),
        }
        for number, moment in enumerate(moments)
        if moment + timedelta(days=5) < NOW
    ]
    return registered(MODEL_DOCUMENT | {"maturity_days": 20}, POLICIES_DOCUMENT), predictions, outcomes


def generated_rows(name: str) -> tuple[MonitoredModel, Rows, Rows]:
    source = SOURCES[name](NOW)
    since = (NOW - timedelta(days=DAYS)).isoformat()
    rows = [row for row in source.predictions() if row["predicted_at"] >= since][::2]
    ids = {row["id"] for row in rows}
    outcomes = [each for each in source.outcomes() if each["id"] in ids]
    return registered(generated.DOCUMENTS[name], generated.POLICIES[name]), rows, outcomes


def answer(model: MonitoredModel, outcomes: Rows) -> None:
    """Review nine of ten drawn cases: with the truth where it is known by now, else as the model said."""
    truth = {each["id"]: model.encode(each["outcome"]) for each in outcomes}
    draws = Draw.objects.filter(model=model).select_related("prediction").order_by("pk")
    ReviewItem.objects.bulk_create(
        ReviewItem(
            draw=draw,
            prediction=draw.prediction,
            queue_id=draw.queue_id,
            is_blind=draw.is_blind,
            features={},
            label=truth.get(draw.prediction.external_id, draw.prediction.predicted) if number % 10 else None,
            needs_resolution=bool(number % 10),
        )
        for number, draw in enumerate(draws)
    )
    resolving.resolve_due()


def reported(model: MonitoredModel, kind: str) -> Report:
    today: date = NOW.date()
    job = reports.request_report(model, kind, today - timedelta(days=DAYS + 1), today + timedelta(days=1))
    reports.run_due()
    job.refresh_from_db()
    assert job.report is not None, job.error
    return job.report


@pytest.mark.parametrize("name", ["census", *SOURCES])
def test_the_demos_reports_are_rebuilt(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, predictions, outcomes = census() if name == "census" else generated_rows(name)
    for start in range(0, len(predictions), 5_000):
        push_predictions(model, predictions[start : start + 5_000])
    draw_all(model)
    push_outcomes(model, outcomes)
    answer(model, outcomes)
    for kind in KINDS:
        report = reported(model, kind)
        assert {part["part"] for part in report.document["parts"]} == {"all", "closed", "open"}
        status = verify(written(report, tmp_path))
        said = capsys.readouterr().out
        assert status == 0, said
        assert "unknown" not in said
