"""Reports by mail, by hand: subscribed to from a report, read in the mail, ended without signing in."""

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.core import mail
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.notifications.models import Subscription
from tests.factories import make_member, make_project
from tests.notifications.subscribers import make_edition, send
from tests.reports.stored import make_report, report_model

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Sound = Callable[[Page], None]


def test_a_stakeholder_subscribes_gets_a_mail_and_leaves_signed_out(
    page: Page, width: int, is_sound: Sound, sign_in: Callable[[Page, User], None]
) -> None:
    model = report_model(make_project("office"))
    report = make_report(model)
    member = make_member(model.project, Role.STAKEHOLDER)
    sign_in(page, member.user)
    page.goto(f"/p/office/reports/{report.pk}/")
    page.get_by_role("link", name="Send me this…").click()
    expect(page.get_by_role("heading", name="Send me the value report")).to_be_visible()
    is_sound(page)
    # Only what the chosen cadence needs is asked for.
    page.get_by_label("How often").select_option("restated")
    expect(page.get_by_label("Time zone")).to_be_hidden()
    page.get_by_label("How often").select_option("weekly")
    expect(page.get_by_label("Day of the month")).to_be_hidden()
    page.get_by_label("Day of the week").select_option("Monday")
    page.get_by_label("Time zone").fill("Nowhere/At all")
    page.get_by_role("button", name="Send me this").click()
    expect(page.get_by_text("There is no such time zone.")).to_be_visible()
    expect(page.get_by_label("Time zone")).to_have_value("Nowhere/At all")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_label("Time zone").press("Enter")
    expect(page.get_by_text("You get it by mail. Next: ")).to_be_visible()
    expect(page.get_by_text("Every Monday at 08:00, Europe/Berlin time")).to_be_visible()
    is_sound(page)
    make_edition(Subscription.objects.get().schedule, report)
    assert send() == 1
    page.reload()
    expect(page.get_by_text("sent, preliminary")).to_be_visible()
    page.context.clear_cookies()
    link = re.search(r"Stop these mails: (\S+)", str(mail.outbox[0].body))
    assert link is not None
    page.goto(link[1].removeprefix(settings.BASE_URL))
    expect(page.get_by_role("heading", name="Stop these mails?")).to_be_visible()
    assert Subscription.objects.active().exists()
    is_sound(page)
    page.get_by_role("button", name="Stop these mails").click()
    expect(page.get_by_role("heading", name="You get no more of these mails")).to_be_visible()
    is_sound(page)
    assert not Subscription.objects.active().exists()


def test_an_owner_adds_somebody_and_sees_what_became_of_it(
    page: Page, width: int, is_sound: Sound, sign_in: Callable[[Page, User], None]
) -> None:
    model = report_model(make_project("office"))
    owner = make_member(model.project, Role.OWNER)
    ben = make_member(model.project, Role.STAKEHOLDER, name="Ben")
    sign_in(page, owner.user)
    page.goto("/p/office/schedules/")
    expect(page.get_by_text("No reports are sent yet")).to_be_visible()
    is_sound(page)
    page.goto(f"/p/office/models/{model.slug}/reports/value/subscribe/")
    page.get_by_role("button", name="Send me this").click()
    page.goto("/p/office/schedules/")
    page.get_by_role("link", name=re.compile("the last final month")).click()
    page.get_by_label("Member").select_option(label="Ben")
    page.get_by_role("button", name="Send it to them too").click()
    expect(page.get_by_text("Ben gets it too, and can leave by a link in each mail.")).to_be_visible()
    make_edition(Subscription.objects.filter(user=ben.user).get().schedule, make_report(model))
    assert send() == 2
    page.reload()
    expect(page.get_by_text("2 sent")).to_be_visible()
    is_sound(page)
