"""What readers below engineer see of a report: no sensitive slice, and no figure of fewer than ten predictions."""

import json
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.models import Role
from apps.reports import services as reports
from apps.reports.engine.document import Document
from apps.reports.models import Report
from apps.reports.pages.charts import charts_of
from apps.reports.pages.sheets import sheet_of
from apps.reports.services.small_cases import NOTHING, hidden_with
from apps.reports.services.visible import visible, without_single_cases, without_slices
from apps.reports.services.visible_pictures import without_sensitive
from tests.factories import make_key, make_member
from tests.reports.documents import document, figure, loss, piece, point
from tests.reports.stored import make_report, report_model
from tests.reports.worlds import close_days, label_draws, make_world, report_of, send_outcomes

BELOW = (Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR)
FIRST = date(2026, 6, 1)


def days(*sizes: int, closed: int) -> list[Any]:
    """Days with as many labels as predictions, the first ones closed; the accuracy of each is its own."""
    return [
        point(
            FIRST + timedelta(days=place),
            FIRST + timedelta(days=place + 1),
            {"accuracy": figure(0.5 + place / 100, 0.0 if place < closed else 0.1, n=n)},
            closed=place < closed,
            n=n,
        )
        for place, n in enumerate(sizes)
    ]


def of_sizes(made: Document, *, closed: int, opened: int) -> Document:
    """The document with so many predictions in its parts."""
    for part, n in zip(made["parts"], (closed + opened, closed, opened), strict=True):
        part["n"] = n
        part["with_baseline"] = n
    return made


def values(entries: list[Any], metric: str = "accuracy") -> list[float | None]:
    return [entry["figures"][metric]["value"] for entry in entries]


def test_what_is_hidden_holds_ten_predictions_together():
    assert hidden_with([500, 3, 40, 12]) == {1, 3}
    assert hidden_with([500, 4, 6, 12]) == {1, 2}
    assert hidden_with([500, 0, 40]) == set()
    assert hidden_with([9]) == {0}
    # Two of 552 are in none of these: the whole less 500 and 50 would be theirs.
    assert hidden_with([500, 50], rest=2) == {1}
    assert hidden_with([500, 50], rest=20) == set()


def test_a_small_day_is_hidden_with_another_of_its_part():
    series = days(400, 3, 30, 20, 500, 12, closed=3)
    made = of_sizes(document("performance", series=series), closed=433, opened=532)
    assert values(without_single_cases(made)["series"]) == [0.5, None, None, 0.53, 0.54, 0.55]


def test_closed_days_of_an_open_week_count_as_hidden():
    series = days(400, 30, 50, closed=2)
    made = of_sizes(document("performance", series=series), closed=434, opened=46)
    assert values(without_single_cases(made)["series"]) == [0.5, None, 0.52]


@pytest.mark.parametrize(("sizes", "shown"), [((4, 900), ["closed"]), ((900, 4), ["open"]), ((2, 2), [])])
def test_a_small_part_is_hidden_with_the_whole_window(sizes: tuple[int, int], shown: list[str]):
    opened, closed = sizes
    seen = without_single_cases(of_sizes(document("performance"), closed=closed, opened=opened))
    assert [part for part, figures in seen["sections"].items() if NOTHING not in figures.values()] == shown
    assert set(values(seen["slices"])) == {None}
    assert {entry["value"] for entry in seen["naive"].values()} == {None}
    assert not seen["restatements"]


def test_a_small_slice_is_hidden_with_the_next_and_is_not_tested():
    pieces = [piece("age", name, 0.8, 0.1, n=n) for name, n in (("a", 700), ("b", 5), ("c", 90), ("d", 200))]
    pieces[1] |= {"differs": True, "q_value": 0.01}
    seen = without_single_cases(of_sizes(document("performance", slices=pieces), closed=500, opened=495))
    assert values(seen["slices"]) == [0.8, None, None, 0.8]
    assert (seen["slices"][1]["differs"], seen["slices"][1]["q_value"]) == (False, None)
    assert {entry["naive"]["accuracy"]["value"] for entry in seen["slices"][1:3]} == {None}


def test_a_figure_of_few_labels_is_hidden_and_so_is_its_reason():
    few = {
        "accuracy": figure(0.9, 0.1, n=10),
        "precision": figure(1.0, n=9),
        "recall": figure(None, code="no_positives", n=9),
        "auc": figure(None, code="no_score", n=9),
        "f1": figure(None, code="no_labels", n=0),
    }
    made = document("performance")
    made["sections"]["open"] = few
    seen = without_single_cases(made)["sections"]["open"]
    assert [metric for metric, each in seen.items() if each == NOTHING] == ["precision", "recall"]
    assert {metric: seen[metric] for metric in ("accuracy", "auc", "f1")} == {
        metric: few[metric] for metric in ("accuracy", "auc", "f1")
    }


