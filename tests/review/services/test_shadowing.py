"""A shadow's draws are judged as cases of the model in use, and what is said of them counts for both."""

from typing import Any

import pytest

from apps.accounts.models import Role
from apps.common.errors import ConflictError, DomainError
from apps.registry.models import MonitoredModel
from apps.registry.services import registering
from apps.review import services as review
from apps.review.models import ReviewItem
from apps.sampling.models import Draw
from apps.sampling.services import policies
from apps.truth.models import Resolution
from apps.truth.services import resolving
from tests.factories import draw_all, make_member, make_model, model_document, push_outcomes, push_predictions
from tests.review.factories import NO_CHECKS, answer, row

pytestmark = pytest.mark.django_db


@pytest.fixture
def champion() -> MonitoredModel:
    """A model that draws nothing by itself, or almost."""
    model = make_model(slug="champion")
    policies.put_document(model, {"floor": 1e-6, "queues": [{"name": "main", **NO_CHECKS}]})
    return model


@pytest.fixture
def shadow(champion: MonitoredModel) -> MonitoredModel:
    document = {"shadow_of": "champion", "name": "Challenger"}
    return registering.put_model(champion.project, slug="challenger", document=document)


def push(model: MonitoredModel, *answers: str, **changes: Any) -> None:
    """Push one prediction an answer, with the same ids in every model, and let it go through draw and opening."""
    push_predictions(model, [row(number, prediction=said, **changes) for number, said in enumerate(answers, 1)])
    draw_all(model)
    review.open_due_items()


def test_a_shadow_shares_what_makes_answers_comparable_and_has_no_queue(
    champion: MonitoredModel, shadow: MonitoredModel
) -> None:
    assert (shadow.task, shadow.classes, shadow.maturity_days) == ("binary", ["no", "yes"], 30)
    assert not shadow.own_queues.exists()
    assert list(shadow.queues.all()) == list(champion.queues.all())
    registering.put_model(champion.project, slug="champion", document={"maturity_days": 60})
    shadow.refresh_from_db()
    assert shadow.maturity_days == 60


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("maturity_days", {"maturity_days": 7}),
        ("classes", {"classes": ["no", "yes", "maybe"]}),
        ("value_model", {"value_model": {"currency": "EUR", "matrix": {}}}),
        ("shadow_of", {"shadow_of": None}),
    ],
)
def test_what_is_shared_cannot_change_at_the_shadow(shadow: MonitoredModel, field: str, change: dict[str, Any]) -> None:
    with pytest.raises(DomainError) as refused:
        registering.put_model(shadow.project, slug="challenger", document=change)
    assert list(refused.value.details["fields"]) == [field]


@pytest.mark.parametrize("of", ["nobody", "challenger"])
def test_a_shadow_follows_a_model_in_use(shadow: MonitoredModel, of: str) -> None:
    with pytest.raises(DomainError, match=r"has no model|itself the shadow"):
        registering.put_model(shadow.project, slug="third", document={"shadow_of": of})


def test_a_row_of_a_shadow_needs_the_answer_of_the_model_in_use(shadow: MonitoredModel) -> None:
    (refused,) = push_predictions(shadow, [row(1, baseline=None)]).rejected
    assert (refused.code, refused.field) == ("missing_field", "baseline")


def test_outcomes_go_to_the_model_in_use(shadow: MonitoredModel) -> None:
    with pytest.raises(ConflictError, match="champion"):
        push_outcomes(shadow, [{"id": "case-1", "outcome": "yes", "occurred_at": "2026-03-20T00:00:00Z"}])


