"""What a reviewer may say, and the label that it gives."""

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from apps.common.errors import DomainError, UnprocessableError
from apps.registry.models import MonitoredModel
from apps.review.models import LABELLING, Slot, Verdict

LONGEST_DELAY = timedelta(days=366)
LONGEST_NOTE = 10_000
LARGEST_INT = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A decision as it comes in; `value` is a class or number as sent."""

    verdict: Verdict
    value: str | float | None = None
    certainty: int | None = None
    reasons: tuple[str, ...] = ()
    note: str = ""
    until: date | datetime | None = None
    active_ms: int | None = None
    # Whom a question goes to; none: any adjudicator.
    asked_of: int | None = None


def encode(model: MonitoredModel, value: str | float | None) -> float:
    """The stored form of a class or number as sent."""
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
    """The label that the answer gives, if it gives one. Raises DomainError where it says something impossible."""
    if answer.verdict not in LABELLING:
        _check_withheld(answer, slot)
        return None
    if slot.is_blind and slot.judged_at is None:
        raise UnprocessableError("This case is blind: judge it before you decide.", code="judge_first")
    if answer.verdict == Verdict.DISPUTE:
        return _disputed(answer, slot)
    predicted = slot.item.prediction.predicted
    said = None if answer.value is None else encode(slot.item.model, answer.value)
    if answer.verdict == Verdict.AGREE:
        if said not in (None, predicted):
            raise DomainError("That is not what the model said: correct it instead.", code="not_as_predicted")
        return predicted
    if said is None:
        said = encode(slot.item.model, None)
    if said == predicted:
        raise DomainError("That is what the model said: agree with it instead.", code="as_predicted")
    return said


def moment_to_return(answer: Answer, *, slot: Slot) -> datetime:
    """When a case that cannot be told yet comes back: tomorrow, unless the reviewer says another day."""
    zone = slot.item.model.zone
    now = timezone.now()
    until = start_of(answer.until or tomorrow(zone), zone=zone)
    if until <= now:
        raise DomainError("That moment is past.", code="until_past", field="until")
    if until > now + LONGEST_DELAY:
        raise DomainError("A case can wait for a year at most.", code="until_too_far", field="until")
    return until


def tomorrow(zone: ZoneInfo) -> date:
    """The day after today, there."""
    return timezone.now().astimezone(zone).date() + timedelta(days=1)


def start_of(day: date | datetime, *, zone: ZoneInfo) -> datetime:
    """The moment at which a day begins; a moment as it is."""
    return day if isinstance(day, datetime) else datetime.combine(day, time(), tzinfo=zone)


def _check_withheld(answer: Answer, slot: Slot) -> None:
    if answer.value is not None:
        raise DomainError(f"'{answer.verdict}' takes no value.", code="value_unexpected", field="value")
    if slot.is_blind and slot.judged_at:
        # A reveal must not turn an answer into none: what is left out then would depend on the prediction.
        raise UnprocessableError("You have judged this case: keep, change or dispute.", code="already_judged")


def _disputed(answer: Answer, slot: Slot) -> float:
    if slot.is_adjudication:
        raise DomainError("A case that is being settled cannot be disputed.", code="not_for_adjudicators")
    if not answer.reasons and not answer.note.strip():
        raise DomainError("Say why, by a reason or a note.", code="reason_missing", field="reasons")
    known = slot.item.queue.dispute_reasons
    if unknown := [reason for reason in answer.reasons if known and reason not in known]:
        raise DomainError(f"{unknown[0]!r} is not one of the queue's reasons.", code="unknown_reason", field="reasons")
    if answer.value is None and (judgement := slot.judgement) is not None and judgement.value is not None:
        return judgement.value
    return encode(slot.item.model, answer.value)
