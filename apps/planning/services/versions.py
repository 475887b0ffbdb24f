"""A model's sampling as it was, as it is and as it may be: each version whole, to compare and to take up again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from apps.accounts.models import User
from apps.common.errors import NotFoundError
from apps.planning.models import Draft
from apps.registry.models import MonitoredModel
from apps.sampling.models import SamplingConfiguration
from apps.sampling.services import policies

SAVED, DRAFT = "saved", "draft"
LONGEST_NUMBER = 9
Document = dict[str, Any]


@dataclass(frozen=True)
class Version:
    """One state of the sampling: `key` is its number, or "saved" or "draft"."""

    key: str
    document: Document
    since: datetime | None = None


def history(model: MonitoredModel, *, text: str = "") -> QuerySet[SamplingConfiguration]:
    """Return the saved versions, newest first: those with this text in a reason, a name or a policy."""
    found = SamplingConfiguration.objects.filter(model=model)
    if text:
        # Documents and addresses are full of numbers; a number means that of a version.
        is_number = text.isdecimal() and len(text) < LONGEST_NUMBER
        either = Q(number=int(text)) if is_number else _by_words(text)
        found = found.filter(either | Q(reason__icontains=text))
    return found.select_related("saved_by", "approved_by", "key").order_by("-number")


def _by_words(text: str) -> Q:
    words = Q(document__policies__icontains=text)
    for person in ("saved_by", "approved_by"):
        words |= Q(**{f"{person}__name__icontains": text}) | Q(**{f"{person}__email__icontains": text})
    return words


def documents_before(model: MonitoredModel, versions: list[SamplingConfiguration]) -> dict[int, Document | None]:
    """Return, by the number of each version, the document of the one before it; None for the first."""
    numbers = [each.number - 1 for each in versions]
    found = SamplingConfiguration.objects.filter(model=model, number__in=numbers)
    known: dict[int, Document] = dict(found.values_list("number", "document"))
    return {each.number: known.get(each.number - 1) for each in versions}


def find(model: MonitoredModel, key: str, *, by: User) -> Version:
    """Return the sampling in force, the person's draft, or a saved version by its number. Raises NotFoundError."""
    if key == SAVED:
        return Version(SAVED, policies.current_document(model))
    if key == DRAFT:
        draft = Draft.objects.filter(model=model, owner=by).first()
        if draft is None:
            raise NotFoundError("You have no draft of this model’s sampling.")
        return Version(DRAFT, draft.document)
    number = int(key) if key.isdecimal() and len(key) < LONGEST_NUMBER else 0
    saved = SamplingConfiguration.objects.filter(model=model, number=number).first()
    if saved is None:
        raise NotFoundError("This model’s sampling has no such version.")
    return Version(str(saved.number), saved.document, saved.starts_at)


def take_as_draft(model: MonitoredModel, number: int, *, by: User) -> Draft:
    """Make the person's draft draw as an earlier version did. Queues stay as they are: they draw nothing."""
    version = find(model, str(number), by=by)
    taken: Document = {str(name): version.document[name] for name in ("floor", "policies") if name in version.document}
    document: Document = {**policies.current_document(model), **taken}
    based_on = policies.current_number(model)
    changes = {
        "document": document,
        "based_on": based_on,
        "reason": f"Back to version {number}.",
        "proposed_at": None,
    }
    draft, _ = Draft.objects.update_or_create(model=model, owner=by, defaults=changes)
    return draft