@pytest.mark.parametrize("is_shadow_first", [False, True])
def test_disagreements_become_cases_of_the_model_in_use_whichever_comes_first(
    champion: MonitoredModel, shadow: MonitoredModel, is_shadow_first: bool
) -> None:
    pushes = [
        lambda: push(champion, "yes", "yes", "no"),
        lambda: push_predictions(
            shadow,
            [row(1, prediction="yes", baseline="yes"), row(2, prediction="no", baseline="yes")],
        ),
    ]
    for each in reversed(pushes) if is_shadow_first else pushes:
        each()
        draw_all(shadow)
        review.open_due_items()
    (item,) = ReviewItem.objects.all()
    assert (item.prediction.external_id, item.prediction.model, item.queue.model) == ("case-2", champion, champion)
    assert (item.purpose, item.is_blind, Draw.objects.get(model=shadow).inclusion_probability) == ("targeted", True, 1)
    review.open_due_items()
    assert ReviewItem.objects.count() == 1


def test_a_case_that_the_model_in_use_drew_itself_is_not_opened_twice(
    champion: MonitoredModel, shadow: MonitoredModel
) -> None:
    policies.put_document(champion, {"floor": 1.0})
    push(champion, "yes")
    push(shadow, "no", baseline="yes")
    (item,) = ReviewItem.objects.all()
    assert item.draw is not None
    assert item.draw.model_id == champion.pk


def test_one_label_counts_for_both(champion: MonitoredModel, shadow: MonitoredModel) -> None:
    push(champion, "yes")
    push(shadow, "no", baseline="yes")
    reviewer = make_member(champion.project, Role.REVIEWER)
    answer(champion.queues.get(), reviewer, "no")
    resolving.resolve_due()
    said = dict(Resolution.objects.values_list("model__slug", "label"))
    assert said == {"champion": 0.0, "challenger": 0.0}


@pytest.mark.parametrize("is_outcome_first", [False, True])
def test_one_outcome_counts_for_both(champion: MonitoredModel, shadow: MonitoredModel, is_outcome_first: bool) -> None:
    sent = [{"id": "case-1", "outcome": "yes", "occurred_at": "2026-03-20T00:00:00Z"}]
    steps = [lambda: push_outcomes(champion, sent), lambda: push(shadow, "no", baseline="yes")]
    push(champion, "yes")
    for step in steps if is_outcome_first else reversed(steps):
        step()
        resolving.resolve_due()
    assert dict(Resolution.objects.values_list("model__slug", "outcome")) == {"champion": 1.0, "challenger": 1.0}


def test_the_queues_of_a_shadow_are_changed_at_the_model_in_use(shadow: MonitoredModel) -> None:
    document = policies.current_document(shadow)
    assert [(each["name"], each["rate"]) for each in document["policies"]] == [("disagreements", 1.0)]
    policies.put_document(shadow, document | {"policies": [{**document["policies"][0], "rate": 0.5}]})
    with pytest.raises(DomainError):
        policies.put_document(shadow, document | {"queues": [{"name": "main", "overlap": 2}]})


def test_a_model_with_everything_of_its_own_is_no_shadow() -> None:
    model = make_model()
    assert (model.champion, model_document().get("shadow_of")) == (model, None)


@pytest.mark.parametrize(("tolerance", "floor"), [(0.0, policies.SMALLEST_FLOOR), (1.0, policies.FLOOR_RATE)])
def test_a_shadow_of_numbers_draws_beyond_the_tolerance_and_within_it_as_usual(tolerance: float, floor: float) -> None:
    numbers = {"task": "regression", "classes": [], "positive_class": "", "class_labels": {}, "unit": "days"}
    champion = make_model(slug="days", **numbers, prediction_range=[0.0, 100.0], tolerance=tolerance)
    shadow = registering.put_model(champion.project, slug="new-days", document={"shadow_of": "days", "name": "New"})
    push_predictions(
        shadow, [row(n, prediction=10.0, score=None, probabilities=None, baseline=10.0 + n) for n in (1, 2)]
    )
    draw_all(shadow)
    drawn = {each.prediction.external_id: each.inclusion_probability for each in Draw.objects.all()}
    assert drawn.get("case-2") == 1.0
    assert ("case-1" in drawn) is (tolerance == 0.0)
    assert policies.current_document(shadow)["floor"] == floor
