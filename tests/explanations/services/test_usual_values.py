"""Values outside what the first rows held."""

from datetime import date

import numpy as np
import pytest

from apps.explanations.models import UsualValues
from apps.explanations.services import usual_values
from apps.explanations.services.unusual import Line
from apps.explanations.services.usual_values import Column
from apps.registry.models import MonitoredModel
from tests.factories import make_model

pytestmark = pytest.mark.django_db

NAN = float("nan")


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usual_values, "ENOUGH", 4)
    monkeypatch.setattr(usual_values, "ALL", 8)


def ages(*numbers: float) -> Column:
    found = np.array(numbers)
    return Column("age", found, np.isnan(found))


def jobs(*is_other: bool) -> Column:
    return Column("job", None, np.zeros(len(is_other), dtype=bool), np.array(is_other))


def look(model: MonitoredModel, *columns: Column) -> list[Line]:
    n = len(columns[0].is_missing)
    return usual_values.look_at(model, range(n), [1] * n, [date(2026, 6, 1)] * n, columns)


def test_nothing_is_unusual_before_there_is_something_usual() -> None:
    assert look(make_model(), ages(20, 30, 40, 1e9), jobs(False, False, False, True)) == []


def test_numbers_are_out_beyond_a_quarter_of_the_range() -> None:
    model = make_model()
    look(model, ages(20, 30, 40, 60))
    # The range is 40 wide: from 10 to 70 all is usual.
    found = look(model, ages(10, 70, 9, 71, 180))
    assert [(each.prediction, each.features) for each in found] == [(4, ["age"]), (2, ["age"]), (3, ["age"])]
    # 180 is three ranges beyond 60.
    assert found[0].strength == pytest.approx(3.0)


def test_new_categories_and_missing_values_are_out_where_there_were_none() -> None:
    model = make_model()
    look(model, ages(20, 30, 40, 60), jobs(False, False, False, False))
    found = look(model, ages(30, NAN, NAN), jobs(False, True, False))
    assert [(each.prediction, each.features) for each in found] == [(1, ["age", "job"]), (2, ["age"])]
    # By now both were seen, in less than enough rows to be frozen.
    assert look(model, ages(NAN, NAN), jobs(True, True)) == []


def test_what_is_usual_is_frozen_once_there_are_rows_enough() -> None:
    model = make_model()
    for _ in range(2):
        look(model, ages(20, 30, 40, 60))
    look(model, ages(1e6))
    assert UsualValues.objects.get().seen["age"]["high"] == 60
    assert [each.prediction for each in look(model, ages(30, 1e6))] == [1]


def test_a_feature_that_comes_later_is_judged_once_enough_of_its_own_values_are_known() -> None:
    model = make_model()
    look(model, ages(20, 30, 40, 60, 50, 50))
    incomes = Column("income", np.array([1.0, 2.0]), np.array([False, False]))
    look(model, ages(30, 30), incomes)
    far = Column("income", np.array([90.0, 1.0]), np.array([False, False]))
    # Two values of it are known, and four are enough.
    assert look(model, ages(30, 30), far) == []
    # Frozen for ages, and still learning for incomes: their range is from 1 to 90 by now.
    beyond = Column("income", np.array([100.0, 1e4]), np.array([False, False]))
    assert [each.features for each in look(model, ages(1e6, 30), beyond)] == [["age"], ["income"]]


def test_missing_values_are_no_values_to_learn_from() -> None:
    model = make_model()
    look(model, ages(20, NAN, NAN, NAN, 30))
    assert look(model, ages(1e6, 30)) == []


def test_the_strongest_rows_of_each_day_are_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usual_values, "MOST_A_DAY", 2)
    model = make_model()
    look(model, ages(20, 30, 40, 60))
    days = [date(2026, 6, 1)] * 3 + [date(2026, 6, 2)]
    found = usual_values.look_at(model, [1, 2, 3, 4], [1] * 4, days, [ages(300, 500, 400, 100)])
    assert [each.prediction for each in found] == [2, 3, 4]
