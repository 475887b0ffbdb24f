"""A model with more classes than a page can show: the largest everywhere, the others in the whole window."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from apps.accounts.models import Role
from apps.reports.engine.estimating import MOST_CLASSES
from tests.factories import draw_all, make_member, make_model, push_predictions
from tests.reports.worlds import FIRST, World, caveat_codes, label_draws, report_of

pytestmark = pytest.mark.django_db

NAMES = [f"c{number:02d}" for number in range(13)]
DAYS = 3


@pytest.fixture
def world():
    """Class c12 is predicted most often, c11 next, and so on; half of the baseline differs."""
    from apps.sampling.services.policies import put_document

    model = make_model(classes=NAMES, positive_class="", task="multiclass", class_labels={}, maturity_days=100_000)
    put_document(model, {"floor": 1.0, "policies": []})
    predicted = [label for label in range(len(NAMES)) for _ in range(label + 1)]
    rows = [
        {
            "id": f"case-{number}",
            "predicted_at": (datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=number % DAYS)).isoformat(),
            "version": "v1",
            "features": {"age": 30, "sex": 1 + number % 2},
            "prediction": NAMES[label],
            "probabilities": {NAMES[label]: 0.7, NAMES[label - 1]: 0.3},
            "baseline": NAMES[label - number % 2],
        }
        for number, label in enumerate(predicted)
    ]
    push_predictions(model, rows)
    draw_all(model)
    return World(model, rows, predicted, DAYS)


def of_classes(figures):
    return {metric.partition(":")[2] for metric in figures if ":" in metric}


def test_the_whole_window_has_every_class_and_its_course_the_largest(world):
    label_draws(world)
    document = report_of(world).document
    largest = NAMES[:2:-1]
    assert len(largest) == MOST_CLASSES
    assert document["main_classes"] == largest
    assert of_classes(document["sections"]["all"]) == set(NAMES)
    for piece in (*document["series"], *document["slices"]):
        assert of_classes(piece["figures"]) == set(largest)
    (left_out,) = [caveat for caveat in document["caveats"] if caveat["code"] == "classes_left_out"]
    assert left_out["details"] == {"n": 3, "shown": MOST_CLASSES}


@pytest.mark.slow
def test_the_page_shows_the_largest_first_and_the_others_on_demand(world):
    label_draws(world)
    client = Client()
    client.force_login(make_member(world.model.project, Role.STAKEHOLDER).user)
    slug = world.model.project.slug
    page = client.get(f"/p/{slug}/reports/{report_of(world).pk}/").content.decode()
    assert page.index("c12") < page.index("c11")
    assert page.rindex("c11") < page.rindex("The other classes") < page.rindex("c00")
    baseline = client.get(f"/p/{slug}/reports/{report_of(world, 'baseline').pk}/").content.decode()
    assert "Model: c12" in baseline
    assert "Model: c00" not in baseline
    assert "Model: another class" in baseline


@pytest.mark.slow
def test_without_a_checked_case_no_figure_is_shown(world):
    for kind in ("performance", "baseline"):
        report = report_of(world, kind)
        known = {"disagreement_rate", "kappa"} if kind == "baseline" else set()
        figures = report.document["sections"]["all"]
        assert {metric for metric, figure in figures.items() if figure["value"] is not None} == known
        assert {figure["n"] for metric, figure in figures.items() if metric not in known} == {0}
    assert "no_population" not in caveat_codes(report)


def test_few_classes_are_all_shown_as_registered():
    model = make_model(classes=["b", "a", "c"], positive_class="", task="multiclass", class_labels={})
    document = report_of(World(model, [], [], DAYS)).document
    assert "main_classes" not in document
    assert document["window"]["start"] == FIRST.isoformat()
