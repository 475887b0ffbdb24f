"""Make a claimed job's comparison: gather both sides at one moment, one after the other, measure, explain, store."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from apps.registry.models import ModelVersion, MonitoredModel, ValueModel
from apps.reports.engine.causes import Measured
from apps.reports.engine.comparing import (
    correlation_of,
    differences,
    explain,
    measure,
    section_of,
    shared_size,
)
from apps.reports.engine.comparison_document import ComparisonDocument, Difference
from apps.reports.engine.composing import Tell, names_of
from apps.reports.engine.dividing import Divider, Quantity
from apps.reports.engine.estimating import fit_of
from apps.reports.engine.evidence import Evidence, headline_part, is_closed
from apps.reports.engine.quantities import between_prices, quantity_of
from apps.reports.engine.value import Value
from apps.reports.models import SIDES, Comparison, ComparisonJob, Kind, ReportJob
from apps.reports.services.configured import settings_of
from apps.reports.services.gathering import gather
from apps.reports.services.making import configuration_hash, topic_of
from apps.reports.services.visible import sensitive_now
from apps.sampling.models import Mark, PopulationCell
from apps.truth.services.cohorts import cohorts
from apps.truth.services.marks import mark_of

VERSION = 1


@dataclass(frozen=True)
class Asked:
    """One side as asked for."""

    start: date
    end: date
    version: ModelVersion | None
    value_model: ValueModel | None


def make_comparison(job: ComparisonJob, *, tell: Tell) -> Comparison:
    """Compute and store the job's comparison, or return the one with the same evidence and configuration."""
    model: MonitoredModel = job.model
    mark = mark_of(model, None)
    sides = (_asked(job, "first"), _asked(job, "second"))
    shared, compares = _shared_days(model, sides, mark=mark), _have_baseline(model, sides)
    measured: list[Measured] = []
    hashes: list[str] = []
    for place, (side, name) in enumerate(zip(sides, ("first", "second"), strict=True)):
        tell(f"reading the {name} window", 0.05 + 0.4 * place)
        evidence = _gathered(job, side, mark=mark)
        hashes.append(configuration_hash(evidence, side.value_model))
        tell(f"measuring the {name} window", 0.25 + 0.4 * place)
        measured.append(_measured(job, evidence, sides, place, shared=shared[place], against_baseline=compares))
    tell("comparing", 0.9)
    key: dict[str, Any] = {name: getattr(job, name) for name in ("model", "kind", *SIDES)}
    key |= {"seq": mark.seq, "configuration_hash": _hash(hashes)}
    document = _document(job, measured[0], measured[1], mark=mark)
    defaults = {"as_of": mark.at, "document": document, "settings": settings_of(model, job.kind)}
    comparison: Comparison
    comparison, _ = Comparison.objects.get_or_create(**key, defaults=defaults)
    return comparison


def _asked(job: ComparisonJob, name: str) -> Asked:
    model: MonitoredModel = job.model
    number = getattr(job, f"{name}_value_model")
    value_model = model.champion.value_models.get(version=number) if number else model.current_value_model
    start, end, version = (getattr(job, f"{name}_{what}") for what in ("start", "end", "version"))
    return Asked(start, end, version, value_model)


def _gathered(job: ComparisonJob, side: Asked, *, mark: Mark) -> Evidence:
    # Reports on performance read more, for checks that a comparison has not.
    kind = Kind.BASELINE if job.kind == Kind.PERFORMANCE else job.kind
    names = [each.name for each in job.model.slice_list]
    window = {"start": side.start, "end": side.end, "version": side.version}
    return gather(ReportJob(model=job.model, kind=kind, slices=names, **window), as_of=mark.at)


