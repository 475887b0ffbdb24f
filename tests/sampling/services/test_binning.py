"""Score bins are frozen once, at quantiles of the first scores; cells in them equal a recount from the rows."""

from datetime import timedelta

import numpy as np
import pytest
from django.db.models import Sum

from apps.common.clock import database_now
from apps.predictions.models import Payload, Prediction
from apps.registry.models import MonitoredModel, ScoreBinning
from apps.sampling.models import SUMS, Draw, PopulationCell
from apps.sampling.services import binning, drawing, policies
from tests.factories import draw_all, make_model, prediction_row, push_predictions
from tests.threads import at_once

pytestmark = pytest.mark.django_db

POLICIES = {
    "floor": 0.05,
    "policies": [
        {"name": "unsure", "kind": "uncertainty", "rate": 0.5, "queue": "main", "rank": 10},
        {
            "name": "young",
            "kind": "uniform",
            "rate": 0.8,
            "queue": "main",
            "rank": 20,
            "condition": {"field": "features.age", "op": "lt", "value": 40},
        },
    ],
}


@pytest.fixture(autouse=True)
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binning, "ENOUGH", 600)


def rows(count: int, start: int = 1):
    """Scores squeezed near one half, as equal bins of the logit cannot tell them apart."""
    rng = np.random.default_rng(start)
    return [
        prediction_row(start + n, score=float(score), amount=float(n % 7))
        for n, score in enumerate(0.5 + 0.002 * rng.normal(size=count))
    ]


def drawn_model(counts=(400, 300), **changes) -> MonitoredModel:
    model = make_model(**changes)
    policies.put_document(model, POLICIES)
    start = 1
    for count in counts:
        push_predictions(model, rows(count, start))
        draw_all(model)
        start += count
    return model


def counts(model, version, *keys):
    cells = PopulationCell.objects.filter(model=model).in_bins(version)
    sums = cells.values_list(*keys).annotate(*map(Sum, SUMS)).order_by(*keys)
    return {row[: len(keys)]: [float(each) for each in row[len(keys) :]] for row in sums}


def totals(model, version):
    return counts(model, version, "slice_name")[("",)]


def test_the_bins_are_quantiles_of_the_first_scores_in_order_of_arrival():
    model = drawn_model()
    assert binning.freeze_due() == 1
    frozen = ScoreBinning.in_force(model)
    first = Prediction.objects.filter(model=model).order_by("id").values_list("score", flat=True)[:600]
    placed = np.bincount(frozen.score_bins.place(list(first)))
    assert frozen.version == 1
    assert len(placed) == len(frozen.centers) > 150
    # No bin holds more than a hundredth and one of the scores that made it; before, one held them all.
    assert placed.max() <= 7
    assert PopulationCell.objects.filter(model=model).in_bins(0).values("score_bin").distinct().count() <= 2


def test_cells_are_counted_again_from_the_rows_and_new_draws_join_them():
    model = drawn_model()
    binning.freeze_due()
    push_predictions(model, rows(100, 701))
    draw_all(model)
    frozen = ScoreBinning.in_force(model)
    expected: dict[tuple, list[float]] = {}
    for row in Prediction.objects.filter(model=model):
        age = 20 + int(row.external_id.split("-")[1]) % 60
        pi = max(0.05, 0.5 * 4 * row.score * (1 - row.score), 0.8 if age < 40 else 0)
        odds, amount = (1 - pi) / pi, float(row.amount)
        values = [1, row.score, row.score**2, pi, odds, odds**2 * (1 + odds), 0.05]
        # All traffic is logged: the last three are zero.
        values += [amount, amount**2 * odds, amount**4 * odds**2 * (1 + odds), 0, 0, 0, 0]
        key = (row.predicted_at.date(), row.predicted, row.baseline, int(frozen.score_bins.place([row.score])[0]))
        for part in (("", ""), next(iter(row.slices.items()))):
            cell = expected.setdefault((*key, *part), [0.0] * len(SUMS))
            cell[:] = [a + b for a, b in zip(cell, values, strict=True)]
    keys = ("day", "predicted", "baseline", "score_bin", "slice_name", "slice_value")
    for _ in range(2):
        found = counts(model, 1, *keys)
        assert found.keys() == expected.keys()
        for key, cell in expected.items():
            assert found[key] == pytest.approx(cell)
        drawing.fold_cells(kept=timedelta(0))


def test_the_earlier_cells_stay_for_reports_as_of_an_earlier_moment():
    model = drawn_model()
    before, moment = counts(model, 0, "day", "score_bin"), database_now()
    binning.freeze_due()
    assert counts(model, 0, "day", "score_bin") == before
    assert ScoreBinning.in_force(model, at=moment).version == 0
    assert ScoreBinning.in_force(model, at=database_now()).version == 1
    assert totals(model, 0) == pytest.approx(totals(model, 1))


