"""The audit record in a browser."""

from collections.abc import Callable

import pytest
from django.db import connection, transaction
from playwright.sync_api import Page, expect

from apps.accounts.models import Membership, Project, Role, User
from apps.accounts.services import members
from apps.audit import services as audit
from apps.sampling.services import policies
from tests.factories import invite_member, make_key, make_member, make_model, make_project

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[[Page, User], None]
Check = Callable[[Page], None]
HOSTILE = "<b>bold</b>" + "unbroken" * 20


def administer(owner: Membership) -> None:
    """An owner's afternoon."""
    project, me = owner.project, owner.user
    member = invite_member(owner, "bo@example.org", name="Bo Lindqvist")
    members.change_role(member, role=Role.ENGINEER, by=me)
    key, _ = make_key(project, acts_for=member.user)
    policies.put_document(make_model(project), {"floor": 0.01}, by=member.user, key=key)
    queue_acts(project, me)


def queue_acts(project: Project, by: User, *, times: int = 1) -> None:
    with transaction.atomic():
        for act in ("queue.paused", "queue.resumed") * times:
            audit.record(project=project.pk, actor=by.pk, act=act, subject="queue main", details={"why": HOSTILE})


@pytest.fixture
def owner(page: Page, sign_in: SignIn) -> Membership:
    member = make_member(make_project("office"), Role.OWNER, name="Ana Ruiz")
    sign_in(page, member.user)
    return member


def test_record_is_sound_when_empty_filled_and_filtered(
    page: Page, width: int, owner: Membership, is_sound: Check
) -> None:
    page.goto("/p/office/members/")
    page.get_by_role("link", name="Audit").click()
    expect(page.get_by_role("heading", name="Nothing recorded yet")).to_be_visible()
    is_sound(page)
    administer(owner)
    page.reload()
    expect(page.get_by_text("All 8 entries were checked just now")).to_be_visible()
    expect(page.get_by_text("added Bo Lindqvist")).to_be_visible()
    expect(page.get_by_text(HOSTILE)).to_have_count(2)
    is_sound(page)
    page.get_by_label("What").select_option("Changed a member's role")
    page.get_by_label("Who").select_option("Ana Ruiz")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("heading", name="1 entry of 8")).to_be_visible()
    expect(page.get_by_text("changed the role of Bo Lindqvist")).to_be_visible()
    is_sound(page)


def test_broken_record_is_sound_and_says_where(page: Page, owner: Membership, is_sound: Check) -> None:
    administer(owner)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER append_only")
        cursor.execute("DELETE FROM audit_entry WHERE number = 2")
        cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER append_only")
    page.goto("/p/office/audit/")
    expect(page.get_by_role("heading", name="The record is broken at entry 2")).to_be_visible()
    is_sound(page)


def test_record_is_paged_by_keyboard_and_downloaded(page: Page, owner: Membership) -> None:
    queue_acts(owner.project, owner.user, times=30)
    page.goto("/p/office/audit/?act=queue.paused")
    expect(page.get_by_role("heading", name="30 entries of 60")).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    page.get_by_role("link", name="Next").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 of 2")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all").click()
    assert download.value.suggested_filename == "office-record.csv"
    assert len(download.value.path().read_text().splitlines()) == 1 + 60
