"""Contributions unlike the rest: rarer than nearly all rows that a version was learned from."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from apps.explanations.models import Unusual, UsualPushes
from apps.explanations.services import unusual, usual_pushes
from apps.registry.models import ModelVersion, MonitoredModel
from tests.explanations.pushed import explained_row, push_explained
from tests.factories import make_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> MonitoredModel:
    """A model whose 2,000 first contributions are normal, at least four weeks ago."""
    made = make_model()
    rng = np.random.default_rng(7)
    sizes = rng.normal(0, 0.5, (2_001, 2)).round(4)
    numbers = range(1, 2_001)

    def row(number: int, **changes: object) -> dict[str, object]:
        age, sex = sizes[number].tolist()
        return explained_row(number, {"age": age, "sex": sex}, **changes)

    push_explained(made, numbers, row=row)
    ModelVersion.objects.update(first_seen_at=timezone.now() - timedelta(days=29))
    return made


def test_rows_rarer_than_nearly_all_are_kept_with_the_features_that_make_them_so(model: MonitoredModel) -> None:
    push_explained(model, [5_001], pushes={"age": 0.1, "sex": 4.0})
    push_explained(model, [5_002], pushes={"age": -3.0, "sex": 4.0})
    push_explained(model, [5_003], pushes={"age": 0.1, "sex": 0.1})
    found = Unusual.objects.order_by("prediction")
    assert [(each.kind, sorted(each.features)) for each in found] == [
        ("contributions", ["sex"]),
        ("contributions", ["age", "sex"]),
    ]
    assert found[0].strength < found[1].strength


def test_about_one_in_a_thousand_of_what_was_learned_from_is_rarer(model: MonitoredModel) -> None:
    push_explained(model, [5_001])
    learned = UsualPushes.objects.get()
    # 2,000 rows and the one at hand
    assert (learned.rows, learned.names) == (2_001, ["age", "sex"])
    usual = usual_pushes.of(learned.bins, source=None)  # type: ignore[arg-type]  # nothing is left to learn
    assert usual[learned.version_id].limit == pytest.approx(learned.limit)


def test_nothing_is_unusual_before_a_version_is_learned(model: MonitoredModel) -> None:
    ModelVersion.objects.update(first_seen_at=timezone.now())
    push_explained(model, [5_001], pushes={"age": -3.0, "sex": 4.0})
    push_explained(model, [5_002], pushes={"age": -3.0, "sex": 4.0}, version="v2")
    assert not Unusual.objects.exists()
    assert not UsualPushes.objects.exists()


def test_of_each_day_and_version_only_the_strongest_are_kept(
    model: MonitoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unusual, "MOST_A_DAY", 2)
    push_explained(model, [5_000])
    push_explained(model, [5_001, 5_002, 5_003], pushes={"age": 0.1, "sex": 4.0})
    push_explained(model, [5_004], pushes={"age": -3.0, "sex": 4.0})
    kept = Unusual.objects.order_by("-strength").values_list("prediction__external_id", flat=True)
    assert list(kept) == ["case-5004", "case-5001"]
