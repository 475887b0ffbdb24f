"""Inspection counts each batch once, makes one incident of a change of shape, and leaves rows as they were sent."""

from datetime import date, timedelta

import pytest

from apps.common.errors import LeaseLostError
from apps.monitoring.models import FeatureDay, FeatureSeen, IntakeHour
from apps.monitoring.services import inspecting
from apps.predictions.models import Batch, BatchStage, Payload, Stage
from apps.predictions.services import stages
from apps.registry.models import Incident, IncidentKind
from apps.review.models import ReviewItem
from apps.review.services import open_due_items
from apps.sampling.models import Draw
from apps.sampling.services import policies
from tests.factories import draw_all, make_model, make_project, prediction_row, push_outcomes, push_predictions

pytestmark = pytest.mark.django_db

NUMBER = {"name": "income", "type": "number"}
COLOR = {"name": "color", "type": "category"}
DAY = timedelta(days=1)


def income_model(*features, **changes):
    return make_model(features=list(features) or [NUMBER], slices=[], **changes)


def push(model, incomes, *, version="v7", start=1):
    push_features(model, [{"income": income} for income in incomes], version=version, start=start)


def push_features(model, features, *, version="v7", start=1):
    rows = [prediction_row(start + n, version=version, features=each) for n, each in enumerate(features)]
    assert push_predictions(model, rows).accepted == len(rows)


def counts(feature="income", **filters):
    row = FeatureDay.objects.get(feature=feature, **filters)
    return {name: value for name in inspecting.COUNTS if (value := getattr(row, name))}


def arrive_earlier(by=DAY):
    """Move the arrival of everything due to a day ago."""
    for batch in Batch.objects.filter(stages__stage=Stage.INSPECT, stages__done_at=None):
        moved = batch.received_at - by
        Payload.objects.filter(received_at=batch.received_at).update(received_at=moved)
        Batch.objects.filter(pk=batch.pk).update(received_at=moved)


def test_a_number_sent_as_text_in_several_batches_is_one_incident_with_the_right_count():
    model = income_model()
    push(model, [100, 200.5], version="v6", start=1)
    push(model, ["100", "200"], start=10)
    inspecting.inspect_due()
    push(model, ["300", 400, None, "500"], start=20)
    inspecting.inspect_due()
    incident = Incident.objects.get()
    assert (incident.version.name, incident.feature, incident.kind) == ("v7", "income", IncidentKind.TYPE_CHANGED)
    assert (incident.change, incident.rows) == ("number → string", 4)
    first, last = Batch.objects.order_by("id")[1:]
    assert (incident.first_seen_at, incident.last_seen_at) == (first.received_at, last.received_at)
    assert counts(version__name="v7") == {"rows": 6, "nulls": 1, "unexpected_type": 4}
    assert counts(version__name="v6") == {"rows": 2}


def test_rows_with_a_wrong_type_are_kept_as_sent_and_can_be_drawn_and_reviewed():
    model = income_model()
    policies.put_document(model, {"floor": 1.0})
    push(model, ["100", "200"])
    inspecting.inspect_due()
    draw_all(model)
    open_due_items()
    assert [payload.features for payload in Payload.objects.all()] == [{"income": "100"}, {"income": "200"}]
    assert Draw.objects.count() == ReviewItem.objects.count() == 2


def test_missing_and_new_features_are_separate_incidents():
    model = income_model(NUMBER, COLOR)
    push_features(model, [{"income": 1, "color": "red"}, {"income": 2, "age": 3}, {"age": 4, "income": 3}])
    inspecting.inspect_due()
    incidents = {(i.kind, i.feature): (i.change, i.rows) for i in Incident.objects.all()}
    assert incidents == {
        ("feature_missing", "color"): ("missing", 2),
        ("feature_new", "age"): ("not in the schema (integer)", 2),
    }
    assert counts("color") == {"rows": 3, "missing": 2}


def test_each_version_has_its_own_incident_even_within_one_batch():
    model = income_model()
    rows = [prediction_row(n, version=f"v{n % 2}", features={"income": "many"}) for n in range(5)]
    push_predictions(model, rows)
    inspecting.inspect_due()
    assert dict(Incident.objects.values_list("version__name", "rows")) == {"v0": 3, "v1": 2}


@pytest.mark.parametrize(
    ("declared", "values", "unexpected"),
    [
        ("number", [1, 2.5, -3], 0),
        ("number", [True, "1", [1], {"a": 1}], 4),
        ("integer", [1, 2.0, 3], 0),
        ("integer", [1, 2.5, 3.0], 1),
        ("category", [1, "1", True, 2.5], 0),
        ("category", [["a"], {"a": 1}], 2),
        ("boolean", [True, False], 0),
        ("boolean", [1, 0, "true"], 3),
        ("text", ["a", ""], 0),
        ("text", [1], 1),
        ("number", [None, None], 0),
    ],
)
def test_each_declared_type_allows_its_values(declared, values, unexpected):
    model = income_model({"name": "income", "type": declared})
    push(model, values)
    inspecting.inspect_due()
    assert counts().get("unexpected_type", 0) == unexpected
    assert sum(Incident.objects.values_list("rows", flat=True)) == unexpected


def test_without_a_schema_features_are_counted_and_nothing_is_an_incident():
    model = make_model(features=[], slices=[])
    push_features(model, [{"a": 1}, {"a": "x"}, {"b": None}])
    inspecting.inspect_due()
    assert not Incident.objects.exists()
    assert counts("a") == {"rows": 3, "missing": 1}
    assert counts("b") == {"rows": 3, "missing": 2, "nulls": 1}


