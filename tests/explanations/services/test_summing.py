"""The stage that checks sent contributions and counts them by day."""

from datetime import date, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from apps.explanations.models import AddedUp, AttributionDay, PushBins
from apps.explanations.services import summing
from apps.explanations.services.counting import ENOUGH
from apps.explanations.services.day_tables import CELL, CELLS, PLACE, PUSH_BINS, summed
from apps.predictions.models import BatchStage, Stage
from apps.predictions.services import stages
from apps.registry.models import MonitoredModel
from tests.explanations.pushed import explained_row, push_explained, pushes_of
from tests.factories import MORNING, make_model, prediction_row, push_predictions

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 2)


@pytest.fixture
def model() -> MonitoredModel:
    return make_model()


def day_of(feature: str, **wanted: object) -> AttributionDay:
    return AttributionDay.objects.get(feature=feature, **wanted)


def test_only_pushes_with_contributions_are_due(model: MonitoredModel) -> None:
    push_predictions(
        model, [prediction_row(1), prediction_row(2, attributions={}), prediction_row(3, attributions=None)]
    )
    assert not BatchStage.objects.filter(stage=Stage.ADD_UP).exists()
    push_predictions(model, [prediction_row(4), explained_row(5)])
    assert BatchStage.objects.filter(stage=Stage.ADD_UP, done_at=None).count() == 1
    assert summing.add_up_due() == 1
    assert summing.add_up_due() == 0
    assert day_of("").rows == 1


def test_rows_are_checked_by_version_and_day(model: MonitoredModel) -> None:
    late = (MORNING + timedelta(days=1)).isoformat()
    rows = [
        explained_row(1),
        explained_row(2, attribution_base=0.7),
        explained_row(3, attribution_base=None),
        explained_row(4, version="v2"),
        explained_row(5, predicted_at=late, attribution_base=0.9),
    ]
    push_predictions(model, rows)
    summing.add_up_due()
    found = AddedUp.objects.order_by("day", "version__name").values_list(
        "version__name", "day", "rows", "missed", "unchecked"
    )
    assert list(found) == [
        ("v1", DAY, 3, 1, 1),
        ("v2", DAY, 1, 0, 0),
        ("v1", DAY + timedelta(days=1), 1, 1, 0),
    ]


def test_what_does_not_add_up_is_not_counted_and_what_nobody_can_check_is_counted_apart(model: MonitoredModel) -> None:
    rows = [explained_row(1), explained_row(2, attribution_base=0.7), explained_row(3, attribution_base=None)]
    push_predictions(model, rows)
    summing.add_up_due()
    assert {(each.space, each.rows) for each in PushBins.objects.all()} == {("margin", 1), ("", 1)}


def test_a_day_holds_the_sums_of_each_feature(model: MonitoredModel) -> None:
    push_explained(model, range(1, 9))
    # Twice −0.5, 0, 0.5 and −1: Σ|φ| = 4, Σφ² = 3; sex 8 × 0.25.
    age, sex, all_ = day_of("age"), day_of("sex"), day_of("")
    assert (age.rows, age.weight, age.weight2, age.size, age.size2, age.square2) == (8, 8.0, 8.0, 4.0, 4.0, 3.0)
    assert (sex.size, sex.square2) == (2.0, 0.5)
    assert (all_.rows, all_.weight, all_.size, all_.cells) == (8, 8.0, 0.0, b"")


def test_pushes_add_up_whatever_their_batches(model: MonitoredModel) -> None:
    push_explained(model, range(1, 4))
    push_explained(model, range(4, 9))
    parts = [(each.feature, each.rows, each.size) for each in AttributionDay.objects.order_by("feature")]
    table = summed(CELL, [day_of("age").cells], size=CELLS)
    other = make_model()
    push_explained(other, range(1, 9))
    own = AttributionDay.objects.filter(bins__model=other).order_by("feature")
    assert [(each.feature, each.rows, each.size) for each in own] == parts
    assert (summed(CELL, [own.get(feature="age").cells], size=CELLS) == table).all()


def test_cells_tell_values_and_contributions_apart(model: MonitoredModel) -> None:
    push_explained(model, range(1, 9))
    table = summed(CELL, [day_of("sex").cells], size=CELLS)
    # Odd numbers are coded 2 and move by 0.25, even ones 1 by −0.25.
    weight = table[:, 0].reshape(-1, PUSH_BINS)
    assert PushBins.objects.get().values["sex"] == {"names": ["1", "2"]}
    assert weight.sum(axis=1).tolist() == [4.0, 4.0, *[0.0] * 10]
    half = PUSH_BINS // 2
    assert (weight[0, :half].sum(), weight[1, half:].sum()) == (4.0, 4.0)
    assert table[:, 1].sum() == 2.0


