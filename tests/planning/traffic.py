"""Months of predictions of one model, planted as cells and as a kept sample, so that millions take seconds."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from apps.accounts.models import Membership, Project, Role, User
from apps.registry.models import ModelVersion, MonitoredModel, ScoreBinning
from apps.sampling.models import KeptDay, KeptPrediction, PopulationCell
from apps.sampling.services import policies
from apps.stats.score_bins import ScoreBins
from tests.factories import make_model

LAST = date(2026, 6, 30)
DAYS = 60
KEPT_DAYS = 29
KEPT_A_DAY = 680
REGIONS = ("north", "south", "east", "west", "islands")
FLOOR = 0.002


def plant_traffic(*, predictions: int, features: int) -> MonitoredModel:
    """Plant a model with so many predictions in 60 days, drawn by the floor, and an engineer to look at it."""
    project = Project.objects.create(slug="bench", name="Bench")
    user = User.objects.create_user("engineer@bench.example", "a long password")
    Membership.objects.create(project=project, user=user, role=Role.ENGINEER)
    names = [{"name": f"f{each}", "type": "number", "label": f"Feature {each}"} for each in range(features - 1)]
    region = {"name": "region", "type": "category", "label": "Region"}
    model = make_model(
        project, "busy", features=[*names, region], slices=[{"name": "region", "feature": "region", "edges": []}]
    )
    now = datetime(LAST.year, LAST.month, LAST.day, tzinfo=UTC)
    version = ModelVersion.objects.create(model=model, name="v1")
    rng = np.random.default_rng(5)
    binning = ScoreBinning.of(model, 1, ScoreBins.at_quantiles(_scores(rng, 10_000)))
    binning.frozen_at = now
    binning.save()
    _plant_cells(model, version, binning, rng, predictions)
    _plant_sample(model, version, rng, features)
    policies.put_document(model, _document())
    return model


def _document() -> dict[str, Any]:
    age = {"field": "features.f1", "op": "ge", "value": 2}
    return {
        "floor": FLOOR,
        "policies": [
            {"name": "group", "kind": "uniform", "rate": 0.01, "condition": age, "queue": "main", "rank": 10},
            {"name": "unsure", "kind": "uncertainty", "rate": 0.002, "queue": "main", "rank": 20},
            {"name": "differs", "kind": "disagreement", "rate": 0.01, "queue": "main", "rank": 30},
            {
                "name": "best",
                "kind": "recommended",
                "metrics": ["accuracy"],
                "rate": 0.001,
                "queue": "main",
                "rank": 40,
            },
        ],
    }


def _scores(rng: np.random.Generator, n: int) -> Any:
    return np.clip(rng.beta(0.8, 1.6, n), 0.001, 0.999)


def _plant_cells(
    model: MonitoredModel, version: ModelVersion, binning: ScoreBinning, rng: np.random.Generator, predictions: int
) -> None:
    score = _scores(rng, 40_000)
    bins = binning.score_bins.place(score)
    predicted, baseline = score > 0.5, rng.random(len(score)) < score
    keys, counts = np.unique(np.stack([predicted, baseline, bins]), axis=1, return_counts=True)
    per_day = counts * (predictions / DAYS / counts.sum())
    odds = (1 - FLOOR) / FLOOR
    for number in range(DAYS):
        day = LAST - timedelta(days=DAYS - 1 - number)
        rows = []
        for slice_name, slice_value, share in [
            ("", "", 1.0),
            *((model.slice_list[0].key, each, 0.2) for each in REGIONS),
        ]:
            for (klass, base, place), n in zip(keys.T.tolist(), per_day * share, strict=True):
                whole = max(round(float(n)), 1)
                rows.append(
                    PopulationCell(
                        model=model,
                        day=day,
                        received_day=day,
                        drawn_from=datetime(day.year, day.month, day.day, tzinfo=UTC),
                        version=version,
                        predicted=klass,
                        baseline=base,
                        bins=1,
                        score_bin=place,
                        slice_name=slice_name,
                        slice_value=slice_value,
                        n=whole,
                        sum_score=0.4 * whole,
                        sum_score2=0.2 * whole,
                        sum_pi=FLOOR * whole,
                        sum_odds=odds * whole,
                        sum_odds2=odds**2 * (1 + odds) * whole,
                        sum_chance=FLOOR * whole,
                        sum_amount=whole,
                        sum_amount2_odds=odds * whole,
                        sum_amount4_odds2=odds**2 * (1 + odds) * whole,
                        n_uncovered=0,
                    )
                )
        PopulationCell.objects.bulk_create(rows, batch_size=5_000)


def _plant_sample(model: MonitoredModel, version: ModelVersion, rng: np.random.Generator, features: int) -> None:
    number = 0
    for age in range(KEPT_DAYS):
        day = LAST - timedelta(days=age)
        at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        KeptDay.objects.create(model=model, day=day, threshold=0.01, n=KEPT_A_DAY)
        rows = []
        for score in _scores(rng, KEPT_A_DAY).tolist():
            number += 1
            region = REGIONS[number % len(REGIONS)]
            sent = {f"f{each}": (number * (each + 3)) % 11 for each in range(features - 1)} | {"region": region}
            rows.append(
                KeptPrediction(
                    prediction_id=number,
                    model=model,
                    day=day,
                    number=0.01 * rng.random(),
                    u=rng.random(),
                    received_at=at,
                    version=version,
                    predicted=float(score > 0.5),
                    score=score,
                    baseline=float(rng.random() < score),
                    amount=100.0 * rng.random(),
                    slices={model.slice_list[0].key: region},
                    features=sent,
                )
            )
        KeptPrediction.objects.bulk_create(rows, batch_size=2_000)
