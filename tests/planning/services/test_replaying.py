"""A replay gives back the draws that were made, and says what a draft would have changed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from apps.accounts.models import Role
from apps.common.errors import ConflictError, DomainError
from apps.planning.models import Draft, Replay
from apps.planning.services import replaying
from apps.predictions.models import Payload, Prediction
from apps.registry.models import MonitoredModel
from apps.sampling.models import Draw, PolicyRate, SamplingPolicy
from apps.sampling.services import policies
from apps.sampling.services.randomness import permanent_number
from apps.sampling.services.validation import validated
from tests.factories import draw_all, make_member, make_model, prediction_row, push_outcomes, push_predictions

pytestmark = pytest.mark.django_db

CONDITIONS: list[dict[str, Any] | None] = [
    None,
    {"field": "features.age", "op": "lt", "value": 45},
    {"not": {"field": "features.sex", "op": "eq", "value": 2}},
    {"any": [{"field": "amount", "op": "ge", "value": 300}, {"field": "prediction", "op": "eq", "value": "no"}]},
]
OLD = {"field": "features.age", "op": "eq", "value": 37}
# What each kind of policy needs, but for a rate.
KINDS: dict[str, dict[str, Any]] = {
    "uniform": {},
    "uncertainty": {},
    "disagreement": {},
    "amount": {"full_at": 200},
    "recommended": {"metrics": ["accuracy"]},
    "slice": {"slice": "sex", "rates": [{"value": "1", "rate": 0.5}]},
    "must_review": {"condition": OLD, "rate": 1.0},
    "bands": {"bands": [{"low": 0.1, "high": 0.6, "rate": 0.4}, {"low": 0.6, "high": 1.0, "rate": 0.1}], "rate": None},
    "budget": {"kind": "uniform", "budget": {"per_day": 20}, "rate": None},
    "off": {"kind": "uniform", "is_on": False},
}


def random_policy(number: int, rng: np.random.Generator) -> dict[str, Any]:
    """A policy of any kind, for whatever it may look at."""
    kind = str(rng.choice(list(KINDS)))
    drawn = {
        "name": f"p{number}",
        "kind": kind,
        "queue": "main",
        "rank": int(rng.integers(1, 9)),
        "rate": float(rng.uniform(0.05, 0.6)),
        "condition": CONDITIONS[rng.integers(len(CONDITIONS))],
        **KINDS[kind],
    }
    return {name: value for name, value in drawn.items() if value is not None}


def rows(start: int, count: int) -> list[dict[str, Any]]:
    scores = (0.02, 0.31, 0.5, 0.77, 0.98)
    return [prediction_row(n, score=scores[n % 5], amount=float(n)) for n in range(start, start + count)]


def put(model: MonitoredModel, *drawing: dict[str, Any], floor: float = 0.05) -> None:
    policies.put_document(model, validated({"floor": floor, "policies": list(drawing)}, model=model))


def make_replay(model: MonitoredModel, document: dict[str, Any] | None = None, **changes: Any) -> Replay:
    """Replay everything that was received, as a worker does."""
    now = timezone.now()
    fields = {"start": now - timedelta(days=1), "end": now + timedelta(days=1), **changes}
    current = policies.current_document(model)
    document = {**current, **validated(current if document is None else document, model=model)}
    Replay.objects.create(model=model, document=document, **fields)
    replaying.replay_due()
    replay = Replay.objects.latest("id")
    assert (replay.error, replay.finished_at is None) == ("", False)
    return replay


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_a_replay_of_the_saved_sampling_gives_back_exactly_the_draws_that_were_made(seed: int) -> None:
    rng, model = np.random.default_rng(seed), make_model()
    for step in range(4):
        if step != 2:  # one change falls between two batches that are drawn together
            put(model, *(random_policy(n, rng) for n in range(rng.integers(0, 5))), floor=float(rng.uniform(0.01, 0.2)))
        for policy in SamplingPolicy.objects.filter(model=model, ends_at=None).exclude(kind="bands"):
            PolicyRate.objects.create(policy=policy, starts_at=timezone.now(), factor=float(rng.uniform(0.05, 0.9)))
        push_predictions(model, rows(1 + step * 80, 80))
        if rng.random() < 0.5:
            draw_all(model)
    draw_all(model)
    result = make_replay(model).result
    assert result["rows"] == 320
    assert result["drawn"] == result["given_back"] == Draw.objects.count() > 0
    assert result["unlike"] == result["left_out"] == result["waiting"] == 0


def two_policies(model: MonitoredModel) -> None:
    """Draw the uncertain ones and those that differ from the baseline, with a low floor."""
    unsure = {"name": "unsure", "kind": "uncertainty", "rate": 0.5, "queue": "main", "rank": 2}
    differs = {"name": "differs", "kind": "disagreement", "rate": 0.4, "queue": "main", "rank": 1}
    put(model, unsure, differs)
    push_predictions(model, rows(1, 300))
    draw_all(model)


def u(prediction: Prediction) -> float:
    return permanent_number(bytes(prediction.model.salt), prediction.external_id)


def test_the_draft_adds_and_leaves_out_exactly_the_cases_that_its_probabilities_say() -> None:
    model = make_model()
    two_policies(model)
    was = set(Draw.objects.values_list("prediction", flat=True))
    document = policies.current_document(model)
    older = {"field": "features.age", "op": "ge", "value": 60}
    old = {"name": "old", "kind": "uniform", "rate": 0.5, "queue": "main", "rank": 3, "condition": older}
    differs = next(each for each in document["policies"] if each["name"] == "differs")
    result = make_replay(model, {**document, "policies": [differs, old]}).result
    ages = {key: sent["age"] for key, sent in Payload.objects.values_list("prediction", "features")}
    everyone = list(Prediction.objects.select_related("model"))
    # The rules, written out: the floor, the disagreements, and the old or the unsure, all against the same number.
    differing = {each.pk: max(0.05, 0.4 * (each.baseline != each.predicted)) for each in everyone}
    draft = {each.pk: max(differing[each.pk], 0.5 * (ages[each.pk] >= 60)) for each in everyone}
    saved = {each.pk: max(differing[each.pk], 2 * (each.score or 0) * (1 - (each.score or 0))) for each in everyone}
    would = {each.pk for each in everyone if u(each) < draft[each.pk]}
    assert {each["id"] for each in result["added"]} == would - was != set()
    assert {each["id"] for each in result["gone"]} == was - would != set()
    assert result["policies"] == {"added": {"old": len(would - was)}, "gone": {"unsure": len(was - would)}}
    (day,) = result["days"].values()
    assert day == {"kept": len(was & would), "added": len(would - was), "gone": len(was - would)}
    (queue,) = result["queues"]["main"].values()
    assert queue == {"before": len(was), "after": len(would)}
    # With one number for both, a prediction comes or goes with the difference of its probabilities.
    gains = [draft[each.pk] - saved[each.pk] for each in everyone]
    spread = 1.96 * sum(abs(gain) * (1 - abs(gain)) for gain in gains) ** 0.5
    assert result["gain"]["expected"] == pytest.approx(sum(gains))
    assert result["gain"]["high"] - result["gain"]["low"] == pytest.approx(2 * spread)


def test_a_replay_counts_how_often_the_model_was_wrong_among_the_added() -> None:
    model = make_model()
    two_policies(model)
    push_outcomes(
        model,
        [{"id": f"case-{n}", "outcome": "yes", "occurred_at": "2026-03-20T00:00:00Z"} for n in range(1, 300, 2)],
    )
    result = make_replay(model, {"floor": 1.0, "policies": []}).result
    added = Prediction.objects.filter(draw=None)
    known = [each for each in added if int(each.external_id.removeprefix("case-")) % 2]
    assert (result["known"], result["added_known"]) == (150, len(known))
    assert result["added_wrong"] == sum(each.predicted == 0.0 for each in known)
    low, high = result["wrong_range"]
    assert low < result["added_wrong"] / result["added_known"] < high


def test_of_many_added_cases_two_hundred_are_listed_the_same_ones_at_every_attempt() -> None:
    model = make_model()
    two_policies(model)
    replay = make_replay(model, {"floor": 1.0, "policies": []})
    listed = replay.result["added"]
    assert len(listed) == min(200, Prediction.objects.filter(draw=None).count())
    Replay.objects.update(finished_at=None, attempts=0)
    replaying.replay_due()
    replay.refresh_from_db()
    assert replay.result["added"] == listed


def test_predictions_whose_features_are_gone_are_left_out_where_a_condition_needs_them() -> None:
    model = make_model()
    two_policies(model)
    gone = list(Payload.objects.order_by("prediction").values_list("prediction", flat=True)[:40])
    Payload.objects.filter(prediction__in=gone).delete()
    plain = make_replay(model).result
    assert (plain["rows"], plain["left_out"], plain["unlike"]) == (300, 0, 0)
    young = {"field": "features.age", "op": "lt", "value": 30}
    draft = {"name": "young", "kind": "uniform", "rate": 1.0, "queue": "main", "rank": 1, "condition": young}
    result = make_replay(model, {"floor": 0.05, "policies": [draft]}).result
    assert (result["rows"], result["left_out"]) == (260, 40)
    assert not {each["id"] for each in result["added"] + result["gone"]} & set(gone)


def test_a_draw_that_the_saved_sampling_does_not_give_back_is_counted() -> None:
    model = make_model()
    two_policies(model)
    Draw.objects.filter(pk__in=list(Draw.objects.values_list("pk", flat=True)[:3])).delete()
    result = make_replay(model).result
    assert (result["drawn"], result["given_back"], result["unlike"]) == (Draw.objects.count(), result["drawn"], 3)


def test_batches_that_wait_for_their_draw_are_not_replayed() -> None:
    model = make_model()
    two_policies(model)
    push_predictions(model, rows(301, 20))
    result = make_replay(model).result
    assert (result["rows"], result["waiting"]) == (300, 20)


def test_only_predictions_of_the_days_are_replayed_where_days_of_prediction_count() -> None:
    model = make_model()
    push_predictions(model, [prediction_row(n, predicted_at=f"2026-03-{n:02}T09:00:00Z") for n in range(1, 21)])
    draw_all(model)
    push_predictions(model, [prediction_row(21, predicted_at="2026-03-21T09:00:00Z")])
    draw_all(model)
    replay = replaying.request_replay(model, by=make_member(model.project, Role.ENGINEER).user)
    assert (replay.is_by_prediction, f"{replay.start:%d}", f"{replay.end:%d}") == (True, "15", "22")
    replaying.replay_due()
    replay.refresh_from_db()
    assert replay.result["rows"] == 7


def test_the_persons_draft_is_replayed_and_asked_twice_it_is_one_job() -> None:
    model = make_model()
    two_policies(model)
    person = make_member(model.project, Role.ENGINEER).user
    Draft.objects.create(model=model, owner=person, document={"floor": 0.5, "policies": []}, based_on=1)
    replay = replaying.request_replay(model, by=person)
    assert (replay.document["floor"], replay.document["policies"]) == (0.5, [])
    assert replaying.request_replay(model, by=person) == replay
    other = replaying.request_replay(model, by=make_member(model.project, Role.OWNER).user)
    assert other.document["floor"] == 0.05


def test_a_draft_with_a_mistake_and_a_model_without_predictions_are_refused() -> None:
    model = make_model()
    person = make_member(model.project, Role.ENGINEER).user
    with pytest.raises(ConflictError, match="before predictions"):
        replaying.request_replay(model, by=person)
    Draft.objects.create(model=model, owner=person, document={"floor": 7}, based_on=1)
    with pytest.raises(DomainError, match="less than or equal to 1"):
        replaying.request_replay(model, by=person)


def test_a_replay_is_forgotten_after_a_week() -> None:
    model = make_model()
    two_policies(model)
    old, new = make_replay(model), make_replay(model)
    Replay.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    replaying.replay_due()
    assert list(Replay.objects.all()) == [new]


def test_an_unchanged_budget_keeps_the_rates_that_it_had_and_a_drafted_one_is_paced() -> None:
    model = make_model()
    budget = {"name": "some", "kind": "uniform", "budget": {"per_day": 40}, "queue": "main", "rank": 1}
    put(model, budget, floor=0.01)
    for n, factor in enumerate((0.1, 0.3)):
        PolicyRate.objects.create(
            policy=SamplingPolicy.objects.get(name="some"), starts_at=timezone.now(), factor=factor
        )
        push_predictions(model, rows(1 + 200 * n, 200))
        draw_all(model)
    document = policies.current_document(model)
    result = make_replay(model, {**document, "policies": [{**document["policies"][0], "rank": 7}]}).result
    assert (result["drawn"] > 0, result["added"], result["gone"]) == (True, [], [])


@pytest.mark.slow
def test_a_drafted_budget_spends_as_much_a_day_as_it_says() -> None:
    model = make_model()
    MonitoredModel.objects.update(salt=b"the same every time")
    model.refresh_from_db()
    start = datetime(2026, 3, 2, tzinfo=UTC)
    # 14 days, 20 predictions an hour: the second week is replayed, with a budget of 48 of its 480 predictions a day.
    pushed = [
        prediction_row(n, predicted_at=(start + timedelta(minutes=3 * n)).isoformat()) for n in range(14 * 24 * 20)
    ]
    put(model, floor=0.001)
    push_predictions(model, pushed)
    draw_all(model)
    budget = {"name": "some", "kind": "uniform", "budget": {"per_day": 48}, "queue": "main", "rank": 1}
    days = {"start": start + timedelta(days=7), "end": start + timedelta(days=14), "is_by_prediction": True}
    result = make_replay(model, {"floor": 0.001, "policies": [budget]}, **days).result
    assert result["rows"] == 7 * 480
    added = [day["added"] for day in result["days"].values()]
    # √48 is 7: each day within three of these, and all seven within three of theirs (√336 is 18).
    assert all(abs(n - 48) < 21 for n in added)
    assert abs(sum(added) - 7 * 48) < 55