def test_slices_have_sums_of_their_own(model: MonitoredModel) -> None:
    push_explained(model, range(1, 9))
    places = PushBins.objects.get().places
    table = summed(PLACE, [day_of("age").slices], size=len(places))
    by_value = {value: row for (_, value), row in zip(places, table.tolist(), strict=True)}
    # Even numbers are sex 1: age moves by 0 and −1 in turn.
    assert by_value["1"] == [4.0, 4.0, 4.0, 2.0, 2.0, 2.0]
    # Odd numbers: ±0.5
    assert by_value["2"] == [4.0, 4.0, 4.0, 2.0, 2.0, 1.0]


def test_a_row_that_says_nothing_of_a_feature_counts_as_0_and_a_version_without_it_not_at_all(
    model: MonitoredModel,
) -> None:
    rows = [explained_row(1), explained_row(2, {"age": 0.5}), explained_row(3, {"age": 0.5}, version="v2")]
    push_predictions(model, rows)
    summing.add_up_due()
    sex = day_of("sex")
    assert (sex.version.name, sex.rows, sex.size) == ("v1", 2, 0.25)


def test_bins_move_until_there_are_rows_enough(model: MonitoredModel, monkeypatch: pytest.MonkeyPatch) -> None:
    push_explained(model, range(1, 101))
    first = PushBins.objects.get()
    assert (first.rows, first.frozen_at) == (100, None)
    push_explained(model, range(101, 1201), pushes={"age": 2.0, "sex": 0.5})
    frozen = PushBins.objects.get()
    assert frozen.rows == 1_200 >= ENOUGH
    assert frozen.frozen_at is not None
    # The largest common contribution is 2 now, and the cells of all rows are by the new bins.
    assert (first.edges[-1], frozen.edges[-1]) == (1.0, 2.0)
    table = summed(CELL, [each.cells for each in AttributionDay.objects.filter(feature="age")], size=CELLS)
    assert table[:, 0].sum() == 1_200
    assert table[:, 1].sum() == pytest.approx(1_100 * 2.0 + 50.0)
    push_explained(model, range(1201, 1301), pushes={"age": 9.0, "sex": 0.5})
    assert PushBins.objects.get().edges == frozen.edges
    table = summed(CELL, [each.cells for each in AttributionDay.objects.filter(feature="age")], size=CELLS)
    assert table[:, 0].reshape(-1, PUSH_BINS)[:, -1].sum() == 100


def test_a_feature_that_comes_later_gets_bins_of_its_own(model: MonitoredModel) -> None:
    push_explained(model, range(1, ENOUGH + 1))
    pushes = pushes_of(1) | {"income": 0.75}
    features = {"age": 30, "sex": 1, "income": 5_000}
    push_explained(model, range(2001, 2003), pushes=pushes, features=features)
    income = day_of("income")
    assert (income.rows, income.size) == (2, 1.5)
    assert PushBins.objects.get().values["income"]["edges"][-1] == 5_000.0


def test_values_are_those_that_the_model_saw(model: MonitoredModel) -> None:
    push_explained(model, range(1, 5), pushes={"age_z": 0.5}, processed={"age_z": 1.25})
    assert PushBins.objects.get().values["age_z"]["means"][0] == pytest.approx(1.25)


@pytest.mark.parametrize("value", [None, "forty", [1, 2], {"a": 1}, True])
def test_odd_values_have_bins_too(model: MonitoredModel, value: object) -> None:
    push_explained(model, range(1, 5), features={"age": value, "sex": value})
    assert summed(CELL, [day_of("age").cells, day_of("sex").cells], size=CELLS)[:, 0].sum() == 8


def test_a_sender_who_invents_names_fills_no_table(model: MonitoredModel) -> None:
    wild = {f"f{number}": 0.0 for number in range(500)} | {"x" * 300: 0.0, "": 0.5}
    push_explained(model, [1], pushes=wild)
    assert len(PushBins.objects.get().values) == 300


def test_a_claim_takes_the_same_queries_whatever_it_holds(
    model: MonitoredModel, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    push_explained(model, range(1, ENOUGH + 1))
    push_predictions(model, [explained_row(number) for number in range(2_000, 2_200)])
    (state,) = stages.claim(Stage.ADD_UP, model=model.pk)
    # savepoint, states; the cursor of the rows; bins, twice; what is usual, and of which versions; stored days, days,
    # bins; checks
    with django_assert_num_queries(13):
        summing.add_up_batches(model, [state])
