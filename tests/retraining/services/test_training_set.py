"""Training sets hold the labels that figures count, with weights and a split that stays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.predictions.models import Payload
from apps.retraining.services import training_set
from apps.retraining.services.training_set import Wanted, chunks, page, split_of
from apps.review.services import open_due_items
from apps.sampling.models import Draw
from apps.truth.models import Resolution
from tests.factories import draw_all, make_model, prediction_row, push_outcomes, push_predictions
from tests.retraining.worlds import make_learning_world

pytestmark = pytest.mark.django_db


def rows_of(model, **changes):
    return [row for chunk in chunks(model, Wanted.of(model, **changes)) for row in chunk]


def test_predictions_of_closed_days_count_by_their_outcome_with_certainty():
    model = make_learning_world(20)
    rows = rows_of(model)
    assert len(rows) == 20
    assert {(row["source"], row["inclusion_probability"], row["weight"]) for row in rows} == {("outcome", 1.0, 1.0)}
    assert set(rows[0]) == set(training_set.kinds(model))
    assert rows[0]["features.region"] in ("north", "south")


def test_a_model_without_labels_has_an_empty_set():
    assert rows_of(make_model()) == []


def test_without_payloads_drawn_cases_stand_for_the_others_with_their_chance():
    """Of 20 predictions drawn with π = 0.3, the copies are kept: each stands for 1/0.3."""
    model = make_learning_world(20)
    open_due_items()
    Payload.objects.all().delete()
    rows = rows_of(model)
    assert len(rows) == Draw.objects.filter(model=model).count()
    assert {round(row["weight"], 6) for row in rows} == {round(1 / 0.3, 6)}


def test_outcomes_of_open_days_are_left_out_since_the_first_ones_mislead():
    model = make_model()
    now = timezone.now() - timedelta(days=1)
    push_predictions(model, [prediction_row(1, predicted_at=now.isoformat())])
    draw_all(model)
    push_outcomes(model, [{"id": "case-1", "outcome": "yes", "occurred_at": now.isoformat()}])
    from apps.truth.services import resolving

    resolving.resolve_due()
    assert Resolution.objects.filter(model=model).exists()
    assert rows_of(model) == []


def test_the_rule_for_absent_outcomes_gives_labels_too():
    """Outcomes came for all: with the rule, one of them taken back would count as "no"."""
    model = make_learning_world(20, outcome_if_absent="no")
    from tests.append_only import rewriting

    with rewriting():
        Resolution.objects.filter(model=model, prediction__external_id="case-3").delete()
    by_id = {row["id"]: row for row in rows_of(model)}
    assert by_id["case-3"]["source"] == "rule"
    assert by_id["case-3"]["label"] == "no"


def test_the_same_number_gives_the_same_rows_whatever_comes_later():
    model = make_learning_world(20)
    seq = Resolution.objects.filter(model=model).last_seq()
    before = rows_of(model, seq=seq)
    push_outcomes(model, [{"id": "case-1", "outcome": "no", "occurred_at": "2026-05-01T00:00:00Z"}])
    push_outcomes(model, [{"id": "case-2", "outcome": "yes", "occurred_at": "2026-05-01T00:00:00Z"}])
    from apps.truth.services import resolving

    resolving.resolve_due()
    assert rows_of(model, seq=seq) == before


def test_rows_of_one_subject_have_one_split_and_shares_nest():
    model = make_learning_world(60)
    rows = rows_of(model)
    by_subject = {}
    for row in rows:
        by_subject.setdefault(row["subject"], set()).add(row["split"])
    assert all(len(splits) == 1 for splits in by_subject.values())
    few, many = (
        {row["subject"] for row in rows_of(model, test_share=share) if row["split"] == "test"} for share in (0.1, 0.4)
    )
    assert few <= many


def test_about_a_fifth_of_subjects_is_for_testing():
    """Binomial(2,000, 0.2) has a standard deviation of 18."""
    model = make_model()
    tested = sum(split_of(model, f"person {n}", test_share=0.2) == "test" for n in range(2_000))
    assert tested == pytest.approx(400, abs=4 * 18)


def test_pages_follow_on_each_other():
    model = make_learning_world(20)
    wanted = Wanted.of(model)
    first, cursor = page(model, wanted, limit=12)
    second, end = page(model, training_set.beginning_at(wanted, cursor), limit=12)
    assert [row["id"] for row in first + second] == [row["id"] for row in rows_of(model)]
    assert end is None
    assert first[0]["features"]["income"] == rows_of(model)[0]["features.income"]