def test_cells_counted_again_keep_the_moment_of_their_draw():
    model = drawn_model()
    moments = set(Draw.objects.filter(model=model).values_list("drawn_at", flat=True))
    binning.freeze_due()
    kept = PopulationCell.objects.filter(model=model).in_bins(1).values_list("drawn_from", flat=True)
    assert set(kept) == moments


def test_bins_are_frozen_once_however_often_the_bell_rings():
    model = drawn_model()
    assert [binning.freeze_due(), binning.freeze_due(), int(binning.freeze(model))] == [1, 0, 0]
    assert totals(model, 1)[0] == 700


def test_a_freeze_that_fails_leaves_nothing_behind(monkeypatch):
    drawn_model()
    with monkeypatch.context() as broken:
        broken.setattr(binning, "_compare", lambda _: 1 / 0)
        assert binning.freeze_due() == 0
    assert not ScoreBinning.objects.exists()
    assert not PopulationCell.objects.in_bins(1).exists()
    assert binning.freeze_due() == 1


def test_too_few_scores_freeze_nothing_and_predictions_without_score_do_not_count():
    model = make_model()
    push_predictions(model, rows(599) + [prediction_row(n, score=None) for n in range(600, 700)])
    draw_all(model)
    assert binning.freeze_due() == 0
    assert ScoreBinning.in_force(model).version == 0


def test_a_changed_policy_and_a_changed_blind_share_are_counted_as_drawn():
    model = drawn_model(counts=(400,))
    policies.put_document(model, {"floor": 0.2, "policies": []})
    MonitoredModel.objects.filter(pk=model.pk).update(blind_share=0.5)
    model.refresh_from_db()
    push_predictions(model, rows(300, 401))
    draw_all(model)
    MonitoredModel.objects.filter(pk=model.pk).update(blind_share=0.9)
    assert binning.freeze_due() == 1
    assert ScoreBinning.in_force(model).version == 1
    before, after = (counts(model, version, "predicted", "slice_value") for version in (0, 1))
    assert all(after[key] == pytest.approx(sums) for key, sums in before.items())


def test_where_a_payload_that_a_condition_reads_is_gone_the_equal_bins_stay_for_good():
    model = drawn_model()
    Payload.objects.filter(prediction__in=Prediction.objects.filter(model=model).order_by("id")[:50]).delete()
    assert binning.freeze_due() == 1
    assert ScoreBinning.in_force(model).version == 0
    assert not PopulationCell.objects.in_bins(1).exists()
    assert binning.freeze_due() == 0
    push_predictions(model, rows(10, 2_000))
    draw_all(model)
    assert totals(model, 0)[0] == 710


def test_models_of_numbers_keep_the_edges_of_their_registration():
    model = make_model(task="regression", classes=[], positive_class="", class_labels={}, prediction_range=[0, 9])
    push_predictions(model, [prediction_row(n, prediction=float(n % 9), score=None, baseline=None) for n in range(700)])
    draw_all(model)
    assert binning.freeze_due() == 0


def test_a_model_of_several_classes_gets_bins_of_its_top_probability():
    model = make_model(classes=["a", "b", "c"], task="multiclass", positive_class="", class_labels={})
    rng = np.random.default_rng(1)
    tops = (0.9 + 0.001 * rng.random(650)).tolist()
    push_predictions(
        model,
        [
            prediction_row(n, prediction="b", score=None, baseline=None, probabilities={"a": 1 - top, "b": top})
            for n, top in enumerate(tops)
        ],
    )
    draw_all(model)
    assert binning.freeze_due() == 1
    cells = PopulationCell.objects.filter(model=model).in_bins(1).of_everyone()
    assert cells.values("score_bin").distinct().count() > 150
    assert cells.aggregate(n=Sum("n"))["n"] == 650


@pytest.mark.django_db(transaction=True)
def test_draws_that_race_with_a_freeze_are_counted_in_both_versions_or_in_the_new_one_alone():
    model = drawn_model()
    for start in range(701, 1_301, 100):
        push_predictions(model, rows(100, start))

    def draw() -> int:
        return drawing.draw_due()

    at_once(draw, binning.freeze_due, draw, binning.freeze_due)
    draw_all(model)
    assert ScoreBinning.objects.filter(model=model).count() == 1
    assert totals(model, 1)[0] == 1_300
    earlier = {moment: n for (moment,), (n, *_) in counts(model, 0, "drawn_from").items()}
    frozen_at = ScoreBinning.objects.get().frozen_at
    assert all(moment < frozen_at for moment in earlier)
    later = PopulationCell.objects.filter(model=model, drawn_from__gt=frozen_at)
    assert not later.filter(bins=0).exists()
