"""A report's document: the parts of the window, its course over time, its slices, and what to keep in mind."""

from collections.abc import Callable, Iterator
from typing import Any

from apps.reports.engine import selection as select
from apps.reports.engine.baseline import Baseline
from apps.reports.engine.caveats import caveats
from apps.reports.engine.checks import checks
from apps.reports.engine.document import (
    Document,
    Figure,
    Figures,
    Part,
    PartOfWindow,
    Point,
    Result,
    SliceKey,
)
from apps.reports.engine.evidence import Evidence
from apps.reports.engine.performance import Performance
from apps.reports.engine.protocol import Account
from apps.reports.engine.sample import cohort_section, population_section, sample_section
from apps.reports.engine.selection import Selection, Step
from apps.reports.engine.slices import slice_sections
from apps.reports.engine.value import Value
from apps.reports.models import Kind
from apps.reports.pages.names import names_of

VERSION = 2
PARTS: tuple[Part, ...] = ("all", "closed", "open")

Tell = Callable[[str, float], None]


def compose(kind: str, evidence: Evidence, account: Account, *, tell: Tell) -> Document:
    """All of the report except its restatements."""
    parts = parts_of(evidence)
    tell("the whole window", 0.25)
    sections: dict[Part, Figures] = {
        name: account.figures(each) | account.further(each) for name, each in parts.items()
    }
    _mend_labels_needed(sections)
    step: Step = "month" if kind == Kind.VALUE else select.step_of(evidence.start, evidence.end)
    tell(f"{step} by {step}", 0.45)
    series = [
        _point(evidence, account, start, end) for start, end in select.stretches(evidence.start, evidence.end, step)
    ]
    tell("by slice", 0.65)
    slices, left_out = slice_sections(evidence, account, whole=parts["all"])
    headline: Part = "closed" if "closed" in sections else "all"
    model = evidence.model
    document: Document = {
        "version": VERSION,
        "kind": kind,
        "task": model.task,
        "classes": list(model.classes),
        "positive_class": model.positive_class,
        "names": names_of(model),
        "window": {
            "start": evidence.start.isoformat(),
            "end": evidence.end.isoformat(),
            "as_of": evidence.as_of.isoformat(),
            "seq": evidence.seq,
            "time_zone": str(model.zone),
        },
        "parts": [_part(name, each) for name, each in parts.items() if each.cohorts],
        "cohorts": cohort_section(evidence),
        "headline": {"part": headline, "figures": sections[headline]},
        "sections": {str(name): found for name, found in sections.items()},
        "naive": account.naive(parts["all"]),
        "series": series,
        "step": step,
        "slices": slices,
        "sample": sample_section(evidence, parts.get("open")),
        "caveats": caveats(kind, evidence, account, parts, left_out=left_out),
        "population": population_section(evidence),
        "restatements": [],
        "results": [],
    }
    if isinstance(account, Performance):
        tell("checking the figures", 0.85)
        document["checks"] = checks(account.judge, evidence, parts)
    if isinstance(account, Baseline):
        document["baseline"] = account.section(parts["all"])
    if isinstance(account, Value):
        document["value"] = account.section(parts["all"])
    document["results"] = list(_results(document))
    return document


def parts_of(evidence: Evidence) -> dict[Part, Selection]:
    """The whole window first; closed and open days where there are both, or closed ones alone."""
    parts: dict[Part, Selection] = {"all": select.whole(evidence)}
    closed, opened = select.closed_part(evidence), select.open_part(evidence)
    if closed.cohorts:
        parts["closed"] = closed
    if opened.cohorts:
        parts["open"] = opened
    return parts


def _part(name: Part, selection: Selection) -> PartOfWindow:
    start, end = _reach(name, selection)
    return {
        "part": name,
        "start": start,
        "end": end,
        "days": len(selection.cohorts),
        "n": int(selection.size),
        "outcomes": sum(cohort.outcomes for cohort in selection.cohorts),
        "absent": sum(cohort.absent for cohort in selection.cohorts),
    }


def _reach(name: Part, selection: Selection) -> tuple[str, str]:
    """From the part's first day to its last; of the whole window, all of it."""
    evidence = selection.evidence
    if name == "all" or not selection.days:
        return evidence.start.isoformat(), evidence.end.isoformat()
    return min(selection.days).isoformat(), select.day_after(max(selection.days)).isoformat()


def _point(evidence: Evidence, account: Account, start: Any, end: Any) -> Point:
    selection = select.between(evidence, start, end)
    return {
        "start": start.isoformat(),
        "end": end.isoformat(),
        "state": selection.state,
        "is_closed": selection.is_closed,
        "n": int(selection.size),
        "figures": account.figures(selection),
        "naive": account.naive(selection),
    }


def _mend_labels_needed(sections: dict[Part, Figures]) -> None:
    """Known days add nothing to what the open days still need."""
    for metric, figure in sections["all"].items():
        if figure["code"] == "preliminary" and metric in sections.get("open", {}):
            figure["labels_needed"] = sections["open"][metric].get("labels_needed")


def _results(document: Document) -> Iterator[Result]:
    """The flat list: the whole window, its parts, stretches of time, slices."""
    window = document["window"]
    whole = (window["start"], window["end"])
    reaches = {part["part"]: (part["start"], part["end"]) for part in document["parts"]}
    for part in PARTS:
        for metric, figure in document["sections"].get(part, {}).items():
            yield _result(metric, figure, reaches.get(part, whole), part=part)
    for point in document["series"]:
        for metric, figure in point["figures"].items():
            yield _result(metric, figure, (point["start"], point["end"]))
    for piece in document["slices"]:
        key: SliceKey = {"name": piece["name"], "value": piece["value"]}
        for metric, figure in piece["figures"].items():
            yield _result(metric, figure, whole, key=key)


def _result(
    metric: str, figure: Figure, reach: tuple[str, str], *, part: Part = "all", key: SliceKey | None = None
) -> Result:
    start, end = reach
    return {"metric": metric, "slice": key, "start": start, "end": end, "part": part, **figure}
