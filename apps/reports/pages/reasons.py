"""Reason codes as sentences: why there is no figure, what to keep in mind, why a figure changed."""

from collections.abc import Callable
from typing import Any

from apps.reports.engine import rounding
from apps.reports.engine.document import Caveat, Figure, Restatement
from apps.reports.engine.rounding import Unit, is_exact
from apps.reports.pages import numbers

MISSING = {
    "no_population": "no decisions in this time",
    "no_labels": "no case checked yet",
    "no_response": "none of the drawn cases was answered",
    "not_estimable": "part of the decisions could not be drawn, so nothing can be said of all",
    "no_positives": "no case of this kind among the checked ones",
    "no_negatives": "no case of the other kind among the checked ones",
    "no_predicted_positives": "the model never said so",
    "no_score": "the predictions came without a score",
    "no_baseline": "the predictions came without a baseline",
    "no_amount": "the predictions came without an amount",
    "no_errors": "no mistake was found, so there is none to mend",
    "no_value_model": "nobody has said yet what a decision is worth",
    "no_disagreement": "model and baseline never differed",
    "no_variation": "all checked cases are the same, so there is nothing to compare",
    "undefined": "not defined for these decisions",
    "unsupported_task": "not defined for this kind of model",
    "failed": "could not be computed; the rest of the report is not touched by it",
}
BESIDE = {
    "adjudication_open": "some cases still wait for a second opinion",
    "boundary": "at the edge of what the sample can show; the range says how far it may be off",
    "outcomes_missing": "some outcomes never came",
}


def reason(figure: Figure) -> str:
    """Why there is no figure, or what to know beside it; nothing where it stands without one."""
    code = figure["code"]
    if code is None:
        return ""
    if code == "preliminary":
        needed = figure.get("labels_needed")
        return f"preliminary: {numbers.count(needed)} more checked cases needed" if needed else "preliminary"
    return MISSING.get(code) or BESIDE.get(code) or code.replace("_", " ")


def plural(number: float, one: str, many: str) -> str:
    """
    >>> plural(1, "case waits", "cases wait"), plural(1200, "case waits", "cases wait")
    ('1 case waits', '1,200 cases wait')
    """
    return f"{numbers.count(number)} {one if round(number) == 1 else many}"


def _open_days(d: dict[str, Any]) -> str:
    return (
        f"The outcomes of the newest {plural(d['days'], 'day', 'days')} are not all known yet: "
        f"{plural(d['n'], 'decision', 'decisions')}, {rounding.percent(d['share'])} of all. "
        "Figures for them come from the checked cases and may still change."
    )


def _rule_for_absent(d: dict[str, Any]) -> str:
    return (
        f"No outcome ever came for {plural(d['n'], 'decision', 'decisions')}; "
        f"by the model’s rule they count as “{d['value']}”."
    )


CAVEATS: dict[str, Callable[[dict[str, Any]], str]] = {
    "no_population": lambda _: "There were no decisions in this time.",
    "open_days": _open_days,
    "outcomes_missing": lambda d: (
        f"The outcomes of {plural(d['n'], 'decision', 'decisions')} ({rounding.percent(d['share'])}) never came. "
        "If these differ from the others, the figures do not show it."
    ),
    "waiting": lambda d: (
        f"{plural(d['n'], 'drawn case still waits', 'drawn cases still wait')} for an answer, "
        f"of {numbers.count(d['drawn'])}; the others stand in for them."
    ),
    "not_drained": lambda d: (
        f"{plural(d['n'], 'answer', 'answers')} came from a queue that serves cases by money or due time. They count "
        f"once the {plural(d['waiting'], 'case that waits', 'cases that wait')} in it are answered too: the first to "
        "be served are no random part."
    ),
    "skipped": lambda d: (
        f"{plural(d['n'], 'drawn case was', 'drawn cases were')} left without an answer; the others stand in for them."
    ),
    "not_drawn": lambda d: (
        f"{plural(d['n'], 'decision', 'decisions')} ({rounding.percent(d['share'])}) could not be drawn for checking. "
        "Nothing is said about them."
    ),
    "not_blind": lambda d: (
        f"{plural(d['n'], 'answer is', 'answers are')} left out, because the model’s answer was in sight."
    ),
    "rule_for_absent": _rule_for_absent,
    "adjudication_open": lambda d: (
        f"{plural(d['n'], 'case still waits', 'cases still wait')} for a second opinion."
    ),
    "few_floor_labels": lambda d: (
        f"Only about {plural(d['labels'], 'checked case was', 'checked cases were')} drawn from everything alike. "
        "A failure that the model does not notice could be missed."
    ),
    "missed_errors": lambda d: (
        "A failure that the model does not notice could be missed: "
        f"at most {rounding.percent(d['share'])} of decisions."
    ),
    "slices_left_out": lambda d: (
        f"{plural(d['n'], 'rare group is', 'rare groups are')} left out of the figures by slice."
    ),
    "undrawn_batches": lambda d: (
        f"{plural(d['n'], 'batch that came in is', 'batches that came in are')} not drawn yet and not counted here."
    ),
    "draw_unsound": lambda d: (
        f"What was drawn does not add up to what it was drawn from ({d['check']}: {numbers.count(d['found'])} where "
        f"{numbers.count(d['expected'])} was expected), so the figures of the open days may be wrong."
    ),
    "no_value_model": lambda _: "Nobody has said yet what a right or a wrong decision is worth.",
    "no_baseline": lambda d: (
        f"{plural(d['n'], 'decision', 'decisions')} came without a baseline and are left out of the comparison."
    ),
    "no_amount": lambda d: (
        f"{plural(d['n'], 'decision', 'decisions')} came without an amount, so what they were worth is not known."
    ),
    "failed": lambda d: f"{str(d['what']).capitalize()} could not be computed; the rest is not touched by it.",
}  # fmt: skip


def caveat(entry: Caveat) -> str:
    """A caveat as a sentence."""
    sentence = CAVEATS.get(entry["code"])
    if sentence is None:
        return f"{entry['code'].replace('_', ' ').capitalize()}."
    return sentence(entry["details"])


SINCE = {
    "outcomes": ("outcome came in", "outcomes came in"),
    "corrections": ("outcome was corrected", "outcomes were corrected"),
    "labels": ("case was checked", "cases were checked"),
    "adjudications": ("second opinion was given", "second opinions were given"),
    "predictions": ("decision came in late", "decisions came in late"),
    "closed_days": ("day became final", "days became final"),
    "value_model": ("new statement of what decisions are worth", "new statements of what decisions are worth"),
}


def why_restated(entry: Restatement) -> str:
    """What happened between the two reports."""
    parts = [plural(number, *SINCE.get(what, (what, what))) for what, number in entry["why"].items() if number]
    if not parts:
        return "the way of computing changed"
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def said(figure: Figure, unit: Unit) -> str:
    """A figure with its range inside a sentence.

    >>> from apps.reports.engine.rounding import unit_of
    >>> figure = {"value": 0.82, "low": 0.8, "high": 0.84, "method": "logit-mod"}
    >>> said(figure, unit_of("accuracy"))
    '82.0\\xa0% (likely between 80.0\\xa0% and 84.0\\xa0%)'
    """
    if figure["value"] is None:
        return "no figure"
    step = unit.step(figure)
    text = unit.text(figure["value"], step)
    if is_exact(figure) or figure["low"] is None or figure["high"] is None:
        return text
    return f"{text} (likely between {unit.text(figure['low'], step)} and {unit.text(figure['high'], step)})"
