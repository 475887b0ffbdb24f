"""The page of figures of a project's models."""

import io
import zipfile
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Project, Role
from apps.reports.models import FollowedWindow, Kind
from tests.factories import make_member, make_model, make_project
from tests.home.mock import make_city
from tests.home.planted import BEFORE, LAST, make_alert, plant, weeks
from tests.pages import shown

pytestmark = pytest.mark.django_db

NAME, EARLIER = f"{LAST:%B}", f"{BEFORE:%B}"


def page_of(client: Client, project: Project, role: Role = Role.STAKEHOLDER, query: str = "") -> str:
    client.force_login(make_member(project, role).user)
    response = client.get(f"/p/{project.slug}/models/{query}")
    assert response.status_code == 200
    return shown(response)


def test_the_sentence_says_what_the_models_earned_beside_the_month_before(client: Client) -> None:
    project = make_project("city")
    make_city(project)
    page = page_of(client, project)
    # The sums and ranges of the mock: 977 of 827 to 1,128, and 192 less than 1,169, by variances that add up.
    assert f"In {NAME} your models earned about $980,000 more than what they replaced" in page
    assert f"$190,000 less than in {EARLIER}." in page
    assert "Likely between $830,000 and $1,130,000; the fall, between $20,000 and $370,000." in page
    assert "Three quarters of the fall is Employment, which decided 24,900 cases instead of 34,100." in page


def test_rows_come_in_the_order_of_the_money_at_risk(client: Client) -> None:
    project = make_project("city")
    make_city(project)
    page = page_of(client, project)
    names = ["Employment", "Invoice fraud", "House prices", "Missed appointments", "Energy demand", "Ticket routing"]
    places = [page.index(f">{name}</a>") for name in [*names, "Form reading"]]
    assert places == sorted(places)
    # 554 less 298 thousand
    assert ">$260,000</td>" in page
    assert "may no longer pay" in page
    assert "not priced" in page


def test_the_total_is_at_less_risk_than_its_parts_together(client: Client) -> None:
    project = make_project("city")
    make_city(project)
    client.force_login(make_member(project, Role.STAKEHOLDER).user)
    (total,) = client.get("/p/city/").context["shown"].totals
    parts = sum(row.at_risk for row in total.rows)
    # 1,169 less 827 thousand; and 256 + 121 + 50 + 23 + 17 + 3
    assert total.at_risk == pytest.approx(342_000, rel=0.02)
    assert parts == pytest.approx(470_000, rel=0.02)


def test_lists_are_found_filtered_and_ordered(client: Client) -> None:
    project = make_project("city")
    make_city(project)
    page = page_of(client, project, query="?text=fraud")
    assert ("Invoice fraud</a>" in page, ">Ticket routing</a>" in page) == (True, False)
    page = page_of(client, project, query="?alerts=on")
    rows = page.partition("<tbody>")[2].partition("</table>")[0]
    assert (">House prices</a>" in rows, ">Energy demand</a>" in rows) == (True, False)
    page = page_of(client, project, query="?text=nothing-like-it")
    assert "No model matches." in page
    page = page_of(client, project, query="?sort=right")
    assert page.index(">House prices</a>") < page.index(">Employment</a>")


def test_several_currencies_have_a_total_each(client: Client) -> None:
    project = make_project("two")
    for name, currency in (("one", "USD"), ("other", "USD"), ("third", "EUR")):
        plant(make_model(project, name), Kind.VALUE, (1000.0, 900.0, 1100.0), currency=currency)
    page = page_of(client, project)
    assert ("All priced in USD" in page, "All priced in EUR" in page) == (True, True)
    # √2 · 100 on each side of 2,000, in steps of 10
    assert "$1,860 to $2,140" in page
    assert f"In {NAME} your models earned about $2,000 and €1,000 more than what they replaced." in page


def test_a_stakeholder_of_two_models_sees_tiles(client: Client) -> None:
    project = make_project("small")
    model = make_model(project, "loans", name="Loans")
    plant(model, Kind.VALUE, (1000.0, 900.0, 1100.0))
    plant(model, Kind.VALUE, (1200.0, 1100.0, 1300.0), month=BEFORE)
    plant(model, Kind.PERFORMANCE, (0.9, 0.88, 0.92), weeks=weeks([0.9, 0.91, 0.89], until=LAST))
    page = page_of(client, project)
    assert f"In {NAME} Loans earned about $1,000 more than what it replaced, $200 less than in {EARLIER}." in page
    assert '<table class="pf' not in page
    assert '<b class="earlier">$1,200</b>' in page
    assert f"{NAME} may lie as much as $300 below" in page
    assert "3 weeks, from 90 to 89 in 100" in page


