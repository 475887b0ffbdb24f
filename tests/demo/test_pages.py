from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

from apps.demo.services.documents import OFFER_WORTH
from apps.demo.services.state import Link, ReportLink, StateFile
from apps.demo.services.walk import new_steps

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


@pytest.fixture
def demo(tmp_path: Path, settings) -> StateFile:
    settings.DEMO_STATE = str(tmp_path / "demo.json")
    return StateFile(tmp_path / "demo.json", steps=new_steps(), now=NOW)


def open_doors(demo: StateFile) -> None:
    with demo.change() as progress:
        progress.keys["engineer"] = "cs_never_on_a_page"
        progress.links = [Link("reviewer", "Waiting cases", "http://127.0.0.1:8000/enter/reviewer-token/")]


def finish(demo: StateFile) -> None:
    with demo.change() as progress:
        url = "http://127.0.0.1:8000/enter/stakeholder-token/?next=/value/"
        progress.reports = [ReportLink("value", "Value", 1, url)]
        progress.finished_at = NOW


def test_without_a_demo_there_is_no_page(client: Client, settings):
    settings.DEMO_STATE = ""
    assert client.get("/demo/").status_code == 404


def test_the_page_exists_before_the_demo_has_started(client: Client, settings, tmp_path: Path):
    settings.DEMO_STATE = str(tmp_path / "demo.json")
    assert "Starting" in client.get("/demo/").content.decode()


@pytest.mark.parametrize(
    "elsewhere", [{"REMOTE_ADDR": "192.0.2.7"}, {"REMOTE_ADDR": ""}, {"headers": {"X-Forwarded-For": "192.0.2.7"}}]
)
def test_other_machines_do_not_see_the_page(client: Client, demo: StateFile, elsewhere: dict):
    assert client.get("/demo/", **elsewhere).status_code == 404


def test_the_page_shows_the_progress_of_each_step(client: Client, demo: StateFile):
    demo.begin("predictions", total=208_892, unit="predictions")
    demo.confirm("predictions", 0, rows=4_000)
    page = client.get("/demo/").content.decode()
    assert "4,000 of 208,892 predictions" in page
    assert '<progress value="4000" max="208892"' in page


def test_the_page_says_that_people_are_simulated_and_the_value_is_invented(client: Client, demo: StateFile):
    page = client.get("/demo/").content.decode()
    assert "simulated" in page
    assert "Invented for this example" in page
    assert f"{OFFER_WORTH} USD" in page


def test_the_page_shows_the_links_and_no_key(client: Client, demo: StateFile):
    open_doors(demo)
    page = client.get("/demo/").content.decode()
    assert "/enter/reviewer-token/" in page
    assert "cs_never_on_a_page" not in page


def test_htmx_gets_only_the_steps_while_there_is_nothing_new_to_open(client: Client, demo: StateFile):
    open_doors(demo)
    part = client.get("/demo/", {"doors": "1-False"}, headers={"HX-Request": "true"}).content.decode()
    assert 'id="steps"' in part
    assert "<html" not in part
    assert "/enter/" not in part


def test_htmx_gets_the_links_once_they_exist(client: Client, demo: StateFile):
    open_doors(demo)
    part = client.get("/demo/", {"doors": "0-False"}, headers={"HX-Request": "true"}).content.decode()
    assert 'id="doors" hx-swap-oob="true"' in part
    assert "/enter/reviewer-token/" in part


def test_a_finished_demo_links_to_reviews_and_reports_and_stops_polling(client: Client, demo: StateFile):
    open_doors(demo)
    before = client.get("/demo/").content.decode()
    finish(demo)
    after = client.get("/demo/").content.decode()
    assert "hx-trigger" in before
    assert "hx-trigger" not in after
    assert "Start reviewing" in after
    assert "/enter/stakeholder-token/?next=/value/" in after
