"""Labels that came so far, as plans use them."""

import numpy as np
import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.review.models import ReviewItem
from apps.sampling.models import Draw
from apps.truth.services import resolving
from apps.truth.services.earlier import recent_labels
from tests.factories import make_model, push_outcomes
from tests.review.factories import make_items, make_queue

pytestmark = pytest.mark.django_db


def label(item: ReviewItem, value: float) -> None:
    ReviewItem.objects.filter(pk=item.pk).update(label=value, labelled_at=timezone.now(), needs_resolution=True)


def test_labels_come_with_their_probability_the_newest_predictions_first(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    queue = make_queue()
    first, second, _ = make_items(queue, 3, amount=70)
    label(first, 0.0)
    label(second, 1.0)
    resolving.resolve_due()
    Draw.objects.filter(pk=first.draw_id).update(inclusion_probability=0.5, counted_probability=0.25)
    with django_assert_num_queries(1):
        found = recent_labels(queue.model)
    assert found.truth.tolist() == [1.0, 0.0]
    assert found.predicted.tolist() == [1.0, 1.0]
    assert found.score == pytest.approx([0.8317, 0.8317])
    assert found.pi.tolist() == [1.0, 0.25]
    assert found.amount.tolist() == [70.0, 70.0]
    assert recent_labels(queue.model, most=1).truth.tolist() == [1.0]


def test_the_outcome_counts_over_the_label() -> None:
    queue = make_queue()
    (item,) = make_items(queue, 1)
    label(item, 1.0)
    resolving.resolve_due()
    push_outcomes(
        queue.model, [{"id": item.prediction.external_id, "outcome": "no", "occurred_at": "2026-03-05T00:00:00Z"}]
    )
    resolving.resolve_due()
    assert recent_labels(queue.model).truth.tolist() == [0.0]


def test_labels_given_with_the_prediction_in_view_and_those_taken_back_are_left_out() -> None:
    queue = make_queue()
    shown, taken_back = make_items(queue, 2)
    label(shown, 1.0)
    label(taken_back, 1.0)
    resolving.resolve_due()
    Draw.objects.filter(pk=shown.draw_id).update(is_blind=False)
    label(taken_back, None)
    resolving.resolve_due()
    assert len(recent_labels(queue.model).truth) == 0


def test_without_scores_and_amounts_they_are_unknown() -> None:
    queue = make_queue()
    (item,) = make_items(queue, 1, score=None, probabilities=None, attributions=None, attribution_base=None)
    label(item, 1.0)
    resolving.resolve_due()
    found = recent_labels(queue.model)
    assert np.isnan(found.score).tolist() == [True]
    assert np.isnan(found.amount).tolist() == [True]


def test_a_model_without_labels_has_none() -> None:
    assert recent_labels(make_model()).pi.shape == (0,)
