"""What the page *Retrain?* shows of a study."""

from dataclasses import dataclass
from typing import Any

from apps.accounts.models import Role
from apps.common.numerals import count
from apps.common.shares import hundredths
from apps.registry.models import MonitoredModel
from apps.reports.models import Kind, Report
from apps.reports.services.visible import visible as visible_report
from apps.retraining.engine.document import Figure, StudyDocument
from apps.retraining.models import Study
from apps.retraining.pages import wording
from apps.retraining.pages.curve import chart_of
from apps.retraining.services.sentence import headline
from apps.retraining.services.visible import visible

SHOWN = 12


@dataclass(frozen=True)
class Tile:
    """A question with its answer."""

    label: str
    text: str
    note: str
    href: Any = ""
    is_unknown: bool = False


@dataclass(frozen=True)
class GainRow:
    """A group of predictions, and what a new model would gain in it."""

    who: str
    gain: str
    is_sure: bool
    labels: int
    share: str


@dataclass(frozen=True)
class Gains:
    """Groups under one title."""

    name: str
    title: str
    note: str
    rows: list[GainRow]


def shown(study: Study, *, role: Role) -> dict[str, Any]:
    """Return the context of a study, as this role may see it."""
    document = visible(study, role=role)
    return {
        "study": study,
        "document": document,
        "lede": headline(document),
        "basis": wording.basis(document),
        "live": wording.live_text(document, document["advice"]["live"]),
        "chart": chart_of(document),
        "points": [(count(point["size"]), wording.range_text(document, point["gain"])) for point in _points(document)],
        "tiles": [drift_tile(study.model, role=role), *_tiles(document)],
        "gains": _groups(document, study.model),
        "rule": wording.RULES[document["learner"]["live"]],
        "as_of": study.as_of.astimezone(study.model.zone),
    }


def _points(document: StudyDocument) -> list[Any]:
    return [*document["curve"], document["advice"]["farthest"]]


def _groups(document: StudyDocument, model: MonitoredModel) -> list[Gains]:
    slices = [
        _row(document, wording.group_text(model, each["name"], each["value"]), each)
        for each in document["slices"][:SHOWN]
    ]
    weak = [_row(document, each["who"], each) for each in document["weak"][:SHOWN]]
    groups = [
        Gains(
            "slices",
            "Where the gain would be",
            "Ranges hold for all of these slices at once. Slices overlap, so gains do not add up.",
            slices,
        ),
        Gains(
            "weak",
            "In the weak spots",
            "Slices that monitoring found weak. Ranges hold for all of them at once.",
            weak,
        ),
    ]
    return [group for group in groups if group.rows or group.name == "slices"]


def _row(document: StudyDocument, who: str, each: Any) -> GainRow:
    gain: Figure = each["gain"]
    return GainRow(
        who=who,
        gain=wording.range_text(document, gain),
        is_sure=(gain["low"] or 0.0) > 0,
        labels=each["n"],
        share=f"{hundredths(each['share'], decimals=0)}\u00a0%",
    )


def _tiles(document: StudyDocument) -> list[Tile]:
    advice, money = document["advice"], document["money"]
    more, farthest = wording.more_labels(document), advice["farthest"]["gain"]
    note = f"{wording.ends_text(document, farthest)}, by the curve"
    note += f"; about {more} more labels would tell" if more else ""
    tiles = [Tile("With four times the labels", wording.size_text(document, farthest), note)]
    if money is not None:
        tiles += [
            Tile(f"A new model now, per {count(1_000)} predictions", *wording.money_text(money)),
            Tile(f"The next {money['k']} labels are worth", *wording.next_text(money)),
        ]
    return tiles


def drift_tile(model: MonitoredModel, *, role: Role) -> Tile:
    """Say whether there is anything new to learn: the test of the newest report on performance."""
    label = "Is there anything new to learn?"
    reports = Report.objects.filter(model=model, kind=Kind.PERFORMANCE).select_related("model__project", "version")
    report = reports.foremost().first()
    if report is None:
        note = "a report on performance compares outcomes with what scores lead to expect"
        return Tile(label, "Not known yet", note, is_unknown=True)
    checks = visible_report(report, role=role).document.get("checks") or {}
    tested = [each for each in checks.get("drift", []) if each["difference"]["value"] is not None]
    if not tested:
        note = "it takes closed days with outcomes before the days of the report"
        return Tile(label, "Not tested", note, report.pk, is_unknown=True)
    moved = next((each for each in tested if each["has_drifted"]), None)
    each = moved or next((one for one in tested if one["metric"] == "accuracy"), tested[0])
    difference = each["difference"]
    points = ", ".join(wording.signed(100 * (difference[end] or 0.0), -1) for end in ("low", "high")).replace(
        ", ", " to "
    )
    note = f"{each['metric']} less expected: {wording.signed(100 * difference['value'], -1)} points ({points})"
    text = "Yes: the truth has moved away from the scores" if moved else "No sign of it"
    return Tile(label, text, note, report.pk)