def _measured(
    job: ComparisonJob,
    evidence: Evidence,
    sides: tuple[Asked, Asked],
    place: int,
    *,
    shared: frozenset[date],
    against_baseline: bool,
) -> Measured:
    fit, side, selection = fit_of(evidence), sides[place], headline_part(evidence)
    topic = topic_of(job.kind, fit, side.value_model)
    section = section_of(evidence, selection, topic.figures(selection), value_model=side.value_model)
    own = quantity_of(topic, against_baseline=against_baseline)

    def divider(quantity: Quantity) -> Divider:
        return Divider(fit, selection, quantity, shared=shared)

    if own is None or not selection.size or selection.is_unseen:
        return Measured(section)
    first, second = (Value(fit, each.value_model) for each in sides)
    if job.kind != Kind.VALUE or first.value_model == second.value_model:
        return measure(section, divider(own), own=divider(own), repriced=None)
    if not _have_one_unit(first, second):
        return Measured(section)
    mean, change = between_prices(first, second, against_baseline=against_baseline)
    return measure(section, divider(mean), own=divider(own), repriced=divider(change))


def _have_one_unit(first: Value, second: Value) -> bool:
    one, other = first.value_model, second.value_model
    if one is None or other is None:
        return False
    return one.currency == other.currency and one.is_per_amount == other.is_per_amount


def _document(job: ComparisonJob, first: Measured, second: Measured, *, mark: Mark) -> ComparisonDocument:
    model: MonitoredModel = job.model
    alike = correlation_of(first, second)
    moved = differences(first.section["figures"], second.section["figures"], shared=alike)
    metric = first.metric or _lead_of(moved)
    lead = moved.get(metric)
    value_model = model.current_value_model if job.kind == Kind.VALUE else None
    document: ComparisonDocument = {
        "version": VERSION,
        "kind": job.kind,
        "task": model.task,
        "classes": list(model.classes),
        "positive_class": model.positive_class,
        "names": names_of(model),
        "currency": value_model.currency if value_model else "",
        "metric": metric,
        "sides": [first.section, second.section],
        "shared": shared_size(first, second),
        "differences": moved,
        "why": None,
        "code": _code(lead, first, second),
        "as_of": mark.at.isoformat(),
        "seq": mark.seq,
        "time_zone": str(model.zone),
    }
    if document["code"] is None and lead is not None:
        document["why"] = explain(first, second, lead)
        hidden = sensitive_now(model)
        why = document["why"]
        if why is not None and why["cause"]["kind"] == "slice" and why["cause"]["name"] in hidden:
            document["why_open"] = explain(first, second, lead, hidden=frozenset(hidden))
        if why is None:
            document["code"] = "not_divisible"
    return document


def _lead_of(moved: dict[str, Difference]) -> str:
    return next((metric for metric in ("accuracy", "within", "mae", "value_total", "win_rate") if metric in moved), "")


def _code(lead: Difference | None, first: Measured, second: Measured) -> str | None:
    if lead is None or lead["value"] is None:
        return "no_figure"
    return "value_model_unit" if first.own is None or second.own is None else None


def _hash(hashes: list[str]) -> str:
    basis = json.dumps([VERSION, *hashes])
    return hashlib.sha256(basis.encode()).hexdigest()


def _have_baseline(model: MonitoredModel, sides: tuple[Asked, Asked]) -> bool:
    """Say whether some predictions of either side came with a baseline."""
    cells = PopulationCell.objects.filter(model=model, baseline__isnull=False).of_everyone()
    return all(cells.between(side.start, side.end).of_version(side.version).exists() for side in sides)


def _shared_days(
    model: MonitoredModel, sides: tuple[Asked, Asked], *, mark: Mark
) -> tuple[frozenset[date], frozenset[date]]:
    """Return the days whose predictions both sides hold, on the side of which the other holds all there are."""
    first, second = sides
    none: frozenset[date] = frozenset()
    if first.version and second.version and first.version != second.version:
        return none, none
    both = _days(model, first, mark=mark) & _days(model, second, mark=mark)
    return (both, none) if first.version else (none, both)


def _days(model: MonitoredModel, side: Asked, *, mark: Mark) -> frozenset[date]:
    """Return the days that a side is about: the closed ones where there are any, as in `headline_part`."""
    days = cohorts(model, start=side.start, end=side.end, seq=mark.seq, as_of=mark.at, version=side.version)
    closed = frozenset(cohort.day for cohort in days if is_closed(cohort))
    return closed or frozenset(cohort.day for cohort in days)
