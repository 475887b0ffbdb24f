"""The model card: what is known about a model, from stored reports and settings alone, each figure with its source."""

from datetime import date, datetime, timedelta
from typing import Any, TypedDict

from django.urls import reverse

from apps.accounts.models import Role
from apps.monitoring.models import WeakSearch
from apps.monitoring.services import events
from apps.monitoring.services.placing import Layout
from apps.registry.models import MonitoredModel
from apps.reports.models import Kind, Report
from apps.reports.services.versions import versions_of
from apps.reports.services.visible import visible
from apps.retraining.models import Study
from apps.retraining.services import visible as visible_study
from apps.retraining.services.sentence import headline
from apps.retraining.services.visible import sensitive_features
from apps.retraining.services.weak_words import in_words
from apps.sampling.services.policies import current_document
from apps.truth.services.cohorts import day_of

QUALITY = ("accuracy", "precision", "recall", "f1", "auc", "within", "mae", "bias", "rmse", "r2", "macro_f1", "kappa")
CALIBRATION = ("brier", "ece", "log_loss")
BASELINE = ("disagreement_rate", "accuracy_difference", "win_rate", "mae_gain", "within_gain", "baseline_accuracy")
VALUE = ("value_per_1000", "value_difference_per_1000", "baseline_value_per_1000", "accuracy_point_value")
OF_SLICES = ("accuracy", "within", "mae")
LIFE = timedelta(days=365)
MOST_INCIDENTS = 20


class Source(TypedDict):
    report: int
    path: str


class CardFigure(TypedDict):
    """A figure of a stored report, and which one."""

    metric: str
    slice: dict[str, str] | None
    value: float | None
    low: float | None
    high: float | None
    n: int
    code: str | None
    source: Source


Card = dict[str, Any]


def card_of(model: MonitoredModel, *, role: Role, now: datetime) -> Card:
    """Gather the card as this role may see it: of a report, what `visible` shows of it."""
    found = {kind: _report(model, kind, role=role) for kind in Kind.values}
    performance, baseline, value = (found[kind] for kind in (Kind.PERFORMANCE, Kind.BASELINE, Kind.VALUE))
    reads_all = role.reads(Role.ENGINEER)
    return {
        "model": _about(model),
        "features": [
            {"name": each.name, "label": each.label, "type": each.type, "sensitive": each.sensitive}
            for each in model.feature_list
        ],
        "versions": [{"name": each.name, "since": str(each.since)} for each in versions_of(model)],
        "reports": [_entry(report) for report in found.values() if report is not None],
        "performance": _figures(performance, QUALITY),
        "slices": _slice_figures(performance),
        "groups": _groups(performance),
        "calibration": _figures(performance, CALIBRATION),
        "baseline": _figures(baseline, BASELINE),
        "value": _figures(value, VALUE),
        "weak_spots": _weak(model, reads_all=reads_all),
        "drift": _drift(performance),
        "events": _events(model, now=now, reads_all=reads_all),
        "incidents": _incidents(model, reads_all=reads_all),
        "review": _review(model, performance),
        "retraining": _advice(model, role=role),
        "limits": [] if performance is None else performance.document["caveats"],
        "made_at": now.isoformat(),
    }


def _report(model: MonitoredModel, kind: str, *, role: Role) -> Report | None:
    """Return the report that reaches furthest with all days final; without one, that which reaches furthest."""
    reports = Report.objects.filter(model=model, kind=kind).select_related("model__project", "version")
    chosen = reports.final().foremost().first() or reports.foremost().first()
    return None if chosen is None else visible(chosen, role=role)


def _about(model: MonitoredModel) -> dict[str, Any]:
    value_model = model.current_value_model
    return {
        "name": model.name,
        "slug": model.slug,
        "question": model.question,
        "task": model.task,
        "classes": list(model.classes),
        "positive_class": model.positive_class,
        "unit": model.unit,
        "maturity_days": model.maturity_days,
        "outcome_if_absent": model.outcome_if_absent,
        "currency": value_model.currency if value_model else "",
        "worth": value_model.statement if value_model else "",
        "is_archived": model.archived_at is not None,
    }


def _source(report: Report) -> Source:
    return {"report": report.pk, "path": reverse("report", args=[report.model.project.slug, report.pk])}


