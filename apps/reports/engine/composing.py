"""Compose a report's document: the parts of the window, its course over time, its slices, checks and caveats."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta

from apps.registry.models import MonitoredModel
from apps.registry.models.features import Slice
from apps.reports.engine.baseline import Baseline, with_baseline
from apps.reports.engine.bounds import with_bounds
from apps.reports.engine.caveats import caveats, cohort_section, population_section, sample_section
from apps.reports.engine.document import (
    Document,
    Figures,
    Names,
    OverridesSection,
    Part,
    PartOfWindow,
    Point,
    SliceNames,
    SliceSection,
)
from apps.reports.engine.estimating import MulticlassFit
from apps.reports.engine.evidence import (
    Evidence,
    Selection,
    State,
    between,
    parts_of,
    slices_of,
    step_of,
    stretches,
)
from apps.reports.engine.groups import groups
from apps.reports.engine.overrides import overrides
from apps.reports.engine.performance import Performance
from apps.reports.engine.pictures import pictures, with_joint_ranges
from apps.reports.engine.protocol import Topic, attempt
from apps.reports.engine.results import results_of
from apps.reports.engine.reveals import reveals
from apps.reports.engine.value import Value
from apps.reports.engine.verdict import verdict
from apps.reports.models import Kind
from apps.stats.comparison.multiple import by_slice
from apps.stats.estimate import Estimate, missing
from apps.truth.services.cohorts import is_final

VERSION = 5
# A page with thousands of slices says nothing.
MOST_SLICES = 100
# Expected share of false positives among the slices that are said to differ.
FALSE_DISCOVERIES = 0.05

# Takes the step and the progress from 0 to 1.
Tell = Callable[[str, float], None]


def compose(kind: str, evidence: Evidence, topic: Topic, *, tell: Tell) -> Document:
    """Compute all of the report except its restatements."""
    parts = parts_of(evidence)
    tell("the whole window", 0.25)
    sections: dict[Part, Figures] = {
        name: with_bounds(topic.figures(selection), topic, selection) | topic.further(selection)
        for name, selection in parts.items()
    }
    step = step_of(evidence.since, evidence.end, is_sum=kind == Kind.VALUE)
    tell(f"{step} by {step}", 0.45)
    series = [_point(evidence, topic, start, end) for start, end in stretches(evidence.since, evidence.until, step)]
    tell("by slice", 0.65)
    slices, left_out = _slice_sections(evidence, topic, whole=parts["all"])
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
        "parts": [_part(name, selection) for name, selection in parts.items() if selection.cohorts],
        "cohorts": cohort_section(evidence),
        "headline": {"part": headline, "figures": sections[headline]},
        "sections": {str(name): figures for name, figures in sections.items()},
        "naive": topic.naive(parts["all"]),
        "series": series,
        "step": step,
        "slices": slices,
        "sample": sample_section(evidence, sections.get("open", {})),
        "caveats": caveats(kind, evidence, topic, parts, slices_left_out=left_out),
        "population": population_section(evidence),
        "restatements": [],
        "results": [],
    }
    if evidence.since > evidence.start:
        document["window"]["since"] = evidence.since.isoformat()
    if evidence.version is not None:
        document["window"]["version"] = evidence.version.name
    if isinstance(topic.fit, MulticlassFit) and topic.fit.leaves_classes_out:
        document["main_classes"] = [topic.fit.class_names[label] for label in topic.fit.main_classes]
    if isinstance(topic, Performance):
        tell("checking the figures", 0.85)
        document["checks"] = topic.checks(evidence, parts)
        tell("drawing pictures", 0.87)
        document["slices"] = with_joint_ranges(slices, topic.fit, evidence)
        document["pictures"] = pictures(topic.fit, evidence) if parts["all"].size else None
        document["groups"] = groups(topic.fit)
        if len(evidence.reveals):
            document["reveals"] = reveals(evidence)
    if isinstance(topic, Baseline):
        document["baseline"] = topic.section(parts["all"])
        if model.shadow_of_id is not None and evidence.first_day is not None:
            document["verdict"] = verdict(topic.fit, parts["all"])
    if isinstance(topic, Value):
        document["value"] = topic.section(parts["all"])
    if not isinstance(topic, Baseline) and (found := _overrides(evidence, topic)):
        document["overrides"] = found
    document["results"] = list(results_of(document))
    return document


def _overrides(evidence: Evidence, topic: Topic) -> OverridesSection | None:
    valued = topic if isinstance(topic, Value) and topic.value_model is not None else None
    currency = valued.value_model.currency if valued and valued.value_model else ""
    return overrides(evidence, topic.fit, valued.worth if valued else None, currency=currency)


def _part(name: Part, selection: Selection) -> PartOfWindow:
    start, end = _span(name, selection)
    part: PartOfWindow = {
        "part": name,
        "start": start,
        "end": end,
        "days": int(selection.cells["day"].nunique()),
        "n": int(selection.size),
        "outcomes": sum(cohort.outcomes for cohort in selection.cohorts),
        "absent": sum(cohort.absent for cohort in selection.cohorts),
        "with_baseline": int(with_baseline(selection.cells)["n"].sum()),
    }
    return part if selection.evidence.is_all_logged else {**part, "traffic": selection.traffic}


def _span(name: Part, selection: Selection) -> tuple[str, str]:
    """Return the part's first day and the day after its last; for the whole window, all of it."""
    evidence = selection.evidence
    days = selection.days if selection.cells.empty else set(selection.cells["day"])
    if name == "all" or not days:
        return evidence.since.isoformat(), evidence.end.isoformat()
    return min(days).isoformat(), (max(days) + timedelta(days=1)).isoformat()


