"""The page *Data*: what it says, with how many queries, how fast it is for many features, and to whom it opens."""

import csv
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.test import Client

from apps.accounts.models import Role
from apps.explanations.models import AddedUp
from apps.monitoring.models import DayCount, Series, Stage, WeakSearch
from apps.monitoring.services import inspecting, judging, references
from apps.monitoring.services.placing import Layout
from apps.registry.models import MonitoredModel
from tests.factories import make_member, make_model, make_project, prediction_row, push_predictions
from tests.monitoring.days import CROWDED, FIRST, HOMES, USUAL, count_days, model_with_homes, wide_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def model(monkeypatch) -> MonitoredModel:
    monkeypatch.setattr(references, "sampled_rows", lambda *_, **__: [])
    return model_with_homes()


def visitor(model: MonitoredModel, role: Role = Role.ENGINEER) -> Client:
    client = Client()
    client.force_login(make_member(model.project, role).user)
    return client


def address(model: MonitoredModel, rest: str = "") -> str:
    return f"/p/{model.project.slug}/models/{model.slug}/data/{rest}"


def text(model: MonitoredModel, rest: str = "") -> str:
    answer = visitor(model).get(address(model, rest))
    assert answer.status_code == 200
    return answer.content.decode()


def judged(model: MonitoredModel, shares, days: int = 130, **changes) -> None:
    count_days(model, days, shares, **changes)
    judging.judge(model)


def test_before_anything_arrives_it_says_what_to_send(model):
    assert "Send predictions with POST" in text(model)


def test_before_there_are_enough_rows_it_says_how_many_it_needs():
    model = make_model()
    push_predictions(model, [prediction_row(n) for n in range(3)])
    inspecting.inspect_due()
    page = text(model)
    assert "3 predictions are here" in page
    assert "1,000 predictions" in page


def test_quiet_weeks_are_said_to_be_quiet(model):
    judged(model, lambda _: USUAL)
    assert "hold nothing that is unlike the weeks before it" in text(model)


def test_contributions_that_do_not_add_up_are_counted_by_version(model):
    judged(model, lambda _: USUAL)
    assert "contributions that do not add up: nothing" in text(model)
    version, last = DayCount.objects.filter(model=model).values_list("version", "day").latest("day")
    checks = {"model": model, "version_id": version, "rows": 110, "unchecked": 10, "missed": 4}
    AddedUp.objects.create(day=last, **checks)
    AddedUp.objects.create(day=last - timedelta(days=100), **checks)
    # The 10 without a base or a score could not be checked.
    assert "4 of 100 rows (4 %)" in text(model).replace("4%", "4 %").replace("4.0 %", "4 %")


def test_an_event_is_the_first_sentence_with_its_figures(model):
    judged(model, lambda number: CROWDED if 100 <= number < 110 else USUAL)
    page = text(model)
    assert "not like the weeks before" in page
    assert "right decisions should fall from 84 to" in page
    assert "These days <b>cost about $" in page
    assert "8,000 predictions" in page


def test_a_feature_opens_to_then_and_now_and_its_stages(model):
    judged(model, lambda number: CROWDED if 100 <= number < 110 else USUAL)
    page = text(model, "feature/?name=home")
    assert "As sent: Dormitory" in page
    assert "There are no counts of this feature" in text(model, "feature/?name=nothing")


def test_what_is_steady_as_sent_and_moved_as_the_model_sees_it_is_called_a_bug(model):
    count_days(model, 60, lambda _: USUAL)
    place = Layout.of(model).size
    bins = {"names": list(HOMES)}
    Series.objects.create(model=model, stage=Stage.PROCESSED, name="home", bins=bins, place=place)
    for number, day in enumerate(DayCount.objects.order_by("day")):
        # From day 50 on, every second row reaches the model as missing.
        seen = [400, 400, 0, 0, 0, 0] if number < 50 else [200, 200, 0, 0, 0, 400]
        day.counts = bytes(day.counts) + np.array(seen, dtype=np.int64).tobytes()
        day.sums = bytes(day.sums) + np.zeros(6).tobytes()
        day.save()
    judging.judge(model)
    page = text(model)
    assert "steady, then moved: check the pipeline" in page
    assert "reach the model as missing" in page
    (change,) = model.data_events.get().changes
    assert (change["stage"], change["name"]) == ("processed", "home")


def test_features_are_found_by_name(model):
    judged(model, lambda _: USUAL)
    assert "Home" in text(model, "?q=hom")
    assert "No feature has such a name" in text(model, "?q=zzz")


def test_weak_slices_are_shown_with_what_they_cost(model):
    judged(model, lambda _: USUAL)
    figure = {"value": 0.35, "low": 0.3, "high": 0.4, "n": 400, "code": None}
    rest = {"value": 0.15, "low": 0.14, "high": 0.16, "n": 4000, "code": None}
    difference = {"value": 0.2, "low": 0.15, "high": 0.25, "n": 400, "code": None}
    found = {"parts": [{"stage": "feature", "name": "home", "bins": [3]}], "share": 0.04, "q": 0.001}
    found |= {"error": figure, "rest": rest, "difference": difference}
    WeakSearch.objects.create(model=model, searched_at=datetime.now(UTC), seq=1, n=9_000, slices=[found])
    page = text(model)
    # 800 a day for 30 days, 4 % of them, .2 more errors, nine each: 1,728.
    assert "Home: Dormitory" in page
    assert "1,728 USD (1,296 to 2,160)" in page
    assert "sampling/?draft=" in page


def test_the_counts_of_each_day_can_be_downloaded_but_no_single_answers(model):
    judged(model, lambda _: USUAL, days=40)
    count_days(model, 1, lambda _: USUAL, rows=3, first=FIRST + timedelta(days=40))
    answer = visitor(model).get(address(model, "days.csv"))
    rows = list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines()))
    flats = [row for row in rows if row["bin"] == "Flat" and row["day"] == "2026-03-02"]
    (flat,) = flats
    assert 300 < int(flat["rows"]) < 440  # 46 % of 800
    last = {row["stage"] for row in rows if row["day"] == (FIRST + timedelta(days=40)).isoformat()}
    assert last == {"feature"}


def test_calling_it_normal_is_one_press(model):
    judged(model, lambda number: CROWDED if 100 <= number < 110 else USUAL)
    client, event = visitor(model), model.data_events.get()
    answer = client.post(address(model, "normal/"), {"event": event.pk}, follow=True)
    assert "are the reference now" in answer.content.decode()
    event.refresh_from_db()
    assert event.normal_at is not None


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR])
@pytest.mark.parametrize("rest", ["", "feature/?name=home", "days.csv"])
def test_it_is_for_engineers(model, role, rest):
    assert visitor(model, role).get(address(model, rest)).status_code == 403


@pytest.mark.slow
def test_the_page_needs_few_queries_for_many_features(django_assert_max_num_queries):
    model = wide_model(make_project(), features=200, days=180)
    client = visitor(model)
    client.get(address(model))
    with django_assert_max_num_queries(12):
        assert client.get(address(model)).status_code == 200
