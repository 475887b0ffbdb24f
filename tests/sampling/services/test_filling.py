"""A slice declared or changed after rows came in is filled from what was sent, as if it had always been there."""

from datetime import timedelta

import pytest
from django.db.models import Sum

from apps.predictions.models import BatchStage, Payload, Prediction, Stage
from apps.predictions.services import slicing
from apps.registry.models import MonitoredModel
from apps.registry.services import registering
from apps.sampling.models import SUMS, PopulationCell
from apps.sampling.services import binning, drawing, filling, policies
from tests.factories import draw_all, make_model, prediction_row, push_predictions

pytestmark = pytest.mark.django_db

AGE = {"name": "age", "feature": "age", "edges": [40, 60]}
SEX = {"name": "sex", "feature": "sex", "edges": []}
POLICIES = {
    "floor": 0.05,
    "policies": [
        {
            "name": "young",
            "kind": "uniform",
            "rate": 0.5,
            "queue": "main",
            "rank": 1,
            "condition": {"field": "features.age", "op": "lt", "value": 35},
        }
    ],
}


def rows(first, count):
    return [prediction_row(n, amount=float(n % 5)) for n in range(first, first + count)]


def declare(model: MonitoredModel, *slices) -> MonitoredModel:
    return registering.put_model(model.project, slug=model.slug, document={"slices": list(slices)})


def drawn_model(*slices, count=150) -> MonitoredModel:
    model = make_model(slices=list(slices))
    policies.put_document(model, POLICIES)
    push_predictions(model, rows(1, count))
    draw_all(model)
    return model


def cells(model, version=0):
    """The sums of every slice cell."""
    keys = ("day", "predicted", "baseline", "score_bin", "slice_name", "slice_value")
    found = PopulationCell.objects.filter(model=model).in_bins(version).exclude(slice_name="")
    sums = found.values_list(*keys).annotate(*map(Sum, SUMS)).order_by(*keys)
    return {row[:6]: [float(each) for each in row[6:]] for row in sums}


def slices_of(model):
    rows = Prediction.objects.filter(model=model).order_by("id")
    return list(rows.values_list("slices", flat=True))


def test_a_slice_declared_later_gives_the_rows_and_cells_of_one_declared_before():
    declared, later = drawn_model(SEX, AGE), drawn_model(SEX)
    later = declare(later, SEX, AGE)
    assert filling.fill_due() == 1
    assert slices_of(later) == slices_of(declared)
    assert len({key for row in slices_of(later) for key in row}) == 2
    expected = cells(declared)
    assert {key[4:] for key in expected} >= {(later.slice_list[1].key, "under 40"), (later.slice_list[0].key, "1")}
    assert cells(later) == {key: pytest.approx(sums) for key, sums in expected.items()}


def test_changed_bands_count_all_rows_anew_and_never_mix_with_the_old_ones():
    model = drawn_model({**AGE, "edges": [30]})
    old = model.slice_list[0].key
    before = cells(model)
    model = declare(model, {**AGE, "edges": [50]})
    new = model.slice_list[0].key
    assert new != old
    push_predictions(model, rows(151, 30))
    draw_all(model)
    filling.fill_due()
    found = cells(model)
    assert {key: sums for key, sums in found.items() if key[4] == old} == before
    sizes = PopulationCell.objects.filter(model=model, slice_name=new).values_list("slice_value").annotate(Sum("n"))
    young = sum(20 + n % 60 < 50 for n in range(1, 181))
    assert dict(sizes) == {"under 50": young, "50 and over": 180 - young}


def test_a_slice_declared_between_push_and_draw_is_filled_once_the_batch_is_drawn():
    model = make_model(slices=[])
    push_predictions(model, rows(1, 20))
    model = declare(model, SEX)
    assert filling.fill_due() == 0
    draw_all(model)
    assert filling.fill_due() == 1
    assert sum(sums[0] for sums in cells(model).values()) == 20


def test_a_slice_removed_before_the_draw_and_declared_again_is_in_the_cells():
    model = make_model(slices=[SEX])
    push_predictions(model, rows(1, 20))
    declare(model)
    draw_all(model)
    declare(model, SEX)
    filling.fill_due()
    assert sum(sums[0] for sums in cells(model).values()) == 20


def test_a_batch_is_filled_once_however_often_the_bell_rings_and_folding_keeps_the_sums():
    model = declare(drawn_model(), SEX)
    assert [filling.fill_due(), filling.fill_due()] == [1, 0]
    before = cells(model)
    drawing.fold_cells(kept=timedelta(0))
    assert cells(model) == {key: pytest.approx(sums) for key, sums in before.items()}
    declare(model, SEX, AGE)
    assert [filling.fill_due(), filling.fill_due()] == [1, 0]
    assert sum(sums[0] for sums in cells(model).values()) == 300


def test_a_fill_that_fails_leaves_nothing_behind_and_the_next_one_completes(monkeypatch):
    model = declare(drawn_model(), SEX)
    with monkeypatch.context() as broken:
        broken.setattr(drawing, "write_cells", lambda *_, **__: 1 / 0)
        assert filling.fill_due() == 0
    assert slices_of(model) == [{}] * 150
    assert not cells(model)
    state = BatchStage.objects.get(stage=Stage.FILL_SLICES)
    assert "ZeroDivisionError" in state.error
    BatchStage.objects.filter(pk=state.pk).update(lease_expires_at="2020-01-01T00:00:00Z")
    assert filling.fill_due() == 1
    assert sum(sums[0] for sums in cells(model).values()) == 150


def test_rows_whose_payload_is_gone_stay_in_no_value():
    model = drawn_model()
    gone = Prediction.objects.filter(model=model).order_by("id").values_list("id", flat=True)[:40]
    Payload.objects.filter(prediction__in=list(gone)).delete()
    model = declare(model, SEX)
    assert filling.fill_due() == 1
    assert slices_of(model)[:40] == [{}] * 40
    assert sum(sums[0] for sums in cells(model).values()) == 110
    assert filling.fill_due() == 0


def test_rows_are_read_and_written_in_parts_of_bounded_size(monkeypatch):
    monkeypatch.setattr(slicing, "ROWS_AT_ONCE", 40)
    model = declare(drawn_model(), SEX)
    filling.fill_due()
    assert all(len(row) == 1 for row in slices_of(model))


def test_a_slice_is_filled_in_every_version_of_the_score_bins(monkeypatch):
    monkeypatch.setattr(binning, "ENOUGH", 100)
    model = drawn_model()
    binning.freeze_due()
    push_predictions(model, rows(151, 50))
    draw_all(model)
    declare(model, SEX)
    filling.fill_due()
    sizes = [sum(sums[0] for sums in cells(model, version).values()) for version in (0, 1)]
    assert sizes == [150, 200]
