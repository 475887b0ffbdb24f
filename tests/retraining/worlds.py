"""A model whose features tell more, or no more, than it knows; with outcomes or labels from the truth."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from scipy.special import expit

from apps.registry.models import MonitoredModel
from apps.sampling.services.policies import put_document
from apps.truth.services import resolving
from tests.factories import draw_all, make_model, push_outcomes, push_predictions

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)
FEATURES = [
    {"name": "income", "type": "number", "label": "Income"},
    {"name": "region", "type": "category", "label": "Region"},
    {"name": "age", "type": "number", "label": "Age", "sensitive": True},
]


def make_learning_world(size: int = 700, *, knows: bool = False, days: int = 10, **changes: Any) -> MonitoredModel:
    """Predictions over some days with their outcomes. `knows`: the model uses the feature that the truth depends on."""
    rng = np.random.default_rng(11)
    income, noise = rng.normal(0, 1, size), rng.normal(0, 1, size)
    truth = rng.random(size) < expit(3 * income)
    score = expit(3 * income) if knows else expit(noise)
    model = make_model(features=FEATURES, slices=[{"name": "region", "feature": "region", "edges": []}], **changes)
    put_document(model, {"floor": 0.3})
    rows = [
        {
            "id": f"case-{n}",
            "predicted_at": (FIRST + timedelta(days=n % days)).isoformat(),
            "version": "v1",
            "features": {"income": float(income[n]), "region": "north" if n % 3 else "south", "age": 20 + n % 50},
            "prediction": "yes" if score[n] >= 0.5 else "no",
            "score": float(np.clip(score[n], 1e-4, 1 - 1e-4)),
            "baseline": "yes",
            "subject": f"person {n // 2}",
        }
        for n in range(size)
    ]
    push_predictions(model, rows)
    draw_all(model)
    outcomes = [
        {"id": f"case-{n}", "outcome": "yes" if truth[n] else "no", "occurred_at": "2026-04-20T00:00:00Z"}
        for n in range(size)
    ]
    push_outcomes(model, outcomes)
    resolving.resolve_due()
    return model
