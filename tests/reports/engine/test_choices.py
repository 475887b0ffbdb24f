"""The advice of the value page: where to put the threshold, and whether more labels pay."""

from typing import Any

import numpy as np
import pytest

from apps.reports.engine.value import threshold_in_use
from apps.reports.pages.sheets import value as value_sheet
from apps.stats.estimators.population import Population
from tests.reports.documents import document
from tests.reports.engine.test_value import MATRIX, price
from tests.reports.worlds import close_days, label_draws, make_world, report_of, send_outcomes

FOUND: dict[str, Any] = {
    "part": "closed",
    "scores": [0.0, 0.3, 0.5, 0.7, 1.0],
    "value": [100.0, 260.0, 300.0, 280.0, 90.0],
    "band_low": [80.0, 240.0, 285.0, 260.0, 70.0],
    "band_high": [120.0, 280.0, 315.0, 300.0, 110.0],
    "current": 0.5,
    "best": 0.5,
    "flat_low": 0.42,
    "flat_high": 0.55,
    "advice": "no_change",
    "gain": None,
    "code": None,
    "labels_needed": None,
}


def advice(**changes: Any) -> str:
    made = document("value")
    value = made["value"]
    assert value is not None
    section = value_sheet.threshold(made, {**value, "threshold": {**FOUND, **changes}})  # type: ignore[typeddict-item]  # a test may change any field
    assert section is not None
    return section.sentences[0]


def test_a_threshold_within_the_flat_range_stays_where_it_is() -> None:
    assert "0.50, is as good as any" in advice()
    assert advice().endswith("thresholds from 0.42 to 0.55 apart. No change advised.")


def test_a_threshold_outside_the_flat_range_moves() -> None:
    assert advice(current=0.8, advice="lower").startswith("Lower the threshold from 0.80 to 0.50")
    assert advice(current=0.2, advice="raise").startswith("Raise the threshold from 0.20 to 0.50")


def test_predictions_without_a_threshold_and_too_few_labels_say_so() -> None:
    assert "follow no single threshold" in advice(current=None, advice=None)
    assert "120 more labels needed" in advice(code="preliminary", labels_needed=120)


def test_the_threshold_in_use_is_read_from_the_predictions() -> None:
    score = np.random.default_rng(4).random(4_000)

    def cells(predicted: np.ndarray) -> Population:
        return Population.from_rows(predicted=predicted, score=score, pi=np.ones(4_000))

    assert threshold_in_use(cells((score >= 0.4).astype(int))) == pytest.approx(0.4, abs=0.02)
    assert threshold_in_use(cells((score + (score > 0.2) * 0.3 * (np.arange(4_000) % 2) >= 0.5).astype(int))) is None
    assert threshold_in_use(cells(np.ones(4_000, int))) is None


@pytest.mark.django_db
def test_with_known_outcomes_the_best_threshold_is_the_true_best() -> None:
    """Worth of saying "yes" from each score on, added up over the rows themselves."""
    world = make_world(2_000, days=4)
    price(world)
    send_outcomes(world, range(2_000))
    close_days(world, before=4)
    found = report_of(world, "value").document["value"]["threshold"]
    _, score, true = world.select(range(4))
    worth = [MATRIX[(score >= line).astype(int), true].mean() * 1_000 for line in found["scores"]]
    assert found["value"] == pytest.approx(worth, abs=1e-6)
    assert found["best"] == found["scores"][int(np.argmax(worth))]
    assert found["current"] == pytest.approx(0.5, abs=0.02)
    assert report_of(world, "value").document["value"]["next_labels"] is None


@pytest.mark.django_db
def test_more_labels_are_worth_something_while_the_choice_is_open() -> None:
    world = make_world(1_000, days=4)
    price(world)
    label_draws(world)
    found = report_of(world, "value").document["value"]["next_labels"]
    assert found["worth"] > 0
    assert found["cost"] == 250.0
    assert found["best_k"] is not None
