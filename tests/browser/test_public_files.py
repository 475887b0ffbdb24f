"""Public files load as they are published, with the choices of the page."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.predictions.models import Payload, Prediction, Upload
from apps.predictions.services import loading
from tests.factories import make_member, make_model, make_project

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FILES = Path(__file__).parent / "files"
REGRESSION = {
    "task": "regression",
    "classes": [],
    "positive_class": "",
    "class_labels": {},
    "prediction_range": [0, 100],
}
NOON = {"One time for all rows": "2026-03-02 12:00"}
AT_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class File:
    """A file, what somebody chooses for it, and what is then stored of its first row."""

    name: str
    rows: int
    # Column: field
    become: dict[str, str]
    # Label of a choice: value
    typed: dict[str, str]
    # Id, time and prediction
    first: tuple[str, datetime, Any]
    features: dict[str, Any]
    classes: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    duplicates: int = 0

    @property
    def model(self) -> dict[str, Any]:
        features = [{"name": name, "type": "number"} for name in self.numbers]
        task = {"task": "multiclass", "classes": self.classes, "positive_class": "", "class_labels": {}}
        return {"features": features, "slices": [], **(task if self.classes else REGRESSION)}


PUBLIC = [
    File(
        "anes96.csv",
        30,
        {"'vote'": "prediction"},
        {"Ids are row numbers behind": "anes-", **NOON},
        ("anes-1", AT_NOON, 1),
        {"'popul'": 0, "'age'": 36},
        classes=["0", "1", "2"],
        numbers=["'popul'", "'age'"],
    ),
    File(
        "compas-scores-two-years.csv",
        24,
        {"compas_screening_date": "predicted_at", "score_text": "prediction"},
        {"Times without a zone are in": "America/New_York", "Days without a time get": "12:00"},
        ("1", datetime(2013, 1, 1, 17, tzinfo=UTC), 0),
        {"decile_score": 1, "name": "ana north", "r_charge_degree": "(F3)", "c_arrest_date": None},
        classes=["Low", "Medium", "High"],
        numbers=["decile_score"],
    ),
    File(
        "governors_county.csv",
        20,
        {"percent": "prediction"},
        {"Ids are row numbers behind": "county-", **NOON},
        ("county-1", AT_NOON, 100),
        {"county": "Kent County", "current_votes": 87025},
        numbers=["current_votes"],
    ),
    File(
        "iris.csv",
        30,
        {"virginica": "prediction"},
        {"Ids are row numbers behind": "iris-", **NOON},
        ("iris-1", AT_NOON, 0),
        {"150": 5.1, "4": 3.5},
        classes=["0", "1", "2"],
        numbers=["150", "4"],
    ),
    File(
        "modechoice.csv",
        32,
        {"choice": "prediction"},
        {"Ids are row numbers behind": "trip-", **NOON},
        ("trip-1", AT_NOON, 0),
        {"ttme": 69, "individual": "1"},
        classes=["0", "1", "2"],
        numbers=["ttme"],
    ),
    File(
        "penguins-raw.csv",
        32,
        {"Date Egg": "predicted_at", "Species": "prediction"},
        {
            "Ids are row numbers behind": "penguin-",
            "Times without a zone are in": "Antarctica/Palmer",
            "Days without a time get": "12:00",
            "Words for missing": "NA",
        },
        # Palmer Station was at UTC-3 in November 2007, in its summer time.
        ("penguin-1", datetime(2007, 11, 11, 15, tzinfo=UTC), 0),
        {"Culmen Length (mm)": 39.1, "Delta 15 N (o/oo)": None, "Stage": "Adult, 1 Egg Stage"},
        classes=[
            "Adelie Penguin (Pygoscelis adeliae)",
            "Gentoo penguin (Pygoscelis papua)",
            "Chinstrap penguin (Pygoscelis antarctica)",
        ],
        numbers=["Culmen Length (mm)", "Delta 15 N (o/oo)"],
    ),
    File(
        "scotvote.csv",
        32,
        {"COUNCILDIST": "id", "YES": "prediction"},
        NOON,
        ("Aberdeen_City", AT_NOON, 60.3),
        {"COUTAX": 712, "AGE": 12.3},
        numbers=["COUTAX", "AGE"],
    ),
    File(
        "seattle-weather.csv",
        30,
        {"weather": "prediction"},
        {
            "Ids are row numbers behind": "day-",
            "Times without a zone are in": "America/Los_Angeles",
            "Days without a time get": "23:00",
        },
        ("day-1", datetime(2012, 1, 2, 7, tzinfo=UTC), 0),
        {"precipitation": 0.0, "temp_max": 12.8},
        classes=["drizzle", "rain", "sun", "snow", "fog"],
        numbers=["precipitation", "temp_max"],
    ),
    File(
        "WorldCupMatches.csv",
        12,
        {"MatchID": "id", "Home Team Goals": "prediction", "Datetime": "features.Datetime"},
        # Many of the matches were before 1970, the first day that predictions can have.
        NOON,
        ("1096", AT_NOON, 4),
        {"Datetime": "13 Jul 1930 - 15:00 ", "Home Team Name": "France", "Attendance": 4444},
        numbers=["Attendance"],
        duplicates=1,
    ),
]


@pytest.mark.parametrize("file", PUBLIC, ids=lambda file: str(file.name))
def test_a_public_file_loads_as_it_is(file: File, page: Page, sign_in: Callable[[Page, User], None]) -> None:
    project = make_project("office")
    model = make_model(project, "known", **file.model)
    sign_in(page, make_member(project, Role.ENGINEER).user)
    page.goto("/p/office/models/known/uploads/")
    page.get_by_label("File").set_input_files(FILES / file.name)
    page.get_by_role("button", name="Check the file").click()
    # The rows need choices, or the file's preview has them already.
    details = page.locator("details.facts")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    for label, value in file.typed.items():
        page.get_by_label(label).fill(value)
    for column, name in file.become.items():
        page.get_by_label(f"What the column {column} becomes", exact=True).select_option(name)
    expect(page.get_by_text(f"All {file.rows} rows can be stored.")).to_be_visible()
    for label, value in file.typed.items():
        expect(page.get_by_label(label)).to_have_value(value)
    expect(page.locator("form.htmx-request")).to_have_count(0)

    page.get_by_role("button", name="Load the file").click()
    assert loading.load_due() == 1
    expect(page.get_by_text("The file is loaded.")).to_be_visible()
    upload = Upload.objects.get()
    counts = (upload.accepted, upload.duplicates, upload.rejected_rows)
    assert counts == (file.rows - file.duplicates, file.duplicates, 0)
    name, at, predicted = file.first
    stored = Prediction.objects.get(model=model, external_id=name)
    assert (stored.predicted_at, stored.predicted) == (at, predicted)
    features = Payload.objects.get(prediction_id=stored.pk).features
    assert {name: features[name] for name in file.features} == file.features


def test_the_preview_follows_each_choice_and_the_focus_stays(page: Page, sign_in: Callable[[Page, User], None]) -> None:
    project = make_project("office")
    make_model(project, "known")
    sign_in(page, make_member(project, Role.ENGINEER).user)
    page.goto("/p/office/models/known/uploads/")
    text = 'key,when,prediction,age\na,2.3.2026 09:30,yes,"41,5"\n'
    page.get_by_label("File").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_text("1 of 1 row would be rejected.")).to_be_visible()
    expect(page.get_by_role("button", name="Load the file")).to_be_disabled()

    page.get_by_label("Times without a zone are in").fill("Europe/Berlin")
    page.get_by_label("3/4/2026 is the third of April").check()
    page.get_by_label("Numbers have a decimal comma").check()
    expect(page.get_by_text("All 1 row can be stored.")).to_be_visible()
    expect(page.get_by_role("row", name="predicted_at").last).to_contain_text("2026-03-02T09:30:00+01:00")
    expect(page.get_by_role("row", name="features.age").last).to_contain_text("41.5")
    expect(page.get_by_label("Numbers have a decimal comma")).to_be_focused()
    expect(page.get_by_label("Times without a zone are in")).to_have_value("Europe/Berlin")

    column = page.get_by_label("What the column age becomes")
    column.focus()
    column.select_option("amount")
    expect(page.get_by_role("rowheader", name="amount")).to_be_visible()
    expect(page.get_by_label("What the column age becomes")).to_be_focused()
    # The choices are kept: the page opened anew is the same.
    page.reload()
    expect(page.get_by_label("What the column age becomes")).to_have_value("amount")
    expect(page.get_by_text("All 1 row can be stored.")).to_be_visible()
