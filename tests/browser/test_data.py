"""The page of the data, its event, the alert and the mail about it, by hand; in light and dark, wide and narrow."""

from collections.abc import Callable

import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from apps.accounts.models import Membership, Role, User
from apps.monitoring.services import judging, references
from apps.notifications.models import Alert
from apps.notifications.services import alerting, mailing
from apps.registry.models import MonitoredModel
from tests.factories import make_member
from tests.monitoring.days import CROWDED, USUAL, count_days, model_with_homes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Sound = Callable[[Page], None]


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> MonitoredModel:
    """Half a year in which ten days bring almost only people in dormitories and institutions, found while they last."""
    monkeypatch.setattr(references, "sampled_rows", lambda *_, **__: [])
    model = model_with_homes()
    count_days(model, 99, lambda _: USUAL)
    judging.judge(model)
    count_days(model, 130, lambda number: CROWDED if 100 <= number < 110 else USUAL)
    model.watched.__class__.objects.update(revision=-1)
    judging.judge(model)
    return model


@pytest.fixture
def engineer(model: MonitoredModel, page: Page, sign_in: Callable[[Page, User], None]) -> Membership:
    member = make_member(model.project, Role.ENGINEER, name="Dan")
    sign_in(page, member.user)
    return member


def test_an_event_is_read_opened_and_called_normal(
    page: Page, model: MonitoredModel, engineer: Membership, width: int, is_sound: Sound
) -> None:
    page.goto(f"/p/{model.project.slug}/models/{model.slug}/data/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("From 10 to 19 June")
    expect(page.get_by_role("heading", level=1)).to_contain_text("right decisions should fall from 84 to")
    is_sound(page)
    page.get_by_text("Figures of this picture").click()
    expect(page.get_by_role("row", name="10 Jun 2026 (these days)")).to_be_visible()
    page.locator("summary", has_text="Home").first.click()
    expect(page.get_by_text("As sent: Dormitory")).to_be_visible()
    is_sound(page)
    page.locator("h1").click()
    page.keyboard.press("n")
    expect(page.get_by_text("These days are the reference now.")).to_be_visible()
    expect(page.get_by_text("called normal").first).to_be_visible()
    is_sound(page)


def test_an_alert_rings_the_bell_is_mailed_and_acknowledged(
    page: Page, model: MonitoredModel, engineer: Membership, width: int, is_sound: Sound
) -> None:
    alerting.look(model)
    alerting.look(model)
    mailing.mail_due()
    (message,) = mail.outbox
    assert message.to == [engineer.user.email]
    assert "From 10 to 19 June" in message.body
    page.goto(f"/p/{model.project.slug}/")
    page.get_by_role("link", name="1 unread notice").click()
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("not as in the weeks before")
    is_sound(page)
    Alert.objects.update(state="firing", resolved_at=None)
    page.reload()
    page.locator("h1").click()
    page.keyboard.press("a")
    expect(page.get_by_text("Acknowledged.")).to_be_visible()
    page.keyboard.press("l")
    page.wait_for_url("**/data/?event=*")
    page.goto(f"/p/{model.project.slug}/alerts/")
    expect(page.get_by_role("row", name="acknowledged")).to_be_visible()
    is_sound(page)


def test_a_rule_is_changed(page: Page, model: MonitoredModel, engineer: Membership, is_sound: Sound) -> None:
    page.goto(f"/p/{model.project.slug}/models/{model.slug}/rules/")
    is_sound(page)
    page.get_by_label("at", exact=True).nth(1).fill("3.5")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert alerting.rules_of(model)["drift"].level == pytest.approx(0.035)  # type: ignore[index]  # a rule's value


def test_before_anything_arrives_the_page_says_what_to_do(
    page: Page, sign_in: Callable[[Page, User], None], is_sound: Sound
) -> None:
    model = model_with_homes()
    sign_in(page, make_member(model.project, Role.ENGINEER).user)
    page.goto(f"/p/{model.project.slug}/models/{model.slug}/data/")
    expect(page.get_by_text("Send predictions with POST")).to_be_visible()
    is_sound(page)
    page.goto(f"/p/{model.project.slug}/alerts/")
    expect(page.get_by_text("Nothing has fired yet")).to_be_visible()
    is_sound(page)
