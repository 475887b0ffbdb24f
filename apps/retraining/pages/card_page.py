"""The model card in words."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.urls import reverse

from apps.common import dates
from apps.common.digits import at_place, place_of
from apps.common.numerals import count, with_thousands
from apps.common.shares import hundredths
from apps.registry.models import MonitoredModel
from apps.retraining.pages.wording import group_text
from apps.retraining.services.card import Card, CardFigure

NAMES = {
    "accuracy": "Right predictions",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "macro_f1": "F1, mean over classes",
    "kappa": "Cohen’s κ",
    "auc": "Ranking quality (AUC)",
    "within": "Within the tolerance",
    "mae": "Mean absolute error",
    "bias": "Bias",
    "rmse": "Root mean square error",
    "r2": "R²",
    "brier": "Brier score",
    "ece": "Calibration error",
    "log_loss": "Log loss",
    "disagreement_rate": "Differs from the baseline",
    "accuracy_difference": "More often right than the baseline",
    "win_rate": "Right where they differ",
    "mae_gain": "Closer than the baseline",
    "within_gain": "More often within the tolerance",
    "baseline_accuracy": "Right predictions of the baseline",
    "value_per_1000": "Worth of 1,000 predictions",
    "value_difference_per_1000": "Against the baseline, per 1,000",
    "baseline_value_per_1000": "Worth of 1,000 of the baseline",
    "accuracy_point_value": "Worth of one point of accuracy",
}
SHARES = frozenset({"accuracy", "precision", "recall", "within", "disagreement_rate", "win_rate", "baseline_accuracy"})
POINTS = frozenset({"accuracy_difference", "within_gain"})
IN_UNIT = frozenset({"mae", "bias", "rmse", "mae_gain"})
TASKS = {"binary": "One of two classes", "multiclass": "One of several classes", "regression": "A number"}
# What a report says it cannot say, for the card; the report has the numbers.
LIMITS = {
    "open_days": "Some days are still open: their figures come from reviews, not from outcomes.",
    "outcomes_missing": "Some outcomes of old predictions never came.",
    "days_left_out": "Days on which nobody reviewed anything are left out.",
    "waiting": "Some drawn cases still wait for review.",
    "low_response": "Many drawn cases were not answered; the ranges assume that they are like the others.",
    "skipped": "Some cases were opened and not answered.",
    "not_drained": "A queue served in an order is not worked off yet.",
    "not_drawn": "Some predictions had no chance to be drawn: no sample speaks for them.",
    "not_blind": "Some reviewers saw the prediction first; those answers are not counted.",
    "rule_for_absent": "Where no outcome came, the declared rule stands in for it.",
    "reviews_for_hidden": "Some outcomes can never be observed; reviews stand for them.",
    "not_observable": "Some outcomes can never be observed.",
    "adjudication_open": "Some cases wait for a second opinion.",
    "few_floor_labels": "Few cases were drawn by chance alone: errors where the score is sure may be missed.",
    "draw_unsound": "The draw does not match the predictions that it was made from.",
    "logged_in_part": "Senders log only a part of their traffic.",
    "sensitive_hidden": "Figures by sensitive features are not shown to your role.",
    "small_hidden": "Figures of fewer than ten predictions are not shown to your role.",
}
ALWAYS = "Every figure holds for the predictions of its report, and says nothing about other people or later times."


@dataclass(frozen=True)
class Row:
    """A figure with its range, and the report that it comes from."""

    name: str
    text: str
    range: str
    labels: int
    source: str


@dataclass(frozen=True)
class Group:
    """Rows under one title, or what is missing instead."""

    name: str
    title: str
    rows: list[Row]
    missing: str


def _name(metric: str) -> str:
    return with_thousands(NAMES.get(metric, metric))


def groups_of(card: Card, model: MonitoredModel) -> list[Group]:
    """Return the figures of the card, section by section."""

    def group(name: str, title: str, missing: str) -> Group:
        return Group(name, title, [_row(each, card, model) for each in card[name]], missing)

    return [
        group("performance", "How good it is", "No report on performance yet."),
        group("calibration", "Whether its scores can be believed", "No figure of calibration: it takes scores."),
        group("slices", "By slice", "No slice has a figure yet."),
        group("baseline", "Against the baseline", "No figure yet: it takes predictions with a baseline."),
        group("value", "What it is worth", "Nobody has stated what a decision is worth, or no report on value exists."),
    ]


def limits_of(card: Card) -> list[str]:
    """Say what the figures cannot say."""
    codes = dict.fromkeys(each["code"] for each in card["limits"])
    return [ALWAYS, *(LIMITS[code] for code in codes if code in LIMITS)]


def drift_text(card: Card) -> str:
    """Say whether the truth has moved away from the scores."""
    tested = [each for each in card["drift"] if each["value"] is not None]
    if not tested:
        return "Not tested: it takes closed days with outcomes before those of the report."
    moved = [_name(each["metric"]) for each in tested if each["has_drifted"]]
    if not moved:
        return "No sign: measured figures are what the scores lead one to expect."
    return f"The truth has moved away from the scores: {', '.join(moved).lower()}."


def review_text(card: Card) -> str:
    """Say how people review the model."""
    review = card["review"]
    sample = review["sample"]
    blind = f"{hundredths(review['blind_share'], decimals=0)} of 100 cases are judged before the prediction is shown."
    kinds = ", ".join(each["name"] for each in review["policies"])
    drawn = f"At least {hundredths(review['floor'], decimals=2)} of 100 predictions are drawn by chance"
    drawn += f"; further policies: {kinds}." if kinds else "."
    if not sample or not sample["drawn"]:
        return f"{drawn} {blind}"
    answered = f"{count(sample['answered'])} of {count(sample['drawn'])} drawn cases of open days are answered."
    return f"{drawn} {blind} {answered}"


def advice_text(card: Card) -> str:
    """Repeat what the newest study found."""
    found = card["retraining"]
    return found["headline"] if found else "Nobody has asked yet whether a new model would be better."


def weak_texts(card: Card) -> list[tuple[str, str]]:
    """Say where the model errs more than elsewhere."""
    return [(each["who"], _error(each)) for each in card["weak_spots"]]


def span(report: dict[str, Any]) -> str:
    """Write the days of a report: “25 May to 22 November 2026”."""
    first, last = date.fromisoformat(report["start"]), date.fromisoformat(report["end"]) - timedelta(days=1)
    return dates.span(first, last)


def shown(card: Card, model: MonitoredModel) -> dict[str, Any]:
    """Return the context of the page."""
    return {
        "card": card,
        "versions": [(each["name"], date.fromisoformat(each["since"])) for each in card["versions"]],
        "between_groups": _groups_page(card, model),
        "sources": [
            (each["kind"].capitalize(), each["source"]["path"], span(each), count(each["predictions"]))
            for each in card["reports"]
        ],
        "task": TASKS[card["model"]["task"]],
        "groups": groups_of(card, model),
        "limits": limits_of(card),
        "drift": drift_text(card),
        "review": review_text(card),
        "advice": advice_text(card),
        "weak": weak_texts(card),
        "features": ", ".join(each["label"] for each in card["features"]),
        "sensitive": ", ".join(each["label"] for each in card["features"] if each["sensitive"]),
    }


def _groups_page(card: Card, model: MonitoredModel) -> str:
    """Where groups are beside each other; empty where the report has none."""
    compared = card["groups"]
    return reverse("report_groups", args=[model.project.slug, compared["source"]["report"]]) if compared else ""


def _error(each: dict[str, Any]) -> str:
    inside, rest = (hundredths(each[side]["value"], decimals=0) for side in ("error", "rest"))
    return f"wrong in {inside} of 100, elsewhere in {rest}"


def _row(figure: CardFigure, card: Card, model: MonitoredModel) -> Row:
    name = _name(figure["metric"])
    if figure["slice"]:
        name = group_text(model, **figure["slice"])
        name += "" if figure["metric"] == "accuracy" else f", {_name(figure['metric']).lower()}"
    text, ends = _texts(figure, currency=card["model"]["currency"], unit=model.unit)
    return Row(name, text, ends, figure["n"], figure["source"]["path"])


def _texts(figure: CardFigure, *, currency: str, unit: str) -> tuple[str, str]:
    """Write the value and its range."""
    value, low, high = figure["value"], figure["low"], figure["high"]
    if value is None:
        return "not known yet", ""
    metric = figure["metric"]
    if metric in SHARES:
        times, after, place = 100.0, " of 100", -1
    elif metric in POINTS:
        times, after, place = 100.0, " points", -1
    else:
        width = (high - low) if low is not None and high is not None else 0.0
        times, place = 1.0, place_of(width, digits=2) if width else place_of(value)
        after = f" {currency}" if "value" in metric else f" {unit}" if metric in IN_UNIT and unit else ""
    ends = "" if low is None or high is None else f"{at_place(times * low, place)} to {at_place(times * high, place)}"
    return f"{at_place(times * value, place)}{after}", "counted" if low == value == high else ends