def _point(evidence: Evidence, topic: Topic, start: date, end: date) -> Point:
    selection = between(evidence, start, end)
    return {
        "start": start.isoformat(),
        "end": end.isoformat(),
        "state": selection.state if selection.cohorts else _state(evidence, end),
        "is_closed": selection.is_closed,
        "n": int(selection.size),
        "figures": with_bounds(topic.figures(selection), topic, selection),
        "naive": topic.naive(selection),
    }


def _state(evidence: Evidence, end: date) -> State:
    """Return the state of days without predictions: until they are final, some may still come."""
    last = end - timedelta(days=1)
    return "final" if is_final(evidence.model, last, as_of=evidence.as_of) else "provisional"


def _slice_sections(evidence: Evidence, topic: Topic, *, whole: Selection) -> tuple[list[SliceSection], int]:
    """Test the largest slices against the rest, and count those left out."""
    everything = list(slices_of(evidence))
    kept = everything
    if len(everything) > MOST_SLICES:
        largest = {id(piece) for piece in sorted(everything, key=lambda piece: -piece.size)[:MOST_SLICES]}
        kept = [piece for piece in everything if id(piece) in largest]
    q_values = _q_values(topic, kept)
    sections = [_slice_section(topic, piece, q, whole=whole) for piece, q in zip(kept, q_values, strict=True)]
    return sections, len(everything) - len(kept)


def _q_values(topic: Topic, slices: Iterable[Selection]) -> list[float | None]:
    """Return Benjamini and Hochberg's q, over all slices of the report; None where there is no test."""
    shares, rests = [], []
    for piece in slices:
        shares.append(_share(topic, piece))
        rests.append(_share(topic, piece.rest))
    return [test.q_value for test in by_slice(shares, against=rests)]


def _share(topic: Topic, selection: Selection) -> Estimate:
    if selection.is_unseen:
        return missing("not_observable")
    share = attempt("slice", lambda: topic.share(selection) or missing("unsupported_task"))
    # The test assumes a normal approximation, which a handful of labels does not give.
    return missing(share.code) if share.code == "preliminary" else share


def _slice_section(topic: Topic, piece: Selection, q_value: float | None, *, whole: Selection) -> SliceSection:
    return {
        "name": piece.slice_name,
        "value": piece.slice_value,
        "n": int(piece.size),
        "share": piece.traffic / whole.traffic if whole.size else 0.0,
        "figures": with_bounds(topic.figures(piece), topic, piece),
        "naive": topic.naive(piece),
        "q_value": q_value,
        "differs": q_value is not None and q_value < FALSE_DISCOVERIES,
    }


def names_of(model: MonitoredModel) -> Names:
    """Keep names for people with the report: it reads the same after the model is registered anew."""
    names: Names = {
        "model": model.name,
        "unit": model.unit,
        "classes": {name: str(model.class_labels.get(name, name)) for name in model.classes},
        "slices": {piece.name: _slice_names(model, piece) for piece in model.slice_list},
    }
    if model.allowed.is_declared:
        names["tolerance"] = [model.tolerance, model.tolerance_share]
    return names


def _slice_names(model: MonitoredModel, piece: Slice) -> SliceNames:
    feature = next((feature for feature in model.feature_list if feature.name == piece.feature), None)
    is_only = sum(other.feature == piece.feature for other in model.slice_list) == 1
    codes = dict(feature.codes) if feature else {}
    return {
        "label": feature.label if feature and is_only else piece.name,
        "values": codes,
        "order": piece.bands if piece.edges else list(codes),
        "is_sensitive": bool(feature and feature.sensitive),
    }
