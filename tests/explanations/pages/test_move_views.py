"""The page *Explanations*: what moves a model, in words and figures that can be checked by hand."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import Membership, Role
from apps.explanations.models import PushBins
from apps.registry.models import MonitoredModel
from tests.explanations.pages.moving import make_moving_model, push_moving
from tests.factories import make_member, make_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> MonitoredModel:
    return make_moving_model()


@pytest.fixture
def dan(model: MonitoredModel) -> Membership:
    return make_member(model.project, Role.ENGINEER)


def look(member: Membership, model: MonitoredModel, *, status: int = 200, **asked: Any) -> str:
    client = Client()
    client.force_login(member.user)
    page = client.get(reverse("explanations", args=[member.project.slug, model.slug]), asked)
    assert page.status_code == status
    return " ".join(page.content.decode().split())


def test_it_says_what_moves_the_model_most_and_what_that_is_worth(model: MonitoredModel, dan: Membership) -> None:
    page = look(dan, model)
    # The mean of |age − 50| / 25 over ages 17 to 90 is 0.75, and 0.9 with two weeks of four at 1.4 times.
    assert "Age moves it most: 0.9" in page
    assert "The order of these features is certain." in page
    assert "Contributions are in log-odds. At the usual score" in page
    assert (
        "16 March 2026 to 12 April 2026, 1,120 predictions; contributions sent with predictions, in log-odds." in page
    )
    assert page.index(">Age</a>") < page.index(">Hours a week</a>") < page.index(">Sex</a>")


def test_features_as_large_as_each_other_are_in_no_certain_order(dan: Membership, model: MonitoredModel) -> None:
    other = make_model(model.project, features=[], slices=[])
    push_moving(other, days=1, a_day=3)
    page = look(dan, other)
    assert "is not certain" in page


def test_a_feature_opens_by_value_over_time_and_by_slice(model: MonitoredModel, dan: Membership) -> None:
    page = look(dan, model, feature="hours")
    assert all(f"<b>{name}</b>" in page for name in ("By value", "Over time", "By slice"))
    assert ">missing</th>" in page
    assert "Sex: female" in page
    assert page.count("Week from") == 1
    assert ">16 March 2026</th>" in page
    assert 'id="opened"' not in look(dan, model, feature="nonsense")


def test_times_and_versions_are_compared(model: MonitoredModel, dan: Membership) -> None:
    page = look(dan, model, since="2026-03-30", until="2026-04-12", against="before")
    # 1.4 times 0.75 against 0.75
    assert "Compared with the 14 days before" in page
    assert "Age moves it more than then: +0.3" in page
    push_moving(model, first=10_000, version="v2", days=42, a_day=5)
    version = model.versions.get(name="v2")
    page = look(dan, model, against=str(version.pk))
    assert "Compared with version v2" in page
    assert "There are no contributions to compare with." in look(dan, model, until="2026-03-10", against="before")


def test_days_without_contributions_and_impossible_ones_say_so(model: MonitoredModel, dan: Membership) -> None:
    assert "No contributions in these days" in look(dan, model, since="2020-01-01", until="2020-02-01")
    for day in ("0001-01-01", "9999-12-31", "2026-02-31", "x"):
        look(dan, model, status=400, until=day)
        look(dan, model, status=400, since=day)
    page = look(dan, model, status=400, since="2026-04-02", until="2026-04-01")
    assert "The last day is before the first." in page
    assert "Age moves it most" in page
    assert "Choose at most 366 days." in look(dan, model, status=400, since="2020-04-02", until="2026-04-01")
    assert "Age moves it most" in look(dan, model, since="", until="", version="", against="", method="")


def test_methods_are_never_mixed(model: MonitoredModel, dan: Membership) -> None:
    assert "id_method" not in look(dan, model)
    other = PushBins.objects.create(model=model, method="tree", space="probability", rows=1, edges=[1.0, 2.0])
    page = look(dan, model)
    assert "exact, of its trees, in points of probability" in page
    assert "Age moves it most" in page
    assert "No contributions in these days" in look(dan, model, method=str(other.pk))


def test_without_contributions_it_says_what_to_do(model: MonitoredModel, dan: Membership) -> None:
    page = look(dan, make_model(model.project))
    assert "No contributions yet" in page
    assert "Register a model file" in page


def test_the_importance_is_a_file(model: MonitoredModel, dan: Membership) -> None:
    client = Client()
    client.force_login(dan.user)
    address = reverse("importance_file", args=[dan.project.slug, model.slug, "csv"])
    answer = client.get(address)
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]  # a stream
    assert lines[0] == "feature,label,importance,low,high,rows,method,space"
    assert [line.split(",")[0] for line in lines[1:]] == ["age", "hours", "sex"]
    sex = lines[3].split(",")
    assert [float(each) for each in sex[2:5]] == pytest.approx([0.12, 0.12, 0.12], abs=1e-6)
    assert sex[5:] == ["1120", "sent", "margin"]
    assert client.get(address.replace(".csv", ".pdf")).status_code == 404


def test_the_page_costs_the_same_queries_whatever_it_holds(
    model: MonitoredModel, dan: Membership, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = Client()
    client.force_login(dan.user)
    address = reverse("explanations", args=[dan.project.slug, model.slug])
    with django_assert_max_num_queries(12):
        client.get(address)
    with django_assert_max_num_queries(16):
        client.get(address, {"feature": "age", "against": "before", "since": date(2026, 3, 1).isoformat()})
