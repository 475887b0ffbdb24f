"""Deaths of a model's process are counted, and the third puts its file into quarantine."""

from typing import Any

import pytest

from apps.explanations.engine.running import ChildDied
from apps.explanations.models import Artifact, Attribution, ParityCheck
from apps.explanations.services import checking, explaining, loaded, registering
from apps.predictions.models import BatchStage, Stage
from apps.sampling.services import policies
from tests.explanations.factories import make_scored_model, push_scored, ready_file, register_file
from tests.factories import draw_all

pytestmark = pytest.mark.django_db


class Dying:
    """Children that die of every request."""

    def get(self, *_: Any) -> Any:
        raise ChildDied("it took longer than 5 s")


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded, "_children", Dying())


@pytest.mark.usefixtures("dying")
def test_the_third_death_puts_a_file_into_quarantine_and_ends_its_check() -> None:
    model = make_scored_model()
    push_scored(model, 5)
    artifact = register_file(model)
    checking.check_due()
    artifact.refresh_from_db()
    assert (artifact.state, artifact.deaths, "5 s" in artifact.reason) == ("quarantined", 3, True)
    assert ParityCheck.objects.get().finished_at is not None


def test_a_file_in_quarantine_explains_nothing_and_the_stage_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_scored_model()
    policies.put_document(model, {"floor": 1.0})
    push_scored(model, 5)
    draw_all(model)
    artifact = ready_file(model)
    monkeypatch.setattr(loaded, "_children", Dying())
    Artifact.objects.update(deaths=2)
    assert explaining.explain_due() == 1
    artifact.refresh_from_db()
    assert artifact.state == "quarantined"
    assert BatchStage.objects.get(stage=Stage.EXPLAIN).done_at is not None
    assert not Attribution.objects.exists()


def test_a_check_on_request_lets_a_file_out_of_quarantine() -> None:
    model = make_scored_model()
    push_scored(model, 5)
    artifact = register_file(model)
    Artifact.objects.update(state="quarantined", deaths=3)
    artifact.refresh_from_db()
    registering.check_again(artifact, by=None)
    checking.check_due()
    artifact.refresh_from_db()
    assert (artifact.state, artifact.deaths) == ("ready", 0)
