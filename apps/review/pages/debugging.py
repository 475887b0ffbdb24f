"""The debug window of a prediction: its input beside the loaded model, which answers for any other value."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.explanations.models import Artifact, ParityCheck, Trial
from apps.explanations.services.specs import Space, spec_of
from apps.registry.models import MonitoredModel
from apps.review.pages import contribution_bars, debug_inputs
from apps.review.pages.contribution_bars import Bars
from apps.review.pages.debug_inputs import InputGroup, Scale

Document = Mapping[str, Any]
BINARY = 2
UNITS = {Space.MARGIN: "log-odds", Space.PROBABILITY: "probability"}


@dataclass(frozen=True)
class Said:
    """What a model says: its answer, and its score short, in full and as a place on the scale in percent."""

    answer: str
    short: str
    score: str
    place: float
    is_other: bool = False


@dataclass(frozen=True)
class OtherVersion:
    """What another version's file says of the same input, and of the changed one."""

    name: str
    served: Said
    now: Said | None


@dataclass(frozen=True)
class Window:
    """All that the page shows of the loaded model; without an answer, why there is none."""

    file: Artifact
    check: ParityCheck | None
    code: str = ""
    error: str = ""
    is_reproduced: bool = False
    stored: str = ""
    milliseconds: float | None = None
    groups: list[InputGroup] = field(default_factory=list)
    changed: int = 0
    values: int = 0
    served: Said | None = None
    now: Said | None = None
    # What the score is about, and where the answer changes.
    about: str = ""
    edge: float | None = None
    # The smallest change that flips the answer, in words.
    flip: str = ""
    bars: Bars | None = None
    units: str = ""
    # By how much the contributions differ at most from those that the client sent; None where it sent none.
    differs_by: float | None = None
    others: list[OtherVersion] = field(default_factory=list)
    # For the script, as JSON: curves, and the words of scores and classes.
    script: str = ""

    @property
    def edge_down(self) -> float | None:
        """Where the answer changes, measured from above."""
        return None if self.edge is None else 100 - self.edge

    @property
    def says(self) -> Said | None:
        """What the model says now."""
        return self.now or self.served


@dataclass(frozen=True)
class Answers:
    """The answers of the files to the prediction as it was sent, and to the changed one."""

    own: Trial
    others: Sequence[Trial]
    changed: Trial | None = None
    changed_others: Sequence[Trial] = ()


def window(model: MonitoredModel, answers: Answers, *, sent: Any) -> Window:
    """Describe the loaded model's answers to a prediction, and to a changed one if there is one.

    `sent` is what came with the prediction: its payload, or the copy of a case.
    """
    file, answer = answers.own.artifact, answers.own.answer or {}
    check = file.checks.filter(finished_at__isnull=False).order_by("-id").first()
    error, code = answers.own.error or answer.get("error", ""), answer.get("code", "")
    if error or "score" not in answer:
        return Window(file, check, code=code, error=error)
    spec = spec_of(file)
    scale = Scale(model, spec, answer)
    now = (answers.changed.answer or {}) if answers.changed else {}
    groups, flip = debug_inputs.inputs(scale, answer, sent=sent.features, seen=file.seen), answer.get("flip")
    return Window(
        file=file,
        check=check,
        code=now.get("code", "") or code,
        is_reproduced=bool(answer.get("reproduced")),
        stored=scale.exact(answer.get("stored")),
        milliseconds=answer.get("milliseconds"),
        groups=groups,
        changed=len(answers.changed.changes) if answers.changed else 0,
        values=sum(len(curve["values"]) for curve in answer["curves"].values()),
        served=_said(scale, answer),
        now=_said(scale, now, before=answer) if now else None,
        about=scale.about,
        edge=scale.edge,
        flip=_flip_words(model, flip, answer) if flip else "",
        bars=_bars(model, file, answer, answers.changed),
        units=_units(model, file),
        differs_by=_difference(sent.attributions, answer.get("contributions")),
        others=_others(scale, answers),
        script=json.dumps({"features": debug_inputs.curves(groups, answer), "flip": flip} | _words_of_scores(scale)),
    )


def _units(model: MonitoredModel, file: Artifact) -> str:
    if file.space == Space.MARGIN and (model.is_regression or len(model.classes) > BINARY):
        return "the units in which the model adds up"
    return UNITS.get(Space(file.space), model.unit or "the model's units") if file.space else ""


def _said(scale: Scale, answer: Document, *, before: Document | None = None) -> Said:
    score, predicted = answer.get("score"), answer.get("predicted")
    is_other = before is not None and not scale.model.is_regression and predicted != before["predicted"]
    return Said(scale.said(predicted), scale.short(score), scale.exact(score), scale.place(score), is_other)


def _words_of_scores(scale: Scale) -> dict[str, Any]:
    model = scale.model
    labels = {} if model.is_regression else {name: model.label(at) for at, name in enumerate(model.classes)}
    return {"labels": labels, "isNumber": model.is_regression, "unit": model.unit, "low": scale.low, "high": scale.high}


def _flip_words(model: MonitoredModel, flip: Document, answer: Document) -> str:
    feature = model.feature(flip["feature"])
    before = feature.meaning(answer["input"].get(flip["feature"]))
    return f"{feature.label} {feature.meaning(flip['value'])} instead of {before}"


def _bars(model: MonitoredModel, file: Artifact, answer: Document, changed: Trial | None) -> Bars | None:
    """Draw the contributions as served; beside them, those of the changed row."""
    served, base = answer.get("contributions"), answer.get("base")
    now = (changed.answer or {}).get("contributions") if changed else None
    changes = changed.changes if changed else {}
    if not served or base is None or (changed and not now):
        return None

    def words(name: str) -> tuple[str, str, str]:
        feature, own = model.feature(name), answer["input"].get(name)
        if name in changes:
            return feature.label, feature.meaning(changes[name]), feature.meaning(own)
        return feature.label, feature.meaning(own), ""

    is_log_odds = file.space == Space.MARGIN and len(model.classes) == 2
    return contribution_bars.draw(served, now, base=float(base), words=words, is_log_odds=is_log_odds)


def _difference(sent: Document | None, computed: Document | None) -> float | None:
    if not sent or not computed or set(sent) - set(computed):
        return None
    return float(max(abs(computed[name] - sent.get(name, 0.0)) for name in computed))


def _others(scale: Scale, answers: Answers) -> list[OtherVersion]:
    now = {each.artifact_id: each.answer for each in answers.changed_others}
    return [
        OtherVersion(
            each.artifact.version.name,
            _said(scale, each.answer),
            _said(scale, found) if (found := now.get(each.artifact_id)) else None,
        )
        for each in answers.others
        if each.answer
    ]
