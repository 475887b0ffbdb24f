"""Numbers and dates on all pages are written as the project says; no text for people writes them itself."""

import json
import re
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from apps.accounts.models import Role
from apps.reports.models import Kind
from tests.factories import make_member, make_model
from tests.home.planted import BEFORE, plant
from tests.world import World, routes

APPS = Path(settings.BASE_DIR) / "apps"
# What programs read, whole or with their own checks: bodies, limits of requests, sandboxes, commands; and the writers.
PARTS = ("common/", "stats/", "demo/", "predictions/reading/", "/engine/", "/management/", "/migrations/")
OWN = (*PARTS, "accounts/services/quotas.py", "review/pages/queue_forms.py")
GROUPED = re.compile(r"\{[^{}]*:,(?:\.\w+)?\}")
DAY = re.compile(r"\.day\} \{|%-?d (?:%b|%B)")
# Read back, or put into the format at once.
MEANT = ("localized", 'f"1 in {n:,}"', 'text = f"')
# What is a number with its thousands the English way, or a date with its month in words, wherever it stands.
ENGLISH_NUMBER = re.compile(r"(?<![\d,.])[1-9]\d{0,2},\d{3}\b")
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
ENGLISH_DATE = re.compile(rf"\b\d{{1,2}} (?:{MONTHS}|{'|'.join(name[:3] for name in MONTHS.split('|'))})\b")
TAGS = re.compile(r"<(script|style|pre|template|textarea|select)\b.*?</\1>|<[^>]+>", re.DOTALL)


def own_lines(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in sorted(APPS.rglob("*.py")):
        name = f"/{path.relative_to(APPS)}"
        if not any(own in name for own in OWN):
            lines = path.read_text().splitlines()
            found += [f"{name}: {line.strip()}" for line in lines if pattern.search(line)]
    return [line for line in found if not any(word in line for word in MEANT)]


def test_no_text_for_people_groups_thousands_itself() -> None:
    assert own_lines(GROUPED) == []


def test_no_text_for_people_puts_a_date_together_itself() -> None:
    assert own_lines(DAY) == []


@pytest.mark.slow  # opens every page once
@pytest.mark.django_db
def test_a_project_with_points_and_days_in_figures_reads_no_other_way(client: Client) -> None:
    world = World()
    for number in range(3):
        model = make_model(world.project, f"other-{number}")
        plant(model, Kind.VALUE, (412_345.0, 298_400.0, 531_200.0))
        plant(model, Kind.VALUE, (554_000.0, 498_000.0, 612_000.0), month=BEFORE)
        plant(model, Kind.PERFORMANCE, (0.84, 0.79, 0.88))
    world.project.number_format, world.project.date_format = "points", "points"
    world.project.save()
    seen, wrong = 0, {}
    for role in (Role.OWNER, Role.STAKEHOLDER, Role.REVIEWER):
        client.force_login(world.member.user if role == Role.OWNER else make_member(world.project, role).user)
        for name, text in pages(client, world):
            seen += 1
            if found := ENGLISH_NUMBER.findall(text) + ENGLISH_DATE.findall(text):
                wrong[f"{role} {name}"] = found
    assert json.dumps(wrong) == "{}"
    assert seen > 60


def pages(client: Client, world: World) -> list[tuple[str, str]]:
    found = []
    for route in routes():
        if route.is_api or not set(route.parameters) <= set(world.values) or "project" not in route.parameters:
            continue
        response = client.get(route.path(world.values))
        if response.status_code == 200 and response["Content-Type"].startswith("text/html"):
            body = unescape(TAGS.sub(" ", response.content.decode()))
            found.append((route.name, body))
    return found
