"""The inputs of the loaded model, each with the values to try and what the model says of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.common.numerals import fixed
from apps.explanations.services.specs import Spec
from apps.registry.models import MonitoredModel
from apps.registry.models.features import Feature, code_of, is_number
from apps.review.pages.cases import NOT_DECLARED
from apps.review.pages.usual import Usual, usual_values

Document = Mapping[str, Any]
MOST_NAMED = 2
# Numbers of fewer values are chosen from a list.
LEAST_OF_A_RANGE = 4
# A value of a smaller share is called rare.
RARE = 0.02


class Scale:
    """Places and words of a model's scores."""

    def __init__(self, model: MonitoredModel, spec: Spec, answer: Document) -> None:
        self.model, self.spec = model, spec
        curves = answer.get("curves", {}).values()
        scores = [score for curve in curves for score in curve["scores"] if score is not None]
        own = [answer["score"]] if answer.get("score") is not None else []
        self.low, self.high = 0.0, 1.0
        if model.is_regression:
            self.low, self.high = float(min(scores + own)), float(max(scores + own))

    def place(self, score: float | None) -> float:
        """Return where a score lies, in percent; the middle for none."""
        if score is None or self.high <= self.low:
            return 50.0
        return round(100 * (score - self.low) / (self.high - self.low), 2)

    def said(self, predicted: Any) -> str:
        return "–" if predicted is None else self.model.label(self.model.encode(predicted))

    def short(self, score: float | None) -> str:
        if score is None:
            return "–"
        if self.model.is_regression:
            return self.model.label(score)
        return f"{fixed(100 * score, 0 if 0.01 <= score <= 0.99 else 1)} %"

    def exact(self, score: float | None) -> str:
        if score is None:
            return "–"
        return f"{score:.8g}" if self.model.is_regression else f"{score:.6f}"

    @property
    def about(self) -> str:
        """What the score is about."""
        if self.model.is_regression:
            return self.model.unit or self.model.name
        return self.model.label(self.model.positive_index) if self.spec.task == "binary" else "its answer"

    @property
    def edge(self) -> float | None:
        """Where the answer of a binary model changes."""
        return self.place(self.spec.output.threshold) if self.spec.task == "binary" else None


@dataclass(frozen=True)
class Dot:
    """What the model says of one value: its place on the scale of scores, and whether the answer changes."""

    x: float
    title: str
    is_own: bool
    is_flip: bool


@dataclass(frozen=True)
class InputRow:
    """One input of the model: as sent, as the model saw it, and what other values would do."""

    feature: Feature
    was: Any
    own: Any
    dtype: str
    missing: Any
    usual: str
    is_odd: bool
    # The values to try, in words; empty if only one is known.
    options: list[str]
    at: int
    is_range: bool
    dots: list[Dot]
    summary: str

    @property
    def name(self) -> str:
        return self.feature.name

    @property
    def sent(self) -> str:
        return self.feature.meaning(self.was)

    @property
    def code(self) -> str:
        """The value as sent, under its name."""
        return f"{self.name} {'null' if self.was is None else self.was}"

    @property
    def seen(self) -> str:
        """The value as the model saw it."""
        stands = self.missing if self.own is None else self.own
        return "NaN" if stands is None else str(float(stands)) if is_number(stands) else str(stands)

    @property
    def filled(self) -> str:
        """What stands in for a value that was not sent."""
        return self.feature.meaning(self.own) if self.was is None and self.own is not None else ""

    @property
    def line(self) -> str:
        """A range's scores as points of a line, in percent: values to the right, scores upwards."""
        steps = max(1, len(self.dots) - 1)
        return " ".join(f"{100 * at / steps:.2f},{100 - dot.x:.2f}" for at, dot in enumerate(self.dots))

    @property
    def now(self) -> tuple[float, float]:
        """Where the row's own score lies in the picture, in percent."""
        place = self.dots[self.at].x if self.dots else 50.0
        return (100 * self.at / max(1, len(self.dots) - 1), 100 - place) if self.is_range else (place, 50.0)

    @property
    def flips(self) -> str:
        """The values of a list that change the answer."""
        found = [] if self.is_range else [self.options[at] for at, dot in enumerate(self.dots) if dot.is_flip]
        more = len(found) - MOST_NAMED
        named = ", ".join(found[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        return f"flips: {named}" if found else ""


@dataclass(frozen=True)
class InputGroup:
    name: str
    rows: list[InputRow]


def inputs(scale: Scale, answer: Document, *, sent: Document, seen: Document) -> list[InputGroup]:
    """Return the inputs of the model in the order and groups that people know them by."""
    usual, groups = usual_values(scale.model), dict[str, list[InputRow]]()
    declared = [feature.name for feature in scale.model.feature_list]
    last = len(declared)
    for each in sorted(scale.spec.features, key=lambda one: declared.index(one.name) if one.name in declared else last):
        feature = scale.model.feature(each.name)
        curve = answer["curves"].get(each.name, {"values": [], "scores": [], "predicted": []})
        own, known = answer["input"].get(each.name), usual.get(each.name, Usual())
        row = InputRow(
            feature=feature,
            was=sent.get(each.name),
            own=own,
            dtype=each.dtype,
            missing=each.missing,
            usual=known.words(feature, own) or _share(seen.get(each.name, {}), own),
            is_odd=known.is_odd(own),
            options=[feature.meaning(value) for value in curve["values"]],
            at=next((at for at, value in enumerate(curve["values"]) if value == own), 0),
            is_range=_is_range(feature, curve["values"]),
            dots=_dots(feature, curve, own, scale, answer),
            summary=_summary(feature.label, curve, scale),
        )
        groups.setdefault(feature.group if each.name in declared else NOT_DECLARED, []).append(row)
    return [InputGroup(name, rows) for name, rows in groups.items()]


def curves(groups: Sequence[InputGroup], answer: Document) -> dict[str, Any]:
    """Return what the script needs to follow a control."""
    rows = [row for group in groups for row in group.rows if row.options]
    return {row.name: answer["curves"][row.name] | {"options": row.options, "own": row.at} for row in rows}


def _share(known: Document, own: Any) -> str:
    """Return how common a value of few is."""
    counts = {code_of(value): count for value, count in known.get("values", [])}
    if own is None or not known.get("rows"):
        return ""
    share = counts.get(code_of(own), 0) / known["rows"]
    return f"{fixed(100 * share, 0)} % of cases" if share >= RARE else f"rare: {fixed(100 * share, 1)} % of cases"


def _dots(feature: Feature, curve: Document, own: Any, scale: Scale, answer: Document) -> list[Dot]:
    points = zip(curve["values"], curve["scores"], curve["predicted"], strict=True)
    return [
        Dot(
            x=scale.place(score),
            title=f"{feature.meaning(value)}: {scale.short(score)}",
            is_own=value == own,
            is_flip=not scale.model.is_regression and predicted != answer["predicted"],
        )
        for value, score, predicted in points
    ]


def _is_range(feature: Feature, values: Sequence[Any]) -> bool:
    are_numbers = all(is_number(value) or value is None for value in values)
    return are_numbers and not feature.codes and len(values) >= LEAST_OF_A_RANGE


def _summary(label: str, curve: Document, scale: Scale) -> str:
    scores = [score for score in curve["scores"] if score is not None]
    if not scores:
        return ""
    return f"Score for each other value of {label}: from {scale.short(min(scores))} to {scale.short(max(scores))}"
