"""Notices from rows: each thing that one person should know, once, and nothing that spoils a blind review."""

from datetime import date, timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.accounts.services import members
from apps.notifications.models import Lookout, Notice
from apps.notifications.services import noticing
from apps.registry.models import ReviewQueue
from apps.reports import services as reports
from apps.reports.models import ReportJob
from apps.review import services as review
from apps.review.models import Dispute, Mention, Question, Slot
from tests.factories import make_member
from tests.reports.stored import make_report
from tests.review.factories import answer, claim, decide, judge, make_items, make_queue, reviewers
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> ReviewQueue:
    queue = make_queue()
    make_items(queue, 2)
    return queue


@pytest.fixture
def anna(queue: ReviewQueue) -> Membership:
    return make_member(queue.model.project, name="Anna")


@pytest.fixture
def judge_ben(queue: ReviewQueue) -> Membership:
    return make_member(queue.model.project, Role.ADJUDICATOR, name="Ben")


@pytest.fixture
def dan(queue: ReviewQueue) -> Membership:
    return make_member(queue.model.project, Role.ENGINEER, name="Dan")


@pytest.fixture(autouse=True)
def begun() -> None:
    """The installation looks already."""
    noticing.notice_due()
    Notice.objects.all().delete()


def told(member: Membership) -> list[tuple[str, str, str]]:
    """Look, and return what is new for this person; looking again finds nothing."""
    last = Notice.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    noticing.notice_due()
    assert noticing.notice_due() == 0
    new = Notice.objects.filter(user=member.user, pk__gt=last).order_by("pk")
    prefix = f"/p/{member.project.slug}"
    return [(each.kind, each.title, each.url.removeprefix(prefix)) for each in new]


def ask(queue: ReviewQueue, asker: Membership, *, of: Membership | None) -> Question:
    slot = claim(queue, asker)
    decide(slot, asker, "escalate", note="Score 0.83, so yes?", asked_of=of.user_id if of else None)
    return Question.objects.get()


def test_a_question_is_told_to_the_person_asked_and_its_answer_to_the_asker(
    queue: ReviewQueue, anna: Membership, judge_ben: Membership
) -> None:
    question = ask(queue, anna, of=judge_ben)
    name = queue.model.name
    assert told(judge_ben) == [("question", f"Anna asks you about a case of {name}.", f"/questions/{question.pk}/")]
    review.answer_question(question, by=judge_ben, text="Yes.")
    assert told(anna) == [("answered", f"Ben has answered your question about a case of {name}.", "/questions/")]
    assert told(judge_ben) == []


def test_a_question_to_any_adjudicator_or_one_that_is_answered_already_is_told_to_nobody(
    queue: ReviewQueue, anna: Membership, judge_ben: Membership
) -> None:
    question = ask(queue, anna, of=None)
    assert told(judge_ben) == []
    Question.objects.filter(pk=question.pk).update(asked_of=judge_ben.user, answered_at=timezone.now(), answer="Yes.")
    Question.objects.update(answered_by=judge_ben.user)
    assert told(judge_ben) == []


def test_a_mention_leads_to_the_comment(queue: ReviewQueue, judge_ben: Membership, anna: Membership) -> None:
    item = answer(queue, anna, "no")
    review.add_comment(item, by=judge_ben, text=f"The answer is no, @{anna.user.email}.")
    expected = (
        "mention",
        f"Ben mentions you in a comment on a case of {queue.model.name}.",
        f"/items/{item.pk}/#comments",
    )
    assert told(anna) == [expected]


def test_a_mention_that_was_seen_is_no_news(queue: ReviewQueue, judge_ben: Membership, anna: Membership) -> None:
    item = answer(queue, anna, "no")
    review.add_comment(item, by=judge_ben, text=f"@{anna.user.email}")
    Mention.objects.get().mark_seen()
    assert told(anna) == []


def test_a_reply_to_a_dispute_is_told_to_its_reviewer_without_a_name(
    queue: ReviewQueue, anna: Membership, dan: Membership
) -> None:
    item = answer(queue, anna, "no", verdict="dispute", note="Paid.")
    review.reply(Dispute.objects.get(), by=dan.user, text="The score is right.")
    expected = f"An engineer has replied to your dispute on a case of {queue.model.name}."
    assert told(anna) == [("answered", expected, f"/items/{item.pk}/")]


def test_a_case_that_is_handed_over_leads_to_its_queue(queue: ReviewQueue, anna: Membership, dan: Membership) -> None:
    slot = Slot.objects.order_by("pk").first()
    review.reassign(slot, to=anna, by=dan.user)
    expected = f"Dan has handed you a case of {queue.model.name}."
    assert told(anna) == [("assignment", expected, f"/queues/{queue.pk}/")]


def test_a_case_that_is_answered_by_now_or_that_one_kept_for_oneself_is_no_news(
    queue: ReviewQueue, anna: Membership, dan: Membership
) -> None:
    first, second = Slot.objects.order_by("pk")
    review.reassign(first, to=anna, by=dan.user)
    review.reassign(second, to=dan, by=dan.user)
    taken = claim(queue, anna)
    assert taken.pk == first.pk
    judge(taken, anna)
    decide(taken, anna)
    assert (told(anna), told(dan)) == ([], [])


