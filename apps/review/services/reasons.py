"""What moved the model in a case: for pages and answers that may show the prediction."""

from apps.explanations.services.shown import Contributions, contributions_of
from apps.review.models import ReviewItem


def reasons(item: ReviewItem) -> Contributions | None:
    """Return the contributions behind the prediction; None if there are none. They give the prediction away."""
    return contributions_of(item.prediction, model=item.model, sent=item.attributions, base=item.attribution_base)
