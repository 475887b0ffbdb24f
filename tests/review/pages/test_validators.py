"""What a validator sees of cases: all that an engineer does, but no case while it is open for review."""

import pytest
from django.urls import reverse

from apps.accounts.models import Role
from apps.review.models import ReviewItem
from tests.factories import make_key
from tests.pages import shown
from tests.review.factories import make_items, make_queue
from tests.review.people import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def validator() -> Person:
    """A validator of a project with two open cases, of which the first is then closed."""
    queue = make_queue()
    first, _ = make_items(queue, 2)
    ReviewItem.objects.filter(pk=first.pk).update(state=ReviewItem.State.CLOSED)
    return Person(queue, Role.VALIDATOR)


def case(validator: Person, state: ReviewItem.State) -> ReviewItem:
    item: ReviewItem = ReviewItem.objects.get(queue=validator.queue, state=state)
    return item


def test_closed_cases_are_listed_and_open_ones_are_not(validator: Person) -> None:
    model = validator.queue.model
    page = shown(validator.client.get(reverse("cases", args=[model.project.slug, model.slug])))
    assert case(validator, ReviewItem.State.CLOSED).prediction.external_id in page
    assert case(validator, ReviewItem.State.OPEN).prediction.external_id not in page


@pytest.mark.parametrize(("state", "status"), [(ReviewItem.State.CLOSED, 200), (ReviewItem.State.OPEN, 409)])
def test_the_page_of_a_case_opens_once_it_is_closed(validator: Person, state: ReviewItem.State, status: int) -> None:
    project, item = validator.queue.model.project.slug, case(validator, state)
    assert validator.client.get(reverse("case", args=[project, item.pk])).status_code == status
    page = reverse("prediction", args=[project, validator.queue.model.slug, item.prediction.pk])
    assert validator.client.get(page).status_code == status


def test_a_key_that_acts_for_a_validator_reads_no_open_case_and_writes_nothing(validator: Person) -> None:
    model = validator.queue.model
    _, text = make_key(model.project, acts_for=validator.member.user)
    headers = {"Authorization": f"Bearer {text}"}
    found = validator.client.get(f"/api/v1/models/{model.slug}/predictions", headers=headers).json()
    closed = case(validator, ReviewItem.State.CLOSED).prediction.external_id
    assert [each["id"] for each in found["predictions"]] == [closed]
    change = {"floor": 0.5}
    address = f"/api/v1/models/{model.slug}/policies"
    assert validator.client.get(address, headers=headers).status_code == 200
    refused = validator.client.put(address, change, content_type="application/json", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "role_missing")


def test_the_desk_hands_a_validator_nothing(validator: Person) -> None:
    assert validator.look().status_code == 403
