"""Draws are reproducible and record every probability; each batch is drawn once; cells equal a recount."""

from datetime import timedelta

import numpy as np
import pytest
from django.db.models import Sum

from apps.common.errors import LeaseLostError
from apps.predictions.models import BatchStage, Prediction, Stage
from apps.predictions.services import stages
from apps.sampling.models import SUMS, Draw, PopulationCell
from apps.sampling.services import drawing, policies
from apps.sampling.services.randomness import draw_and_keep_numbers, permanent_number, permanent_numbers
from apps.stats.score_bins import LOGIT_BINS
from tests.factories import draw_all, make_model, prediction_row, push_predictions

pytestmark = pytest.mark.django_db

POLICIES = {
    "floor": 0.1,
    "policies": [
        {"name": "unsure", "kind": "uncertainty", "rate": 0.5, "queue": "main", "rank": 10},
        {"name": "split", "kind": "disagreement", "rate": 0.4, "queue": "second", "rank": 5},
        {
            "name": "low",
            "kind": "bands",
            "bands": [{"low": 0, "high": 0.5, "rate": 0.3}],
            "queue": "main",
            "rank": 20,
            "condition": {"all": [{"field": "features.age", "op": "lt", "value": 40}]},
        },
    ],
    "queues": [{"name": "second"}],
}


def rows(count: int, start: int = 1):
    scores = (0.02, 0.31, 0.5, 0.77, 0.98)
    return [prediction_row(n, score=scores[n % 5], amount=float(n)) for n in range(start, start + count)]


def make_drawn_model(count: int = 400):
    model = make_model()
    policies.put_document(model, POLICIES)
    push_predictions(model, rows(count))
    draw_all(model)
    return model


def test_a_draw_records_every_policys_probability_and_the_largest_is_the_inclusion_probability():
    model = make_drawn_model()
    versions = {str(each.policy.pk): each.policy for each in policies.in_force(model, model.batches.get().received_at)}
    assert len(versions) == 4
    draws = Draw.objects.select_related("prediction")
    assert draws.count() > 20
    for draw in draws:
        assert set(draw.probabilities) == set(versions)
        by_name = {versions[key].name: p for key, p in draw.probabilities.items()}
        row = draw.prediction
        age = 20 + int(row.external_id.split("-")[1]) % 60
        assert by_name == pytest.approx(
            {
                "floor": 0.1,
                "unsure": 0.5 * 4 * row.score * (1 - row.score),
                "split": 0.4 if row.predicted != row.baseline else 0.0,
                "low": 0.3 if row.score < 0.5 and age < 40 else 0.0,
            }
        )
        assert draw.inclusion_probability == max(by_name.values())


def test_a_prediction_is_drawn_if_its_permanent_number_is_below_its_inclusion_probability():
    model = make_drawn_model()
    drawn = set(Draw.objects.values_list("prediction__external_id", flat=True))
    salt = bytes(model.salt)
    for draw in Draw.objects.select_related("prediction"):
        assert permanent_number(salt, draw.prediction.external_id) < draw.inclusion_probability
    below_the_floor = {f"case-{n}" for n in range(1, 401) if permanent_number(salt, f"case-{n}") < 0.1}
    assert below_the_floor <= drawn


def test_the_item_goes_to_the_queue_of_the_lowest_ranked_policy_that_draws_it():
    model = make_drawn_model()
    second = model.queues.get(slug="second")
    split = model.policies.get(name="split")
    salt = bytes(model.salt)
    for draw in Draw.objects.select_related("prediction"):
        u = permanent_number(salt, draw.prediction.external_id)
        assert (draw.queue_id == second.pk) is (u < draw.probabilities[str(split.pk)])