def test_a_class_with_few_predictions_hides_the_next_smallest_of_the_days():
    """On closed days the labels of a class are counted, so the window less the other days gives one day away."""
    series = days(400, 300, 200, closed=3)
    for day, n in zip(series, (120, 3, 80), strict=True):
        day["figures"]["precision:cat"] = figure(0.5, n=n)
    made = of_sizes(document("performance", series=series), closed=900, opened=500)
    made["sections"]["closed"]["precision:cat"] = figure(0.5, n=203)
    seen = without_single_cases(made)
    assert values(seen["series"], "precision:cat") == [0.5, None, None]
    assert values(seen["series"]) == [0.5, 0.51, 0.52]


def test_small_counts_of_the_comparison_are_hidden():
    made = document("baseline")
    made["baseline"] |= {
        "matrix": {"classes": ["no", "yes"], "counts": [[500, 3], [60, 400]]},
        "model_right": 5, "baseline_right": 2, "neither_right": 0,
    }  # fmt: skip
    seen = without_single_cases(made)["baseline"]
    assert seen["matrix"]["counts"] == [[500, None], [None, 400]]
    assert (seen["model_right"], seen["mcnemar_p"]) == (None, None)
    sections = sheet_of(Report(kind="baseline", document=without_single_cases(made))).by_name
    assert [cell.text for row in sections["matrix"].table.rows for cell in row.cells] == ["500", "–", "–", "400"]
    assert "Which is right there: hidden for your role" in sections["right"].note


def test_the_threshold_curve_has_ten_predictions_between_its_points():
    made = document("value")
    curve = {
        "part": "closed", "scores": [0.0, 0.2, 0.4, 0.5, 0.9, 1.0], "above": [100, 99, 60, 55, 8, 0],
        "value": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "band_low": [0.0] * 6, "band_high": [9.0] * 6,
        "current": 0.5, "best": 0.4, "flat_low": 0.2, "flat_high": 0.5, "advice": "no_change", "gain": None,
        "code": None, "labels_needed": None,
    }  # fmt: skip
    made["value"]["threshold"] = curve
    seen = without_single_cases(made)["value"]["threshold"]
    assert (seen["scores"], seen["above"], seen["value"]) == ([0.0, 0.4, 0.9], [100, 60, 8], [1.0, 3.0, 5.0])
    made["headline"]["figures"]["accuracy"] = made["sections"]["closed"]["accuracy"] = figure(0.8, n=9)
    assert without_single_cases(made)["value"]["threshold"] is None


def test_losses_of_hidden_slices_are_hidden():
    made = document("value")
    made["slices"] = [
        piece("age", name, 0.8, 0.1, n=n) for name, n in (("under 25", 4), ("60 and over", 60), ("other", 900))
    ]
    made["value"]["losses"] = [loss("age", name, "yes", "no", figure(9.0)) for name in ("under 25", "other")]
    assert [entry["value"] for entry in without_single_cases(made)["value"]["losses"]] == ["other"]


@pytest.mark.parametrize("kind", ["performance", "value", "baseline"])
def test_nothing_of_a_sensitive_slice_is_left(kind: str):
    made = document(kind)
    made["slices"] += [piece("sex", "1", 0.7319, 0.1, n=9_173)]
    made["caveats"].append({"code": "slice_unfilled", "details": {"slice": "sex", "n": 3, "of": 900}})
    seen = without_slices(made, {"sex"})
    if pictures := seen.get("pictures"):
        seen["pictures"] = without_sensitive(pictures, {"sex"})
    sheet = sheet_of(Report(kind=kind, document=seen))
    told = json.dumps(seen, default=str) + str(sheet) + str(charts_of(seen, sheet))
    assert not [word for word in ("sex", "Sex", "female", "0.7319", "9,173") if word in told]
    assert "Slices of sensitive features are hidden for your role." in sheet.by_name["cannot_say"].sentences


@pytest.mark.django_db
def test_engineers_see_the_report_as_it_is_stored():
    stored = make_report(report_model(), "performance")
    assert [visible(stored, role=role) is stored for role in Role] == [False, True, False, False, True, True]
    assert stored.document == document("performance")