def test_a_day_is_compared_with_earlier_days_whatever_the_order_of_its_batches():
    model = income_model(NUMBER, COLOR)
    push_features(model, [{"income": n, "color": "red"} for n in (10, 20)])
    arrive_earlier()
    inspecting.inspect_due()
    yesterday = FeatureDay.objects.get(feature="income").day
    today = [{"income": 500, "color": "blue"}, {"income": 15, "color": "red"}, {"income": 500, "color": "blue"}]
    push_features(model, today[:1], start=10)
    inspecting.inspect_due()
    push_features(model, today[1:], start=20)
    inspecting.inspect_due()
    assert counts("income", day=yesterday + DAY) == {"rows": 3, "out_of_range": 2}
    assert counts("color", day=yesterday + DAY) == {"rows": 3, "unseen_category": 2}
    assert counts("income", day=yesterday) == {"rows": 2}


def test_a_code_is_the_same_category_as_number_and_as_text():
    model = income_model(COLOR)
    push_features(model, [{"color": 1}, {"color": 2}])
    arrive_earlier()
    inspecting.inspect_due()
    push_features(model, [{"color": 1.0}, {"color": "2"}, {"color": "3"}], start=10)
    inspecting.inspect_due()
    assert counts("color", day=max(FeatureDay.objects.values_list("day", flat=True)))["unseen_category"] == 1


def test_free_text_has_no_categories():
    model = income_model(COLOR)
    push_features(model, [{"color": f"text {n}"} for n in range(201)])
    arrive_earlier()
    inspecting.inspect_due()
    push_features(model, [{"color": "never seen"}], start=1_000)
    inspecting.inspect_due()
    assert FeatureSeen.objects.get().before["categories"] is None
    assert not FeatureDay.objects.filter(unseen_category__gt=0).exists()


def test_invented_feature_names_are_counted_separately_up_to_a_limit_and_together_beyond():
    model = income_model()
    long = "x" * 201
    for start in (0, 300):
        made_up = [{"income": 1, f"made-up-{start + n}": None, long: 1} for n in range(150)]
        push_features(model, made_up, start=1 + start)
        inspecting.inspect_due()
    new = Incident.objects.filter(kind=IncidentKind.FEATURE_NEW)
    assert new.exclude(feature="").count() == 200
    assert new.get(feature="").rows == 300
    assert FeatureDay.objects.count() == 1 + 200 + 1


def test_days_are_in_the_projects_time_zone():
    project = make_project()
    project.time_zone = "Pacific/Kiritimati"
    project.save()
    model = make_model(project, features=[NUMBER], slices=[])
    push(model, [1])
    # Kiritimati is 14 hours ahead of UTC: noon UTC falls on the next day there.
    Batch.objects.update(received_at="2026-11-10T12:00:00Z")
    Payload.objects.update(received_at="2026-11-10T12:00:00Z")
    inspecting.inspect_due()
    assert FeatureDay.objects.get().day == date(2026, 11, 11)


def test_pushes_are_counted_by_hour_and_kind():
    model = income_model()
    push(model, [1, 2, 3])
    push_predictions(model, [prediction_row(1, version="v7", features={"income": 1}), prediction_row(9)])
    push_outcomes(model, [{"id": "case-1", "outcome": "yes", "occurred_at": "2026-03-20T00:00:00Z"}])
    Batch.objects.update(received_at="2026-11-10T12:34:56Z")
    inspecting.inspect_due()
    hours = IntakeHour.objects.values_list("kind", "batches", "accepted", "duplicates", "hour__hour", "hour__minute")
    assert set(hours) == {("predictions", 2, 4, 1, 12, 0), ("outcomes", 1, 1, 0, 12, 0)}


def test_a_batch_is_counted_once_however_often_the_bell_rings():
    model = income_model()
    push(model, ["1", "2"])
    assert [inspecting.inspect_due(), inspecting.inspect_due()] == [1, 0]
    assert Incident.objects.get().rows == 2


def test_an_interrupted_inspection_is_not_counted_twice(monkeypatch):
    model = income_model()
    push(model, ["1", "2"])

    def crash(*_):
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        # the last write of the transaction
        broken.setattr(inspecting.incidents, "observe", crash)
        assert inspecting.inspect_due() == 0
    assert not FeatureDay.objects.exists()
    state = BatchStage.objects.get(stage=Stage.INSPECT)
    assert "killed" in state.error
    BatchStage.objects.update(lease_expires_at="2020-01-01T00:00:00Z")
    inspecting.inspect_due()
    assert counts() == {"rows": 2, "unexpected_type": 2}
    assert Incident.objects.get().rows == 2


def test_a_worker_that_lost_its_lease_writes_nothing():
    model = income_model()
    push(model, ["1"])
    mine = stages.claim(Stage.INSPECT, model=model.pk)
    BatchStage.objects.update(lease_expires_at="2020-01-01T00:00:00Z")
    theirs = stages.claim(Stage.INSPECT, model=model.pk)
    inspecting.inspect_batches(model, theirs)
    with pytest.raises(LeaseLostError):
        inspecting.inspect_batches(model, mine)
    assert Incident.objects.get().rows == 1


def test_rows_of_other_batches_between_a_batchs_ids_are_not_counted_with_it():
    one, other = income_model(), income_model()
    push(one, [1])
    push(other, ["text"] * 3)
    push(one, [2], start=10)
    inspecting.inspect_due()
    assert counts(model=one) == {"rows": 2}
    assert counts(model=other) == {"rows": 3, "unexpected_type": 3}


def test_without_due_batches_one_query_is_enough(django_assert_num_queries):
    income_model()
    with django_assert_num_queries(1):
        inspecting.inspect_due()