def test_two_models_with_the_same_salt_draw_the_same_ids():
    one, other = make_model(), make_model()
    type(one).objects.filter(pk=other.pk).update(salt=one.salt)
    other.refresh_from_db()
    for model in (one, other):
        policies.put_document(model, POLICIES)
        push_predictions(model, rows(200))
    draw_all(one)
    drawn = [set(Draw.objects.filter(model=m).values_list("prediction__external_id", "is_blind")) for m in (one, other)]
    assert drawn[0] == drawn[1]
    assert drawn[0]


def test_inclusion_over_probability_averages_one_across_salts():
    """Over 4,000 seeded salts, the mean of I/π for a unit with π = 0.2 has standard error √(0.8/0.2/4000) = 0.032."""
    rng = np.random.default_rng(11)
    u = np.array([permanent_number(rng.bytes(32), "case-1") for _ in range(4_000)])
    assert np.mean((u < 0.2) / 0.2) == pytest.approx(1, abs=3 * 0.032)


def test_purposes_give_independent_numbers():
    salt = b"s" * 32
    ids = [f"case-{n}" for n in range(2_000)]
    numbers = [permanent_numbers(salt, ids, purpose) for purpose in ("", "blind", "order", "adjudication")]
    assert np.abs(np.corrcoef(numbers) - np.eye(4)).max() < 0.08


def test_the_number_that_keeps_a_prediction_is_independent_of_those_that_draw_it():
    salt = b"s" * 32
    ids = [f"case-{n}" for n in range(2_000)]
    u, kept = draw_and_keep_numbers(salt, ids)
    assert u.tolist() == permanent_numbers(salt, ids).tolist() == [permanent_number(salt, each) for each in ids]
    numbers = [u, kept, permanent_numbers(salt, ids, "blind")]
    assert np.abs(np.corrcoef(numbers) - np.eye(3)).max() < 0.08
    # Uniform: the mean of 2,000 has a standard error of 1/√(12 · 2000) = 0.0065.
    assert kept.mean() == pytest.approx(0.5, abs=4 * 0.0065)


def test_cells_equal_a_recount_from_the_rows():
    model = make_drawn_model()
    # The sender logs every fourth of its uncertain traffic.
    logged = [row | {"log_share": 0.25} if n % 3 == 0 else row for n, row in enumerate(rows(100, start=1_000))]
    push_predictions(model, logged)
    draw_all(model)
    expected: dict[tuple, dict[str, float]] = {}
    versions = policies.in_force(model, model.batches.first().received_at)
    for row in Prediction.objects.filter(model=model):
        age = 20 + int(row.external_id.split("-")[1]) % 60
        pi = max(
            0.1,
            0.5 * 4 * row.score * (1 - row.score),
            0.4 if row.predicted != row.baseline else 0.0,
            0.3 if row.score < 0.5 and age < 40 else 0.0,
        )
        amount = float(row.amount)
        odds = (1 - pi) / pi
        w = 4.0 if row.log_share else 1.0
        sums = (1, w * row.score, w * row.score**2, pi, w**2 * odds, w**4 * odds**2 * (1 + odds), 0.1)
        money = (w * amount, w**2 * amount**2 * odds, w**4 * amount**4 * odds**2 * (1 + odds))
        # (1 − ¼)/¼² = 12
        logging = 12.0 if row.log_share else 0.0
        values = (*sums, *money, 0, w - 1, logging, amount**2 * logging)
        base = (
            row.predicted_at.date(),
            row.received_at.date(),
            row.predicted,
            row.baseline,
            int(LOGIT_BINS.place([row.score])[0]),
        )
        for part in (("", ""), *row.slices.items()):
            cell = expected.setdefault((*base, *part), dict.fromkeys(SUMS, 0.0))
            for name, value in zip(SUMS, values, strict=True):
                cell[name] += value
    assert len(versions) == 4

    def recount():
        grouped = PopulationCell.objects.filter(model=model).values_list(
            "day", "received_day", "predicted", "baseline", "score_bin", "slice_name", "slice_value"
        )
        added = grouped.annotate(*[Sum(s) for s in SUMS])
        return {tuple(r[:7]): dict(zip(SUMS, map(float, r[7:]), strict=True)) for r in added}

    for _ in range(2):
        counted = recount()
        assert set(counted) == set(expected)
        for key, cell in expected.items():
            assert counted[key] == pytest.approx(cell)
        # Folding moves the numbers to other rows; the sums stay the same, also when folded twice.
        drawing.fold_cells(kept=timedelta())
        drawing.fold_cells(kept=timedelta())
    assert not PopulationCell.objects.exclude(claim="00000000-0000-0000-0000-000000000000").exists()


