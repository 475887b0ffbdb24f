"""A case as people read it: features in their groups, what pushed the model, what others said."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from apps.registry.features import Feature
from apps.registry.models import MonitoredModel
from apps.review.models import Decision, ReviewItem, Slot, Verdict
from apps.review.usual import Usual, usual_values

Reason = ReviewItem.AdjudicationReason
MOST_PUSHES = 6
CERTAINTIES = ((1, "A guess"), (2, "Fairly sure"), (3, "Certain"))
SKIP_REASONS = ("Outside what I know", "Too little to go on", "Takes longer than I have now")
NOT_DECLARED = "Not described"


@dataclass(frozen=True)
class Fact:
    """One feature: its label, and its value in words."""

    label: str
    meaning: str
    is_missing: bool
    # The range of most recent values, or how rare this one is among them.
    usual: str = ""
    is_odd: bool = False


@dataclass(frozen=True)
class FactGroup:
    name: str
    facts: list[Fact]


@dataclass(frozen=True)
class Push:
    """How far a feature moved the model's answer; `share` is of the largest, signed."""

    label: str
    meaning: str
    share: float

    @property
    def is_towards(self) -> bool:
        return self.share >= 0

    @property
    def width(self) -> float:
        """Of a bar that may reach 100 to either side."""
        return round(abs(self.share) * 100, 2)

    @property
    def left(self) -> float:
        """Where the bar begins, 0 in the middle."""
        return 0.0 if self.is_towards else -self.width


@dataclass(frozen=True)
class Reveal:
    """What the model said, and why, as far as it told."""

    label: str
    sure: float | None
    pushes: list[Push]
    towards: str
    away: str

    @property
    def percent(self) -> int | None:
        """How sure the model was; what is not certain is never said to be."""
        if self.sure is None:
            return None
        return round(100 * self.sure) if self.sure in (0, 1) else min(99, max(1, round(100 * self.sure)))


@dataclass(frozen=True)
class Opinion:
    """One reviewer's answers to a case that an adjudicator settles; the name is not told."""

    first: str
    certainty: str
    final: str
    verdict: str
    reasons: list[str]
    notes: list[str]


def fact_groups(item: ReviewItem) -> list[FactGroup]:
    """The features as sent, in the order and the groups in which the model declares them, then the others."""
    declared = item.model.feature_list
    known = {feature.name for feature in declared}
    others = [Feature(name, label=name, group=NOT_DECLARED) for name in sorted(item.features) if name not in known]
    usual = usual_values(item.model)
    groups: dict[str, list[Fact]] = {}
    for feature in [*declared, *others]:
        value = item.features.get(feature.name)
        groups.setdefault(feature.group, []).append(_fact(feature, value, usual.get(feature.name)))
    return [FactGroup(name, facts) for name, facts in groups.items()]


def _fact(feature: Feature, value: Any, usual: Usual | None) -> Fact:
    words = usual.words(feature, value) if usual else ""
    return Fact(feature.label, feature.meaning(value), value is None, words, usual is not None and usual.is_odd(value))


def reveal(item: ReviewItem) -> Reveal:
    """What may be shown once the first answer is stored."""
    model, predicted = item.model, item.prediction.predicted
    towards, away = _directions(model, predicted)
    return Reveal(model.label(predicted), _sureness(item), list(_pushes(item)), towards, away)


def _sureness(item: ReviewItem) -> float | None:
    """The probability that the model gave to its own answer."""
    model, prediction = item.model, item.prediction
    if model.is_regression:
        return None
    if item.probabilities and (said := item.probabilities.get(model.decode(prediction.predicted))) is not None:
        return float(said)
    if prediction.score is None or len(model.classes) != 2:
        return prediction.score
    is_positive = int(prediction.predicted) == model.positive_index
    return prediction.score if is_positive else 1 - prediction.score


def _directions(model: MonitoredModel, predicted: float) -> tuple[str, str]:
    """What contributions above and below zero speak for. Binary ones are about the positive class."""
    if model.is_regression:
        return "higher", "lower"
    if len(model.classes) == 2:
        return model.label(model.positive_index), model.label(1 - model.positive_index)
    return model.label(predicted), "another answer"


def _pushes(item: ReviewItem) -> Iterable[Push]:
    """The largest contributions, and the sum of the rest."""
    sizes = {name: float(size) for name, size in (item.attributions or {}).items() if size}
    names = sorted(sizes, key=lambda name: -abs(sizes[name]))
    rest = names[MOST_PUSHES:]
    # One of a rest is no longer than its line.
    shown, rest = (names, []) if len(rest) == 1 else (names[:MOST_PUSHES], rest)
    total = sum(sizes[name] for name in rest)
    largest = max([abs(total), *(abs(sizes[name]) for name in shown)], default=0)
    features = {feature.name: feature for feature in item.model.feature_list}
    for name in shown:
        feature = features.get(name, Feature(name, label=name))
        yield Push(feature.label, feature.meaning(item.features.get(name)), sizes[name] / largest)
    if rest:
        yield Push(f"{len(rest)} others", "together", total / largest if largest else 0.0)


def opinions(slot: Slot) -> list[Opinion]:
    """What the reviewers said, in the order of their slots."""
    said = groupby(slot.answers_to_settle, key=lambda decision: decision.slot_id)
    return [_opinion(slot.item.model, list(decisions)) for _, decisions in said]


def _opinion(model: MonitoredModel, said: list[Decision]) -> Opinion:
    first, last = said[0], said[-1]
    changed = last.value is not None and first.value is not None and last.value != first.value
    labels: dict[Any, str] = dict(CERTAINTIES)
    return Opinion(
        first=model.label(first.value) if first.value is not None else "",
        certainty=labels.get(first.certainty, ""),
        final=model.label(last.value) if changed else "",
        verdict=VERDICTS.get(last.verdict, ""),
        reasons=last.reasons,
        notes=list(dict.fromkeys(decision.note for decision in said if decision.note)),
    )


# What an adjudicator is told about why a case has come.
WHY: dict[str, str] = {
    Reason.DISPUTE: "A reviewer disputes the model.",
    Reason.DISAGREEMENT: "The reviewers disagree.",
    Reason.REFERRED: "A reviewer asks somebody to decide.",
    Reason.NOBODY_LEFT: "No reviewer is left for it.",
    Reason.CHECK: "It was chosen at random for a second look.",
}
VERDICTS: dict[str, str] = {
    Verdict.DISPUTE: "disputes the model",
    Verdict.CANNOT_TELL: "could not tell yet",
    Verdict.WRONG_DATA: "says the data is wrong",
    Verdict.ESCALATE: "asks somebody to decide",
    Verdict.RECUSE: "should not judge this",
    Verdict.SKIP: "skipped it",
}
