"""What reviewers said of a case, for the adjudicator who settles it; names are not told."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from apps.registry.models import MonitoredModel
from apps.review.models import DataProblem, Decision, Slot, Verdict
from apps.review.pages.cases import CERTAINTIES


@dataclass(frozen=True)
class Opinion:
    """One reviewer's answers."""

    # The answer that counts, if there is one: blind, the first; else the latest.
    answer: str
    is_blind: bool
    certainty: str
    # What became of it: after the reveal, or when its reviewer went back to it.
    change: str
    verdict: str
    reasons: list[str]
    wrong: list[str]
    notes: list[str]


VERDICTS: dict[str, str] = {
    Verdict.DISPUTE: "disputes the model",
    Verdict.CANNOT_TELL: "could not tell yet",
    Verdict.WRONG_DATA: "says the data is wrong",
    Verdict.ESCALATE: "asks somebody to decide",
    Verdict.RECUSE: "should not judge this",
    Verdict.SKIP: "skipped it",
}


def opinions(slot: Slot) -> list[Opinion]:
    """What the reviewers said, in the order of their slots."""
    said = groupby(slot.answers_to_settle, key=lambda decision: decision.slot_id)
    return [_opinion(slot.item.model, list(decisions)) for _, decisions in said]


def _opinion(model: MonitoredModel, said: list[Decision]) -> Opinion:
    last, answers = said[-1], [decision for decision in said if decision.value is not None]
    is_blind = any(decision.is_judgement for decision in said)
    counted = (answers[0] if is_blind else answers[-1]) if answers else None
    certainties: dict[Any, str] = dict(CERTAINTIES)
    return Opinion(
        answer=model.label(counted.value) if counted else "",
        is_blind=is_blind,
        certainty=next((certainties[each.certainty] for each in [counted, *answers] if each and each.certainty), ""),
        change=_change(model, answers, is_blind=is_blind),
        verdict=VERDICTS.get(last.verdict, ""),
        reasons=last.reasons,
        wrong=wrong_in_words(model, last),
        notes=list(dict.fromkeys(decision.note for decision in said if decision.note)),
    )


def _change(model: MonitoredModel, answers: list[Decision], *, is_blind: bool) -> str:
    if len(answers) < 2:
        return ""
    first, last = answers[0].value, answers[-1].value
    if is_blind:
        return "Kept after the model’s answer" if first == last else f"After the model’s answer: {model.label(last)}"
    return "" if first == last else f"Said before: {model.label(first)}"


def wrong_in_words(model: MonitoredModel, decision: Decision) -> list[str]:
    """The features that are marked, each with its problem."""
    labels = {feature.name: feature.label for feature in model.feature_list}
    return [
        f"{labels.get(each['feature'], each['feature'])}: {DataProblem(each['problem']).label}"
        for each in decision.wrong_features
    ]
