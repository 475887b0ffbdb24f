"""What a person reads of their notices, and how they choose to be told."""

import pytest

from apps.accounts.models import Membership
from apps.notifications.models import How, Notice, NoticeKind
from apps.notifications.services import inbox
from tests.factories import make_member, make_project
from tests.notifications.people import prefers, tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> Membership:
    return make_member(make_project())


def test_what_is_opened_is_read(anna: Membership) -> None:
    tell(anna)
    assert inbox.unread(anna.user) == 1
    assert inbox.open_notice(Notice.objects.get()) == f"/p/{anna.project.slug}/"
    assert inbox.unread(anna.user) == 0


def test_opening_again_keeps_the_first_moment(anna: Membership) -> None:
    tell(anna)
    inbox.open_notice(Notice.objects.get())
    before = Notice.objects.get()
    inbox.open_notice(before)
    assert Notice.objects.get().read_at == before.read_at


def test_all_read_means_all_that_was_on_the_page(anna: Membership) -> None:
    tell(anna, "seen")
    seen_at = Notice.objects.get().created_at
    tell(anna, "later")
    tell(make_member(anna.project), "of another person")
    assert inbox.read_all(anna.user, until=seen_at) == 1
    assert set(Notice.objects.unread().values_list("key", flat=True)) == {"later", "of another person"}
    assert inbox.read_all(anna.user) == 1


def test_the_bell_counts_no_further_than_it_can_show(anna: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "MOST_COUNTED", 2)
    for number in range(3):
        tell(anna, str(number))
    assert inbox.unread(anna.user) == 2


def test_notices_of_a_left_project_are_gone_and_come_back_with_the_membership(anna: Membership) -> None:
    tell(anna)
    user, project = anna.user, anna.project
    Membership.objects.filter(pk=anna.pk).delete()
    assert (inbox.unread(user), inbox.listed(user, inbox.Wanted()).count()) == (0, 0)
    Membership.objects.create(user=user, project=project, role="reviewer")
    assert inbox.unread(user) == 1


def test_a_choice_replaces_what_is_usual_and_the_choice_before(anna: Membership) -> None:
    assert inbox.preferences(anna.user)[NoticeKind.ALERT] == How.DIGEST
    inbox.prefer(anna.user, {NoticeKind.ALERT: How.MAIL, NoticeKind.MENTION: How.OFF})
    inbox.prefer(anna.user, {NoticeKind.ALERT: How.PAGE})
    chosen = inbox.preferences(anna.user)
    assert (chosen[NoticeKind.ALERT], chosen[NoticeKind.MENTION], chosen[NoticeKind.ACCESS]) == ("page", "off", "page")


def test_a_mail_that_waits_is_not_sent_once_its_person_wants_none(anna: Membership) -> None:
    tell(anna)
    prefers(anna, "mail", NoticeKind.MENTION)
    tell(anna, "mention 1", kind=NoticeKind.MENTION)
    inbox.prefer(anna.user, {NoticeKind.ALERT: How.PAGE})
    assert [each.key for each in Notice.objects.filter(mail_due_at__isnull=False)] == ["mention 1"]
