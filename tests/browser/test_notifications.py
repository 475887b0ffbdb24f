"""Endpoints by hand: one is added, a delivery fails, and it is sent again."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from apps.accounts.models import Role, User
from apps.notifications.models import Delivery
from apps.notifications.services import delivering, telling
from apps.registry.models import ReviewQueue
from apps.truth.services import resolving
from tests.common.test_egress import LOOPBACK
from tests.factories import make_member
from tests.notifications.receiver import receiving
from tests.notifications.services.test_delivering import pass_time
from tests.review.factories import answer, make_items, make_queue, reviewers

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Sound = Callable[[Page], None]


@pytest.fixture
def queue(page: Page, settings: Settings, sign_in: Callable[[Page, User], None]) -> ReviewQueue:
    """A signed-in owner, and cases to settle."""
    settings.EGRESS_NETWORKS = LOOPBACK
    queue = make_queue()
    make_items(queue, 2)
    sign_in(page, make_member(queue.model.project, Role.OWNER).user)
    return queue


def test_an_endpoint_is_added_and_a_wrong_address_explained(
    page: Page, queue: ReviewQueue, width: int, is_sound: Sound
) -> None:
    page.goto(f"/p/{queue.model.project.slug}/endpoints/")
    is_sound(page)
    page.get_by_label("Address", exact=True).fill("https://10.0.0.1/hook")
    page.get_by_role("button", name="Add endpoint").click()
    expect(page.get_by_text("The address leads into a private network.")).to_be_visible()
    is_sound(page)
    page.get_by_label("Address", exact=True).fill("http://127.0.0.1:9/hook")
    page.keyboard.press("Enter")
    expect(page.locator("#new-secret")).to_contain_text("whsec_")
    is_sound(page)
    page.reload()
    expect(page.locator("#new-secret")).to_have_count(0)


def test_a_failed_delivery_is_sent_again(page: Page, queue: ReviewQueue, width: int, is_sound: Sound) -> None:
    with receiving(queue.model.project) as (receiver, endpoint):
        receiver.status = lambda _: 400
        (anna,) = reviewers(queue, 1)
        answer(queue, anna, "no")
        resolving.resolve_due()
        telling.tell_due()
        for _ in range(delivering.MAX_ATTEMPTS):
            delivering.deliver_due()
            pass_time(48)
        page.goto(f"/p/{queue.model.project.slug}/endpoints/")
        page.get_by_role("link", name=endpoint.url).click()
        expect(page.locator("tbody .pill.bad")).to_have_text("failed")
        is_sound(page)
        receiver.status = lambda _: 200
        page.get_by_role("button", name="Send again event 1").click()
        expect(page.get_by_text("1 event will be sent again, with the same keys.")).to_be_visible()
        assert delivering.deliver_due() == 1
        page.get_by_label("State").select_option("delivered")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("cell", name="delivered")).to_be_visible()
        is_sound(page)
        assert len(receiver.got) == 1
        assert Delivery.objects.get().failed_at is None
