"""Reports by a slice that was declared after its predictions came: what is not in it yet, or never will be, is said."""

from collections.abc import Iterator
from typing import Any

import pytest

from apps.predictions.models import Payload, Prediction
from apps.registry.services import registering
from apps.reports.pages.caveat_wording import caveat
from apps.sampling.services import filling
from tests.factories import draw_all, push_predictions
from tests.reports.worlds import World, close_days, label_draws, make_world, report_of, send_outcomes

pytestmark = pytest.mark.django_db
SEX = {"name": "sex", "feature": "sex", "edges": []}


def declare(world: World, *slices: dict[str, Any]) -> None:
    world.model = registering.put_model(world.model.project, slug=world.model.slug, document={"slices": list(slices)})


def half_sliced(**changes: Any) -> World:
    """A world of 800, half of it pushed before its slice was declared."""
    world = make_world(800, policies={"floor": 0.5}, slices=[], pushed=400, **changes)
    declare(world, SEX)
    push_predictions(world.model, world.rows[400:])
    draw_all(world.model)
    return world


def slices(report: Any) -> dict[str, Any]:
    return {piece["value"]: piece for piece in report.document["slices"]}


def said(report: Any) -> Iterator[str]:
    return (caveat(each) for each in report.document["caveats"] if each["code"].startswith("slice_"))


@pytest.mark.slow
@pytest.mark.parametrize("is_closed", [False, True])
def test_until_a_slice_is_filled_its_figures_cover_the_share_that_is(is_closed):
    world = half_sliced()
    label_draws(world)
    if is_closed:
        send_outcomes(world, range(800))
        close_days(world, 30)
    report = report_of(world)
    for piece in slices(report).values():
        figure = piece["figures"]["accuracy"]
        assert (piece["n"], figure["covered_share"]) == (200, pytest.approx(0.5))
        assert figure["code"] in ("slice_incomplete", "preliminary")
    assert list(said(report)) == [
        "400 of 800 predictions are not in the slice “sex” yet: it was declared after they came."
    ]


@pytest.mark.slow
def test_a_filled_slice_has_the_figures_of_one_declared_before_and_adds_up_to_the_whole():
    later, before = half_sliced(), make_world(800, policies={"floor": 0.5}, slices=[SEX])
    for world in (later, before):
        label_draws(world)
    stale = report_of(later)
    filling.fill_due()
    found, expected = report_of(later), report_of(before)
    assert found.pk != stale.pk
    assert not list(said(found))
    assert sum(piece["n"] for piece in slices(found).values()) == 800
    for value, piece in slices(expected).items():
        for metric, figure in piece["figures"].items():
            now = slices(found)[value]["figures"][metric]
            assert (now["n"], now["code"], now["covered_share"]) == (figure["n"], figure["code"], 1.0)
            assert [now[end] for end in ("value", "low", "high")] == [
                figure[end] if figure[end] is None else pytest.approx(figure[end], rel=1e-12)
                for end in ("value", "low", "high")
            ]
        assert slices(found)[value]["q_value"] == pytest.approx(piece["q_value"], rel=1e-9)


@pytest.mark.slow
def test_what_retention_took_away_is_never_in_the_slice_and_the_page_says_so():
    world = half_sliced()
    label_draws(world)
    gone = list(Prediction.objects.filter(model=world.model).order_by("id").values_list("id", flat=True)[:80])
    Payload.objects.filter(prediction__in=gone).delete()
    filling.fill_due()
    report = report_of(world)
    assert list(said(report)) == [
        "80 of 800 predictions are in no value of the slice “sex”: it was declared after they came, and their features "
        "are no longer kept."
    ]
    for piece in slices(report).values():
        assert piece["figures"]["accuracy"]["covered_share"] == pytest.approx(0.9)


@pytest.mark.slow
def test_no_figure_fails_while_part_of_the_draws_is_in_no_value(caplog):
    world = half_sliced()
    label_draws(world)
    report = report_of(world)
    assert "figure_failed" not in caplog.text
    assert {piece["q_value"] is None for piece in slices(report).values()} == {False}


@pytest.mark.slow
def test_changed_bands_never_show_values_of_the_earlier_ones():
    world = make_world(400, policies={"floor": 0.5}, slices=[{"name": "age", "feature": "age", "edges": [30]}])
    declare(world, {"name": "age", "feature": "age", "edges": [50]})
    assert not slices(report_of(world))
    filling.fill_due()
    assert set(slices(report_of(world))) == {"under 50", "50 and over"}
