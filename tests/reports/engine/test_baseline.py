"""Baseline: the matrix is counted, the win rate is estimated, and closed days are exact."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.contingency_tables import mcnemar

from tests.reports.worlds import (
    caveat_codes,
    close_days,
    figures_of,
    label_draws,
    make_world,
    report_of,
    send_outcomes,
)

pytestmark = pytest.mark.django_db


def said_by(world, who: str) -> np.ndarray:
    return np.array([row[who] == "yes" for row in world.rows]).astype(int)


@pytest.mark.slow
def test_closed_days_are_compared_exactly():
    world = make_world(1_000, days=4)
    send_outcomes(world, range(1_000))
    close_days(world, before=4)
    report = report_of(world, "baseline")
    model, baseline = said_by(world, "prediction"), said_by(world, "baseline")
    apart = model != baseline

    found = figures_of(report)
    assert found["disagreement_rate"]["value"] == pytest.approx(apart.mean(), abs=1e-12)
    assert found["kappa"]["value"] == pytest.approx(cohen_kappa_score(model, baseline), abs=1e-12)
    assert found["win_rate"]["value"] == pytest.approx((model == world.y)[apart].mean(), abs=1e-12)
    difference = (model == world.y).mean() - (baseline == world.y).mean()
    assert found["accuracy_difference"]["value"] == pytest.approx(difference, abs=1e-12)

    section = report.document["baseline"]
    assert section["matrix"]["counts"] == [
        [int(((model == i) & (baseline == j)).sum()) for j in (0, 1)] for i in (0, 1)
    ]
    assert section["disagreements"] == apart.sum() == section["model_right"] + section["baseline_right"]
    # statsmodels, without continuity correction
    plain = mcnemar([[0, section["model_right"]], [section["baseline_right"], 0]], exact=False, correction=False)
    assert section["mcnemar_p"] == pytest.approx(plain.pvalue)
    assert section["mcnemar_z"] > 0


@pytest.mark.slow
def test_open_days_cover_the_true_difference():
    policy = {"name": "differs", "kind": "disagreement", "rate": 0.5, "queue": "main", "rank": 1, "condition": None}
    world = make_world(3_000, policies={"floor": 0.05, "policies": [policy]})
    label_draws(world, answered=0.9)
    found = figures_of(report_of(world, "baseline"))
    model, baseline = said_by(world, "prediction"), said_by(world, "baseline")

    difference = (model == world.y).mean() - (baseline == world.y).mean()
    assert found["accuracy_difference"]["low"] <= difference <= found["accuracy_difference"]["high"]
    wins = (model == world.y)[model != baseline].mean()
    assert found["win_rate"]["low"] <= wins <= found["win_rate"]["high"]
    assert found["baseline_accuracy"]["low"] <= (baseline == world.y).mean() <= found["baseline_accuracy"]["high"]


def test_predictions_without_a_baseline_are_left_out_and_counted():
    world = make_world(200, days=2)
    from apps.sampling.models import PopulationCell

    PopulationCell.objects.filter(baseline=0.0).update(baseline=None)
    report = report_of(world, "baseline")

    without = int((said_by(world, "baseline") == 0).sum())
    assert report.document["baseline"]["without_baseline"] == without
    assert "no_baseline" in caveat_codes(report)
