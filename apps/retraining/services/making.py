"""Make a claimed job's study: labels, candidates, curve, advice, the slices that hold the gain; store."""

import hashlib
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np

from apps.explanations.models import Artifact
from apps.registry.models import MonitoredModel, Task, ValueModel
from apps.retraining.engine import studying
from apps.retraining.engine.document import VERSION, LabelCounts, Learner, Money, StudyDocument
from apps.retraining.engine.fitting import Fitted, cross_fit, rule_name
from apps.retraining.engine.labels import Worth
from apps.retraining.engine.learners import SKLEARN, package_of, usable
from apps.retraining.engine.refusals import LEAST_LABELS, few_features, one_class, too_few
from apps.retraining.models import Study, StudyJob
from apps.retraining.services.evidence import Gathered, gather_labels
from apps.retraining.services.weak_gains import weak_gains
from apps.stats.arrays import BoolArray
from apps.stats.decisions.learning_curve import LearningCurve
from apps.stats.estimators.unit_cost import UnitCost
from apps.stats.estimators.value import ValueMatrix

Tell = Callable[[str, float], None]


def make_study(job: StudyJob, *, tell: Tell) -> Study:
    """Compute and store the job's study, or return the one with the same labels and configuration.

    Raises TooLittleError.
    """
    model: MonitoredModel = job.model
    tell("reading labels and features", 0.02)
    gathered = gather_labels(model, days=job.days, without_sensitive=job.without_sensitive)
    value_model, library = model.current_value_model, library_of(model)
    configuration = configuration_of(job, gathered, value_model, library=library)
    basis = json.dumps(configuration, sort_keys=True).encode()
    key = {"model": model, "seq": gathered.seq, "configuration_hash": hashlib.sha256(basis).hexdigest()}
    same: Study | None = Study.objects.filter(**key).first()
    if same is not None:
        return same
    _check(gathered)
    fitted = cross_fit(
        gathered.labels,
        library=library,
        seed=gathered.seq,
        tell=lambda step, share: tell(step, 0.1 + 0.8 * share),
    )
    tell("fitting the learning curve", 0.92)
    document = _document(gathered, fitted, value_model, library=library)
    defaults = {"as_of": gathered.as_of, "configuration": configuration, "document": document}
    study: Study
    study, _ = Study.objects.get_or_create(**key, defaults=defaults)
    return study


def library_of(model: MonitoredModel) -> str:
    """Return the library of the model file in force that reproduces the stored scores; else scikit-learn."""
    ready = Artifact.objects.filter(version__model=model, replaced_at=None, state=Artifact.State.READY)
    newest = ready.order_by("-pk").values_list("format", flat=True).first()
    return usable(str(newest)) if newest else SKLEARN


def configuration_of(
    job: StudyJob, gathered: Gathered, value_model: ValueModel | None, *, library: str
) -> dict[str, Any]:
    """Return all that a study depends on beside the record of truth."""
    model = gathered.model
    return {
        "document": VERSION,
        "days": job.days,
        "end": str(gathered.end),
        "without_sensitive": job.without_sensitive,
        "library": package_of(library),
        "features": model.features,
        "slices": sorted(each.key for each in model.slice_list),
        "maturity_days": model.maturity_days,
        "outcome_if_absent": model.outcome_if_absent,
        "value_model": value_model.version if value_model else None,
        "labels": [gathered.outcomes, gathered.reviews, gathered.without_features],
    }


def _check(gathered: Gathered) -> None:
    labels, known = gathered.labels, gathered.outcomes + gathered.reviews
    if known < LEAST_LABELS:
        raise too_few(known)
    if len(labels) < LEAST_LABELS:
        raise few_features(len(labels))
    studying.check(labels)
    if not studying.has_classes(labels):
        common, others = studying.rarest_others(labels)
        raise one_class(gathered.model.label(common), others)


def _document(gathered: Gathered, fitted: Fitted, value_model: ValueModel | None, *, library: str) -> StudyDocument:
    model, labels = gathered.model, gathered.labels
    curve = studying.curve_of(fitted, seed=gathered.seq)
    money = _money(gathered, fitted, curve, value_model)
    weak, weak_seen = weak_gains(gathered, fitted, curve)
    return {
        "version": VERSION,
        "task": model.task,
        "metric": "mae" if model.is_regression else "accuracy",
        "unit": model.unit,
        "start": str(gathered.start),
        "end": str(gathered.end),
        "time_zone": str(model.zone),
        "labels": _counts(gathered),
        "learner": _learner(gathered, library=library),
        "curve": studying.points_of(curve),
        "further": studying.further_of(curve),
        "advice": studying.advice_of(curve, labels, money=money),
        "money": money,
        "slices": studying.slice_gains(_groups(gathered), fitted, labels, curve),
        "weak": weak,
        "weak_seen": weak_seen,
    }


def _money(gathered: Gathered, fitted: Fitted, curve: LearningCurve, value_model: ValueModel | None) -> Money | None:
    if value_model is None:
        return None
    return studying.money_of(
        fitted,
        gathered.labels,
        curve,
        worth_of(gathered.model, value_model),
        currency=value_model.currency,
        version=value_model.version,
        decisions=gathered.traffic,
        cost=float(value_model.review_cost),
    )


def _counts(gathered: Gathered) -> LabelCounts:
    return {
        "outcomes": gathered.outcomes,
        "reviews": gathered.reviews,
        "reviews_left_out": gathered.reviews_left_out,
        "used": len(gathered.labels),
        "subjects": gathered.subjects,
        "without_features": gathered.without_features,
    }


def _learner(gathered: Gathered, *, library: str) -> Learner:
    used = gathered.labels.columns.names
    declared = [each.name for each in gathered.model.feature_list]
    return {
        "package": package_of(library),
        "features": used,
        "left_out": [name for name in declared if name not in used],
        "live": rule_name(gathered.labels),
    }


def worth_of(model: MonitoredModel, value_model: ValueModel) -> Worth:
    """Return the value of each decision in money, classes by their position."""
    if model.task == Task.REGRESSION:
        over, under = (float(cost or 0) for cost in (value_model.over_cost, value_model.under_cost))
        return UnitCost(over, under, uses_amount=value_model.is_per_amount).of_rows
    names, worth = model.classes, value_model.matrix
    values = [[float(Decimal(str(worth[predicted][truth]))) for truth in names] for predicted in names]
    return ValueMatrix.of(values, uses_amount=value_model.is_per_amount).of_rows


def _groups(gathered: Gathered) -> list[tuple[str, str, BoolArray]]:
    found = []
    for name, values in gathered.slices.items():
        column = np.array([value or "" for value in values])
        found += [(name, str(value), column == value) for value in np.unique(column) if value]
    return found
