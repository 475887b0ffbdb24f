"""First pages in a browser: of each role, in both color schemes and widths."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.review import services as review
from apps.review.models import Question, ReviewItem, Slot
from apps.review.services import Answer, Verdict, claim_slots, decide, set_goal
from tests.factories import make_member, make_model, make_project
from tests.home.mock import make_city
from tests.home.planted import LAST, draw_everything, make_alert, plant, weeks

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_portfolio_is_sound(
    page: Page, sign_in: Callable[[Page, User], None], is_sound: Callable[[Page], None]
) -> None:
    project = make_project("city")
    make_city(project)
    sign_in(page, make_member(project, Role.STAKEHOLDER).user)
    page.goto("/p/city/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("your models earned about")
    is_sound(page)


def test_a_model_alone_is_sound(
    page: Page, sign_in: Callable[[Page, User], None], is_sound: Callable[[Page], None]
) -> None:
    project = make_project("small")
    model = make_model(project, "loans", name="Loans")
    plant(model, "value", (1000.0, 900.0, 1100.0))
    plant(model, "performance", (0.9, 0.88, 0.92), weeks=weeks([0.9, 0.91, 0.89], until=LAST))
    sign_in(page, make_member(project, Role.STAKEHOLDER).user)
    page.goto("/p/small/")
    expect(page.get_by_text("$1,000").first).to_be_visible()
    is_sound(page)


def test_an_engineers_page_is_sound(
    page: Page, sign_in: Callable[[Page, User], None], is_sound: Callable[[Page], None]
) -> None:
    project = make_project("office")
    for name in ("Employment", "Payment fraud"):
        model = make_model(project, name=name)
        draw_everything(model, rows=20)
        make_alert(model)
    make_alert(model, state="acknowledged", acknowledged_by=make_member(project, Role.OWNER).user)
    sign_in(page, make_member(project, Role.ENGINEER).user)
    page.goto("/p/office/")
    expect(page.get_by_text("Three alerts are open, two have nobody.")).to_be_visible()
    is_sound(page)
    page.keyboard.press("t")
    expect(page).to_have_url(re.compile(r"/p/office/alerts/\d+/"))


def test_a_reviewers_page_is_sound_and_key_r_opens_the_next_case(
    page: Page, sign_in: Callable[[Page, User], None], is_sound: Callable[[Page], None]
) -> None:
    project = make_project("office")
    model = make_model(project, name="Employment")
    draw_everything(model, rows=20)
    me, other = make_member(project), make_member(project, Role.ADJUDICATOR)
    set_goal(me, 60)
    slot = claim_slots(model.queues.get(), by=me)[0]
    assert slot.lease_token is not None
    decide(slot, by=me, lease_token=slot.lease_token, answer=Answer(verdict=Verdict.ESCALATE, note="Does this count?"))
    review.answer_question(Question.objects.get(), by=other, text="Counts as employed, by guideline 3.2.")
    ReviewItem.objects.filter(pk__lte=ReviewItem.objects.order_by("pk")[3].pk).update(due_at=timezone.now())
    done = Slot.objects.filter(reviewer=None).order_by("pk")[:6]
    for number, key in enumerate(done.values_list("pk", flat=True)):
        day = timezone.now() - timedelta(days=number % 3)
        Slot.objects.filter(pk=key).update(reviewer=me.user, outcome="answered", closed_at=day)
    sign_in(page, me.user)
    page.goto("/p/office/")
    expect(page.get_by_text("One answer came back.")).to_be_visible()
    is_sound(page)
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile(r"/p/office/queues/\d+/"))
