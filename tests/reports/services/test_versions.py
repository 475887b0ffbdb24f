"""Reports on one version of a model: its own predictions, draws and days, and nothing of the others."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from apps.common.errors import DomainError
from apps.reports.models import Report
from apps.reports.services.refresh import is_outdated
from apps.reports.services.versions import versions_of
from apps.sampling.models import Draw
from tests.reports.worlds import FIRST, World, close_days, label_draws, make_world, report_of, send_outcomes

pytestmark = pytest.mark.django_db
DAYS = 10


def two_versions(size: int = 600) -> World:
    """Every third row is decided by v2, from the fifth day on."""
    return make_world(size, days=DAYS, version_of=lambda n: "v2" if n % DAYS >= 4 and n % 3 == 0 else "v1")


def of_v2(world: World) -> np.ndarray:
    return np.array([row["version"] == "v2" for row in world.rows])


def share_right(world: World, mask: np.ndarray) -> float:
    said = np.array([row["prediction"] == "yes" for row in world.rows])
    return float((said == world.y)[mask].mean())


def test_closed_days_of_a_version_are_counted_from_its_own_predictions():
    world = two_versions()
    send_outcomes(world, range(len(world.rows)))
    close_days(world, DAYS)
    report = report_of(world, version="v2")
    figure = report.document["sections"]["all"]["accuracy"]
    assert (figure["value"], figure["method"]) == (share_right(world, of_v2(world)), "exact")
    assert report.document["parts"][0]["n"] == of_v2(world).sum()
    assert report.document["cohorts"]["final"] == DAYS - 4
    assert report.document["window"]["version"] == "v2"


def test_open_days_of_a_version_are_estimated_from_its_own_draws():
    world = two_versions()
    label_draws(world)
    drawn = Draw.objects.filter(model=world.model, prediction__version__name="v2").count()
    document = report_of(world, version="v2").document
    assert document["sample"]["drawn"] == drawn
    assert document["population"]["n"] == of_v2(world).sum()


def test_versions_and_the_whole_have_reports_of_their_own():
    world = two_versions()
    whole, one, other = report_of(world), report_of(world, version="v1"), report_of(world, version="v2")
    assert len({whole.pk, one.pk, other.pk}) == 3
    assert report_of(world, version="v1") == one
    assert Report.objects.filter(model=world.model).foremost().get() == whole
    sizes = [report.document["population"]["n"] for report in (whole, one, other)]
    assert sizes[0] == sizes[1] + sizes[2]


def test_an_outcome_of_one_version_leaves_the_report_on_another_up_to_date():
    world = two_versions()
    one, other = report_of(world, version="v1"), report_of(world, version="v2")
    send_outcomes(world, [int(np.flatnonzero(of_v2(world))[0])])
    assert [is_outdated(report, now=timezone.now()) for report in (one, other)] == [False, True]


def test_an_unknown_version_is_refused_in_words():
    with pytest.raises(DomainError, match="No prediction of a version 'v9'"):
        report_of(two_versions(20), version="v9")


def test_versions_are_listed_with_their_first_day_newest_first():
    found = versions_of(two_versions(60).model)
    assert [(version.name, version.since) for version in found] == [("v2", FIRST + timedelta(days=4)), ("v1", FIRST)]
