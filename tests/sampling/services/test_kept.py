"""A random sample of the last four weeks is kept while predictions are drawn, and reads like the frame of a draw."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from apps.predictions.models import Payload, Prediction
from apps.registry.services import registering
from apps.sampling.models import Draw, KeptDay, KeptPrediction
from apps.sampling.services import conditions, drawing, filling, keeping, kept, policies, probabilities
from apps.sampling.services.randomness import draw_and_keep_numbers
from tests.factories import draw_all, make_model, prediction_row, push_predictions

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh():
    kept.forget()


def rows(days, each, *, start=NOON):
    return [
        prediction_row(
            1000 * day + n,
            id=f"day{day}-{n}",
            predicted_at=(start + timedelta(days=day, seconds=n)).isoformat(),
            amount=float(n),
        )
        for day in days
        for n in range(each)
    ]


def drawn(model, *pushes):
    for push in pushes:
        push_predictions(model, push)
        draw_all(model)
    kept.forget()
    return kept.sample_of(model)


def test_a_model_with_few_predictions_keeps_all_of_them():
    model = make_model()
    sample = drawn(model, rows([0, 1], 30))
    stored = Prediction.objects.filter(model=model)
    assert sample.ids.tolist() == sorted(stored.values_list("id", flat=True))
    assert sample.weight.tolist() == [1.0] * 60
    assert sorted(set(sample.day.tolist())) == [date(2026, 3, 2).toordinal(), date(2026, 3, 3).toordinal()]
    amounts = [float(each) for each in stored.order_by("id").values_list("amount", flat=True)]
    assert sample.table.numbers("amount").tolist() == amounts
    ages = stored.order_by("id").values_list("external_id", flat=True)
    # As `prediction_row` makes them, of day d and number n
    days_and_numbers = (each.removeprefix("day").split("-") for each in ages)
    assert sample.table.numbers("features.age").tolist() == [
        float(20 + (1000 * int(day) + int(n)) % 60) for day, n in days_and_numbers
    ]


def test_a_busy_day_keeps_those_whose_number_is_below_its_threshold_and_no_other_day_loses_any(monkeypatch):
    monkeypatch.setattr(keeping, "MOST_A_DAY", 50)
    model = make_model()
    sample = drawn(model, rows([0], 30), rows([1], 150), rows([0, 1], 40, start=NOON + timedelta(hours=1))[40:])
    thresholds = {each.day: each.threshold for each in KeptDay.objects.filter(model=model)}
    assert thresholds[date(2026, 3, 2)] == 1.0
    assert thresholds[date(2026, 3, 3)] in (0.25, 0.125)
    for day, threshold in thresholds.items():
        stored = Prediction.objects.filter(model=model, predicted_at__date=day)
        ids = list(stored.values_list("external_id", flat=True))
        _, numbers = draw_and_keep_numbers(bytes(model.salt), ids)
        expected = {each for each, number in zip(ids, numbers, strict=True) if number < threshold}
        found = KeptPrediction.objects.filter(model=model, day=day)
        assert set(found.values_list("prediction__external_id", flat=True)) == expected
        assert KeptDay.objects.get(model=model, day=day).n == len(expected) <= 50
    assert set(sample.weight[sample.day == date(2026, 3, 3).toordinal()]) == {1 / thresholds[date(2026, 3, 3)]}


def test_what_is_older_than_four_weeks_leaves_and_history_outside_them_never_comes():
    model = make_model()
    first = drawn(model, rows([0], 10))
    assert len(first.ids) == 10
    second = drawn(model, rows([28], 5), rows([-1], 5))
    assert sorted(set(second.day.tolist())) == [date(2026, 3, 2).toordinal(), date(2026, 3, 30).toordinal()]
    third = drawn(model, rows([29], 5))
    assert sorted(set(third.day.tolist())) == [date(2026, 3, 30).toordinal(), date(2026, 3, 31).toordinal()]


def test_the_days_begin_in_the_time_zone_of_the_project():
    model = make_model()
    model.project.time_zone = "Asia/Tokyo"
    model.project.save()
    late = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)  # one in the morning of 3 March in Tokyo
    assert set(drawn(model, rows([0], 3, start=late)).day.tolist()) == {date(2026, 3, 3).toordinal()}


def test_the_probabilities_of_the_sample_are_those_of_the_draw():
    model = make_model()
    document = {
        "floor": 0.05,
        "policies": [
            {"name": "unsure", "kind": "uncertainty", "rate": 0.5, "queue": "main", "rank": 1},
            {
                "name": "old",
                "kind": "uniform",
                "rate": 0.5,
                "queue": "main",
                "rank": 2,
                "condition": {
                    "all": [
                        {"field": "features.age", "op": "ge", "value": 60},
                        {"field": "prediction", "op": "eq", "value": "yes"},
                        {"field": "version", "op": "in", "value": ["v1"]},
                    ]
                },
            },
            {
                "name": "men",
                "kind": "slice",
                "slice": "sex",
                "rates": [{"value": "1", "rate": 0.4}],
                "rate": 0.1,
                "queue": "main",
                "rank": 3,
            },
            {"name": "split", "kind": "disagreement", "rate": 0.3, "queue": "main", "rank": 4},
            {"name": "stakes", "kind": "amount", "rate": 0.2, "full_at": 20, "queue": "main", "rank": 5},
        ],
    }
    policies.put_document(model, document)
    sample = drawn(model, rows([0, 1], 60))
    rated = policies.in_force(model, model.batches.get().received_at)
    p = probabilities.matrix(rated, probabilities.shapes(rated, sample.table, model=model))
    for draw in Draw.objects.filter(model=model):
        (place,) = np.flatnonzero(sample.ids == draw.prediction_id)
        assert draw.probabilities == pytest.approx(
            {str(each.policy.pk): share for each, share in zip(rated, p[:, place], strict=True)}
        )
    # Drawn were exactly those whose number is below their probability.
    below = sample.ids[sample.u < p.max(axis=0)].tolist()
    assert set(below) == set(Draw.objects.filter(model=model).values_list("prediction_id", flat=True))


def test_a_model_drawn_before_samples_were_kept_gets_one_and_later_draws_add_to_it():
    model = make_model()
    drawn(model, rows([-3, 0, 1], 20))
    KeptDay.objects.all().delete()
    KeptPrediction.objects.all().delete()
    # Until it is filled, a draw keeps nothing: a day would lack what came before.
    assert not len(drawn(model, rows([2], 20)).ids)
    push_predictions(model, rows([3], 20))
    assert keeping.fill_due() == 1
    assert keeping.fill_due() == 0
    assert keeping.read_features() == 80
    kept.forget()
    assert len(kept.sample_of(model).ids) == 80
    draw_all(model)
    kept.forget()
    sample = kept.sample_of(model)
    assert sample.ids.tolist() == sorted(Prediction.objects.filter(model=model).values_list("id", flat=True))
    assert not np.isnan(sample.table.numbers("features.age")).any()


def test_slices_filled_later_are_in_the_sample():
    model = make_model(slices=[])
    drawn(model, rows([0], 10))
    model = registering.put_model(
        model.project, slug=model.slug, document={"slices": [{"name": "age", "feature": "age", "edges": [25]}]}
    )
    filling.fill_due()
    kept.forget()
    values = kept.sample_of(model).table.coded(f"slices.{model.slice_list[0].key}")
    assert [values.values[code] for code in values.codes] == ["under 25"] * 5 + ["25 and over"] * 5


def test_features_go_with_the_payloads(settings):
    model = make_model()
    drawn(model, rows([0], 10))
    settings.PAYLOAD_DAYS = 30
    keeping.forget_features()
    kept.forget()
    assert not np.isnan(kept.sample_of(model).table.numbers("features.age")).any()
    KeptPrediction.objects.update(received_at=datetime(2026, 1, 1, tzinfo=UTC))
    keeping.forget_features()
    kept.forget()
    assert np.isnan(kept.sample_of(model).table.numbers("features.age")).all()


def test_a_failed_draw_keeps_nothing(monkeypatch):
    model = make_model()
    push_predictions(model, rows([0], 10))

    def fail(*args, **kwargs):
        raise RuntimeError("power cut")

    with monkeypatch.context() as broken:
        broken.setattr(drawing, "write_cells", fail)
        drawing.draw_due()
    assert not KeptPrediction.objects.exists()
    assert not KeptDay.objects.exists()


def test_undeclared_features_and_unknown_slices_are_missing_everywhere():
    model = make_model()
    sample = drawn(model, rows([0], 4))
    assert conditions.holds({"field": "features.nothing", "op": "is_missing"}, sample.table).all()
    assert set(sample.table.coded("slices.nothing").values) <= {None}


@pytest.mark.slow
def test_kept_shares_are_unbiased():
    """Over 20 days of 300, the estimated total has a standard error of √(Σ (1−τ)/τ) ≤ √(6000 · 7) = 205."""
    model = make_model()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "MOST_A_DAY", 60)
        sample = drawn(model, *(rows([day], 300) for day in range(20)))
    assert sample.weight.sum() == pytest.approx(6000, abs=4 * 205)
    assert len(sample.ids) <= 20 * 60


def test_a_prediction_joins_the_sample_once_what_was_sent_is_read():
    model = make_model()
    push_predictions(model, rows([0], 10))
    drawing.draw_due()
    kept.forget()
    assert not len(kept.sample_of(model).ids)
    assert keeping.read_features() == 10
    assert keeping.read_features() == 0
    kept.forget()
    assert len(kept.sample_of(model).ids) == 10


def test_payloads_that_are_gone_leave_features_missing():
    model = make_model()
    push_predictions(model, rows([0], 10))
    drawing.draw_due()
    Payload.objects.all().delete()
    keeping.read_features()
    kept.forget()
    sample = kept.sample_of(model)
    assert len(sample.ids) == 10
    assert np.isnan(sample.table.numbers("features.age")).all()
