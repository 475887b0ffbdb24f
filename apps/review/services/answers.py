"""Which answers a reviewer may give, and the label each gives."""

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.accounts.querysets import MembershipQuerySet
from apps.common.errors import DomainError, UnprocessableError
from apps.common.numerals import count
from apps.registry.models import MonitoredModel
from apps.review.models import LABELING, DataProblem, Slot, Verdict

LONGEST_DELAY = timedelta(days=366)
LONGEST_NOTE = 10_000
LARGEST_INT = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A decision as sent; `value` is a class or number as sent."""

    verdict: Verdict
    value: str | float | None = None
    certainty: int | None = None
    reasons: tuple[str, ...] = ()
    note: str = ""
    until: date | datetime | None = None
    active_ms: int | None = None
    # With wrong data: pairs of a feature and its DataProblem.
    wrong_features: tuple[tuple[str, str], ...] = ()
    # With a question: the user it is for; None: any adjudicator.
    asked_of: int | None = None
    # With an adjudication: keep the case as an example.
    is_precedent: bool = False


def encode(model: MonitoredModel, value: str | float | None) -> float:
    """Return a class or number in its stored form. Raises DomainError."""
    if value is None:
        raise DomainError("Say which class or number.", code="value_missing", field="value")
    try:
        encoded = model.encode(value)
    except (ValueError, OverflowError) as error:
        code = "number_range" if model.is_regression else "unknown_class"
        raise DomainError(f"{error}.", code=code, field="value") from error
    if not math.isfinite(encoded):
        raise DomainError(f"{value} is out of range.", code="number_range", field="value")
    return encoded


def label_given(answer: Answer, *, slot: Slot) -> float | None:
    """Return the label the answer gives, or None. Raises DomainError for an answer that is not possible here."""
    _check_precedent(answer, slot)
    if answer.verdict not in LABELING:
        _check_withheld(answer, slot)
        return None
    if slot.is_blind and slot.judged_at is None:
        raise UnprocessableError("This case is blind: judge it before you decide.", code="judge_first")
    if answer.verdict == Verdict.DISPUTE:
        return _disputed(answer, slot)
    model, predicted = slot.item.model, slot.item.prediction.predicted
    value = None if answer.value is None else encode(model, answer.value)
    if answer.verdict == Verdict.AGREE:
        if value is None:
            return predicted
        if not model.agrees(value, predicted):
            raise DomainError("That is not what the model said: correct it instead.", code="not_as_predicted")
        return value
    if value is None:
        value = encode(model, None)
    if model.agrees(value, predicted):
        raise DomainError("That is what the model said: agree with it instead.", code="as_predicted")
    return value


def moment_to_return(answer: Answer, *, slot: Slot) -> datetime:
    """Return when a case put off comes back: tomorrow, unless the reviewer chose another day."""
    zone = slot.item.model.zone
    now = timezone.now()
    until = start_of(answer.until or tomorrow(zone), zone=zone)
    if until <= now:
        raise DomainError("That moment has passed.", code="until_past", field="until")
    if until > now + LONGEST_DELAY:
        raise DomainError("A case can wait for a year at most.", code="until_too_far", field="until")
    return until


def wrong_features(answer: Answer, *, slot: Slot) -> list[dict[str, str]]:
    """Return the marked features with one problem each, in stored form. Raises DomainError."""
    marked = dict(answer.wrong_features)
    if answer.verdict != Verdict.WRONG_DATA:
        if marked:
            raise DomainError("Only an answer of wrong data marks features.", code="wrong_features_unexpected")
        return []
    if not marked and not answer.note.strip():
        raise DomainError("Mark the feature that is wrong, or describe it in the note.", code="problem_missing")
    known = {feature.name for feature in slot.item.model.feature_list} | set(slot.item.features)
    for feature, problem in marked.items():
        if feature not in known:
            raise DomainError("This case has no such feature.", code="unknown_feature", field="wrong_features")
        if problem not in DataProblem.values:
            raise DomainError("Say how the feature is wrong.", code="unknown_problem", field="wrong_features")
    return [{"feature": feature, "problem": problem} for feature, problem in marked.items()]


def check_question(answer: Answer, *, slot: Slot, by: Membership) -> None:
    """Check that a question has a text and is for somebody who may answer it."""
    if answer.verdict != Verdict.ESCALATE:
        if answer.asked_of is not None:
            raise DomainError("Only a question names a person.", code="person_unexpected", field="ask")
        return
    if not answer.note.strip():
        raise DomainError("Write your question into the note.", code="question_missing", field="note")
    people = who_may_be_asked(slot.item.model, by=by)
    if answer.asked_of is not None and not people.filter(user=answer.asked_of).exists():
        raise DomainError("Nobody of that name may answer here.", code="unknown_person", field="ask")


def who_may_be_asked(model: MonitoredModel, *, by: Membership) -> MembershipQuerySet:
    """Return the members who may answer a question about a case. Simulated ones never answer."""
    members = Membership.objects.in_project(model.project).exclude(user=by.user)
    return members.with_role_at_least(Membership.RANKS[Role.REVIEWER]).filter(
        user__is_active=True, user__is_simulated=False
    )


def check_words(text: str) -> None:
    """Check that a comment, reply or answer has a text, no longer than a note may be."""
    if not text.strip() or len(text) > LONGEST_NOTE:
        raise DomainError(
            f"Write a text of at most {count(LONGEST_NOTE)} characters.", code="text_missing", field="text"
        )


def tomorrow(zone: ZoneInfo) -> date:
    """Return tomorrow's date in the zone."""
    return timezone.now().astimezone(zone).date() + timedelta(days=1)


def start_of(day: date | datetime, *, zone: ZoneInfo) -> datetime:
    """Return the moment a day begins; a moment stays as it is."""
    return day if isinstance(day, datetime) else datetime.combine(day, time(), tzinfo=zone)


def _check_withheld(answer: Answer, slot: Slot) -> None:
    if answer.value is not None:
        raise DomainError(f"'{answer.verdict}' takes no value.", code="value_unexpected", field="value")
    if slot.is_blind and slot.judged_at:
        # After the reveal nobody may withhold an answer: missingness would depend on the prediction, a bias.
        raise UnprocessableError(
            "You have judged this case: keep, change or dispute your answer.", code="already_judged"
        )


def _check_precedent(answer: Answer, slot: Slot) -> None:
    if answer.is_precedent and not (slot.is_adjudication and answer.verdict in LABELING):
        raise DomainError("Only an answer that settles a case can be a precedent.", code="not_a_settlement")


def _disputed(answer: Answer, slot: Slot) -> float:
    if slot.is_adjudication:
        raise DomainError("An adjudicator settles a dispute and cannot raise one.", code="not_for_adjudicators")
    if not answer.reasons and not answer.note.strip():
        raise DomainError("Give a reason or write a note.", code="reason_missing", field="reasons")
    known = slot.item.queue.dispute_reasons
    if unknown := [reason for reason in answer.reasons if known and reason not in known]:
        raise DomainError(f"{unknown[0]!r} is not one of the queue's reasons.", code="unknown_reason", field="reasons")
    if answer.value is None and (judgement := slot.judgement) is not None and judgement.value is not None:
        return judgement.value
    return encode(slot.item.model, answer.value)
