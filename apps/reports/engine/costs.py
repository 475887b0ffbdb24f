"""What decisions cost, whatever they are worth: serving them, and reviewing some."""

from decimal import Decimal

from apps.registry.models import ValueModel
from apps.reports.engine.document import CostsSection
from apps.reports.engine.evidence import Selection


def costs_of(value_model: ValueModel, selection: Selection, *, reviews: int) -> CostsSection:
    """Add up what serving the selection's predictions and reviewing some of them has cost."""
    traffic = Decimal(selection.traffic)
    serving, review = value_model.serving_cost * traffic, value_model.review_cost * reviews
    return {
        "serving_each": f"{value_model.serving_cost.normalize():f}",
        "serving": f"{serving:.2f}",
        "per_decision": f"{(serving + review) / traffic:.6f}" if traffic else "0",
        "review_hours": selection.evidence.review_hours,
    }
