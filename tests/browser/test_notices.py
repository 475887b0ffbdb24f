"""Notices by hand: the bell, the list, the choices; in light and dark, wide and narrow."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.accounts.models import Membership, User
from apps.notifications.models import Notice, NoticeKind
from tests.factories import make_member, make_model, make_project
from tests.notifications.people import tell

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Sound = Callable[[Page], None]


@pytest.fixture
def anna(page: Page, sign_in: Callable[[Page, User], None]) -> Membership:
    member = make_member(make_project("office"))
    sign_in(page, member.user)
    return member


def test_a_notice_is_found_opened_and_read(page: Page, anna: Membership, width: int, is_sound: Sound) -> None:
    page.goto("/notices/")
    expect(page.get_by_text("Nothing to tell you yet")).to_be_visible()
    is_sound(page)
    for number in range(120):
        tell(
            anna,
            str(number),
            title=f"Feature {number} is missing.",
            model=make_model(anna.project) if number < 2 else None,
        )
    tell(anna, "mention", kind=NoticeKind.MENTION, title="Ben mentions you in a comment.", text="On a case of Loans.")
    Notice.objects.filter(key="119").update(failed_at=timezone.now(), said="SMTPDataError: (550, b'Mailbox full')")
    page.goto("/p/office/")
    bell = page.get_by_role("link", name="More than 99 unread notices")
    place = bell.bounding_box()
    bell.click()
    expect(page.get_by_role("heading", name="121 notices")).to_be_visible()
    is_sound(page)
    page.get_by_label("About").select_option("mention")
    page.get_by_label("Find", exact=True).fill("ben")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Ben mentions you in a comment.").click()
    page.wait_for_url("**/p/office/")
    page.goto("/notices/")
    page.locator("h1").click()
    page.keyboard.press("r")
    expect(page.get_by_text("120 notices marked read.")).to_be_visible()
    quiet = page.get_by_role("link", name="Notices, none unread")
    assert quiet.bounding_box() == place
    is_sound(page)


def test_choices_are_made_by_keyboard(page: Page, anna: Membership, is_sound: Sound) -> None:
    page.goto("/notices/settings/")
    is_sound(page)
    chosen = page.get_by_label("Alerts: one mail a day")
    expect(chosen).to_be_checked()
    chosen.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Alerts: mail at once")).to_be_checked()
    is_sound(page)
