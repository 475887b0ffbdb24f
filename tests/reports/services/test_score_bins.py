"""A report in frozen score bins ranks as the rows do; what is linear in the truth stays, and so do earlier reports."""

import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from apps.common.clock import database_now
from apps.registry.models import ScoreBinning
from apps.reports.models import ReportJob
from apps.sampling.services import binning
from tests.append_only import rewriting
from tests.reports.worlds import World, figures_of, label_draws, make_world, report_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def squeezed(monkeypatch: pytest.MonkeyPatch) -> World:
    """All reviewed, with scores within .002 of one half, which share two of the equal bins."""
    monkeypatch.setattr(binning, "ENOUGH", 1_000)
    world = make_world(3_000, policies={"floor": 0.9999}, squeeze=0.004, maturity_days=3_650)
    label_draws(world)
    return world


def test_draw_freeze_and_report_give_the_figures_of_the_rows(squeezed):
    before = figures_of(report_of(squeezed))
    assert [before[metric]["code"] for metric in ("auc", "average_precision")] == ["coarse_score"] * 2
    assert binning.freeze_due() == 1
    after = figures_of(report_of(squeezed))
    _, score, truth = squeezed.select(range(squeezed.days))
    assert after["auc"]["value"] == pytest.approx(roc_auc_score(truth, score), abs=1e-3)
    assert after["average_precision"]["value"] == pytest.approx(average_precision_score(truth, score), abs=2e-3)
    for metric in ("accuracy", "precision", "recall", "f1", "brier"):
        assert after[metric]["value"] == pytest.approx(before[metric]["value"], abs=1e-4)


def test_a_report_as_of_before_the_freeze_reads_the_bins_of_its_day(squeezed):
    moment = database_now()
    before = report_of(squeezed, as_of=moment)
    document = before.document
    ReportJob.objects.all().delete()
    with rewriting():
        before.delete()
    assert binning.freeze_due() == 1
    assert ScoreBinning.in_force(squeezed.model).version == 1
    assert report_of(squeezed, as_of=moment).document == document
