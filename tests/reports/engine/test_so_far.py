"""The whole window from the outcomes so far: a figure where two estimates agree, else why there is none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from apps.reports.engine.document import PERFORMANCE_METRICS
from apps.reports.engine.estimating import BinaryFit
from apps.reports.engine.so_far import so_far
from apps.reports.pages.sheets import performance
from apps.reports.services.gathering import gather
from apps.truth.services import resolving as truth
from tests.factories import push_outcomes
from tests.reports.documents import document, figure
from tests.reports.worlds import World, ask, close_days, figures_of, label_draws, make_world, report_of

pytestmark = pytest.mark.django_db

DAYS = 20


def so_far_of(world: World, came_after: np.ndarray, *, wanted: np.ndarray | None = None) -> Any:
    """What the first 20 days show at noon of the last one, with a horizon of 12 days; nan: no outcome ever."""
    day = np.arange(len(world.y)) % DAYS
    in_time = day + came_after <= DAYS - 1
    numbers = np.flatnonzero(in_time if wanted is None else in_time & wanted)
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    classes = ("no", "yes")
    rows = [
        {
            "id": f"case-{at}",
            "outcome": classes[world.y[at]],
            "occurred_at": (noon + timedelta(days=int(day[at] + came_after[at]))).isoformat(),
        }
        for at in numbers
    ]
    push_outcomes(world.model, rows)
    truth.resolve_due()
    label_draws(world, answered=0.5)
    close_days(world, before=5)
    world.model.maturity_days = 12
    world.model.save()
    as_of = datetime(2026, 3, 20, 13, tzinfo=UTC)
    evidence = replace(gather(ask(world), as_of=timezone.now()), as_of=as_of)
    return so_far(BinaryFit(evidence), evidence)


@pytest.mark.slow
def test_outcomes_so_far_cover_the_whole_window():
    """Every outcome comes 1 to 12 days after its prediction, known through day 19: of late days only the quick ones."""
    world = make_world(3_000, days=DAYS)
    wait = np.random.default_rng(9).integers(1, 13, 3_000)
    found = so_far_of(world, wait)
    assert found["known"] == (np.arange(3_000) % DAYS + wait <= DAYS - 1).sum()
    assert (found["code"], found["overdue"], found["bounds"]) == (None, 0, {})
    assert found["through"] == "2026-03-20"
    assert found["waits"]["0.5"] == pytest.approx(6, abs=1)
    predicted, _, true = world.select(range(DAYS))
    accuracy = float((predicted == true).mean())
    figure = found["figures"]["accuracy"]
    assert figure["low"] <= accuracy <= figure["high"]
    reviews = figures_of(report_of(world))["accuracy"]
    assert figure["high"] - figure["low"] < reviews["high"] - reviews["low"]


@pytest.mark.slow
def test_a_feed_of_one_class_bears_no_figure_but_bounds():
    """Of about half of the due predictions no outcome ever comes, and no rule says what they are."""
    world = make_world(3_000, days=DAYS)
    wait = np.random.default_rng(9).integers(1, 13, 3_000)
    found = so_far_of(world, wait, wanted=world.y == 1)
    assert found["code"] == "outcomes_missing"
    assert {figure["code"] for figure in found["figures"].values()} == {"outcomes_missing"}
    assert all(figure["value"] is None for figure in found["figures"].values())
    predicted, _, true = world.select(range(DAYS - 12))
    assert (found["due"], found["overdue"]) == (len(true), (true == 0).sum())
    # The known ones are positive: right where predicted so. The others are all wrong or all right.
    right = ((predicted == 1) & (true == 1)).sum()
    lowest, highest = right / len(true), (right + (true == 0).sum()) / len(true)
    assert found["bounds"]["accuracy"] == pytest.approx([lowest, highest])


@pytest.mark.slow
def test_delays_that_change_within_the_window_bear_no_figure():
    """Positives of the first days come within 3 days, of later ones after 9 or more; negatives always on day 12."""
    world = make_world(3_000, days=DAYS)
    day = np.arange(3_000) % DAYS
    wait = np.where(world.y == 0, 12, np.where(day < 10, 1 + day % 3, 9 + day % 3))
    found = so_far_of(world, wait)
    assert found["code"] == "not_stable"
    assert {figure["code"] for figure in found["figures"].values()} == {"not_stable"}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, "an estimate week by week agrees within chance"),
        ("not_stable", "Either truth or delays changed within the window"),
        ("outcomes_missing", "Of 1,800 outcomes that were due, 900 never came"),
    ],
)
def test_the_page_says_why_outcomes_so_far_bear_a_figure_or_none(code, words):
    figures = {metric: figure(None if code else 0.8, code=code) for metric in PERFORMANCE_METRICS}
    checks = {
        "drift": [],
        "second_opinions": None,
        "hindsight": None,
        "plan": None,
        "so_far": {
            "n": 3_000,
            "known": 1_500,
            "due": 1_800,
            "overdue": 900 if code == "outcomes_missing" else 0,
            "through": "2026-11-20",
            "waits": {},
            "figures": figures,
            "bounds": {"accuracy": [0.31, 0.81]} if code == "outcomes_missing" else {},
            "code": code,
        },
    }
    (section,) = [
        each for each in performance.sections(document("performance", checks=checks)) if each.name == "so_far"
    ]
    assert words in section.note
    assert any("between 31.0" in sentence for sentence in section.sentences) == (code == "outcomes_missing")


@pytest.mark.slow
def test_without_outcomes_there_is_nothing_so_far():
    world = make_world(100, days=2)
    label_draws(world)
    assert report_of(world).document["checks"]["so_far"] is None
