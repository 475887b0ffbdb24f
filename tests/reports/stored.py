"""Stored reports that were never computed."""

from datetime import UTC, date, datetime
from typing import Any

from apps.registry.models import MonitoredModel
from apps.reports.models import Comparison, Report
from tests.factories import make_model
from tests.reports.comparison_documents import compared_document
from tests.reports.documents import END, START, document

# As in an address
AUGUST, SEPTEMBER = "2026-08-01_2026-09-01", "2026-09-01_2026-10-01"
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


def sides_of(model: MonitoredModel) -> dict[str, Any]:
    """The fields of a comparison of September with August."""
    august, september, october = date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)
    return {
        "model": model, "kind": "performance",
        "first_start": august, "first_end": september, "second_start": september, "second_end": october,
    }  # fmt: skip


def make_stored_comparison(model: MonitoredModel, **changes: Any) -> Comparison:
    fields = {"seq": 812, "as_of": AS_OF, "configuration_hash": "0" * 64, "document": compared_document(), **changes}
    return Comparison.objects.create(**sides_of(model), **fields)