def test_reviewers_read_figures_without_money(client: Client) -> None:
    project = make_project("city")
    make_city(project)
    page = page_of(client, project, Role.REVIEWER)
    assert "$" not in page.partition("<main")[2]
    assert "of 100 decisions of each model were right" in page
    client.force_login(make_member(project, Role.ADJUDICATOR).user)
    rows = b"".join(client.get("/p/city/models.csv").streaming_content).decode()
    columns = "model,name,month,predictions,measure,right,right_low,right_high,final_through,open_alerts"
    assert rows.splitlines()[0] == columns


def test_alerts_are_named_only_to_those_who_may_read_them(client: Client) -> None:
    project = make_project("city")
    model = make_model(project, "homes")
    plant(model, Kind.PERFORMANCE, (0.9, 0.88, 0.92))
    make_alert(model, title="homes: women are refused more often")
    assert "women" not in page_of(client, project)
    assert "Data not like the weeks before, at a cost." in page_of(client, project)
    assert "women are refused more often" in page_of(client, project, Role.VALIDATOR)


def test_two_hundred_models_take_no_more_queries_than_three(client: Client) -> None:
    project = make_project("many")
    client.force_login(make_member(project, Role.STAKEHOLDER).user)
    counts = []
    for number in (3, 197):
        for _ in range(number):
            model = make_model(project)
            plant(model, Kind.VALUE, (1000.0, 900.0, 1100.0))
            plant(model, Kind.PERFORMANCE, (0.9, 0.88, 0.92), weeks=weeks([0.9] * 5, until=LAST), is_newly_final=True)
        plant(model, Kind.VALUE, (2000.0, 1900.0, 2100.0), month=BEFORE)
        client.get("/p/many/")  # writes down that somebody looked
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/p/many/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


def test_opening_the_page_keeps_the_two_months_of_every_model_current(client: Client) -> None:
    project = make_project("city")
    models = [make_model(project) for _ in range(2)]
    for _ in range(2):
        page_of(client, project)
    windows = FollowedWindow.objects.filter(model__in=models).values_list("kind", "standing")
    both = ("last_month", "this_month")
    assert sorted(set(windows)) == [(kind, standing) for kind in ("performance", "value") for standing in both]
    assert windows.count() == 8


def test_the_files_have_the_listed_rows_and_no_formulas(client: Client) -> None:
    project = make_project("city")
    model = make_model(project, "evil", name="=1+1")
    plant(model, Kind.VALUE, (1000.0, 900.0, 1100.0))
    client.force_login(make_member(project, Role.STAKEHOLDER).user)
    lines = b"".join(client.get("/p/city/models.csv").streaming_content).decode().splitlines()
    assert lines[1].startswith(f"evil,'=1+1,{LAST:%Y-%m},10000,USD,1000.0,900.0,1100.0,")
    assert len(b"".join(client.get("/p/city/models.csv?text=none").streaming_content).decode().splitlines()) == 1
    book: Any = client.get("/p/city/models.xlsx")
    archive = zipfile.ZipFile(io.BytesIO(book.content))
    sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert ("<f>" in sheet, "1000" in sheet) == (False, True)
    assert "=1+1" in archive.read("xl/sharedStrings.xml").decode()


def test_before_the_first_figures_the_page_says_what_it_waits_for(client: Client) -> None:
    project = make_project("new")
    make_model(project)
    page = page_of(client, project)
    assert "The first figures are being made." in page
    assert "They need predictions of this month or the last" in page


def test_the_pdf_shows_the_table_on_landscape_pages_and_no_money_to_those_who_judge(client: Client) -> None:
    project = make_project("city")
    make_city(project)
    seen = []

    def printed(_template: Any, content: dict[str, Any]) -> bytes:
        seen.append(content)
        return b"%PDF"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("apps.home.pages.paper.printed", printed)
        for role in (Role.STAKEHOLDER, Role.REVIEWER):
            client.force_login(make_member(project, role).user)
            assert client.get("/p/city/models.pdf").status_code == 200
    whole, without = seen
    assert [row["name"] for row in whole["rows"]][:2] == ["Employment", "Invoice fraud"]
    assert (whole["feet"][0]["worth"], whole["feet"][0]["worth_range"]) == ("$980,000", "$830,000 to $1,130,000")
    assert (without["has_money"], without["feet"], "$" in without["sentence"]) == (False, [], False)


@pytest.mark.slow  # sets two files
def test_the_pdf_is_set_for_both_kinds_of_readers_and_for_any_script(client: Client) -> None:
    project = make_project("city")
    make_city(project)
    make_model(project, "other", name="住宅")
    for role in (Role.STAKEHOLDER, Role.REVIEWER):
        client.force_login(make_member(project, role).user)
        answer = client.get("/p/city/models.pdf")
        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")
