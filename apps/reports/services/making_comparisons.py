"""Make a claimed job's comparison: gather both sides at one moment, one after the other, measure, explain, store."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from apps.registry.models import ModelVersion, MonitoredModel, ValueModel
from apps.reports.engine.composing import Tell, names_of
from apps.reports.models import SIDES, Comparison, ComparisonJob
from apps.reports.services.configured import settings_of
from apps.reports.services.making import configuration_hash
from apps.truth.services.marks import mark_of

VERSION = 1


@dataclass(frozen=True)
class Asked:
    """One side as asked for, with its value model."""

    start: date
    end: date
    version: ModelVersion | None
    value_model: ValueModel | None


def make_comparison(job: ComparisonJob, *, tell: Tell) -> Comparison:
    """Compute and store the job's comparison, or return the one with the same evidence and configuration."""
    model: MonitoredModel = job.model
    mark = mark_of(model, None)
    sides = _asked(job)
    shared = _shared_days(model, sides, mark=mark)
    has_baseline = _has_baseline(model, sides)
    measured, hashes = [], []
    for place, side in enumerate(sides):
        tell(f"reading the {('first', 'second')[place]} window", 0.05 + 0.45 * place)
        evidence = _evidence(model, job.kind, side, mark=mark)
        hashes.append(configuration_hash(evidence, side.value_model))
        measured.append(
            _measured(job.kind, evidence, sides, place, shared=shared[place], against_baseline=has_baseline)
        )
        names = names_of(model)
    tell("comparing", 0.9)
    document = _document(job, measured[0], measured[1], mark=mark)
    key: dict[str, Any] = {name: getattr(job, name) for name in ("model", "kind", *SIDES)}
    key |= {"seq": mark.seq, "configuration_hash": _hash(hashes)}
    defaults = {"as_of": mark.at, "document": document, "settings": settings_of(model, job.kind)}
    comparison: Comparison
    comparison, _ = Comparison.objects.get_or_create(**key, defaults=defaults)
    return comparison
