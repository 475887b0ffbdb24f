"""A model whose contributions are known: the older the likelier, hours less so, and sex hardly."""

import math
import random
from datetime import date, timedelta
from typing import Any

from apps.explanations.services import summing
from apps.registry.models import MonitoredModel
from tests.factories import make_model, prediction_row, push_predictions

FEATURES = [
    {"name": "age", "type": "number", "label": "Age", "unit": "years"},
    {"name": "hours", "type": "number", "label": "Hours a week"},
    {"name": "sex", "type": "category", "label": "Sex", "codes": {"1": "male", "2": "female"}},
]
SLICES = [{"name": "Sex", "feature": "sex", "edges": []}]
START = date(2026, 3, 2)


def moving_row(number: int, day: date, rng: random.Random, *, strength: float = 1.0, **changes: Any) -> dict[str, Any]:
    features = {
        "age": rng.randint(17, 90),
        "hours": rng.choice([None, *range(0, 60, 3)]),
        "sex": rng.choice([1, 2]),
    }
    pushes = {
        "age": strength * (features["age"] - 50) / 25 + rng.gauss(0, 0.1),
        "hours": 0.0 if features["hours"] is None else (features["hours"] - 30) / 40 + rng.gauss(0, 0.15),
        "sex": 0.12 if features["sex"] == 1 else -0.12,
    }
    score = 1 / (1 + math.exp(-0.2 - sum(pushes.values())))
    content = {
        "predicted_at": f"{day.isoformat()}T10:00:00Z",
        "features": features,
        "score": score,
        "prediction": "yes" if score >= 0.5 else "no",
        "attributions": pushes,
        "attribution_base": 0.2,
    }
    return prediction_row(number, **(content | changes))


def push_moving(model: MonitoredModel, *, days: int = 42, a_day: int = 40, first: int = 0, **changes: Any) -> None:
    """Push rows over some days, and count them. From the last fortnight on, age moves more."""
    rng = random.Random(f"{first}")
    rows: list[dict[str, Any]] = []
    for day in range(days):
        strength = 1.4 if day >= days - 14 else 1.0
        for _ in range(a_day):
            rows.append(moving_row(first + len(rows), START + timedelta(day), rng, strength=strength, **changes))
    push_predictions(model, rows)
    summing.add_up_due()


def make_moving_model(project: Any = None, slug: str = "", **options: Any) -> MonitoredModel:
    model = make_model(project, slug, features=FEATURES, slices=SLICES)
    push_moving(model, **options)
    return model
