"""The versions of a model's sampling: listed, searched, downloaded, compared, and taken up again."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import Membership, Role
from apps.planning.models import Draft
from apps.registry.models import MonitoredModel
from apps.sampling.services import policies
from tests.factories import make_member, make_model

pytestmark = pytest.mark.django_db
UNSURE = {"name": "unsure", "kind": "uncertainty", "rate": 0.5, "queue": "main", "rank": 1}
DIFFERS = {"name": "differs", "kind": "disagreement", "rate": 0.25, "queue": "main", "rank": 2}


@pytest.fixture
def model() -> MonitoredModel:
    return make_model()


@pytest.fixture
def dan(model: MonitoredModel) -> Membership:
    return make_member(model.project, Role.ENGINEER, name="Dan")


def change(model: MonitoredModel, dan: Membership) -> None:
    """Save three versions beside the first one."""
    eve = make_member(model.project, Role.OWNER, name="Yolanda")
    policies.put_document(model, {"floor": 0.05}, by=dan.user, reason="More of everything.")
    policies.put_document(model, {"policies": [UNSURE]}, by=dan.user, approved_by=eve.user)
    policies.put_document(model, {"policies": [UNSURE | {"rate": 0.1}, DIFFERS]}, by=eve.user, reason="Less work.")


def visit(member: Membership, model: MonitoredModel, name: str, *more: Any, **query: Any) -> str:
    client = Client()
    client.force_login(member.user)
    response = client.get(reverse(name, args=[model.project.slug, model.slug, *more]), query)
    assert response.status_code == 200, response.status_code
    return response.getvalue().decode()


def test_each_version_is_listed_with_who_saved_it_and_what_changed(model: MonitoredModel, dan: Membership) -> None:
    change(model, dan)
    page = " ".join(visit(dan, model, "sampling_history").split())
    assert "4 versions" in page
    for words in ("More of everything.", "by Dan", "agreed to by Yolanda", "Less work.", "from the start"):
        assert words in page
    assert "Floor: 1 in 20 instead of 1 in 500." in page
    assert page.count("Take version") == 3  # all but the one in force


def test_a_search_narrows_the_list(model: MonitoredModel, dan: Membership) -> None:
    change(model, dan)
    for text, numbers in (("less", [4]), ("yola", [4, 3]), ("DIFFERS", [4]), ("2", [2]), ("unsure", [4, 3])):
        page = visit(dan, model, "sampling_history", q=text)
        assert [n for n in (4, 3, 2, 1) if f"Version {n}\n" in page] == numbers, text
    page = visit(dan, model, "sampling_history", q="nothing like it")
    assert "Nothing found" in page


def test_the_list_costs_the_same_queries_whatever_it_holds(
    model: MonitoredModel, dan: Membership, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    change(model, dan)
    client = Client()
    client.force_login(dan.user)
    path = reverse("sampling_history", args=[model.project.slug, model.slug])
    client.get(path)
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    for number in range(9):
        policies.put_document(model, {"policies": [UNSURE | {"rate": 0.1 + number / 20}]}, by=dan.user)
    with django_assert_num_queries(len(few)):
        client.get(path)


def test_before_the_first_change_the_list_says_what_to_do(model: MonitoredModel, dan: Membership) -> None:
    page = visit(dan, model, "sampling_history")
    assert "No change yet" in page
    assert "Change the sampling" in page


def test_the_versions_are_downloaded_with_their_documents(model: MonitoredModel, dan: Membership) -> None:
    change(model, dan)
    lines = [json.loads(line) for line in visit(dan, model, "sampling_history_file", "ndjson").splitlines()]
    assert [line["number"] for line in lines] == [4, 3, 2, 1]
    assert lines[0]["document"]["policies"][0]["rate"] == 0.1
    assert (lines[1]["saved_by"], lines[1]["approved_by"], lines[2]["reason"]) == (
        "Dan",
        "Yolanda",
        "More of everything.",
    )
    header = visit(dan, model, "sampling_history_file", "csv", q="less").splitlines()
    assert len([line for line in header if line.startswith("4,")]) == 1


def test_two_versions_are_compared_in_words_and_as_json(model: MonitoredModel, dan: Membership) -> None:
    change(model, dan)
    page = " ".join(visit(dan, model, "sampling_compare", **{"from": "3", "to": "4"}).split())
    assert "In force" in page
    assert "Version 3" in page
    assert "&quot;rate&quot;: 0.25" in page
    assert "Take version 3 as a draft" in page
    assert "Both draw alike" in visit(dan, model, "sampling_compare", **{"from": "4", "to": "saved"})


def test_the_draft_is_compared_with_what_is_in_force_unless_asked_otherwise(
    model: MonitoredModel, dan: Membership
) -> None:
    change(model, dan)
    assert "Your draft" not in visit(dan, model, "sampling_compare")
    Draft.objects.create(
        model=model, owner=dan.user, document={**policies.current_document(model), "floor": 0.5}, based_on=4
    )
    page = visit(dan, model, "sampling_compare")
    assert "Floor: 1 in 2 instead of 1 in 20." in page
    assert "Your draft" in page


@pytest.mark.parametrize("query", [{"from": "9"}, {"to": "draft"}, {"from": "x"}, {"to": "9" * 30}])
def test_a_version_that_does_not_exist_is_not_found(
    model: MonitoredModel, dan: Membership, query: dict[str, str]
) -> None:
    client = Client()
    client.force_login(dan.user)
    response = client.get(reverse("sampling_compare", args=[model.project.slug, model.slug]), query)
    assert response.status_code == 404


def test_an_earlier_version_is_taken_as_a_draft_and_queues_stay_as_they_are(
    model: MonitoredModel, dan: Membership
) -> None:
    change(model, dan)
    policies.put_document(model, {"queues": [{"name": "main", "overlap": 2}]})
    client = Client()
    client.force_login(dan.user)
    client.post(reverse("sampling_version_take", args=[model.project.slug, model.slug, 3]))
    draft = Draft.objects.get()
    assert [each["name"] for each in draft.document["policies"]] == ["unsure"]
    assert draft.document["queues"][0]["overlap"] == 2
    assert (draft.owner, draft.based_on, draft.reason) == (dan.user, 5, "Back to version 3.")
    # Nothing is drawn by it until it is saved.
    assert len(policies.current_document(model)["policies"]) == 2
