"""Weak slices in words."""

from typing import Any

from apps.monitoring.services.naming import Names
from apps.monitoring.services.placing import Layout
from apps.registry.models import MonitoredModel


def in_words(model: MonitoredModel, layout: Layout, parts: list[dict[str, Any]]) -> str:
    """Name the conditions of a slice: “Age: 65 and over and Region: north”."""
    names = Names(model)
    words = []
    for part in parts:
        series = layout.get(part["stage"], part["name"])
        label = names.label(part["stage"], part["name"])
        words.append(label if series is None else f"{label}: {names.bins(series, part['bins'])}")
    return " and ".join(words)