def test_a_batch_is_drawn_once_however_often_the_bell_rings():
    model = make_drawn_model()
    before = Draw.objects.count()
    draw_all(model)
    draw_all(model)
    assert Draw.objects.count() == before
    assert PopulationCell.objects.of_everyone().aggregate(n=Sum("n"))["n"] == 400


def test_a_worker_that_lost_its_lease_writes_nothing():
    model = make_model()
    push_predictions(model, rows(50))
    (mine,) = stages.claim(Stage.DRAW, model=model.pk)
    BatchStage.objects.filter(pk=mine.pk).update(lease_expires_at="2020-01-01T00:00:00Z")
    (theirs,) = stages.claim(Stage.DRAW, model=model.pk)
    assert theirs.lease_token != mine.lease_token
    with pytest.raises(LeaseLostError):
        drawing.draw_batches(model, [mine])
    assert not Draw.objects.exists()
    assert not PopulationCell.objects.exists()


def test_a_failed_draw_leaves_nothing_behind_and_the_next_try_completes(monkeypatch):
    model = make_model()
    policies.put_document(model, POLICIES)
    push_predictions(model, rows(300))

    def fail(*args, **kwargs):
        raise RuntimeError("power cut")

    with monkeypatch.context() as broken:
        broken.setattr(drawing, "write_cells", fail)
        assert drawing.draw_due() == 0
    assert not Draw.objects.exists()
    state = BatchStage.objects.get(stage=Stage.DRAW)
    assert "power cut" in state.error
    BatchStage.objects.filter(pk=state.pk).update(lease_expires_at="2020-01-01T00:00:00Z")
    drawing.draw_due()
    assert Draw.objects.exists()
    assert BatchStage.objects.filter(stage=Stage.OPEN_ITEMS).count() == 1


def test_a_model_without_policies_is_drawn_by_its_floor():
    model = make_model()
    push_predictions(model, rows(20))
    draw_all(model)
    floor = model.policies.get()
    assert (floor.kind, floor.settings) == ("floor", {"rate": 0.002})
    sums = PopulationCell.objects.of_everyone().aggregate(pi=Sum("sum_pi"), chance=Sum("sum_chance"))
    assert [float(each) for each in sums.values()] == pytest.approx([20 * 0.002] * 2)


def test_a_changed_policy_starts_a_version_and_earlier_batches_use_the_old_one():
    model = make_model()
    policies.put_document(
        model, {"policies": [{"name": "all", "kind": "uniform", "rate": 1.0, "queue": "main", "rank": 1}]}
    )
    push_predictions(model, rows(5))
    policies.put_document(
        model, {"policies": [{"name": "all", "kind": "uniform", "rate": 0.5, "queue": "main", "rank": 1}]}
    )
    first, second = model.policies.filter(name="all").order_by("version")
    assert (first.ends_at, second.version) == (second.starts_at, 2)
    draw_all(model)
    assert {d.inclusion_probability for d in Draw.objects.all()} == {1.0}


def test_with_a_blind_share_of_zero_items_are_shown_and_have_counted_probability_zero():
    model = make_model(blind_share=0.0)
    policies.put_document(model, {"floor": 1.0})
    push_predictions(model, rows(10))
    draw_all(model)
    assert set(Draw.objects.values_list("is_blind", "counted_probability")) == {(False, 0.0)}
    assert PopulationCell.objects.of_everyone().aggregate(n=Sum("n_uncovered"))["n"] == 10
