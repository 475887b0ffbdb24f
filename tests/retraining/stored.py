"""A stored study, as a worker would leave it."""

from typing import Any

from django.utils import timezone

from apps.registry.models import MonitoredModel
from apps.retraining.models import Study


def figure(value: float, low: float, high: float, n: int = 7_842) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "n": n, "code": None}


def document(**changes: Any) -> dict[str, Any]:
    """The trial that the advice was designed on: census data, 7,842 labels."""
    gains = {392: (-0.03, -0.042, -0.018), 784: (-0.016, -0.026, -0.006), 1568: (-0.005, -0.012, 0.002)}
    gains |= {3137: (-0.003, -0.008, 0.002), 6273: (-0.002, -0.006, 0.002)}
    curve = [{"size": float(size), "gain": figure(*gain)} for size, gain in gains.items()]
    further = [{"size": 6273.0 * times, "gain": figure(0.001 * times, -0.004, 0.006)} for times in (1.0, 2.0, 4.0)]
    return {
        "version": 1,
        "task": "binary",
        "metric": "accuracy",
        "unit": "",
        "start": "2026-03-01",
        "end": "2026-08-28",
        "time_zone": "UTC",
        "labels": {"outcomes": 7_000, "reviews": 842, "used": 7_842, "subjects": 2_614, "without_features": 0},
        "learner": {
            "package": "scikit-learn 1.9.1",
            "features": ["age", "sex"],
            "left_out": ["note"],
            "live": "likelier",
        },
        "curve": curve,
        "further": further,
        "advice": {
            "verdict": "not_yet",
            "size": 6273.0,
            "gain": curve[-1]["gain"],
            "enough": 10_950.0,
            "farthest": further[-1],
            "margin": 0.005,
            "disagrees": False,
            "live": 0.828,
        },
        "money": {
            "currency": "USD",
            "version": 1,
            "gain": figure(-310.0, -900.0, 280.0),
            "decisions": 208_892.0,
            "k": 100,
            "worth": 1_900.0,
            "cost": 250.0,
            "best_k": 1_800,
            "code": None,
        },
        "slices": [
            {
                "name": "sex",
                "value": "1",
                "n": 4_000,
                "share": 0.51,
                "gain": figure(0.004, 0.001, 0.007),
                "live": 0.8,
            }
        ],
        "weak": [
            {
                "who": "Age: 65 and over",
                "features": ["age"],
                "n": 410,
                "share": 0.05,
                "gain": figure(0.01, -0.01, 0.03),
            }
        ],
        "weak_seen": 7_842,
    } | changes


def make_study(model: MonitoredModel, **changes: Any) -> Study:
    return Study.objects.create(
        model=model,
        seq=1,
        as_of=timezone.now(),
        configuration={"days": 180},
        configuration_hash="made",
        document=document(**changes),
    )
