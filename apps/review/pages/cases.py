"""A case as people read it: features in their groups, when it is due, why it was sent to an adjudicator."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from apps.common import dates
from apps.registry.models.features import Feature
from apps.review.models import ReviewItem
from apps.review.pages.usual import Usual, usual_values
from apps.review.services.masking import NOTHING, WORD, Hidden

Reason = ReviewItem.AdjudicationReason
CERTAINTIES = ((1, "A guess"), (2, "Fairly sure"), (3, "Certain"))
SKIP_REASONS = ("Outside what I know", "Too little to go on", "Takes longer than I have now")
NOT_DECLARED = "Not described"


@dataclass(frozen=True)
class Fact:
    """A feature: its label, and its value in words."""

    name: str
    label: str
    meaning: str
    is_missing: bool
    # The person may not see the value.
    is_hidden: bool = False
    # The range of most recent values, or how rare this value is among them.
    usual: str = ""
    is_odd: bool = False
    # What the person said is wrong with it.
    problem: str = ""

    @property
    def is_blank(self) -> bool:
        """True if words stand in the place of a value."""
        return self.is_missing or self.is_hidden


@dataclass(frozen=True)
class FactGroup:
    name: str
    facts: list[Fact]


@dataclass(frozen=True)
class Due:
    """When a case is due, in words."""

    words: str
    is_late: bool


def fact_groups(item: ReviewItem, *, hidden: Hidden = NOTHING) -> list[FactGroup]:
    """Return the features in the order and groups the model declares, then the others in the order sent."""
    declared = item.model.feature_list
    known = {feature.name for feature in declared}
    others = [Feature(name, label=name, group=NOT_DECLARED) for name in item.features if name not in known]
    usual = usual_values(item.model)
    groups: dict[str, list[Fact]] = {}
    for feature in [*declared, *others]:
        if feature.name in hidden:
            fact = Fact(feature.name, feature.label, WORD, is_missing=False, is_hidden=True)
        else:
            fact = _fact(feature, item.features.get(feature.name), usual.get(feature.name))
        groups.setdefault(feature.group, []).append(fact)
    return [FactGroup(name, facts) for name, facts in groups.items()]


def processed_facts(item: ReviewItem, *, hidden: Hidden = NOTHING) -> list[FactGroup]:
    """Return the model's own input in one group, in the order sent; empty if none was sent.

    Codes and units are those of the features, not of what became of them.
    """
    labels = {feature.name: feature.label for feature in item.model.feature_list}
    facts = []
    for name, value in (item.processed or {}).items():
        label = labels.get(name, name)
        if name in hidden:
            facts.append(Fact(name, label, WORD, is_missing=False, is_hidden=True))
        else:
            facts.append(_fact(Feature(name, label=label), value, None))
    return [FactGroup("", facts)] if facts else []


def _fact(feature: Feature, value: Any, usual: Usual | None) -> Fact:
    return Fact(
        feature.name,
        feature.label,
        feature.meaning(value),
        is_missing=value is None or (isinstance(value, str) and not value.strip() and value not in feature.codes),
        usual=usual.words(feature, value) if usual else "",
        is_odd=usual is not None and usual.is_odd(value),
    )


def due(item: ReviewItem) -> Due | None:
    """Return when the case is due, in its project's time zone; None if its queue has no due time."""
    if item.due_at is None:
        return None
    zone, now = item.model.zone, timezone.now()
    when = _moment(item.due_at, now=now, zone=zone)
    return Due(f"late since {when}", is_late=True) if item.due_at <= now else Due(f"due {when}", is_late=False)


def _moment(moment: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    there, today = moment.astimezone(zone), now.astimezone(zone).date()
    days = {0: "today", 1: "tomorrow", -1: "yesterday"}
    other = dates.of_year(there) if there.year == today.year else dates.full(there)
    return f"{days.get((there.date() - today).days, other)} {there:%H:%M %Z}"


# Why a case came to an adjudicator.
WHY: dict[str, str] = {
    Reason.DISPUTE: "A reviewer disputes the model.",
    Reason.DISAGREEMENT: "The reviewers disagree.",
    Reason.REFERRED: "A reviewer asks somebody to decide.",
    Reason.NOBODY_LEFT: "No reviewer is left for it.",
    Reason.CHECK: "It was selected at random for a second opinion.",
}