def _entry(report: Report) -> dict[str, Any]:
    document = report.document
    return {
        "kind": report.kind,
        "start": str(report.start),
        "end": str(report.end),
        "as_of": report.as_of.isoformat(),
        "seq": report.seq,
        "predictions": sum(part["n"] for part in document["parts"] if part["part"] == "all"),
        "source": _source(report),
    }


def _figures(report: Report | None, metrics: tuple[str, ...]) -> list[CardFigure]:
    if report is None:
        return []
    figures = report.document["headline"]["figures"]
    return [_figure(report, metric, figures[metric]) for metric in metrics if _is_told(figures.get(metric))]


def _is_told(figure: Any) -> bool:
    """Leave out what the model has no use for, and keep what is not known yet, with its reason."""
    return figure is not None and figure["code"] not in (
        "unsupported_task",
        "no_score",
        "no_baseline",
        "no_value_model",
    )


def _figure(report: Report, metric: str, figure: Any, *, piece: dict[str, str] | None = None) -> CardFigure:
    return {
        "metric": metric,
        "slice": piece,
        "value": figure["value"],
        "low": figure["low"],
        "high": figure["high"],
        "n": figure["n"],
        "code": figure["code"],
        "source": _source(report),
    }


def _slice_figures(report: Report | None) -> list[CardFigure]:
    if report is None:
        return []
    return [
        _figure(report, metric, each["figures"][metric], piece={"name": each["name"], "value": each["value"]})
        for each in report.document["slices"]
        for metric in OF_SLICES
        if metric in each["figures"] and each["figures"][metric]["value"] is not None
    ]


def _groups(report: Report | None) -> dict[str, Any] | None:
    """Return how declared groups compare, with ranges that hold at once."""
    compared = report.document.get("groups") if report is not None else None
    return compared | {"source": _source(report)} if report is not None and compared else None


def _weak(model: MonitoredModel, *, reads_all: bool) -> list[dict[str, Any]]:
    """List the weak slices that monitoring confirmed; on sensitive features for those alone who read them."""
    search = WeakSearch.objects.filter(model=model).first()
    hidden = set() if reads_all else sensitive_features(model)
    found = [] if search is None else search.slices
    shown = [each for each in found if not any(part["name"] in hidden for part in each["parts"])]
    layout = Layout.of(model) if shown else Layout([])
    return [each | {"who": in_words(model, layout, each["parts"])} for each in shown]


def _drift(report: Report | None) -> list[dict[str, Any]]:
    checks = report.document.get("checks") if report is not None else None
    if report is None or not checks:
        return []
    return [
        {"metric": each["metric"], "has_drifted": each["has_drifted"], "p": each["p"], "source": _source(report)}
        | {end: each["difference"][end] for end in ("value", "low", "high", "code")}
        for each in checks["drift"]
    ]


def _events(model: MonitoredModel, *, now: datetime, reads_all: bool) -> list[str]:
    end: date = day_of(model, now) + timedelta(days=1)
    return [each.text for each in events.within(model, end - LIFE, end, shows_sensitive=reads_all)]


def _incidents(model: MonitoredModel, *, reads_all: bool) -> dict[str, Any]:
    opened = model.incidents.open()
    hidden = set() if reads_all else sensitive_features(model)
    shown = [each for each in opened.newest()[:MOST_INCIDENTS] if each.feature not in hidden]
    return {
        "open": [{"what": str(each), "since": each.first_seen_at.isoformat()} for each in shown],
        "closed": model.incidents.closed().count(),
    }


def _review(model: MonitoredModel, report: Report | None) -> dict[str, Any]:
    document = current_document(model)
    sample = report.document["sample"] if report is not None else None
    return {
        "blind_share": model.blind_share,
        "floor": document["floor"],
        "policies": [{"name": each["name"], "kind": each["kind"]} for each in document["policies"]],
        "queues": [{"name": each.name, "reviewers": each.overlap} for each in model.queues.order_by("pk")],
        "sample": sample
        and {name: sample[name] for name in ("drawn", "answered", "response_rate", "adjudicated", "overturned")},
        "source": _source(report) if report is not None else None,
    }


def _advice(model: MonitoredModel, *, role: Role) -> dict[str, Any] | None:
    study: Study | None = Study.objects.filter(model=model).select_related("model__project").order_by("-id").first()
    if study is None:
        return None
    document = visible_study.visible(study, role=role)
    return {
        "headline": headline(document),
        "advice": document["advice"],
        "metric": document["metric"],
        "as_of": study.as_of.isoformat(),
        "path": reverse("retraining", args=[model.project.slug, model.slug]),
    }
