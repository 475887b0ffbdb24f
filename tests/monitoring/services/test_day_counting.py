"""Days are counted once, whatever the order and the size of batches, and whatever is corrected later."""

import random
from collections import Counter
from datetime import date, timedelta

import numpy as np
import pytest

from apps.monitoring.models import Counted, DayCount, Series, Stage
from apps.monitoring.services import day_counting, inspecting, truth_counting
from apps.predictions.models import Batch
from apps.truth.services import resolving
from tests.factories import MORNING, draw_all, make_model, prediction_row, push_outcomes, push_predictions

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(day_counting, "ENOUGH", 40)


def counts(model, stage, name="", *, day=None, version=None):
    """Return {name of the bin: rows} of a series of categories, over all days or one."""
    series = Series.objects.get(model=model, stage=stage, name=name)
    rows = DayCount.objects.filter(model=model)
    rows = rows.filter(day=day) if day else rows
    rows = rows.filter(version__name=version) if version else rows
    total = sum((vector(row.counts)[series.within] for row in rows), np.zeros(series.frozen.size, dtype=int))
    names = getattr(series.frozen, "names", None)
    if names is None:
        return total.tolist()
    return {key: int(n) for key, n in zip([*names, "other", "missing"], total, strict=True) if n}


def sums(model, stage, name=""):
    series = Series.objects.get(model=model, stage=stage, name=name)
    rows = DayCount.objects.filter(model=model)
    return float(sum(np.frombuffer(row.sums)[series.within].sum() for row in rows))


def vector(stored):
    stored = np.frombuffer(stored, dtype=np.int64)
    return np.pad(stored, (0, 10_000 - len(stored)))


def rows(numbers, **changes):
    return [prediction_row(n, **changes) for n in numbers]


def test_nothing_is_counted_before_there_are_enough_rows_and_then_all_of_them_are():
    model = make_model()
    push_predictions(model, rows(range(30)))
    inspecting.inspect_due()
    assert not Series.objects.exists()
    assert day_counting.waiting_rows(model) == 30
    push_predictions(model, rows(range(30, 50)))
    inspecting.inspect_due()
    sexes = Counter(str(1 + n % 2) for n in range(50))
    assert counts(model, Stage.FEATURE, "sex") == sexes
    assert sum(counts(model, Stage.FEATURE, "age")) == 50
    assert sums(model, Stage.FEATURE, "age") == sum(20 + n % 60 for n in range(50))
    push_predictions(model, rows(range(50, 60)))
    inspecting.inspect_due()
    assert sum(counts(model, Stage.FEATURE, "sex").values()) == 60


def test_a_model_with_little_traffic_is_counted_after_a_week(monkeypatch):
    monkeypatch.setattr(day_counting, "FEW", 10)
    model = make_model()
    push_predictions(model, rows(range(9)))
    inspecting.inspect_due()
    Batch.objects.update(received_at=MORNING)
    push_predictions(model, rows(range(20, 21)))
    inspecting.inspect_due()
    assert counts(model, Stage.PREDICTED) == Counter("yes" if n % 3 else "no" for n in [*range(9), 20])


def test_a_day_is_that_of_the_prediction_in_the_projects_zone_and_versions_stand_apart():
    model = make_model()
    model.project.time_zone = "Asia/Tokyo"
    model.project.save()
    late = (MORNING + timedelta(hours=8)).isoformat()
    push_predictions(model, rows(range(40)) + rows(range(40, 43), predicted_at=late, version="v2"))
    inspecting.inspect_due()
    assert sum(counts(model, Stage.PREDICTED, day=date(2026, 3, 3)).values()) == 3
    assert sum(counts(model, Stage.PREDICTED, version="v2").values()) == 3
    assert sum(counts(model, Stage.PREDICTED, version="v1").values()) == 40


def test_the_size_and_order_of_batches_change_no_count():
    random.seed(3)
    sent = rows(range(200))
    for n, row in enumerate(sent):
        row["features"]["job"] = ["nurse", "smith", None][n % 3]
        row["latency_ms"] = 5 + n % 7
        row["resources"] = {"gpu_s": 0.1 * (n % 5)}
        row["predicted_at"] = (MORNING + timedelta(days=n % 9)).isoformat()
    found = []
    for size in (200, 7):
        model = make_model()
        push_predictions(model, sent[:50])
        inspecting.inspect_due()
        rest = sent[50:]
        random.shuffle(rest)
        for at in range(0, len(rest), size):
            push_predictions(model, rest[at : at + size])
            if at % 3 == 0:
                inspecting.inspect_due()
        inspecting.inspect_due()
        numbers = (Stage.LATENCY, ""), (Stage.RESOURCE, "gpu_s"), (Stage.FEATURE, "age")
        days = [counts(model, Stage.PREDICTED, day=(MORNING + timedelta(days=n)).date()) for n in range(9)]
        found.append([counts(model, *each) for each in numbers] + [round(sums(model, *each), 6) for each in numbers])
        found[-1] += [*days, counts(model, Stage.FEATURE, "job"), counts(model, Stage.AGREEMENT)]
    assert found[0] == found[1]
    assert found[0][-2] == Counter(["nurse", "smith", "missing"][n % 3] for n in range(200))


