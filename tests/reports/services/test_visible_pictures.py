"""Below engineer, pictures show neither single cases nor weak spots of sensitive features."""

import json
from typing import Any

import pytest

from apps.accounts.models import Role
from apps.reports.engine.document import Document
from apps.reports.models import Report
from apps.reports.services.visible import visible, without_single_cases
from tests.reports.documents import document
from tests.reports.stored import make_report, report_model


def shown(**changes: Any) -> Any:
    made = document("performance")
    made["pictures"] |= changes  # type: ignore[operator]  # a test changes what it likes
    return without_single_cases(made)["pictures"]


def matrix(*counts: tuple[int, int]) -> Any:
    made: Any = document("performance")["pictures"]
    rows = []
    for row, (first, second) in zip(made["matrix"]["rows"], counts, strict=True):
        n = first + second
        shares = [share | {"value": part / n} for share, part in zip(row["shares"], (first, second), strict=True)]
        rows.append({"n": n, "shares": shares})
    return made["matrix"] | {"rows": rows}


def test_a_small_cell_takes_what_would_give_it_away_with_it() -> None:
    left = shown(matrix=matrix((500, 4), (300, 400)))["matrix"]
    # The 500 hide with the 4 since their sum is known, and the 400 with them: of its column, the rest is known.
    codes = [[share["code"] for share in row["shares"]] for row in left["rows"]]
    assert codes == [["fewer_than_ten", "fewer_than_ten"], [None, "fewer_than_ten"]]
    assert [figure["code"] for figure in left["found"]] == ["fewer_than_ten", "fewer_than_ten"]
    assert "0.99" not in json.dumps(left)
    made = document("performance")
    made["pictures"]["matrix"] = matrix((500, 4), (300, 400))  # type: ignore[index]
    codes_of = {each["metric"]: each["code"] for each in without_single_cases(made)["results"]}
    assert codes_of["true_of_said:yes:no"] == "fewer_than_ten"


def test_cells_of_ten_and_more_are_shown() -> None:
    left = shown(matrix=matrix((500, 10), (300, 400)))["matrix"]
    assert all(share["value"] is not None for row in left["rows"] for share in row["shares"])


@pytest.mark.parametrize("picture", ["calibration", "scores"])
def test_groups_of_fewer_than_ten_cases_are_left_out_with_the_next_smallest(picture: str) -> None:
    groups: Any = document("performance")["pictures"][picture]  # type: ignore[index,literal-required]
    groups[2] |= {"n": 9}
    groups[5] |= {"n": 40}
    left = shown(**{picture: groups})[picture]
    assert len(left) == 8
    assert not {9, 40} & {group["n"] for group in left}


def test_between_two_thresholds_lie_ten_predictions() -> None:
    thresholds: Any = document("performance")["pictures"]["thresholds"]  # type: ignore[index]
    for place, point in enumerate(thresholds["points"]):
        point["above"] = 40 - 4 * place
    left = shown(thresholds=thresholds)["thresholds"]
    assert [point["above"] for point in left["points"]] == [40, 28, 16]


def test_of_a_part_of_single_cases_there_are_no_pictures() -> None:
    made: Document = document("performance")
    made["parts"][1]["n"] = 9
    assert without_single_cases(made)["pictures"] is None


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR, Role.ENGINEER])
def test_weak_spots_of_sensitive_features_are_hidden_below_engineer(role: Role) -> None:
    report = make_report(report_model(), "performance")
    weak = visible(report, role=role).document["pictures"]["weak"]
    labels = [part["label"] for spot in weak["spots"] for part in spot["parts"]]
    assert ("Sex" in labels) is (role == Role.ENGINEER)
    assert "Home" in labels
    for feature in report.model.features:
        feature["sensitive"] = True
    report.model.save()
    hidden = visible(Report.objects.get(), role=role).document["pictures"]["weak"]["spots"]
    assert len(hidden) == (2 if role == Role.ENGINEER else 0)
