"""People who leave: nothing waits for somebody who does not come back."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Membership, Role, User
from apps.accounts.services.members import change_role, close_account, remove_member
from apps.common.errors import ConflictError
from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.models import Question, ReviewItem, Slot
from tests.factories import make_member
from tests.pages import shown
from tests.review.factories import claim, decide, judge, make_items, make_queue, reviewers

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> ReviewQueue:
    queue = make_queue()
    make_items(queue, 4)
    return queue


def everything_open(queue: ReviewQueue, person: Membership, other: Membership) -> list[Slot]:
    """Leave one case put off, one asked about, one kept and one in hand."""
    put_off = claim(queue, person)
    until = timezone.now() + timedelta(days=300)
    decide(put_off, person, verdict="cannot_tell", until=until)
    asked = claim(queue, person)
    decide(asked, person, verdict="escalate", note="Is this a flat?", asked_of=other.user_id)
    in_hand = claim(queue, person)
    kept = Slot.objects.filter(queue=queue, reviewer=None).first()
    assert kept is not None
    services.reassign(kept, to=person, by=make_member(queue.model.project, Role.ENGINEER).user)
    return [put_off, asked, kept, in_hand]


def leave_by_page(member: Membership) -> None:
    owner = make_member(member.project, Role.OWNER)
    client = Client()
    client.force_login(owner.user)
    asked = shown(client.get(f"/p/{member.project.slug}/members/{member.pk}/open/"))
    assert "4 open cases" in asked
    client.post(f"/p/{member.project.slug}/members/{member.pk}/remove/")


def leave_by_command(member: Membership) -> None:
    out = StringIO()
    call_command("remove_member", project=member.project.slug, user=member.user.email, yes=True, stdout=out)
    assert f"Open in {member.project.slug}: 4 cases and 0 questions." in out.getvalue()
    assert not Membership.objects.filter(pk=member.pk).exists()


def close_the_account_by_command(member: Membership) -> None:
    out = StringIO()
    call_command("remove_member", user=member.user.email, yes=True, stdout=out)
    assert f"Open in {member.project.slug}: 4 cases and 0 questions." in out.getvalue()
    assert not User.objects.get(pk=member.user_id).is_active


def end_the_account(member: Membership) -> None:
    member.user.is_active = False
    member.user.save()


def become_a_stakeholder(member: Membership) -> None:
    change_role(member, role=Role.STAKEHOLDER, by=None)


@pytest.mark.slow
@pytest.mark.parametrize(
    "leave",
    [leave_by_page, leave_by_command, close_the_account_by_command, end_the_account, become_a_stakeholder],
)
def test_what_waits_for_somebody_who_left_goes_to_others(queue: ReviewQueue, leave) -> None:
    anna, ben = reviewers(queue, 2)
    slots = everything_open(queue, anna, ben)
    leave(anna)
    services.free_abandoned()
    assert services.free_abandoned() == 0
    assert {slot.reviewer_id for slot in Slot.objects.filter(pk__in=[slot.pk for slot in slots])} == {None}
    taken = services.claim_slots(queue, by=ben, limit=9)
    assert {slot.pk for slot in slots} == {slot.pk for slot in taken}


def test_a_judgement_of_somebody_who_left_stands(queue: ReviewQueue) -> None:
    anna, ben = reviewers(queue, 2)
    slot = claim(queue, anna)
    judge(slot, anna, value="yes")
    remove_member(anna, by=None)
    assert services.free_abandoned() == 1
    slot.refresh_from_db()
    assert (slot.outcome, slot.reviewer_id) == (Slot.Outcome.ANSWERED, anna.user_id)
    assert slot.item_id not in {each.item_id for each in services.claim_slots(queue, by=ben, limit=9)}


def test_a_question_to_somebody_who_left_is_for_any_adjudicator(queue: ReviewQueue) -> None:
    anna, ben = reviewers(queue, 2)
    adjudicator = make_member(queue.model.project, Role.ADJUDICATOR)
    decide(claim(queue, anna), anna, verdict="escalate", note="Is this a flat?", asked_of=ben.user_id)
    assert services.open_work(ben) == services.OpenWork(cases=0, questions=1)
    remove_member(ben, by=None)
    services.free_abandoned()
    question = Question.objects.get()
    assert question.asked_of is None
    services.check_may_answer(question, by=adjudicator)


def test_those_who_stay_keep_what_they_have(queue: ReviewQueue) -> None:
    anna, ben = reviewers(queue, 2)
    everything_open(queue, anna, ben)
    assert services.free_abandoned() == 0
    assert services.open_work(anna).cases == 4


def test_the_command_removes_nobody_by_mistake(queue: ReviewQueue) -> None:
    with pytest.raises(CommandError, match="No account has the address"):
        call_command("remove_member", project=queue.model.project.slug, user="who@example.org", yes=True)
    stranger = make_member(make_queue().model.project)
    with pytest.raises(CommandError, match="is no member"):
        call_command("remove_member", project=queue.model.project.slug, user=stranger.user.email, yes=True)
    owner = make_member(queue.model.project, Role.OWNER)
    with pytest.raises(CommandError, match="needs an owner"):
        call_command("remove_member", project=queue.model.project.slug, user=owner.user.email, yes=True)
    with pytest.raises(CommandError, match="needs an owner"):
        call_command("remove_member", user=owner.user.email, yes=True)


def test_an_owner_whose_account_is_closed_is_no_other_owner(queue: ReviewQueue) -> None:
    first, second = reviewers(queue, 2, Role.OWNER)
    close_account(first.user, by=second.user)
    with pytest.raises(ConflictError, match="needs an owner"):
        remove_member(second, by=None)


def test_a_closed_account_is_nobody_who_is_left_for_a_case(queue: ReviewQueue) -> None:
    anna, ben = reviewers(queue, 2)
    slot = claim(queue, anna)
    close_account(ben.user, by=None)
    decide(slot, anna, verdict="recuse")
    assert ReviewItem.objects.get(pk=slot.item_id).adjudication_reason == "nobody_left"
