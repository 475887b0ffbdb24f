"""A mark has every draw before it or after it; cells folded since still tell the two apart."""

from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from apps.accounts.models import Project
from apps.registry.models import MonitoredModel
from apps.sampling.models import Draw, Mark, PopulationCell
from apps.sampling.services import drawing, moments, policies
from tests.factories import date_draws, draw_all, make_model, prediction_row, push_predictions
from tests.threads import at_once

DAY = datetime(2026, 3, 10, tzinfo=UTC)


def drawn_at(model: MonitoredModel, hour: int, *, count: int, since: datetime) -> None:
    start = 1_000 * hour
    push_predictions(model, [prediction_row(start + n) for n in range(count)])
    draw_all(model)
    date_draws(model, DAY + timedelta(hours=hour), since=since)


def totals(model: MonitoredModel, *hours: int) -> list[int]:
    cells = PopulationCell.objects.filter(model=model).of_everyone()
    sums = (cells.drawn_by(DAY + timedelta(hours=hour)).aggregate(n=Sum("n"))["n"] for hour in hours)
    return [total or 0 for total in sums]


@pytest.mark.django_db
def test_cells_are_folded_within_a_day_and_never_across_a_mark():
    model = make_model()
    since = DAY - timedelta(days=9)
    for hour, count in ((1, 5), (2, 7), (9, 11), (10, 13), (25, 17)):
        drawn_at(model, hour, count=count, since=since)
        since = DAY + timedelta(hours=hour)
    Mark.objects.create(
        model=model, as_of=DAY + timedelta(hours=2), at=DAY + timedelta(hours=2), seq=0, undrawn_batches=0
    )

    assert totals(model, 0, 2, 23, 25) == [0, 12, 36, 53]
    drawing.fold_cells()
    assert totals(model, 0, 2, 23, 25) == [12, 12, 36, 53]
    stretches = PopulationCell.objects.filter(model=model).values_list("drawn_from", flat=True).distinct()
    next_day, after_the_mark = DAY + timedelta(days=1), DAY + timedelta(hours=2, microseconds=1)
    assert sorted(stretches) == [DAY, after_the_mark, next_day]


@pytest.mark.django_db
def test_days_of_folding_begin_in_the_projects_time_zone():
    model = make_model()
    Project.objects.filter(pk=model.project_id).update(time_zone="America/New_York")
    drawn_at(model, 3, count=5, since=DAY - timedelta(days=9))  # ten in the evening of the 9th in New York
    drawing.fold_cells()
    (begins,) = PopulationCell.objects.filter(model=model).values_list("drawn_from", flat=True).distinct()
    assert begins == datetime(2026, 3, 9, 4, tzinfo=UTC)


@pytest.mark.django_db
def test_the_newest_draws_are_not_folded_yet():
    model = make_model()
    push_predictions(model, [prediction_row(n) for n in range(5)])
    draw_all(model)
    drawing.fold_cells()
    assert set(PopulationCell.objects.values_list("drawn_from", flat=True)) == {
        model.batches.get().stages.get(stage="draw").done_at
    }


@pytest.mark.django_db
def test_a_floor_raised_today_leaves_the_chance_of_the_past_as_it_was():
    model = make_model(blind_share=0.5)
    rule = {"name": "half", "kind": "uniform", "rate": 0.5, "queue": "main", "rank": 1}
    old = {"field": "features.age", "op": "gt", "value": 30}
    policies.put_document(model, {"floor": 0.02, "policies": [{**rule, "condition": old}]})
    push_predictions(model, [prediction_row(n) for n in range(100)])
    policies.put_document(model, {"floor": 0.9})
    draw_all(model)  # with the policies in force when they were received

    def chance() -> float:
        return float(PopulationCell.objects.filter(model=model).of_everyone().aggregate(sum=Sum("sum_chance"))["sum"])

    assert chance() == pytest.approx(100 * 0.02 * 0.5)
    policies.put_document(model, {"policies": [rule]})
    assert chance() == pytest.approx(100 * 0.02 * 0.5)
    push_predictions(model, [prediction_row(n) for n in range(100, 110)])
    draw_all(model)
    assert chance() == pytest.approx((100 * 0.02 + 10 * 0.9) * 0.5)


@pytest.mark.django_db(transaction=True)
def test_whoever_holds_off_the_draws_waits_for_those_under_way():
    model = make_model()
    policies.put_document(model, {"floor": 1.0})
    push_predictions(model, [prediction_row(n) for n in range(50)])
    drawing_now = Event()

    def draw_slowly() -> int:
        with transaction.atomic():
            moments.join_draws(model)
            drawing_now.set()
            assert not Event().wait(0.5)
            drawing.draw_due()
        return 0

    def hold_off() -> int:
        drawing_now.wait(10)
        with transaction.atomic():
            moment = moments.hold_off_draws(model)
            return Draw.objects.filter(drawn_at__lte=moment).count()

    _, counted = at_once(draw_slowly, hold_off)
    assert counted == Draw.objects.count() > 0


@pytest.mark.django_db(transaction=True)
def test_a_draw_waits_while_somebody_holds_the_draws_off():
    model = make_model()
    push_predictions(model, [prediction_row(n) for n in range(50)])
    held = Event()

    def hold_off() -> datetime:
        with transaction.atomic():
            moments.hold_off_draws(model)
            held.set()
            assert not Event().wait(0.5)
            return timezone.now()

    def draw() -> datetime:
        held.wait(10)
        drawing.draw_due()
        done = model.batches.get().stages.get(stage="draw").done_at
        assert done is not None
        return done

    ended, drawn = at_once(hold_off, draw)
    assert drawn >= ended
