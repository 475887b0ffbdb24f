"""Stored reports that were never computed."""

from datetime import UTC, datetime
from typing import Any

from apps.registry.models import MonitoredModel
from apps.reports.models import Report
from tests.factories import make_model
from tests.reports.documents import END, START, document

AS_OF = datetime(2026, 11, 20, 9, 12, tzinfo=UTC)


def report_model(project: Any = None) -> MonitoredModel:
    """A model with an ordinary and a sensitive slice."""
    return make_model(
        project,
        features=[
            {"name": "age", "type": "number", "label": "Age"},
            {"name": "sex", "type": "category", "label": "Sex", "sensitive": True},
        ],
        slices=[{"name": "age", "feature": "age", "edges": [25, 60]}, {"name": "sex", "feature": "sex", "edges": []}],
    )


def make_report(model: MonitoredModel, kind: str = "value", **changes: Any) -> Report:
    """A stored report, with the usual document unless `document` is given."""
    fields: dict[str, Any] = {
        "start": START,
        "end": END,
        "seq": 812,
        "as_of": AS_OF,
        "configuration_hash": "0" * 64,
        "document": document(kind),
        **changes,
    }
    return Report.objects.create(model=model, kind=kind, **fields)