def test_a_report_is_told_to_whoever_asked_for_it(queue: ReviewQueue, dan: Membership) -> None:
    job = reports.request_report(queue.model, "value", date(2026, 3, 1), date(2026, 3, 8), by=dan.user)
    assert told(dan) == []
    report = make_report(queue.model)
    ReportJob.objects.filter(pk=job.pk).update(finished_at=timezone.now(), report=report)
    expected = f"Your value report on {queue.model.name} is ready."
    assert told(dan) == [("report_ready", expected, f"/reports/{report.pk}/")]


def test_a_report_that_fails_again_is_told_again(queue: ReviewQueue, dan: Membership) -> None:
    job = reports.request_report(queue.model, "value", date(2026, 3, 1), date(2026, 3, 8), by=dan.user)
    expected = [("report_ready", f"Your value report on {queue.model.name} has failed.", f"/report-jobs/{job.pk}/")]
    for _ in range(2):
        ReportJob.objects.filter(pk=job.pk).update(finished_at=timezone.now(), error="out of memory")
        assert told(dan) == expected
        reports.retry_job(ReportJob.objects.get())


def test_a_report_that_the_product_made_by_itself_is_told_to_nobody(queue: ReviewQueue) -> None:
    job = reports.request_report(queue.model, "value", date(2026, 3, 1), date(2026, 3, 8))
    ReportJob.objects.filter(pk=job.pk).update(finished_at=timezone.now())
    assert noticing.notice_due() == 0


def test_access_that_others_gave_is_told(queue: ReviewQueue, dan: Membership) -> None:
    project = queue.model.project
    members.change_role(dan, role=Role.OWNER, by=None)
    assert told(dan) == [("access", f"Your role in {project.name} is now owner.", "/")]
    new = members.ensure_member(project.slug, email="new@example.org", role=Role.REVIEWER)
    assert told(new) == [("access", f"You are now a member of {project.name}: reviewer.", "/")]


def test_a_role_that_one_gave_oneself_is_no_news(queue: ReviewQueue, dan: Membership) -> None:
    members.change_role(dan, role=Role.OWNER, by=dan.user)
    assert told(dan) == []


def test_no_notice_says_what_a_blind_reviewer_must_not_know(
    queue: ReviewQueue, anna: Membership, judge_ben: Membership, dan: Membership
) -> None:
    ask(queue, anna, of=judge_ben)
    item = answer(queue, dan, "no", verdict="dispute", note="secret-note")
    review.reply(Dispute.objects.get(), by=dan.user, text="secret-reply")
    review.add_comment(item, by=dan, text=f"secret-comment @{judge_ben.user.email}")
    noticing.notice_due()
    said = " ".join(f"{each.title} {each.text} {each.url}" for each in Notice.objects.all())
    assert Notice.objects.count() == 3
    for word in ("secret", "0.83", "Score", "Employed", "yes", item.prediction.external_id):
        assert word not in said


def test_an_old_installation_is_not_stormed(queue: ReviewQueue, anna: Membership, judge_ben: Membership) -> None:
    ask(queue, anna, of=judge_ben)
    Lookout.objects.all().delete()
    # The first look begins now: what happened before is no news.
    assert noticing.notice_due() == 0
    assert {each.source for each in Lookout.objects.all()} == set(noticing.SOURCES)


def test_what_happened_while_no_worker_ran_is_told_late_and_after_a_week_no_more(
    queue: ReviewQueue, anna: Membership, judge_ben: Membership
) -> None:
    question = ask(queue, anna, of=judge_ben)
    Lookout.objects.update(since=F("since") - timedelta(days=30))
    Question.objects.update(asked_at=timezone.now() - timedelta(days=8))
    assert told(judge_ben) == []
    Lookout.objects.update(since=F("since") - timedelta(days=30))
    Question.objects.update(asked_at=timezone.now() - timedelta(days=6))
    assert [url for _, _, url in told(judge_ben)] == [f"/questions/{question.pk}/"]


def test_a_row_that_commits_late_is_told_all_the_same(
    queue: ReviewQueue, anna: Membership, judge_ben: Membership
) -> None:
    Lookout.objects.update(since=F("since") - timedelta(hours=1))
    noticing.notice_due()
    ask(queue, anna, of=judge_ben)
    # Its moment lies before the look, as that of a row that a long transaction had not committed yet.
    Question.objects.update(asked_at=timezone.now() - timedelta(minutes=10))
    assert len(told(judge_ben)) == 1


def test_one_source_that_fails_stops_no_other(
    queue: ReviewQueue, anna: Membership, judge_ben: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(queue, anna, of=judge_ben)
    monkeypatch.setitem(noticing.SOURCES, "answers", lambda _: 1 / 0)
    assert noticing.notice_due() == 1


def test_every_source_begins_with_the_migration() -> None:
    from importlib import import_module

    begun = import_module("apps.notifications.migrations.0003_begin_looking").SOURCES
    assert set(begun) <= set(noticing.SOURCES)


@pytest.mark.django_db(transaction=True)
def test_two_workers_tell_once() -> None:
    queue = make_queue()
    make_items(queue, 1)
    (anna,), (ben,) = reviewers(queue, 1), reviewers(queue, 1, Role.ADJUDICATOR)
    noticing.notice_due()
    ask(queue, anna, of=ben)
    assert sum(at_once(noticing.notice_due, noticing.notice_due)) == 1
    assert Notice.objects.filter(user=ben.user).count() == 1
