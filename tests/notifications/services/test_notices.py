"""Telling people: once, and as each of them wants."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError
from django.test import TestCase
from django.utils import timezone
from pytest_django import Settings

from apps.accounts.models import Membership, Project
from apps.common import doorbell
from apps.notifications.models import Notice, NoticeKind
from apps.notifications.services import notices
from tests.factories import make_member, make_model, make_project
from tests.notifications.people import prefers, tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> Membership:
    return make_member(make_project())


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    bells: list[str] = []
    monkeypatch.setattr(doorbell, "ring", bells.append)
    return bells


def test_telling_twice_is_telling_once(anna: Membership) -> None:
    assert tell(anna) == 1
    assert tell(anna) == 0
    assert tell(anna, "drift 2") == 1
    notice = Notice.objects.get(key="drift 1")
    assert (notice.title, notice.kind, notice.read_at) == ("Loans has drifted.", "alert", None)


def test_several_are_told_the_same_and_each_knows_for_themselves(anna: Membership) -> None:
    ben = make_member(anna.project)
    tell(anna)
    told = notices.tell(
        [anna.user, ben.user], kind=NoticeKind.ALERT, key="drift 1", title="Drift.", url="/", project=anna.project
    )
    assert told == 1
    assert Notice.objects.get(user=ben.user).title == "Drift."


def test_another_worker_that_tells_the_same_does_no_harm(anna: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(anna)
    monkeypatch.setattr(Notice.objects, "filter", lambda **_: Notice.objects.none())
    tell(anna)
    monkeypatch.undo()
    assert Notice.objects.count() == 1


def mail_due(notice: Notice) -> str:
    if notice.mail_due_at is None:
        return "none"
    return "now" if notice.mail_due_at <= timezone.now() else "later"


@pytest.mark.parametrize(
    ("how", "is_urgent", "due"),
    [
        ("page", False, "none"),
        ("mail", False, "now"),
        ("digest", False, "later"),
        ("page", True, "none"),
        ("mail", True, "now"),
        ("digest", True, "now"),
    ],
)
def test_each_is_told_as_they_prefer(anna: Membership, rung: list[str], how: str, is_urgent: bool, due: str) -> None:
    prefers(anna, how)
    with TestCase.captureOnCommitCallbacks(execute=True):
        tell(anna, is_urgent=is_urgent)
    assert mail_due(Notice.objects.get()) == due
    assert rung == (["mail"] if due == "now" else [])


@pytest.mark.parametrize("is_urgent", [False, True])
def test_whoever_wants_to_hear_nothing_hears_nothing(anna: Membership, is_urgent: bool) -> None:
    prefers(anna, "off")
    assert tell(anna, is_urgent=is_urgent) == 0
    assert not Notice.objects.exists()


def test_without_a_choice_alerts_come_once_a_day_and_all_else_on_the_page(anna: Membership) -> None:
    for kind in NoticeKind:
        tell(anna, key=kind, kind=kind)
    mailed = Notice.objects.filter(mail_due_at__isnull=False)
    assert [each.kind for each in mailed] == ["alert"]


@pytest.mark.parametrize(
    ("now", "zone", "due"),
    [
        ("2026-03-02T05:59", "UTC", "2026-03-02T07:00"),
        ("2026-03-02T07:00", "UTC", "2026-03-03T07:00"),
        # 7 in the morning in Tokyo is 22 o'clock of the day before.
        ("2026-03-02T12:00", "Asia/Tokyo", "2026-03-02T22:00"),
        # The night in which Berlin's clocks go forward: 7 is two hours after UTC now.
        ("2026-03-28T12:00", "Europe/Berlin", "2026-03-29T05:00"),
    ],
)
def test_the_daily_mail_comes_at_seven_in_the_projects_time_zone(now: str, zone: str, due: str) -> None:
    at = notices.next_digest(datetime.fromisoformat(now).replace(tzinfo=UTC), zone=ZoneInfo(zone))
    assert at == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize("closed", [{"is_active": False}, {"is_simulated": True}])
def test_closed_accounts_and_simulated_people_are_told_nothing(closed: dict[str, Any]) -> None:
    assert tell(make_member(make_project(), **closed)) == 0


def test_whoever_is_not_in_the_project_is_told_nothing(anna: Membership) -> None:
    assert tell(anna, project=make_project()) == 0


def test_a_title_is_one_line_without_control_characters(anna: Membership) -> None:
    tell(anna, title="Loans\r\nBcc: eve@example.org\x0b\u2028\u202e drifted" + "." * 400)
    title = Notice.objects.get().title
    assert title.startswith("Loans Bcc: eve@example.org drifted")
    assert len(title) == 300


@pytest.mark.parametrize("url", ["https://example.org/", "//example.org/", "/\\example.org", "javascript:alert(1)", ""])
def test_a_notice_leads_into_the_site(anna: Membership, url: str) -> None:
    with pytest.raises(ValueError, match="into the site"):
        tell(anna, url=url)
    with pytest.raises(IntegrityError, match="a_notice_leads_into_the_site"):
        Notice.objects.create(user=anna.user, project=anna.project, kind="alert", key="k", title="t", url=url)


def test_the_path_of_the_installation_is_not_stored(anna: Membership, settings: Settings) -> None:
    settings.PATH = "/tools"
    tell(anna, "a", url="/tools/p/office/")
    tell(anna, "b", url="/p/tools/")
    assert list(Notice.objects.order_by("key").values_list("url", flat=True)) == ["/p/office/", "/p/tools/"]


def test_many_are_told_with_few_queries(anna: Membership, django_assert_max_num_queries: Any) -> None:
    project: Project = anna.project
    model = make_model(project)
    people = [make_member(project).user for _ in range(20)]
    # Membership, preferences, what is known, one insert; and a savepoint.
    with django_assert_max_num_queries(6):
        notices.tell(people, kind=NoticeKind.ALERT, key="k", title="t", url="/", project=project, model=model)