def test_codes_count_alike_however_they_are_sent_and_what_is_no_number_is_missing():
    model = make_model()
    push_predictions(model, rows(range(40)))
    inspecting.inspect_due()
    odd = [{"age": "forty", "sex": 1.0}, {"age": None, "sex": "1"}, {"age": 1e300, "sex": [1]}, {"sex": None}]
    push_predictions(model, [prediction_row(100 + n, features=each) for n, each in enumerate(odd)])
    inspecting.inspect_due()
    assert counts(model, Stage.FEATURE, "sex") == {"1": 22, "2": 20, "other": 1, "missing": 1}
    assert counts(model, Stage.FEATURE, "age")[-1] == 3


def test_a_feature_that_comes_later_is_counted_from_then_on():
    model = make_model()
    push_predictions(model, rows(range(40)))
    inspecting.inspect_due()
    later = [prediction_row(n, features={"age": 30, "sex": 1, "color": "red"}) for n in range(40, 80)]
    push_predictions(model, later[:20])
    inspecting.inspect_due()
    push_predictions(model, later[20:])
    inspecting.inspect_due()
    assert counts(model, Stage.FEATURE, "color") == {"red": 20}


def test_what_the_model_saw_is_counted_beside_what_was_sent():
    model = make_model()
    sent = rows(range(40))
    for n, row in enumerate(sent[:30]):
        row["processed"] = {"age": (20 + n) / 60, "sex_2": n % 2 == 1}
    push_predictions(model, sent)
    inspecting.inspect_due()
    assert sum(counts(model, Stage.PROCESSED, "age")) == 30
    assert counts(model, Stage.PROCESSED, "sex_2") == {"False": 15, "True": 15}
    assert sum(counts(model, Stage.FEATURE, "age")) == 40


def test_rows_with_the_features_of_another_are_counted():
    model = make_model()
    push_predictions(model, rows(range(40)) + rows(range(60, 65)))
    inspecting.inspect_due()
    # Ages and sexes repeat after 60 rows.
    assert counts(model, Stage.REPEATED) == {"fresh": 35, "repeated": 10}


def test_outcomes_and_corrections_are_counted_once():
    model = make_model()
    push_predictions(model, rows(range(60)))
    draw_all(model)
    inspecting.inspect_due()

    def tell(numbers, outcome, at):
        sent = [{"id": f"case-{n}", "outcome": outcome(n), "occurred_at": at.isoformat()} for n in numbers]
        assert push_outcomes(model, sent).accepted == len(sent)
        resolving.resolve_due()
        truth_counting.count_due()

    tell(range(30), lambda n: "yes" if n % 2 else "no", MORNING + timedelta(days=1))
    predicted = ["yes" if n % 3 else "no" for n in range(30)]
    truth = ["yes" if n % 2 else "no" for n in range(30)]
    assert counts(model, Stage.OUTCOME) == Counter(truth)
    assert sums(model, Stage.LOSS) == sum(a != b for a, b in zip(predicted, truth, strict=True))
    assert sums(model, Stage.SLICE_LOSS, model.slice_list[0].key) == sums(model, Stage.LOSS)
    tell(range(10), lambda n: "yes", MORNING + timedelta(days=2))
    truth[:10] = ["yes"] * 10
    assert counts(model, Stage.OUTCOME) == Counter(truth)
    assert sums(model, Stage.LOSS) == sum(a != b for a, b in zip(predicted, truth, strict=True))
    truth_counting.count_due()
    assert counts(model, Stage.OUTCOME) == Counter(truth)


def test_what_was_inspected_before_bins_were_frozen_is_counted_step_by_step(monkeypatch):
    monkeypatch.setattr(day_counting, "ENOUGH", 1_000)
    model = make_model()
    for at in range(0, 100, 10):
        push_predictions(model, rows(range(at, at + 10)))
        inspecting.inspect_due()
    monkeypatch.setattr(day_counting, "ENOUGH", 40)
    monkeypatch.setattr(day_counting, "MAX_ROWS_PER_CLAIM", 20)
    monkeypatch.setattr(day_counting, "ENOUGH_TO_FREEZE", 50)
    push_predictions(model, rows(range(100, 105)))
    inspecting.inspect_due()
    assert sum(counts(model, Stage.PREDICTED).values()) == 20
    push_predictions(model, rows(range(105, 110)))
    inspecting.inspect_due()
    day_counting.catch_up_due()
    day_counting.catch_up_due()
    assert sum(counts(model, Stage.PREDICTED).values()) == 110
    assert Counted.objects.get().revision > 0


def test_numbers_are_counted_on_the_bins_of_the_prediction():
    model = make_model(
        task="regression", classes=[], positive_class="", slices=[], class_labels={}, prediction_range=[0, 60]
    )
    sent = [prediction_row(n, prediction=float(n), score=None, baseline=float(n + 1)) for n in range(50)]
    push_predictions(model, sent)
    inspecting.inspect_due()
    push_outcomes(model, [{"id": "case-7", "outcome": 10, "occurred_at": MORNING.isoformat()}])
    resolving.resolve_due()
    truth_counting.count_due()
    assert sum(counts(model, Stage.SCORE)) == 50
    assert sum(counts(model, Stage.OUTCOME)) == 1
    assert sums(model, Stage.LOSS) == 3
