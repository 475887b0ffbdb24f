"""From rows to notices: what happened that one person should know, found by looking.

The stages before call nothing here. Each source is looked through from a moment on that only moves forward. The keys of
notices make it harmless to look twice, late or in two workers.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from apps.accounts.models import Project, Role, User
from apps.audit.models import Entry
from apps.common.clock import database_now
from apps.common.isolation import one_by_one
from apps.notifications.models import Lookout, NoticeKind
from apps.notifications.services import notices
from apps.notifications.services.notices import News
from apps.registry.models import Finding, Incident, MonitoredModel
from apps.reports.models import ReportJob
from apps.review.models import Dispute, Mention, Question, ReviewItem, Slot

# A row's moment lies before its commit by the length of its transaction: look so far back again.
OVERLAP = timedelta(minutes=15)
# After a long stop, older things are no news.
LONGEST_LOOK = timedelta(days=7)


def notice_due() -> int:
    """Tell people all that is new for them, and return how many notices that made."""
    return sum(one_by_one(SOURCES, _look, name="notice"))


@transaction.atomic
def _look(source: str) -> int:
    Lookout.objects.get_or_create(source=source)
    lookout = Lookout.objects.select_for_update(skip_locked=True).filter(source=source).first()
    if lookout is None:
        return 0
    now = database_now()
    told = notices.tell_each(SOURCES[source](max(lookout.since, now - LONGEST_LOOK)))
    lookout.since = max(lookout.since, now - OVERLAP)
    lookout.save(update_fields=["since"])
    return told


def _questions(since: datetime) -> Iterator[News]:
    """Questions to one person that still wait. What was asked is not said: it may tell what its asker thinks."""
    asked = Question.objects.open().filter(asked_at__gte=since, asked_of__isnull=False)
    for question in asked.select_related("asked_by", "asked_of", "slot__queue__model__project"):
        model = question.slot.queue.model
        yield _about(
            model,
            question.asked_of,
            NoticeKind.QUESTION,
            key=f"question {question.pk}",
            title=f"{question.asked_by.display_name} asks you about a case of {model.name}.",
            url=reverse("question", args=[model.project.slug, question.pk]),
        )


def _answers(since: datetime) -> Iterator[News]:
    answered = Question.objects.filter(answered_at__gte=since)
    for question in answered.select_related("asked_by", "answered_by", "slot__queue__model__project"):
        model = question.slot.queue.model
        yield _about(
            model,
            question.asked_by,
            NoticeKind.ANSWERED,
            key=f"answer {question.pk}",
            title=f"{question.answered_by.display_name} has answered your question about a case of {model.name}.",
            url=reverse("questions", args=[model.project.slug]),
        )


def _replies(since: datetime) -> Iterator[News]:
    """Replies to disputes. Who replied is not said: reviewers learn no names while a case is open."""
    replied = Dispute.objects.filter(replied_at__gte=since, withdrawn_at=None)
    for dispute in replied.select_related("decision__reviewer", "item__queue__model__project"):
        model = dispute.item.model
        yield _about(
            model,
            dispute.decision.reviewer,
            NoticeKind.ANSWERED,
            key=f"reply {dispute.pk}",
            title=f"An engineer has replied to your dispute on a case of {model.name}.",
            url=reverse("case", args=[model.project.slug, dispute.item_id]),
        )


def _mentions(since: datetime) -> Iterator[News]:
    named = Mention.objects.filter(comment__written_at__gte=since, seen_at=None)
    for mention in named.select_related("user", "comment__author", "comment__item__queue__model__project"):
        comment, model = mention.comment, mention.comment.item.model
        yield _about(
            model,
            mention.user,
            NoticeKind.MENTION,
            key=f"mention {comment.pk}",
            title=f"{comment.author.display_name} mentions you in a comment on a case of {model.name}.",
            url=reverse("case", args=[model.project.slug, comment.item_id]) + "#comments",
        )


def _assignments(since: datetime) -> Iterator[News]:
    """Cases that somebody reserved for a person and that still wait for them. Probes are never handed over."""
    entries = list(Entry.objects.filter(act="slot.reassigned", at__gte=since).order_by("pk"))
    people = _people({entry.details["to"] for entry in entries})
    actors = User.objects.in_bulk({entry.actor_id for entry in entries} - {None})
    for entry in entries:
        person, actor = people.get(entry.details["to"]), actors.get(entry.actor_id)
        if person is None or person == actor:
            continue
        for slot in _reserved(entry, person):
            model = slot.queue.model
            yield _about(
                model,
                person,
                NoticeKind.ASSIGNMENT,
                key=f"assignment {entry.pk} {slot.pk}",
                title=f"{actor.display_name if actor else 'An engineer'} has handed you a case of {model.name}.",
                url=reverse("queue", args=[model.project.slug, slot.queue_id]),
            )


def _follow_ups(since: datetime) -> Iterator[News]:
    """Findings and incidents that somebody gave to a person, and that are not closed."""
    acts = ("finding.written", "finding.followed", "incident.followed")
    entries = list(Entry.objects.filter(act__in=acts, at__gte=since, details__has_key="owner").order_by("pk"))
    people = _people({entry.details["owner"] for entry in entries} - {None})
    for entry in entries:
        person, (what, number) = people.get(entry.details["owner"]), entry.subject.split()
        kind = Finding if what == "finding" else Incident
        row = kind.objects.filter(pk=number, owner=person, closed_at=None).select_related("model__project").first()
        if person is None or row is None or person.pk == entry.actor_id:
            continue
        yield _about(
            row.model,
            person,
            NoticeKind.ASSIGNMENT,
            key=f"{entry.subject} {entry.pk}",
            title=f"You are to see to {'a finding on' if kind is Finding else 'an incident of'} {row.model.name}.",
            url=reverse(what, args=[row.model.project.slug, row.pk]),
        )


def _reserved(entry: Entry, person: User) -> Iterable[Slot]:
    slots = Slot.objects.unfinished().filter(
        queue__model__project=entry.project_id,
        item__prediction__external_id=entry.subject.removeprefix("case "),
        item__in=ReviewItem.objects.reviews(),
        reviewer=person,
        is_reserved=True,
    )
    return slots.select_related("queue__model__project")


def _reports(since: datetime) -> Iterator[News]:
    """Reports that a person asked for, done or failed."""
    finished = ReportJob.objects.filter(finished_at__gte=since, requested_by__isnull=False)
    for job in finished.select_related("requested_by", "model__project"):
        where = [job.model.project.slug]
        url = (
            reverse("report", args=[*where, job.report_id])
            if job.report_id
            else reverse("report_job", args=[*where, job.pk])
        )
        yield _about(
            job.model,
            job.requested_by,
            NoticeKind.REPORT_READY,
            # Tried again after a failure, it is finished anew.
            key=f"report job {job.pk} {job.finished_at.isoformat()}",
            title=f"Your {job.kind} report on {job.model.name} {'is ready' if job.report_id else 'has failed'}.",
            url=url,
        )


def _access(since: datetime) -> Iterator[News]:
    """Memberships and roles that others gave a person."""
    told = Q(act="member.added") | Q(act="member.role_changed")
    entries = list(Entry.objects.filter(told, at__gte=since).order_by("pk"))
    people = _people({entry.subject for entry in entries})
    projects = Project.objects.in_bulk({entry.project_id for entry in entries})
    for entry in entries:
        person, project = people.get(entry.subject), projects.get(entry.project_id)
        if person is None or project is None or person.pk == entry.actor_id:
            continue
        role = Role(entry.details["role"]).label.lower()
        is_new = entry.act == "member.added"
        yield News(
            person,
            NoticeKind.ACCESS,
            key=f"access {entry.pk}",
            title=f"You are now a member of {project.name}: {role}."
            if is_new
            else f"Your role in {project.name} is now {role}.",
            url=reverse("project", args=[project.slug]),
            project=project,
        )


def _people(subjects: set[str]) -> dict[str, User]:
    """Return the people to whom the audit record refers."""
    users = User.objects.in_bulk({int(subject.removeprefix("person ")) for subject in subjects})
    return {f"person {key}": user for key, user in users.items()}


def _about(model: MonitoredModel, user: User, kind: NoticeKind, *, key: str, title: str, url: str) -> News:
    return News(user, kind, key, title, url, model.project, model=model)


SOURCES: dict[str, Callable[[datetime], Iterable[News]]] = {
    "questions": _questions,
    "answers": _answers,
    "replies": _replies,
    "mentions": _mentions,
    "assignments": _assignments,
    "follow_ups": _follow_ups,
    "reports": _reports,
    "access": _access,
}