def breaches(seen: Document) -> list[str]:
    """Name every figure of fewer than ten, shown or left over when those shown are taken from the whole."""
    found = [
        f"{each['metric']} {each['slice']} {each['start']} {each['part']}: {each['n']}"
        for each in seen["results"]
        if each["value"] is not None and each["n"] < 10
    ]
    sizes = {part["part"]: part["n"] for part in seen["parts"]}
    whole = {"closed": seen["sections"].get("closed", {}), "all": seen["sections"]["all"]}
    groups = [("closed", [point for point in seen["series"] if point["is_closed"]])]
    by_name = groupby(sorted(seen["slices"], key=lambda piece: piece["name"]), key=lambda piece: piece["name"])
    groups += [("all", list(pieces)) for _, pieces in by_name]
    for part, members in groups:
        for metric, of_all in whole[part].items():
            shown = [each for each in members if each["figures"].get(metric, NOTHING)["value"] is not None]
            left = sizes.get(part, 0) - sum(each["n"] for each in shown)
            if of_all["value"] is not None and shown and 0 < left < 10:
                found.append(f"{metric}: {left} left of {part}")
    return found


def planted(*, without: int) -> Any:
    """A world in which one day, one slice and one class of the baseline are nearly empty."""
    world = make_world(
        240,
        days=6,
        policies={"floor": 0.5, "policies": []},
        slices=[{"name": "age", "feature": "age", "edges": [21, 70]}, {"name": "sex", "feature": "sex", "edges": []}],
        without_baseline=without,
    )
    label_draws(world, answered=0.6)
    close_days(world, 3)
    send_outcomes(world, range(240))
    return world


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["performance", "baseline"])
def test_a_computed_report_shows_no_single_case_to_anybody_below_engineer(kind: str):
    report = report_of(planted(without=0), kind)
    assert breaches(report.document)
    for role in BELOW:
        seen = visible(report, role=role)
        assert not breaches(seen.document)
        assert "small_hidden" in [entry["code"] for entry in seen.document["caveats"]]
        assert [each for each in seen.document["results"] if each["value"] is not None]


@pytest.mark.django_db
def test_page_pdf_and_api_of_a_window_with_few_predictions_show_no_figure():
    world = make_world(9, days=3, policies={"floor": 1.0, "policies": []})
    label_draws(world)
    report = report_of(world)
    project = world.model.project
    shown = [each["value"] for each in report.document["results"] if each["value"] is not None]
    assert shown
    client = Client()
    client.force_login(make_member(project, Role.REVIEWER).user)
    page = client.get(f"/p/{project.slug}/reports/{report.pk}/").content.decode()
    assert "hidden for your role" in page
    assert "in 100 decisions were right" not in page
    sheet = sheet_of(visible(report, role=Role.REVIEWER))
    assert not [key for key in sheet.keys if key.text]
    assert not charts_of(visible(report, role=Role.REVIEWER).document, sheet)
    assert client.get(f"/p/{project.slug}/reports/{report.pk}/report.pdf").content.startswith(b"%PDF-")
    project_page = client.get(f"/p/{project.slug}/").content.decode()
    assert "in 100" not in project_page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("scopes", "role", "is_whole"),
    [
        (["reports:read"], Role.STAKEHOLDER, False),
        (["reports:read", "labels:read"], Role.ADJUDICATOR, False),
        (["reports:read"], Role.ENGINEER, True),
        (["reports:read"], None, False),
        (["reports:read", "predictions:write"], None, False),
        (["reports:read", "labels:read"], None, True),
    ],
)
def test_a_key_reads_with_the_eyes_of_its_person(scopes: list[str], role: Role | None, is_whole: bool):
    model = report_model()
    person = make_member(model.project, role).user if role else None
    stored = make_report(model, "performance")
    stored.document = without_slices(stored.document, set())
    stored.document["series"][0]["figures"]["accuracy"] = figure(0.123, n=1)
    job = reports.request_report(model, "performance", stored.start, stored.end)
    stored.pk = None
    stored.seq += 1
    stored.document = without_slices(stored.document, set())
    stored.save()
    job.report = stored
    job.save()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {make_key(model.project, scopes, acts_for=person)[1]}")
    results = client.get(f"/api/v1/reports/{job.pk}").json()["results"]
    slices = {each["slice"]["name"] for each in results if each["slice"]}
    assert slices == ({"age", "sex"} if is_whole else {"age"})
    assert (0.123 in [each["value"] for each in results]) == is_whole
