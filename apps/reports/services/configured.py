"""The settings that a report depends on: kept with it, so that a change makes it due and can be named."""

from typing import Any

from apps.registry.models import MonitoredModel
from apps.reports.models import Kind, Report


def settings_of(model: MonitoredModel, kind: str) -> dict[str, Any]:
    """Return the present settings that reports of this kind depend on."""
    value_model = model.current_value_model if kind == Kind.VALUE else None
    return {
        "maturity_days": model.maturity_days,
        "outcome_if_absent": model.outcome_if_absent,
        "slices": sorted(each.key for each in model.slice_list),
        "value_model": value_model.version if value_model else None,
        "actions": model.actions,
        "outcome_observed_when": model.outcome_observed_when,
    }


def changed_settings(before: Report, settings: dict[str, Any]) -> list[str]:
    """Name the settings that the report had otherwise; reports of old kept none."""
    return [name for name, value in settings.items() if name in before.settings and before.settings[name] != value]


def is_configured_anew(report: Report) -> bool:
    """Say whether the report would be made with other settings now."""
    return bool(report.settings) and bool(changed_settings(report, settings_of(report.model, report.kind)))
