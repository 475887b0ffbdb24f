"""Handing out bundles: on the record, counted as seen, refused while it is yet to be judged."""

import io
import json
import zipfile

import pytest

from apps.accounts.models import Membership, Role
from apps.accounts.pages.audit_wording import act_done
from apps.audit.models import Entry
from apps.common.errors import ConflictError
from apps.explanations.models import Artifact
from apps.predictions.models import CaseView, Payload, Prediction
from apps.review import services
from apps.review.services import bundling
from tests.explanations import bundled
from tests.explanations.factories import make_scored_model
from tests.factories import draw_all, make_member
from tests.review.factories import make_items, make_queue

pytestmark = pytest.mark.django_db


@pytest.fixture
def prediction() -> Prediction:
    return bundled.make_case(make_scored_model())[1]


@pytest.fixture
def dan(prediction: Prediction) -> Membership:
    return make_member(prediction.model.project, Role.ENGINEER)


def test_a_bundle_is_on_the_record_and_counts_as_seen(prediction: Prediction, dan: Membership) -> None:
    made = bundling.bundle(prediction, model=prediction.model, by=dan.user)
    with zipfile.ZipFile(io.BytesIO(b"".join(made.pieces))) as archive:
        assert json.loads(archive.read("case.json"))["id"] == prediction.external_id
    assert made.name == f"{prediction.model.slug}-{prediction.pk}.zip"
    entry = Entry.objects.latest("number")
    assert (entry.act, entry.actor_id, entry.subject) == ("case.bundled", dan.user_id, f"case {prediction.external_id}")
    assert set(entry.details) == {"model", "version", "sha256"}
    assert act_done(entry.act, entry.subject) == "downloaded the debug bundle of case case-1"
    assert CaseView.objects.filter(user=dan.user, prediction=prediction).exists()


def test_a_version_without_a_ready_file_says_so(prediction: Prediction, dan: Membership) -> None:
    Artifact.objects.update(state=Artifact.State.DIFFERS)
    with pytest.raises(ConflictError, match="Version v1 has no model file that reproduces its stored scores"):
        bundling.bundle(prediction, model=prediction.model, by=dan.user)
    assert not CaseView.objects.exists()
    assert not Entry.objects.filter(act="case.bundled").exists()


def test_features_that_are_not_kept_cannot_be_bundled(prediction: Prediction, dan: Membership) -> None:
    Payload.objects.all().delete()
    with pytest.raises(ConflictError, match="older than the time"):
        bundling.bundle(prediction, model=prediction.model, by=dan.user)


def test_whoever_has_yet_to_judge_a_case_gets_no_bundle() -> None:
    queue = make_queue()
    item = make_items(queue, 1)[0]
    dan = make_member(queue.model.project, Role.ENGINEER)
    services.claim_slots(queue, by=dan)
    with pytest.raises(ConflictError) as refused:
        bundling.bundle(item.prediction, model=queue.model, by=dan.user)
    assert refused.value.code == "judge_first"


def test_whoever_has_the_bundle_is_never_served_the_case(prediction: Prediction, dan: Membership) -> None:
    model = prediction.model
    draw_all(model)
    services.open_due_items()
    bundling.bundle(prediction, model=model, by=dan.user)
    assert services.claim_slots(model.queues.get(), by=dan) == []
