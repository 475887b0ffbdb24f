"""The pages about reviewers in a browser."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.accounts.models import Membership, Role, User
from apps.registry.models import MonitoredModel
from apps.review.models import ReviewItem, Slot
from tests.factories import make_member, make_model, make_project
from tests.truth.factories import come_true, gold_probe, make_cases, repeat_probe, say, settle

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def busy_team() -> tuple[MonitoredModel, Membership, Membership]:
    """A model with an engineer and a reviewer; some cases are settled, and one person was in a hurry."""
    items = make_cases(36, project=make_project("office"), overlap=2, due_hours=1)
    model = items[0].model
    engineer, judge = make_member(model.project, Role.ENGINEER), make_member(model.project, Role.ADJUDICATOR)
    anna = make_member(model.project, name="Anna Maria Lindqvist-Featherstonehaugh")
    ben, cara = (make_member(model.project).user for _ in range(2))
    start = timezone.now() - timedelta(days=3)
    for n, item in enumerate(items[:30]):
        at = start + timedelta(minutes=n, days=n // 20)
        slot = say(item, anna.user, float(n % 7 > 0), kept=1.0, ms=700 if n > 15 else 9_000, at=at)
        say(item, ben, float(n % 5 > 0), ms=9_000, at=at)
        if n % 4 == 0:
            say(gold_probe(items[-1], 1.0), cara, float(n % 8 > 0))
            say(repeat_probe(slot), anna.user, 1.0)
    come_true(items[:20])
    for item in items[20:24]:
        settle(item, judge.user, 0.0, note="The employer’s letter of 3 March says so.")
    for item in items[30:34]:
        Slot.objects.create(item=item, queue=item.queue, position=0, order_key=0.5)
        Slot.objects.create(item=item, queue=item.queue, position=1, order_key=0.5).close(Slot.Outcome.PASSED)
        late = {"state": ReviewItem.State.OPEN, "due_at": timezone.now()}
        ReviewItem.objects.filter(pk=item.pk).update(**late)
    return model, engineer, anna


def test_own_figures_are_sound(
    page: Page, width: int, sign_in: Callable[[Page, User], None], is_sound: Callable[[Page], None]
) -> None:
    model, _, anna = busy_team()
    sign_in(page, anna.user)
    page.goto(f"/p/office/models/{model.slug}/reviewers/me/")
    expect(page.get_by_role("heading", name="Your own figures", level=1)).to_be_visible()
    expect(page.get_by_role("img", name="Answers per day")).to_be_visible()
    expect(page.locator(".streaks")).to_contain_text("14 answers")
    expect(page.get_by_text("The employer’s letter").first).to_be_visible()
    is_sound(page)
    page.get_by_role("link", name="Only differences").click()
    expect(page.get_by_role("link", name="Only differences")).to_have_attribute("aria-current", "true")
    expect(page.get_by_text("differs", exact=True)).not_to_have_count(0)
    for summary in page.locator("details.data > summary").all():
        summary.click()
    is_sound(page)


def test_the_team_page_is_sound(
    page: Page, width: int, sign_in: Callable[[Page, User], None], is_sound: Callable[[Page], None]
) -> None:
    model, engineer, _ = busy_team()
    sign_in(page, engineer.user)
    page.goto(f"/p/office/models/{model.slug}/team/")
    expect(page.get_by_role("heading", name="Team", level=1)).to_be_visible()
    people = page.get_by_role("region", name="People")
    expect(people.get_by_role("row", name="Anna Maria")).to_contain_text("1 fast")
    is_sound(page)
    people.get_by_role("link", name="Anna Maria").click()
    expect(page.get_by_role("heading", name="Anna Maria", level=1)).to_be_visible()


def test_empty_pages_are_sound(
    page: Page, sign_in: Callable[[Page, User], None], is_sound: Callable[[Page], None]
) -> None:
    model = make_model(make_project("office"), "employment")
    sign_in(page, make_member(model.project, Role.ENGINEER).user)
    for where, says in (("reviewers/me/", "No answers in this period"), ("team/", "No answers in this period")):
        page.goto(f"/p/office/models/employment/{where}")
        expect(page.get_by_text(says)).to_be_visible()
        is_sound(page)
